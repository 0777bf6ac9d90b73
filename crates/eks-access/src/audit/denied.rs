//! Denied requests, each with the smallest rule that would have allowed it.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{Policy, PolicyRule};
use k8s_rbac_analysis::explain;

use super::action::Action;
use super::log::AuditLog;
use super::record::{AuditUser, Authorizer, Outcome};
use super::tally::Tally;
use super::yaml;

/// Requests of one kind that one user was denied.
#[derive(Clone, Debug)]
pub struct DeniedRequest {
    user: AuditUser,
    action: Action,
    tally: Tally,
    authorizer: Authorizer,
    addition: Option<Addition>,
    is_allowed_now: bool,
    near_misses: Vec<String>,
}

/// A rule, and the scope in which to grant it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Addition {
    /// The namespace of the `Role` and its binding. `None` for a `ClusterRole`.
    pub namespace: Option<String>,
    /// The rule.
    pub rule: PolicyRule,
}

/// Prints as YAML: an item of the rules of a role.
impl Display for Addition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        yaml::rule_into(&mut out, &self.rule);
        f.write_str(&out)
    }
}

impl DeniedRequest {
    /// Returns the user.
    #[must_use]
    pub const fn user(&self) -> &AuditUser {
        &self.user
    }

    /// Returns the action.
    #[must_use]
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// Returns how often, when, and for which objects.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Returns the authorizer that denied the requests. If it is not RBAC, a rule may not be
    /// enough.
    #[must_use]
    pub const fn authorizer(&self) -> Authorizer {
        self.authorizer
    }

    /// Returns the smallest rule that allows all these requests. `None` if the rule would need a wildcard and
    /// so allow other requests as well.
    #[must_use]
    pub const fn addition(&self) -> Option<&Addition> {
        self.addition.as_ref()
    }

    /// Returns whether the policy now allows all these requests.
    #[must_use]
    pub const fn is_allowed_now(&self) -> bool {
        self.is_allowed_now
    }

    /// Returns the rules of the policy that fail in one part only, as sentences.
    #[must_use]
    pub fn near_misses(&self) -> &[String] {
        &self.near_misses
    }
}

impl AuditLog {
    /// Lists the denied requests, in the order of user and action. With the policy of the cluster, each
    /// request has the rules that nearly allow it.
    #[must_use]
    pub fn denied(&self, policy: Option<&Policy>) -> Vec<DeniedRequest> {
        let mut denied = Vec::new();
        for record in self.records() {
            let Outcome::Denied(authorizer) = record.outcome else {
                continue;
            };
            let names = record.tally.names();
            let user = record.user.to_user();
            let asked = || names.iter().map(|name| record.action.request(name));
            let is_allowed_now = policy.is_some_and(|policy| {
                !names.is_too_many() && asked().all(|one| policy.authorize(&user, &one).is_allow())
            });
            let near_misses = match (policy, asked().next()) {
                (Some(policy), Some(request)) if !is_allowed_now => {
                    let explanation = explain(policy, &user, &request);
                    let near = explanation.near_misses().iter();
                    near.map(ToString::to_string).collect()
                }
                _ => Vec::new(),
            };
            denied.push(DeniedRequest {
                user: AuditUser::clone(&record.user),
                action: record.action.clone(),
                tally: record.tally.clone(),
                authorizer,
                addition: Addition::of(&record.action, &record.tally),
                is_allowed_now,
                near_misses,
            });
        }
        denied
    }
}

impl Addition {
    fn of(action: &Action, tally: &Tally) -> Option<Self> {
        if action.is_wildcard() {
            return None;
        }
        let names = tally.names();
        let is_for_all = names.has_nameless() || names.is_too_many();
        let rule = match action {
            Action::Path { verb, path } => PolicyRule {
                verbs: vec![verb.to_string()],
                non_resource_urls: vec![path.to_string()],
                ..PolicyRule::default()
            },
            Action::Resource {
                verb, api_group, ..
            } => PolicyRule {
                verbs: vec![verb.to_string()],
                api_groups: vec![api_group.to_string()],
                resources: action.resource().into_iter().collect(),
                resource_names: match is_for_all {
                    true => Vec::new(),
                    false => names.named().iter().map(ToString::to_string).collect(),
                },
                non_resource_urls: Vec::new(),
            },
        };
        Some(Self {
            namespace: action.namespace().map(str::to_owned),
            rule,
        })
    }
}
