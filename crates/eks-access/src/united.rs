//! RBAC and the access policies of one caller as a single policy, for analyses that only know RBAC.

use std::borrow::Cow;

use aws_auth_map::AccessScope;
use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Metadata, Policy, RoleBinding, RoleRef, Subject,
};

use crate::cluster::Cluster;
use crate::resolved::Resolved;

impl Cluster {
    /// Returns the policy, with the access policies of a caller as bindings of the user. A scope that is a pattern
    /// stands for the namespaces of the policy that it covers.
    ///
    /// [Unknown](Self::unknown_policies) access policies are left out.
    pub(crate) fn united_policy(&self, resolved: &Resolved) -> Cow<'_, Policy> {
        let known: Vec<&str> = self.policy().namespaces().collect();
        self.united(resolved, |scope| {
            let is_covered =
                |name: &&str| AccessScope::Namespaces(scope.to_vec()).covers(Some(name));
            let literal = scope
                .iter()
                .map(String::as_str)
                .filter(|name| !name.contains('*'));
            let covered = known.iter().copied().filter(is_covered);
            literal.chain(covered).map(str::to_owned).collect()
        })
    }

    /// Returns the policy as [`united_policy`](Self::united_policy) does. A scope that is a pattern, such as `dev-*`,
    /// is a namespace of that name, so that a list names it.
    pub(crate) fn united_policy_as_written(&self, resolved: &Resolved) -> Cow<'_, Policy> {
        self.united(resolved, <[String]>::to_vec)
    }

    fn united(
        &self,
        resolved: &Resolved,
        namespaces_of: impl Fn(&[String]) -> Vec<String>,
    ) -> Cow<'_, Policy> {
        let held = resolved
            .caller
            .as_ref()
            .map_or(&[][..], |caller| caller.access_policies());
        if held.is_empty() {
            return Cow::Borrowed(self.policy());
        }
        let mut policy = self.policy().clone();
        let subjects = vec![Subject {
            kind: "User".to_owned(),
            api_group: API_GROUP.to_owned(),
            name: resolved.user.name.clone(),
            namespace: String::new(),
        }];
        for (number, access_policy) in held.iter().enumerate() {
            let Some(rules) = self.access_policies().get(access_policy) else {
                continue;
            };
            // The API server refuses such a name for a role, so no object of the cluster is replaced.
            let name = format!("access policy {}", access_policy.name());
            let role_ref = RoleRef {
                api_group: API_GROUP.to_owned(),
                kind: "ClusterRole".to_owned(),
                name: name.clone(),
            };
            let metadata = |name: &str, namespace: &str| Metadata {
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                ..Metadata::default()
            };
            policy.put_cluster_role(ClusterRole {
                metadata: metadata(&name, ""),
                rules: rules.to_vec(),
                ..ClusterRole::default()
            });
            // An entry may have a policy twice, with different scopes.
            let binding = match number {
                0 => name,
                number => format!("{name} ({number})"),
            };
            match access_policy.scope() {
                AccessScope::Cluster => policy.put_cluster_role_binding(ClusterRoleBinding {
                    metadata: metadata(&binding, ""),
                    role_ref,
                    subjects: subjects.clone(),
                }),
                AccessScope::Namespaces(scope) => {
                    for namespace in namespaces_of(scope) {
                        policy.put_role_binding(RoleBinding {
                            metadata: metadata(&binding, &namespace),
                            role_ref: role_ref.clone(),
                            subjects: subjects.clone(),
                        });
                    }
                }
            }
        }
        Cow::Owned(policy)
    }
}
