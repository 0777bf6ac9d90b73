//! RBAC and the access policies of one caller as a single policy, for analyses that read one.

use std::borrow::Cow;

use aws_auth_map::AccessScope;
use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Metadata, Policy, Role, RoleBinding, RoleRef,
    Subject,
};

use crate::cluster::Cluster;
use crate::resolved::Resolved;

impl Cluster {
    /// Returns the policy, with the access policies of a caller as roles bound to the user. Those whose rules
    /// are not published are left out; they are returned by name.
    pub(crate) fn united_policy(&self, resolved: &Resolved) -> (Cow<'_, Policy>, Vec<String>) {
        let policies = resolved
            .caller
            .as_ref()
            .map_or(&[][..], |caller| caller.access_policies());
        let mut unknown = Vec::new();
        if policies.is_empty() {
            return (Cow::Borrowed(self.policy()), unknown);
        }
        let mut objects = self.rbac().objects().clone();
        let subjects = vec![Subject {
            kind: "User".to_owned(),
            api_group: API_GROUP.to_owned(),
            name: resolved.user.name.clone(),
            namespace: String::new(),
        }];
        let mut namespaces: Vec<&str> = self
            .policy()
            .bindings()
            .filter_map(|binding| binding.namespace())
            .collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        for policy in policies {
            let Some(rules) = self.access_policies().get(policy) else {
                unknown.push(policy.name().to_owned());
                continue;
            };
            let metadata = |namespace: &str| Metadata {
                // No object has this name, which the API server refuses.
                name: format!("access policy {}", policy.name()),
                namespace: namespace.to_owned(),
                ..Metadata::default()
            };
            let role_ref = |kind: &str| RoleRef {
                api_group: API_GROUP.to_owned(),
                kind: kind.to_owned(),
                name: metadata("").name,
            };
            match policy.scope() {
                AccessScope::Cluster => {
                    objects.cluster_roles.push(ClusterRole {
                        metadata: metadata(""),
                        rules: rules.to_vec(),
                        ..ClusterRole::default()
                    });
                    objects.cluster_role_bindings.push(ClusterRoleBinding {
                        metadata: metadata(""),
                        role_ref: role_ref("ClusterRole"),
                        subjects: subjects.clone(),
                    });
                }
                AccessScope::Namespaces(patterns) => {
                    let literal = patterns.iter().map(String::as_str);
                    let literal = literal.filter(|pattern| !pattern.contains('*'));
                    let known = namespaces
                        .iter()
                        .copied()
                        .filter(|namespace| policy.scope().covers(Some(namespace)));
                    let mut scoped: Vec<&str> = literal.chain(known).collect();
                    scoped.sort_unstable();
                    scoped.dedup();
                    for namespace in scoped {
                        objects.roles.push(Role {
                            metadata: metadata(namespace),
                            rules: rules.to_vec(),
                        });
                        objects.role_bindings.push(RoleBinding {
                            metadata: metadata(namespace),
                            role_ref: role_ref("Role"),
                            subjects: subjects.clone(),
                        });
                    }
                }
            }
        }
        (Cow::Owned(Policy::new(objects)), unknown)
    }
}
