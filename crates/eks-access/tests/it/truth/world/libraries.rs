//! The libraries of the mapping and of RBAC, which together answer the same questions.

use aws_auth_map::{AccessScope, IdentityMap, PolicyTable, Resolution};
use iam_principal::Identity;
use k8s_rbac::{Policy, Request, User};

use super::{ACCOUNT, Caller, World};

/// The libraries with the data of a world.
pub(crate) struct Libraries {
    pub(crate) map: IdentityMap,
    pub(crate) policy: Policy,
    table: PolicyTable,
}

impl Libraries {
    pub(crate) fn of(world: &World) -> Self {
        Self {
            map: world.identity_map(),
            policy: Policy::from_manifests(&world.manifests()).unwrap(),
            table: PolicyTable::eks(),
        }
    }

    /// Returns the user that a caller becomes, and the caller's access policies. `None` if the caller
    /// becomes no user.
    pub(crate) fn user(&self, caller: Caller) -> Option<(User, Vec<aws_auth_map::AccessPolicy>)> {
        let identity = Identity::new(&caller.arn(), ACCOUNT, &caller.id()).unwrap();
        let Resolution::Mapped(mapped) = self.map.resolve(&identity) else {
            return None;
        };
        let user = mapped.user();
        let user = User::new(user.username(), user.groups().iter().cloned()).authenticated();
        Some((user, mapped.access_policies().to_vec()))
    }

    pub(crate) fn allows(
        &self,
        of: &Option<(User, Vec<aws_auth_map::AccessPolicy>)>,
        request: &Request<'_>,
    ) -> bool {
        let Some((user, policies)) = of else {
            return false;
        };
        self.policy.authorize(user, request).is_allow()
            || policies
                .iter()
                .any(|policy| self.by_policy(policy, request))
    }

    fn by_policy(&self, policy: &aws_auth_map::AccessPolicy, request: &Request<'_>) -> bool {
        let rules = self.table.rules(policy).unwrap_or_default().iter();
        let covers = match policy.scope() {
            AccessScope::Cluster => true,
            AccessScope::Namespaces(names) => request
                .namespace()
                .is_some_and(|namespace| names.iter().any(|name| name == namespace)),
        };
        let mut rules = rules.map(|rule| k8s_rbac::PolicyRule {
            verbs: rule.verbs().to_vec(),
            api_groups: rule.api_groups().to_vec(),
            resources: rule.resources().to_vec(),
            resource_names: rule.resource_names().to_vec(),
            non_resource_urls: rule.non_resource_urls().to_vec(),
        });
        covers && rules.any(|rule| rule.allows(request))
    }
}
