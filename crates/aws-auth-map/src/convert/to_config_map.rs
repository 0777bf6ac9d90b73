//! Converts access entries to `aws-auth`.

use iam_principal::{Kind, Principal};

use super::{ConversionLoss, ConversionLossKind};
use crate::names::{BOOTSTRAPPERS, BY_DNS_NAME, BY_SESSION_NAME, CLUSTER_ADMIN, MASTERS, NODES};
use crate::rules::access_policy::AccessScope;
use crate::rules::matching::RulePrincipal;
use crate::rules::template::Template;
use crate::rules::{Rule, Rules};

impl Rules {
    /// Converts access entries to rules of `aws-auth`. Returns them with the losses of the
    /// conversion.
    ///
    /// A principal without a [`ConversionLoss`] stays the same user. The cluster administrator's access
    /// policy becomes `system:masters`; other access policies are dropped. Nodes get the groups that
    /// they need in `aws-auth`. Rules of other sources are dropped.
    #[must_use]
    pub fn to_config_map(&self) -> (Self, Vec<ConversionLoss>) {
        let mut rules = Self::new();
        let mut losses = Vec::new();
        for (at, rule) in self.iter() {
            let mut note = |kind| losses.push(ConversionLoss::new(kind, at));
            if rule.is_refusing() {
                note(ConversionLossKind::Unreadable);
                continue;
            }
            let arn = match rule.principal() {
                RulePrincipal::Arn(arn) => arn,
                RulePrincipal::ArnAndUserId(arn, _) => {
                    note(ConversionLossKind::PrincipalId);
                    arn
                }
                RulePrincipal::Pattern(_) | RulePrincipal::Sso(_) | RulePrincipal::UserId(..) => {
                    note(ConversionLossKind::UserId);
                    continue;
                }
            };
            let Ok(principal) = Principal::parse(arn) else {
                note(ConversionLossKind::Principal);
                continue;
            };
            let username = rule.username().source();
            if principal.name().starts_with("AWSServiceRoleFor") || username.starts_with("eks:") {
                note(ConversionLossKind::ServiceLinkedRole);
                continue;
            }
            let groups = groups(rule, &username, &mut note);
            // Reading an access entry removed the role's path.
            let new = Rule::exact(arn, rule.username().clone(), groups);
            let _ = match principal.kind() {
                Kind::User => rules.push_user(new),
                _ => rules.push_role(new),
            };
        }
        (rules, losses)
    }
}

fn groups(rule: &Rule, username: &str, note: &mut impl FnMut(ConversionLossKind)) -> Vec<Template> {
    let mut groups = rule.groups().to_vec();
    let mut add = |name: &str| {
        let group = Template::parse(name);
        let is_new = !groups.contains(&group);
        if is_new {
            groups.push(group);
        }
        is_new
    };
    if [BY_DNS_NAME, BY_SESSION_NAME].contains(&username) {
        // EKS user guide, "Apply the aws-auth ConfigMap to your cluster".
        let is_bootstrapper = add(BOOTSTRAPPERS);
        if add(NODES) || is_bootstrapper {
            note(ConversionLossKind::NodeGroups);
        }
    }
    let (admin, others): (Vec<_>, Vec<_>) = rule.access_policies().iter().partition(|policy| {
        policy.name() == CLUSTER_ADMIN && *policy.scope() == AccessScope::Cluster
    });
    if !admin.is_empty() {
        add(MASTERS);
        note(ConversionLossKind::Masters);
    }
    if !others.is_empty() {
        note(ConversionLossKind::AccessPolicies);
    }
    if !rule.policy_gaps().is_empty() {
        note(ConversionLossKind::UnknownAccessPolicies);
    }
    groups
}
