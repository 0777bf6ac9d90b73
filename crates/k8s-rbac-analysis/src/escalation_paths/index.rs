//! The policy in the form that the search reads: the roles of each identity, and the uses of each
//! role. It is built once, in one pass over the bindings, and does not change.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::quality::RandomState;
use k8s_rbac::{BindingView, PRIVILEGED_GROUP, Policy, PolicyRule, SubjectName, User};

use crate::escalation_paths::capability::{Capability, all_capabilities, capabilities};
use crate::escalation_paths::capability_kind::{CapabilityKind, Families};
use crate::escalation_paths::held::Held;
use crate::escalation_paths::role_id::RoleId;
use crate::escalation_paths::{GrantedBy, Scope};

/// The service account that every namespace has.
const DEFAULT_ACCOUNT: &str = "default";

/// The group of the service accounts of a namespace, up to the namespace.
const ACCOUNTS_OF: &str = "system:serviceaccounts:";

/// The scope in which a role is granted, and the origin of the grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding<'p> {
    pub(super) role: RoleId,
    pub(super) scope: Scope<'p>,
    pub(super) source: Source<'p>,
}

/// The origin of an identity's role.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'p> {
    /// A binding, and the index of its subject.
    Binding(BindingView<'p>, usize),
    Step(usize),
}

/// A role of the policy.
#[derive(Debug)]
pub(super) struct Role<'p> {
    /// `Role` or `ClusterRole`.
    pub(super) kind: &'static str,
    /// Empty for a `ClusterRole`.
    pub(super) namespace: &'p str,
    pub(super) name: &'p str,
    pub(super) rules: &'p [PolicyRule],
    /// The capabilities that matter in combination with others.
    pub(super) parts: Vec<Capability<'p>>,
    /// The families of these capabilities.
    families: Families,
    /// All capabilities.
    pub(super) capabilities: Vec<Capability<'p>>,
    /// The capability to do everything.
    pub(super) full_access: Option<Capability<'p>>,
}

impl<'p> Role<'p> {
    fn new(
        kind: &'static str,
        namespace: &'p str,
        name: &'p str,
        rules: &'p [PolicyRule],
        capabilities: Vec<Capability<'p>>,
    ) -> Self {
        let of_all = capabilities.iter().copied();
        let parts: Vec<Capability<'p>> = of_all.clone().filter(|one| one.kind.is_part()).collect();
        Self {
            kind,
            namespace,
            name,
            rules,
            families: Families::of(&parts),
            parts,
            full_access: of_all
                .clone()
                .find(|one| one.kind == CapabilityKind::Everything),
            capabilities,
        }
    }
}

/// The policy, by identity and by role.
#[derive(Debug)]
pub(super) struct PolicyIndex<'p> {
    roles: Vec<Role<'p>>,
    role_ids: HashMap<(&'static str, &'p str, &'p str), RoleId>,
    /// Roles with full access come first, since the search ends there.
    pub(super) cluster_roles: Vec<RoleId>,
    pub(super) namespaced_roles: BTreeMap<&'p str, Vec<RoleId>>,
    /// The same by name.
    namespaced_by_name: HashMap<&'p str, Vec<RoleId>>,
    bindings: Vec<Bound<'p>>,
    /// For each identity the bindings that name it, with the first subject that names it, both by
    /// number.
    by_identity: HashMap<SubjectName, Vec<(usize, usize)>, RandomState>,
}

/// A binding. The role is absent if it does not exist.
#[derive(Clone, Copy, Debug)]
struct Bound<'p> {
    binding: BindingView<'p>,
    role: Option<RoleId>,
    scope: Scope<'p>,
}

