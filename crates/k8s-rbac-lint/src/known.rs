//! Lookup tables over the known objects.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;

use k8s_rbac::{KubernetesVersion, Objects, PolicyRule, RoleRef, Subject};

use crate::bindings::{Binding, SubjectKey};
use crate::cluster::{RoleKey, key, role_key};
use crate::finding_code::FindingCode;
use crate::rules;
use crate::severity::Severity;

/// The known objects, by namespace and name.
pub(crate) struct Known<'o> {
    versions: RangeInclusive<KubernetesVersion>,
    roles: HashMap<RoleKey<'o>, KnownRole<'o>>,
    bindings: HashMap<RoleKey<'o>, Binding<'o>>,
    /// What the bindings grant.
    grants: HashSet<Grant<'o>>,
}

/// A role, the namespace in which it is granted, and to whom. The namespace is empty for the whole
/// cluster.
type Grant<'o> = (RoleKey<'o>, &'o str, SubjectKey<'o>);

struct KnownRole<'o> {
    rules: &'o [PolicyRule],
    /// The risks, computed for the first binding that asks for them.
    risks: OnceCell<BTreeMap<FindingCode, Severity>>,
}

impl<'o> Known<'o> {
    pub(crate) fn new(objects: &'o Objects, versions: &RangeInclusive<KubernetesVersion>) -> Self {
        let cluster_roles = objects.cluster_roles.iter();
        let cluster_roles =
            cluster_roles.map(|role| (("", role.metadata.name.as_str()), role.rules.as_slice()));
        let roles = objects.roles.iter();
        let roles = roles.map(|role| (key(&role.metadata), role.rules.as_slice()));
        // The API server refuses a Role or a RoleBinding without a namespace.
        let roles = roles.filter(|((namespace, _), _)| !namespace.is_empty());
        let bindings: HashMap<RoleKey<'_>, Binding<'_>> = objects
            .cluster_role_bindings
            .iter()
            .map(Binding::of_cluster)
            .chain(objects.role_bindings.iter().map(Binding::of_namespace))
            .filter(|binding| !binding.is_without_required_namespace())
            .map(|binding| (binding.key(), binding))
            .collect();
        let grants = bindings.values().filter_map(|binding| {
            let namespace = binding.namespace();
            let role = role_key(binding.role_ref(), namespace)?;
            let subjects = binding.subject_keys();
            Some(subjects.map(move |subject| (role, namespace, subject)))
        });
        Self {
            versions: versions.clone(),
            roles: cluster_roles
                .chain(roles)
                .map(|(key, rules)| {
                    let risks = OnceCell::new();
                    (key, KnownRole { rules, risks })
                })
                .collect(),
            grants: grants.flatten().collect(),
            bindings,
        }
    }

    pub(crate) fn has_role(&self, key: RoleKey<'_>) -> bool {
        self.roles.contains_key(&key)
    }

    /// Returns the rules of a role; no rules if it is not known.
    pub(crate) fn rules(&self, key: RoleKey<'_>) -> &'o [PolicyRule] {
        self.roles.get(&key).map_or(&[], |role| role.rules)
    }

    /// Returns the risks of a role that is granted in the whole cluster, with their severity; `None` if
    /// the role is not known.
    pub(crate) fn risks<'s>(
        &'s self,
        key: RoleKey<'s>,
    ) -> Option<&'s BTreeMap<FindingCode, Severity>> {
        let role = self.roles.get(&key)?;
        let risks = || rules::risks_in_cluster(role.rules, &self.versions);
        Some(role.risks.get_or_init(risks))
    }

    /// Returns the subjects of the binding with this name and role; `None` if no such binding is known.
    pub(crate) fn subjects(&self, key: RoleKey<'_>, role_ref: &RoleRef) -> Option<&'o [Subject]> {
        let known = self.bindings.get(&key)?;
        let of_known = known.role_ref();
        let is_same = of_known.kind == role_ref.kind && of_known.name == role_ref.name;
        is_same.then_some(known.subjects())
    }

    /// Returns whether known bindings grant everything that a binding grants.
    pub(crate) fn grants_all_of(&self, binding: Binding<'_>) -> bool {
        let namespace = binding.namespace();
        let Some(role) = role_key(binding.role_ref(), namespace) else {
            return false;
        };
        let is_granted = |subject| {
            let mut scopes = ["", namespace].into_iter();
            scopes.any(|scope| self.grants.contains(&(role, scope, subject)))
        };
        binding.subject_keys().all(is_granted)
    }
}
