//! Access policies and roles that a caller or a user has or may have, and whose rules or scope are not known.

use std::fmt::{self, Display, Formatter};

use aws_auth_map::{AccessPolicy, AccessScope, PolicyGap};
use eks_auth::{AccessPolicyRules, Authenticated};
use k8s_rbac::Request;
use serde::{Serialize, Serializer};

use crate::cluster::Cluster;
use crate::missing_role::MissingRole;
use crate::resolved::Resolved;

/// An access policy or a role that a caller or a user has or may have, and whose rules or scope are not known. Prints as a
/// sentence.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UnknownPolicy {
    kind: Kind,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Kind {
    Gap(PolicyGap),
    Missing(MissingRole),
    Unpublished(AccessPolicy),
}

/// How the page names an access entry.
#[cfg(feature = "report")]
pub(crate) const ACCESS_ENTRY: &str = "Access entry";

impl UnknownPolicy {
    /// Returns the access policies of a caller that are not known.
    fn all_of(caller: &Authenticated, published: &AccessPolicyRules) -> Vec<Self> {
        let policies = caller.access_policies().iter();
        let unpublished = policies
            .filter(|policy| published.get(policy).is_none())
            .map(|policy| Self {
                kind: Kind::Unpublished(policy.clone()),
            });
        let gaps = caller.mapped().policy_gaps().iter();
        unpublished.chain(gaps.map(Self::of_gap)).collect()
    }

    /// Builds the role that a binding refers to and that the documents lack.
    pub(crate) const fn of_missing(role: MissingRole) -> Self {
        Self {
            kind: Kind::Missing(role),
        }
    }

    /// Builds the policy that a gap may hide.
    pub(crate) fn of_gap(gap: &PolicyGap) -> Self {
        Self {
            kind: Kind::Gap(gap.clone()),
        }
    }

    /// Returns what grants the policy: an access entry or a binding.
    #[cfg(feature = "report")]
    pub(crate) fn holder(&self) -> &str {
        match &self.kind {
            Kind::Gap(_) | Kind::Unpublished(_) => ACCESS_ENTRY,
            Kind::Missing(role) => role.binding(),
        }
    }

    /// Returns the name of the policy, or a phrase if the name is not known.
    #[cfg(feature = "report")]
    pub(crate) fn name(&self) -> &str {
        match &self.kind {
            Kind::Unpublished(policy) => policy.name(),
            Kind::Missing(role) => role.role(),
            Kind::Gap(gap) => {
                let name = gap.policy_name();
                name.unwrap_or("access policies that are not known")
            }
        }
    }

    /// Returns whether the policy may have permissions in a namespace, or in none.
    pub(crate) fn may_cover(&self, namespace: Option<&str>) -> bool {
        match &self.kind {
            Kind::Unpublished(policy) => policy.scope().covers(namespace),
            Kind::Missing(role) => role.may_cover(namespace),
            Kind::Gap(_) => true,
        }
    }

    /// Returns whether the scope of the policy is namespaces, this one among them.
    #[cfg(feature = "report")]
    pub(crate) fn is_of_namespace(&self, namespace: &str) -> bool {
        match &self.kind {
            Kind::Unpublished(policy) => {
                matches!(policy.scope(), AccessScope::Namespaces(_))
                    && policy.scope().covers(Some(namespace))
            }
            Kind::Missing(role) => role.is_of_namespace(namespace),
            Kind::Gap(_) => false,
        }
    }

    /// Returns whether the policy may allow a request.
    pub(crate) fn may_allow(&self, request: &Request<'_>, published: &AccessPolicyRules) -> bool {
        let arn = match &self.kind {
            Kind::Gap(gap) => gap.arn(),
            Kind::Missing(_) | Kind::Unpublished(_) => None,
        };
        let rules =
            arn.and_then(|arn| published.get(&AccessPolicy::new(arn, AccessScope::Cluster)));
        self.may_cover(request.namespace())
            && rules.is_none_or(|rules| rules.iter().any(|rule| rule.allows(request)))
    }
}

impl Display for UnknownPolicy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Gap(gap) => write!(f, "{gap}; {}", remedy(gap)),
            Kind::Missing(role) => write!(f, "{role}"),
            Kind::Unpublished(policy) => {
                write!(f, "AWS does not publish the rules of {policy}")
            }
        }
    }
}

/// Returns what closes a gap.
const fn remedy(gap: &PolicyGap) -> &'static str {
    match gap {
        PolicyGap::CutOff => "run `aws eks list-associated-access-policies` without `--max-items`",
        PolicyGap::NotListed => "add the output of `aws eks list-associated-access-policies`",
        _ => "`check` names the place",
    }
}

/// Serializes as the name and the scope of the policy, or as the sentence if they are not known.
impl Serialize for UnknownPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            Kind::Gap(gap) => serializer.collect_str(gap),
            Kind::Missing(role) => serializer.collect_str(role),
            Kind::Unpublished(policy) => serializer.collect_str(policy),
        }
    }
}

impl Cluster {
    /// Returns the access policies of a user's caller, and the roles of the user, that are not known.
    pub(crate) fn unknown_policies(&self, resolved: &Resolved) -> Vec<UnknownPolicy> {
        let caller = resolved.caller.iter();
        let of_caller =
            caller.flat_map(|caller| UnknownPolicy::all_of(caller, &self.access_policies));
        let roles = self.missing_roles_of(&resolved.user).into_iter();
        of_caller
            .chain(roles.map(UnknownPolicy::of_missing))
            .collect()
    }

    /// Returns the access policies of a caller that are not known and may allow a request.
    pub(crate) fn unknown_policies_for(
        &self,
        caller: &Authenticated,
        request: &Request<'_>,
    ) -> Vec<UnknownPolicy> {
        let mut unknown = UnknownPolicy::all_of(caller, &self.access_policies);
        unknown.retain(|policy| policy.may_allow(request, &self.access_policies));
        unknown
    }
}
