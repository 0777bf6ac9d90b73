//! Finds bindings whose permissions other bindings grant as well.

use std::collections::{BTreeSet, HashMap, HashSet};

use k8s_rbac::Coverage;

use crate::bindings::{Binding, SubjectKey};
use crate::cluster::{Cluster, RoleKey, key, role_key};
use crate::finding::{Findings, ObjectName};
use crate::finding_code::FindingCode;
use crate::redundant_rules::comparison_size;
use crate::wording::plain;

/// A binding is compared with this many other bindings of its rarest subject. Our choice: comparing
/// all bindings would be quadratic.
const MAX_BINDINGS_COMPARED: usize = 16;

/// The number of pairs of roles that are compared. Our choice: a pair costs up to a million string
/// comparisons, and real manifests need some hundreds of pairs.
const MAX_ROLE_PAIRS_COMPARED: usize = 4096;

/// Finds bindings that other bindings make redundant.
pub(crate) struct Redundancy<'o> {
    /// Each binding with its subjects.
    bindings: Vec<(Binding<'o>, BTreeSet<SubjectKey<'o>>)>,
    /// The indices of the bindings of each subject.
    by_subject: HashMap<SubjectKey<'o>, Vec<usize>>,
    /// For each pair of roles that was compared, whether the first allows everything that the
    /// second allows.
    covers: HashMap<(RoleKey<'o>, RoleKey<'o>), bool>,
    /// The bindings found redundant. They make no other binding redundant.
    redundant: HashSet<usize>,
    /// Whether a finding says that not all bindings are compared.
    is_limit_told: bool,
}

impl<'o> Redundancy<'o> {
    pub(crate) fn new(bindings: impl IntoIterator<Item = Binding<'o>>) -> Self {
        let bindings: Vec<_> = bindings
            .into_iter()
            .map(|binding| (binding, binding.subject_keys().collect::<BTreeSet<_>>()))
            .collect();
        let mut by_subject: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, (_, subjects)) in bindings.iter().enumerate() {
            for &subject in subjects {
                by_subject.entry(subject).or_default().push(index);
            }
        }
        Self {
            bindings,
            by_subject,
            covers: HashMap::new(),
            redundant: HashSet::new(),
            is_limit_told: false,
        }
    }

    /// Checks the binding at this index.
    pub(crate) fn check(&mut self, index: usize, cluster: &Cluster<'o>, out: &mut Findings) {
        let Some((binding, subjects)) = self.bindings.get(index) else {
            return;
        };
        if binding.is_without_required_namespace() {
            return;
        }
        let role = role_key(binding.role_ref(), binding.namespace());
        // A binding that names all of these subjects also names the rarest of them.
        let others = subjects
            .iter()
            .filter_map(|subject| self.by_subject.get(subject))
            .min_by_key(|bindings| bindings.len());
        let (Some(others), Some(role)) = (others, role) else {
            return;
        };
        let is_at_limit = others.len() > MAX_BINDINGS_COMPARED.saturating_add(1)
            || self.covers.len() >= MAX_ROLE_PAIRS_COMPARED;
        if is_at_limit && !std::mem::replace(&mut self.is_limit_told, true) {
            let message = format!(
                "its subjects have more than {MAX_BINDINGS_COMPARED} other bindings, or there are more than \
                 {MAX_ROLE_PAIRS_COMPARED} pairs of roles: not all are compared, from here on"
            );
            out.add(FindingCode::NotChecked, "", message);
        }
        let others = others.iter().filter(|&&other| other != index);
        for &other in others.take(MAX_BINDINGS_COMPARED) {
            let Some((wider, wider_subjects)) = self.bindings.get(other) else {
                continue;
            };
            let is_in_same_namespace =
                !wider.is_without_required_namespace() && wider.namespace() == binding.namespace();
            let is_in_scope = wider.kind() == "ClusterRoleBinding" || is_in_same_namespace;
            let wider_role = role_key(wider.role_ref(), wider.namespace()).filter(|_| is_in_scope);
            let Some(wider_role) = wider_role else {
                continue;
            };
            // Two objects of the same name are a different finding.
            let is_same_object =
                wider.kind() == binding.kind() && key(wider.metadata()) == key(binding.metadata());
            if is_same_object
                || self.redundant.contains(&other)
                || !wider_subjects.is_superset(subjects)
            {
                continue;
            }
            let code = if wider_role == role {
                FindingCode::DuplicateBinding
            } else if covers(&mut self.covers, wider_role, role, cluster) {
                FindingCode::ShadowedBinding
            } else {
                continue;
            };
            let name = ObjectName::of(wider.kind(), wider.metadata());
            let name = plain(&name.to_string());
            self.redundant.insert(index);
            let message = format!("{name} grants the same subjects all of it");
            out.add(code, "", message);
            return;
        }
    }
}

fn covers<'o>(
    compared: &mut HashMap<(RoleKey<'o>, RoleKey<'o>), bool>,
    wider: RoleKey<'o>,
    role: RoleKey<'o>,
    cluster: &Cluster<'o>,
) -> bool {
    if compared.len() >= MAX_ROLE_PAIRS_COMPARED {
        return compared.get(&(wider, role)).copied().unwrap_or(false);
    }
    *compared.entry((wider, role)).or_insert_with(|| {
        let (Some(wider), Some(role)) = (cluster.role(wider), cluster.role(role)) else {
            return false;
        };
        !role.rules.is_empty()
            && comparison_size(wider.rules).is_some()
            && comparison_size(role.rules).is_some()
            && Coverage::of(wider.rules, role.rules).is_complete()
    })
}
