//! RBAC and access policies, united.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use aws_auth_map::{AccessPolicy, AccessScope, PolicyTable, RuleRef};
use iam_principal::Identity;
use k8s_rbac::{PolicyRule, Request, Response};
use printable_text::Printable;

use super::kubernetes_user::rbac_user;
use crate::authenticated::Authenticated;

/// The rules of EKS access policies by policy name, in RBAC's own type.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AccessPolicyRules {
    by_name: BTreeMap<String, Vec<PolicyRule>>,
}

impl AccessPolicyRules {
    /// Returns the rules of a policy, or `None` if they are unknown.
    #[must_use]
    pub fn get(&self, policy: &AccessPolicy) -> Option<&[PolicyRule]> {
        self.by_name.get(policy.name()).map(Vec::as_slice)
    }
}

impl From<&PolicyTable> for AccessPolicyRules {
    fn from(table: &PolicyTable) -> Self {
        let rules = |name: &str| {
            let policy = AccessPolicy::new(name, AccessScope::Cluster);
            table.rules(&policy).unwrap_or_default()
        };
        Self {
            by_name: table
                .names()
                .map(|name| {
                    let rules = rules(name).iter().map(rbac_rule).collect();
                    (name.to_owned(), rules)
                })
                .collect(),
        }
    }
}

fn rbac_rule(rule: &aws_auth_map::PolicyRule) -> PolicyRule {
    PolicyRule {
        verbs: rule.verbs().to_vec(),
        api_groups: rule.api_groups().to_vec(),
        resources: rule.resources().to_vec(),
        resource_names: rule.resource_names().to_vec(),
        non_resource_urls: rule.non_resource_urls().to_vec(),
    }
}

/// Decides whether an authenticated caller may make a request, as an EKS cluster does: RBAC allows it, or
/// an access policy of the caller's access entry does.
///
/// RBAC and access policies cannot deny, so their order has no effect on the decision. A policy without
/// known rules grants nothing here; [`Authorization::unknown_policies`] names it.
///
/// Access policies belong to the authenticated principal. For an impersonated user, ask RBAC alone.
pub fn authorize<'p>(
    caller: &'p Authenticated,
    request: &Request<'p>,
    rbac: &'p k8s_rbac::Policy,
    access_policies: &'p AccessPolicyRules,
) -> Authorization<'p> {
    let mut access_policy = None;
    let mut unknown = Vec::new();
    for policy in caller.access_policies() {
        let Some(rules) = access_policies.get(policy) else {
            unknown.push(policy);
            continue;
        };
        if access_policy.is_some() || !policy.scope().covers(request.namespace()) {
            continue;
        }
        access_policy =
            rules
                .iter()
                .find(|rule| rule.allows(request))
                .map(|rule| AccessPolicyGrant {
                    policy,
                    rule,
                    entry: caller.mapped().rule(),
                    principal: caller.identity(),
                    namespace: request.namespace(),
                });
    }
    Authorization {
        rbac: rbac.authorize(&rbac_user(caller.user()), request),
        access_policy,
        unknown,
    }
}

/// The answers of RBAC and of the access policies to one request.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a request is not allowed until `is_allowed` says so"]
pub struct Authorization<'p> {
    rbac: Response<'p>,
    access_policy: Option<AccessPolicyGrant<'p>>,
    unknown: Vec<&'p AccessPolicy>,
}

impl<'p> Authorization<'p> {
    /// Returns whether the request is allowed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        self.access_policy.is_some() || self.rbac.decision().is_allow()
    }

    /// Returns RBAC's own answer.
    #[must_use]
    pub const fn rbac(&self) -> &Response<'p> {
        &self.rbac
    }

    /// Returns the first access policy that allows the request. `None` if no policy does.
    #[must_use]
    pub const fn access_policy(&self) -> Option<&AccessPolicyGrant<'p>> {
        self.access_policy.as_ref()
    }

    /// Returns the caller's access policies whose rules are unknown. If the request is not allowed, EKS may
    /// still allow it by one of these policies.
    #[must_use]
    pub fn unknown_policies(&self) -> &[&'p AccessPolicy] {
        &self.unknown
    }

    /// Returns why the request is allowed: RBAC's reason, or else the access policy's. If the request is
    /// not allowed, returns the roles that could not be looked up. Empty if there is nothing to report.
    #[must_use]
    pub fn reason(&self) -> String {
        match &self.access_policy {
            _ if self.rbac.decision().is_allow() => return self.rbac.reason(),
            Some(grant) => return format!("EKS Access Policy: allowed by {grant}"),
            None => {}
        }
        let unknown = self
            .unknown
            .iter()
            .map(|policy| format!("EKS Access Policy: the rules of {policy} are unknown"));
        std::iter::once(self.rbac.reason())
            .filter(|reason| !reason.is_empty())
            .chain(unknown)
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// The access policy and the rule that allow a request.
///
/// Prints as EKS writes it in the audit log's `authorization.k8s.io/reason`, from `ClusterRoleBinding` on:
/// EKS presents the association of a policy with an entry as a binding. We had no log of a policy for
/// single namespaces; it prints as RBAC prints a `RoleBinding`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccessPolicyGrant<'p> {
    policy: &'p AccessPolicy,
    rule: &'p PolicyRule,
    entry: RuleRef,
    principal: &'p Identity,
    namespace: Option<&'p str>,
}

impl<'p> AccessPolicyGrant<'p> {
    /// Returns the policy and its scope.
    #[must_use]
    pub const fn policy(&self) -> &'p AccessPolicy {
        self.policy
    }

    /// Returns the first rule of the policy that allows the request.
    #[must_use]
    pub const fn rule(&self) -> &'p PolicyRule {
        self.rule
    }

    /// Returns the access entry that the policy is associated with.
    #[must_use]
    pub const fn entry(&self) -> RuleRef {
        self.entry
    }
}

impl Display for AccessPolicyGrant<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let principal = Printable::new(self.principal.canonical_arn());
        let policy = Printable::new(self.policy.arn());
        let user = Printable::new(self.principal.user_id());
        match (self.policy.scope(), self.namespace) {
            (AccessScope::Namespaces(_), Some(namespace)) => {
                let namespace = Printable::new(namespace);
                write!(f, "RoleBinding \"{principal}+{policy}/{namespace}\"")?;
            }
            _ => write!(f, "ClusterRoleBinding \"{principal}+{policy}\"")?,
        }
        write!(f, " of ClusterRole \"{policy}\" to User \"{user}\"")
    }
}
