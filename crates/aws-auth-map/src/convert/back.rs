//! From access entries to `aws-auth`.

use iam_principal::{Kind, Principal};

use super::{Obstacle, ObstacleKind};
use crate::names::{BOOTSTRAPPERS, BY_DNS_NAME, BY_SESSION_NAME, CLUSTER_ADMIN, MASTERS, NODES};
use crate::rules::access_policy::AccessScope;
use crate::rules::matching::RulePrincipal;
use crate::rules::template::Template;
use crate::rules::{Rule, Rules};

impl Rules {
    /// Writes access entries as rules of `aws-auth`, and says what cannot be carried.
    ///
    /// Whoever is named by no [`Obstacle`] is the same user by both. The access policy of cluster
    /// administrators becomes `system:masters`; other access policies are left out. Nodes have the
    /// groups that EKS asks for in `aws-auth`. Rules that are no access entries are left out.
    #[must_use]
    pub fn to_config_map(&self) -> (Self, Vec<Obstacle>) {
        let mut rules = Self::new();
        let mut obstacles = Vec::new();
        for (at, rule) in self.iter() {
            let mut note = |kind| obstacles.push(Obstacle::new(kind, at));
            if rule.is_refusing() {
                note(ObstacleKind::Unreadable);
                continue;
            }
            let arn = match rule.principal() {
                RulePrincipal::Arn(arn) => arn,
                RulePrincipal::ArnAndUserId(arn, _) => {
                    note(ObstacleKind::PrincipalId);
                    arn
                }
                RulePrincipal::Pattern(_) | RulePrincipal::Sso(_) | RulePrincipal::UserId(..) => {
                    note(ObstacleKind::UserId);
                    continue;
                }
            };
            let Ok(principal) = Principal::parse(arn) else {
                note(ObstacleKind::Principal);
                continue;
            };
            let username = rule.username().to_string();
            if principal.name().starts_with("AWSServiceRoleFor") || username.starts_with("eks:") {
                note(ObstacleKind::ServiceLinkedRole);
                continue;
            }
            let groups = groups(rule, &username, &mut note);
            // An access entry of a role has no path once it is read.
            let new = Rule::exact(arn, rule.username().clone(), groups);
            let _ = match principal.kind() {
                Kind::User => rules.push_user(new),
                _ => rules.push_role(new),
            };
        }
        (rules, obstacles)
    }
}

fn groups(rule: &Rule, username: &str, note: &mut impl FnMut(ObstacleKind)) -> Vec<Template> {
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
        // What "Apply the aws-auth ConfigMap" in the EKS user guide gives nodes.
        let is_bootstrapper = add(BOOTSTRAPPERS);
        if add(NODES) || is_bootstrapper {
            note(ObstacleKind::NodeGroups);
        }
    }
    let (admin, others): (Vec<_>, Vec<_>) = rule.access_policies().iter().partition(|policy| {
        policy.name() == CLUSTER_ADMIN && *policy.scope() == AccessScope::Cluster
    });
    if !admin.is_empty() {
        add(MASTERS);
        note(ObstacleKind::Masters);
    }
    if !others.is_empty() {
        note(ObstacleKind::AccessPolicies);
    }
    groups
}