impl<'p> PolicyIndex<'p> {
    pub(super) fn new(policy: &'p Policy, minor: u8) -> Self {
        let mut index = Self {
            roles: vec![Role::new("ClusterRole", "", "", &[], all_capabilities())],
            role_ids: HashMap::new(),
            cluster_roles: Vec::new(),
            namespaced_roles: BTreeMap::new(),
            namespaced_by_name: HashMap::new(),
            bindings: Vec::new(),
            by_identity: HashMap::default(),
        };
        for role in policy.cluster_roles() {
            let id = index.add_role("ClusterRole", "", role.name(), role.rules(), minor);
            index.cluster_roles.push(id);
        }
        for role in policy.roles() {
            let (namespace, name) = (role.namespace().unwrap_or_default(), role.name());
            let id = index.add_role("Role", namespace, name, role.rules(), minor);
            index
                .namespaced_roles
                .entry(namespace)
                .or_default()
                .push(id);
            index.namespaced_by_name.entry(name).or_default().push(id);
        }
        let roles = &index.roles;
        let is_partial = |id: &RoleId| {
            roles
                .get(id.0)
                .is_none_or(|role| role.full_access.is_none())
        };
        index.cluster_roles.sort_by_key(is_partial);
        for ids in index.namespaced_roles.values_mut() {
            ids.sort_by_key(is_partial);
        }
        let in_effect = policy.bindings().filter(BindingView::is_in_effect);
        for (number, binding) in in_effect.enumerate() {
            let bound = index.bound(binding);
            index.bindings.push(bound);
            for (at, subject) in binding.subjects().enumerate() {
                if let Some(identity) = SubjectName::of(&subject, binding.namespace()) {
                    let named = index.by_identity.entry(identity).or_default();
                    if named.last().is_none_or(|&(last, _)| last != number) {
                        named.push((number, at));
                    }
                }
            }
        }
        index
    }

    fn bound(&self, binding: BindingView<'p>) -> Bound<'p> {
        let role = binding.role_ref();
        let role = match (role.kind, binding.namespace()) {
            ("ClusterRole", _) => self.find_role("ClusterRole", "", role.name),
            ("Role", Some(namespace)) => self.find_role("Role", namespace, role.name),
            _ => None,
        };
        Bound {
            binding,
            role,
            scope: binding.namespace().map_or(Scope::Cluster, Scope::Namespace),
        }
    }

    fn add_role(
        &mut self,
        kind: &'static str,
        namespace: &'p str,
        name: &'p str,
        rules: &'p [PolicyRule],
        minor: u8,
    ) -> RoleId {
        let id = RoleId(self.roles.len());
        self.roles.push(Role::new(
            kind,
            namespace,
            name,
            rules,
            capabilities(rules, minor),
        ));
        self.role_ids.insert((kind, namespace, name), id);
        id
    }

    pub(super) fn role(&self, id: RoleId) -> Option<&Role<'p>> {
        self.roles.get(id.0)
    }

    pub(super) fn find_role(
        &self,
        kind: &'static str,
        namespace: &str,
        name: &str,
    ) -> Option<RoleId> {
        self.role_ids.get(&(kind, namespace, name)).copied()
    }

    /// Lists the Roles of a name, of every namespace.
    pub(super) fn namespaced_roles_called(&self, name: &str) -> &[RoleId] {
        self.namespaced_by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Finds the roles that a user holds by bindings, in the order of the walk. A binding that names
    /// several of the user's names counts once, with the first subject.
    pub(super) fn holdings(&self, user: &User) -> Vec<Holding<'p>> {
        let names = std::iter::once(SubjectName::User(user.name.clone()))
            .chain(user.groups.iter().cloned().map(SubjectName::Group));
        let mut found: BTreeMap<usize, usize> = BTreeMap::new();
        for name in names {
            for &(number, subject) in self.named_by(&name) {
                let first = found.entry(number).or_insert(subject);
                *first = subject.min(*first);
            }
        }
        found
            .into_iter()
            .filter_map(|(number, subject)| self.holding(number, subject))
            .collect()
    }

