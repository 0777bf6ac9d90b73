//! The policy: built once from objects, queried any number of times.

mod change;
#[cfg(test)]
mod collisions;
mod objects;
pub(crate) mod view;

use std::sync::Arc;

use crate::engine::binding::{Binding, BindingView};
use crate::engine::masks::{HashedRequest, TextHasher};
use crate::engine::persistent::{Hinted, Table};
use crate::engine::role::RoleName;
use crate::engine::role_table::RoleTable;
use crate::engine::scope::Scope;
use crate::engine::walk::{ScopeResult, ScopeWalk};
use crate::objects::{Objects, PolicyRule, RoleRef, Subject};
use crate::request::{Request, User};
use crate::response::{Decision, Grant, Response};

/// The group that may do everything, regardless of the bindings.
///
/// As upstream: apiserver, pkg/authentication/user/user.go, `SystemPrivilegedGroup`.
pub const PRIVILEGED_GROUP: &str = "system:masters";

/// Roles and bindings, indexed by subject.
///
/// If two objects share kind, namespace and name, the later object replaces the earlier and keeps
/// its position, as with successive `kubectl apply`s.
///
/// Objects can be added, replaced and removed one at a time. A clone shares the contents: it costs a
/// few reference counts, and a change to one is not visible in the other. So one thread can decide
/// with its clone while another changes its own; `PolicyStore` does that.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    hasher: TextHasher,
    roles: Arc<RoleTable>,
    cluster: Arc<Scope>,
    namespaces: Table<Namespace>,
}

/// The bindings of a namespace.
#[derive(Clone, Debug)]
struct Namespace {
    name: Arc<str>,
    scope: Arc<Scope>,
}

impl Hinted for Namespace {
    // Unused: the name is always set.
    fn hint(&self) -> u32 {
        0
    }
}

impl Policy {
    /// Builds a policy. Each list keeps its order, which is the order of the walk.
    ///
    /// Objects are used as given: nothing is validated or defaulted, and aggregated `ClusterRole`s
    /// have the rules that they carry.
    #[must_use]
    pub fn new(objects: Objects) -> Self {
        let mut policy = Self::default();
        let Objects {
            roles,
            role_bindings,
            cluster_roles,
            cluster_role_bindings,
        } = objects;
        for role in cluster_roles {
            policy.put_cluster_role(role);
        }
        for role in roles {
            policy.put_role(role);
        }
        for binding in cluster_role_bindings {
            policy.put_cluster_role_binding(binding);
        }
        for binding in role_bindings {
            policy.put_role_binding(binding);
        }
        policy
    }

    /// Decides as kube-apiserver does with RBAC: members of [`PRIVILEGED_GROUP`] may do everything;
    /// for other users, [`rbac`](Self::rbac) decides.
    ///
    /// As upstream: pkg/kubeapiserver/authorizer/config.go puts the privileged-group authorizer in
    /// front of all others. The Node authorizer is not part of RBAC and not implemented.
    #[must_use]
    pub fn authorize(&self, user: &User, request: &Request<'_>) -> Response<'_> {
        if user.groups.iter().any(|group| group == PRIVILEGED_GROUP) {
            return Response::new(Decision::Allow(Grant::PrivilegedGroup), Vec::new());
        }
        self.rbac(user, request)
    }

    /// Decides by roles and bindings alone.
    ///
    /// First the `ClusterRoleBinding`s, then, if the request has a namespace, its `RoleBinding`s. The
    /// first rule that allows the request ends the walk. A role that does not exist is recorded, and
    /// the walk goes on.
    ///
    /// As upstream: pkg/registry/rbac/validation/rule.go, `VisitRulesFor`. There the order within a
    /// scope comes from a cache and differs from call to call; here it is the order given.
    #[must_use]
    pub fn rbac(&self, user: &User, request: &Request<'_>) -> Response<'_> {
        let hashed = HashedRequest::new(request, &self.hasher);
        let scopes = self.scopes(request.namespace().unwrap_or_default());
        self.respond(scopes.map(|scope| {
            let mut walk = ScopeWalk::new(scope, &hashed, &self.roles);
            walk.visit_names(&user.name, &user.groups, &self.hasher);
            walk.finish()
        }))
    }

    /// Combines the answers of the scopes, in order.
    fn respond<'p>(&'p self, scopes: impl Iterator<Item = ScopeResult<'p>>) -> Response<'p> {
        let mut unresolved = Vec::new();
        for found in scopes {
            let missing = found.unresolved.into_iter();
            unresolved.extend(missing.map(|binding| self.bound(binding).missing()));
            if let Some((binding, subject, rule)) = found.grant {
                let grant = self.bound(binding).grant(subject, rule);
                return Response::new(Decision::Allow(Grant::Binding(grant)), unresolved);
            }
        }
        Response::new(Decision::NoOpinion, unresolved)
    }

    /// Walks the bindings that apply to a user in a namespace, each with the first subject that is
    /// the user or one of the user's groups. Without a namespace (`""`) only `ClusterRoleBinding`s
    /// apply.
    ///
    /// The order is the same as in [`rbac`](Self::rbac).
    pub fn bindings_for<'p>(
        &'p self,
        user: &User,
        namespace: &str,
    ) -> impl Iterator<Item = (BindingView<'p>, Subject<&'p str>)> {
        self.scopes(namespace)
            .flat_map(|scope| self.bindings_in_scope_for(user, scope))
    }

    /// Walks the bindings that apply to a user in any namespace: `ClusterRoleBinding`s first, then
    /// `RoleBinding`s by namespace.
    pub fn all_bindings_for<'p>(
        &'p self,
        user: &User,
    ) -> impl Iterator<Item = (BindingView<'p>, Subject<&'p str>)> {
        self.all_scopes()
            .flat_map(|scope| self.bindings_in_scope_for(user, scope))
            .filter(|(binding, _)| binding.is_in_effect())
    }

