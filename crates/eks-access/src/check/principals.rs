//! Finds entries for principals that are gone, or that have another ARN or id in AWS.

use aws_auth_map::{Rule, RulePrincipal, RuleRef, Section};
use k8s_rbac_lint::Severity;

use super::principal;
use crate::cluster::Cluster;
use crate::finding::Finding;

impl Cluster {
    /// Compares the mapping with the roles and users that AWS lists.
    pub(super) fn findings_of_principals(&self) -> Vec<Finding> {
        if self.principals().is_empty() {
            return Vec::new();
        }
        let backends = self.identity_map().backends().iter().enumerate();
        backends
            .flat_map(|(index, backend)| {
                let rules = backend.rules().iter();
                rules.map(move |(at, rule)| (index, at, rule))
            })
            .filter_map(|(backend, at, rule)| {
                let finding = self.finding_of_principal(at, rule)?;
                let object = format!("{} {}", at.section(), principal(rule));
                Some(finding.at(self.place_of_mapping(backend, at)).about(object))
            })
            .collect()
    }

    fn finding_of_principal(&self, at: RuleRef, rule: &Rule) -> Option<Finding> {
        let (arn, id) = match rule.principal() {
            RulePrincipal::Arn(arn) => (arn, None),
            RulePrincipal::ArnAndUserId(arn, id) | RulePrincipal::UserId(id, Some(arn)) => {
                (arn, Some(id))
            }
            _ => return None,
        };
        let is_entry = at.section() == Section::Entries;
        let Some(listed) = self.principals().find(arn) else {
            if !self.principals().lack(arn) {
                return None;
            }
            // EKS adds the user id to an entry that is written without it.
            let (severity, message) = match is_entry || id.is_some() {
                true => (
                    Severity::Medium,
                    "AWS lists no such principal, and a principal that is created again under this ARN does \
                     not get the entry",
                ),
                false => (
                    Severity::High,
                    "AWS lists no such principal, and any principal that is created under this ARN becomes \
                     the user",
                ),
            };
            return Some(
                Finding::new("gone-principal", severity, message).with_help("Remove the entry."),
            );
        };
        if let (Some(id), Some(now)) = (id, listed.unique_id())
            && id != now
        {
            return Some(
                Finding::new(
                    "recreated-principal",
                    Severity::High,
                    "the principal was deleted and created again, so the entry matches no caller",
                )
                .with_help("Delete the entry and create it again."),
            );
        }
        let written = rule.entry_principal_arn().filter(|_| is_entry)?;
        (written != listed.arn()).then(|| {
            let message = format!("AWS knows the principal as `{}`", listed.arn());
            Finding::new("entry-without-path", Severity::High, message)
                .with_help("Create the entry with the ARN that AWS has, path included.")
        })
    }
}