    /// Finds the roles that bindings give an identity itself.
    pub(super) fn own_holdings(&self, identity: &SubjectName) -> impl Iterator<Item = Holding<'p>> {
        let named = self.named_by(identity).iter();
        named.filter_map(|&(number, subject)| self.holding(number, subject))
    }

    /// Returns whether a binding names an identity.
    pub(super) fn is_bound(&self, identity: &SubjectName) -> bool {
        self.by_identity.contains_key(identity)
    }

    /// Lists the identities that bindings name, in no order.
    pub(super) fn bound_identities(&self) -> impl Iterator<Item = &SubjectName> {
        self.by_identity.keys()
    }

    /// Finds the roles that bindings give an identity itself and that matter in combination with
    /// others.
    pub(super) fn parts(&self, identity: &SubjectName) -> impl Iterator<Item = Holding<'p>> {
        self.own_holdings(identity)
            .filter(|holding| self.has_parts(holding.role))
    }

    pub(super) fn has_parts(&self, role: RoleId) -> bool {
        self.role(role).is_some_and(|role| !role.parts.is_empty())
    }

    /// Returns the families of the permissions that bindings give an identity itself.
    pub(super) fn families(&self, identity: &SubjectName) -> Families {
        let roles = self
            .named_by(identity)
            .iter()
            .filter_map(|&(number, _)| self.role(self.bindings.get(number)?.role?));
        roles.fold(Families::default(), |all, role| all.union(role.families))
    }

    /// Lists the identities that bindings name and that hold a role that matters in combination.
    pub(super) fn identities_with_parts(&self) -> impl Iterator<Item = &SubjectName> {
        let all = self.by_identity.keys();
        all.filter(|identity| self.parts(identity).next().is_some())
    }

    /// Lists the identities that can be reached: the identities that bindings name, the default service
    /// account of each namespace, and the privileged group.
    pub(super) fn identities(&self) -> BTreeSet<SubjectName> {
        let account = |namespace: &str| {
            SubjectName::User(User::service_account(namespace, DEFAULT_ACCOUNT).name)
        };
        let mut all: BTreeSet<SubjectName> = self.by_identity.keys().cloned().collect();
        all.extend(
            self.bindings
                .iter()
                .filter_map(|bound| bound.binding.namespace())
                .collect::<BTreeSet<&str>>()
                .into_iter()
                .map(account),
        );
        let accounts_of = self
            .by_identity
            .keys()
            .filter_map(|identity| match identity {
                SubjectName::Group(name) => name.strip_prefix(ACCOUNTS_OF),
                SubjectName::User(_) => None,
            });
        all.extend(accounts_of.map(account));
        all.insert(SubjectName::Group(PRIVILEGED_GROUP.to_owned()));
        all
    }

    /// Returns the grant of a capability of a role that is held.
    pub(super) fn granted_by(
        &self,
        holding: &Holding<'p>,
        capability: &Capability<'p>,
    ) -> Option<GrantedBy<'p>> {
        match holding.source {
            Source::Step(step) => Some(GrantedBy::Gained { step }),
            Source::Binding(binding, subject) => {
                let rule = binding.rules()?.get(capability.rule)?;
                Some(GrantedBy::Grant(
                    binding.grant(binding.subject(subject)?, rule),
                ))
            }
        }
    }

    /// Returns a capability of a role that is held. `None` if it is for a cluster-scoped resource and the
    /// role is held in namespaces only.
    pub(super) fn held(
        &self,
        holding: &Holding<'p>,
        capability: &Capability<'p>,
    ) -> Option<Held<'p>> {
        if capability.kind.is_cluster_scoped() && holding.scope != Scope::Cluster {
            return None;
        }
        Some(Held {
            capability: *capability,
            role: holding.role,
            scope: holding.scope,
            granted_by: self.granted_by(holding, capability)?,
        })
    }

    fn named_by(&self, identity: &SubjectName) -> &[(usize, usize)] {
        self.by_identity.get(identity).map_or(&[], Vec::as_slice)
    }

    fn holding(&self, number: usize, subject: usize) -> Option<Holding<'p>> {
        let Bound {
            binding,
            role,
            scope,
        } = *self.bindings.get(number)?;
        Some(Holding {
            role: role?,
            scope,
            source: Source::Binding(binding, subject),
        })
    }
}