    /// Walks all `ClusterRoleBinding`s and the `RoleBinding`s of one namespace, with any subjects.
    /// Without a namespace (`""`) there are no `RoleBinding`s.
    pub fn bindings_in<'p>(&'p self, namespace: &str) -> impl Iterator<Item = BindingView<'p>> {
        self.scopes(namespace)
            .flat_map(Scope::bindings)
            .map(|binding| self.bound(binding))
    }

    /// Walks all bindings: `ClusterRoleBinding`s first, then `RoleBinding`s by namespace.
    pub fn bindings(&self) -> impl Iterator<Item = BindingView<'_>> {
        self.all_scopes()
            .flat_map(Scope::bindings)
            .map(|binding| self.bound(binding))
    }

    /// Finds the rules of the role that a `roleRef` names, in a binding of a namespace, or in a
    /// `ClusterRoleBinding` (`""`). `None` if the policy has no such role.
    #[must_use]
    pub fn rules(&self, role: &RoleRef, namespace: &str) -> Option<&[PolicyRule]> {
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        let role = RoleName::resolve(role.as_deref(), namespace)?;
        self.roles.find(role, &self.hasher)
    }

    fn bindings_in_scope_for<'p>(
        &'p self,
        user: &User,
        scope: &'p Scope,
    ) -> impl Iterator<Item = (BindingView<'p>, Subject<&'p str>)> {
        let bindings = scope.bindings_of(&user.name, &user.groups, &self.hasher);
        bindings.map(|(binding, subject)| (self.bound(binding), subject))
    }

    fn bound<'p>(&'p self, binding: &'p Binding) -> BindingView<'p> {
        BindingView::of(binding, &self.roles)
    }

    // As upstream: pkg/registry/rbac/validation/rule.go, VisitRulesFor. Without a namespace there
    // are no RoleBindings to ask.
    fn scopes<'p>(&'p self, namespace: &str) -> impl Iterator<Item = &'p Scope> {
        let namespace = match namespace {
            "" => None,
            namespace => self.namespace(namespace),
        };
        std::iter::once(&*self.cluster).chain(namespace)
    }

    /// Returns the names of the namespaces that have `RoleBinding`s, in order.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = (self.namespaces.iter().map(|own| &*own.name)).collect();
        names.sort_unstable();
        names.into_iter().filter(|name| !name.is_empty())
    }

    fn all_scopes(&self) -> impl Iterator<Item = &Scope> {
        let mut namespaces: Vec<&Namespace> = self.namespaces.iter().collect();
        namespaces.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        let namespaces = namespaces.into_iter().map(|namespace| &*namespace.scope);
        std::iter::once(&*self.cluster).chain(namespaces)
    }

    fn namespace(&self, name: &str) -> Option<&Scope> {
        let hash = self.hasher.hash(name);
        let namespace = self.namespaces.find(hash, |own| *own.name == *name)?;
        Some(&namespace.scope)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::objects::{ClusterRole, ClusterRoleBinding, Metadata};
    use crate::request::ResourceRequest;

    /// Finds two names whose hashes collide. About a hundred thousand names contain such a pair.
    fn twins(hasher: &TextHasher) -> [String; 2] {
        let mut seen = HashMap::new();
        let mut numbers = 0_u32..;
        loop {
            let name = format!("devs-{}", numbers.next().unwrap_or_default());
            if let Some(other) = seen.insert(hasher.hash(&name) >> 32, name.clone()) {
                return [name, other];
            }
        }
    }

    fn role(name: &str) -> ClusterRole {
        let rule = PolicyRule {
            verbs: vec!["get".to_owned()],
            api_groups: vec![String::new()],
            resources: vec![name.to_owned()],
            ..PolicyRule::default()
        };
        ClusterRole {
            metadata: metadata(name),
            rules: vec![rule],
            aggregation_rule: None,
        }
    }

    fn binding(name: &str, group: &str, role: &str) -> ClusterRoleBinding {
        ClusterRoleBinding {
            metadata: metadata(name),
            subjects: vec![Subject {
                kind: "Group".to_owned(),
                name: group.to_owned(),
                ..Subject::default()
            }],
            role_ref: RoleRef {
                kind: "ClusterRole".to_owned(),
                name: role.to_owned(),
                ..RoleRef::default()
            },
        }
    }

    fn metadata(name: &str) -> Metadata {
        Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        }
    }

    /// Returns which of three resources a group may get, and how many roles were missing.
    fn verdicts(policy: &Policy, group: &str) -> [(bool, usize); 3] {
        let user = User::new("jane", [group]);
        ["pods", "secrets", "nodes"].map(|resource| {
            let request = ResourceRequest::new("get", "", resource).into();
            let by_policy = policy.rbac(&user, &request);
            let by_view = policy.view(&user).rbac(&request);
            assert_eq!(by_policy, by_view);
            (
                by_policy.decision().is_allow(),
                by_policy.unresolved().len(),
            )
        })
    }

    #[test]
    fn each_of_many_groups_is_looked_up() {
        let mut policy = Policy::default();
        let names: Vec<String> = (0..40).map(|number| format!("group-{number}")).collect();
        for name in &names {
            policy.put_cluster_role(role(name));
            policy.put_cluster_role_binding(binding(name, name, name));
        }
        for count in 0..=names.len() {
            let groups = names.iter().take(count).map(String::as_str);
            let user = User::new("jane", groups);
            let allowed = names.iter().filter(|name| {
                let request = ResourceRequest::new("get", "", name).into();
                policy.rbac(&user, &request).decision().is_allow()
            });
            assert!(allowed.eq(names.iter().take(count)), "{count} groups");
        }
    }

    #[test]
    fn a_grant_names_the_subject_of_the_binding_that_replaced_another() {
        let mut policy = Policy::default();
        policy.put_cluster_role(role("pods"));
        let mut object = binding("a", "", "pods");
        let user = User::new("system:serviceaccount:dev:ci", ["devs"]);
        let request = ResourceRequest::new("get", "", "pods").into();
        // The same user as a service account, as a user, and as the second subject too.
        let account = ["ServiceAccount", "ci", "dev"];
        let named = ["User", "system:serviceaccount:dev:ci", ""];
        let lists = [&[account][..], &[named], &[named, account], &[account]];
        for subjects in lists {
            object.subjects = subjects
                .iter()
                .map(|[kind, name, namespace]| Subject {
                    kind: (*kind).to_owned(),
                    name: (*name).to_owned(),
                    namespace: (*namespace).to_owned(),
                    ..Subject::default()
                })
                .collect();
            policy.put_cluster_role_binding(object.clone());
            let response = policy.rbac(&user, &request);
            let first = match response.decision() {
                Decision::Allow(Grant::Binding(grant)) => Some(grant.subject()),
                _ => None,
            };
            assert_eq!(first, object.subjects.first().map(Subject::as_deref));
        }
    }

    #[test]
    fn names_that_share_a_number_share_nothing_else() {
        let mut policy = Policy::default();
        let [one, other] = twins(&policy.hasher);
        let nothing = [(false, 0); 3];
        policy.put_cluster_role(role("pods"));
        policy.put_cluster_role(role("secrets"));
        policy.put_cluster_role_binding(binding("a", &one, "pods"));
        assert_eq!(verdicts(&policy, &one), [(true, 0), (false, 0), (false, 0)]);
        assert_eq!(verdicts(&policy, &other), nothing);

        policy.put_cluster_role_binding(binding("b", &other, "missing"));
        assert_eq!(verdicts(&policy, &one), [(true, 0), (false, 0), (false, 0)]);
        assert_eq!(verdicts(&policy, &other), [(false, 1); 3]);

        policy.put_cluster_role_binding(binding("b", &other, "secrets"));
        policy.put_cluster_role_binding(binding("c", &other, "missing"));
        assert_eq!(verdicts(&policy, &one), [(true, 0), (false, 0), (false, 0)]);
        assert_eq!(
            verdicts(&policy, &other),
            [(false, 1), (true, 0), (false, 1)]
        );

        policy.remove_cluster_role_binding("a");
        assert_eq!(verdicts(&policy, &one), nothing);
        policy.remove_cluster_role_binding("c");
        assert_eq!(
            verdicts(&policy, &other),
            [(false, 0), (true, 0), (false, 0)]
        );
    }
}
