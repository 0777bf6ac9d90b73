//! The users, groups, bindings and roles that a report shows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use k8s_rbac::{
    BindingName, BindingView, KubernetesVersion, Objects, PRIVILEGED_GROUP, RoleRef, SubjectName,
};
use serde::Serialize;

use super::access::PrincipalAccess;
use super::level::AccessLevel;
use crate::cluster::Cluster;
use crate::place::Place;

/// The largest number of rules of a role that are listed. Our choice: the largest role of the default policy,
/// `admin`, has about 30.
const MAX_RULES: usize = 200;

/// The group of every authenticated user.
const AUTHENTICATED: &str = "system:authenticated";

/// A user or a group: the principals that become it, and the bindings that name it. Both by index.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdentityRow {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) principals: Vec<usize>,
    pub(super) bindings: Vec<usize>,
    pub(super) level: AccessLevel,
}

/// A binding, with its role and the users and groups that it names by index.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BindingRow {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) role: usize,
    pub(super) identities: Vec<usize>,
    /// The number of subjects whose kind names no user and no group.
    pub(super) other_subjects: usize,
    pub(super) level: AccessLevel,
    pub(super) place: Option<Place>,
}

/// A role that a binding refers to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleRow {
    pub(super) kind: String,
    pub(super) name: String,
    /// `None` for a ClusterRole.
    pub(super) namespace: Option<String>,
    /// Whether no document has the role, and the default policy does not have it either.
    pub(super) is_missing: bool,
    pub(super) level: AccessLevel,
    pub(super) rules: Vec<RuleRow>,
    pub(super) rules_left_out: usize,
    pub(super) bindings: Vec<usize>,
    pub(super) place: Option<Place>,
}

/// A rule of a role.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleRow {
    pub(super) text: String,
    pub(super) level: AccessLevel,
    pub(super) place: Option<Place>,
}

/// The users, groups, bindings and roles of a report.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subjects {
    pub(super) identities: Vec<IdentityRow>,
    pub(super) bindings: Vec<BindingRow>,
    pub(super) roles: Vec<RoleRow>,
    /// The number of bindings of the default policy that are left out, since no principal reaches them.
    pub(super) default_bindings: usize,
    /// The number of further bindings that are left out.
    pub(super) bindings_left_out: usize,
}

/// Collects rows that refer to each other by index.
struct Collector<'c> {
    cluster: &'c Cluster,
    subjects: Subjects,
    identities: BTreeMap<SubjectName, usize>,
    roles: HashMap<(String, String, String), usize>,
}

impl Cluster {
    /// Collects the bindings of the documents, and the bindings of the default policy that principals
    /// reach, with their roles, users and groups.
    pub(super) fn subjects_of(&self, principals: &[PrincipalAccess], max: usize) -> Subjects {
        let mut collector = Collector {
            cluster: self,
            subjects: Subjects::default(),
            identities: BTreeMap::new(),
            roles: HashMap::new(),
        };
        let default = DefaultBindings::of_version(self.kubernetes_version().value());
        let reached: HashSet<&SubjectName> = principals
            .iter()
            .flat_map(|one| &one.identities)
            .filter(|identity| !is_authenticated(identity))
            .collect();
        for binding in self.policy().bindings() {
            let is_reached = || {
                let mut named = identities_of(&binding);
                named.any(|identity| reached.contains(&identity))
            };
            if default.has(&binding) && !is_reached() {
                collector.subjects.default_bindings =
                    collector.subjects.default_bindings.saturating_add(1);
            } else if collector.subjects.bindings.len() >= max {
                collector.subjects.bindings_left_out =
                    collector.subjects.bindings_left_out.saturating_add(1);
            } else {
                collector.add(&binding);
            }
        }
        collector.finish(principals)
    }

    /// Returns the users and service accounts that bindings name and that no principal becomes, without the
    /// subjects of the default policy.
    pub(super) fn users_without_a_caller(
        &self,
        principals: &[PrincipalAccess],
    ) -> BTreeSet<String> {
        let default = DefaultBindings::of_version(self.kubernetes_version().value());
        let reached: HashSet<&SubjectName> =
            principals.iter().flat_map(|one| &one.identities).collect();
        self.policy()
            .bindings()
            .filter(|binding| !default.has(binding))
            .flat_map(|binding| identities_of(&binding))
            .filter(|identity| !reached.contains(identity))
            .filter_map(|identity| match identity {
                SubjectName::User(name) => Some(name),
                SubjectName::Group(_) => None,
            })
            .collect()
    }
}

impl Collector<'_> {
    fn add(&mut self, binding: &BindingView<'_>) {
        let at = self.subjects.bindings.len();
        let role = self.role(binding);
        let level = self
            .subjects
            .roles
            .get(role)
            .map_or(AccessLevel::None, |role| role.level);
        if let Some(role) = self.subjects.roles.get_mut(role) {
            role.bindings.push(at);
        }
        let mut identities: Vec<usize> = identities_of(binding)
            .map(|identity| self.identity(identity))
            .collect();
        let other_subjects = binding.subjects().len().saturating_sub(identities.len());
        identities.sort_unstable();
        identities.dedup();
        for identity in &identities {
            if let Some(identity) = self.subjects.identities.get_mut(*identity) {
                identity.bindings.push(at);
                identity.level = identity.level.max(level);
            }
        }
        let (kind, name) = match binding.name() {
            BindingName::ClusterRoleBinding { name } => ("ClusterRoleBinding", name),
            BindingName::RoleBinding { name, .. } => ("RoleBinding", name),
        };
        self.subjects.bindings.push(BindingRow {
            kind,
            name: name.to_owned(),
            namespace: binding.namespace().map(str::to_owned),
            role,
            identities,
            other_subjects,
            level,
            place: self.cluster.place_of_binding(binding.name()),
        });
    }

    fn identity(&mut self, identity: SubjectName) -> usize {
        let next = self.subjects.identities.len();
        let at = *self.identities.entry(identity.clone()).or_insert(next);
        if at == next {
            let (kind, name) = match identity {
                SubjectName::Group(name) => ("Group", name),
                SubjectName::User(name) if name.starts_with("system:serviceaccount:") => {
                    ("ServiceAccount", name)
                }
                SubjectName::User(name) => ("User", name),
            };
            let level = match kind == "Group" && name == PRIVILEGED_GROUP {
                true => AccessLevel::Full,
                false => AccessLevel::None,
            };
            self.subjects.identities.push(IdentityRow {
                kind,
                name,
                principals: Vec::new(),
                bindings: Vec::new(),
                level,
            });
        }
        at
    }

    fn role(&mut self, binding: &BindingView<'_>) -> usize {
        let RoleRef { kind, name, .. } = binding.role_ref();
        let namespace = match kind {
            "Role" => binding.namespace().unwrap_or_default(),
            _ => "",
        };
        let key = (kind.to_owned(), namespace.to_owned(), name.to_owned());
        if let Some(at) = self.roles.get(&key) {
            return *at;
        }
        let at = self.subjects.roles.len();
        self.roles.insert(key, at);
        let rules = binding.rules().unwrap_or_default();
        let subject = k8s_rbac::Subject::default();
        let rows = rules.iter().take(MAX_RULES).map(|rule| {
            let (text, place) = self.cluster.allowed_by_rule(&binding.grant(subject, rule));
            RuleRow {
                text,
                level: AccessLevel::of_rules(std::slice::from_ref(rule)),
                place,
            }
        });
        self.subjects.roles.push(RoleRow {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            is_missing: binding.rules().is_none(),
            level: AccessLevel::of_rules(rules),
            rules: rows.collect(),
            rules_left_out: rules.len().saturating_sub(MAX_RULES),
            bindings: Vec::new(),
            place: self.cluster.rbac().place(kind, namespace, name),
        });
        at
    }

    /// Adds the principals to the users and groups that they become.
    fn finish(mut self, principals: &[PrincipalAccess]) -> Subjects {
        let of_aws = principals.iter().enumerate();
        for (at, principal) in of_aws.filter(|(_, principal)| principal.is_of_aws) {
            for identity in &principal.identities {
                // Every principal is in this group.
                if is_authenticated(identity) {
                    continue;
                }
                let is_named = self.identities.contains_key(identity);
                let is_user = matches!(identity, SubjectName::User(_));
                // A separate user that no binding names is part of the principal.
                if is_user && !is_named {
                    continue;
                }
                let row = self.identity(identity.clone());
                if let Some(row) = self.subjects.identities.get_mut(row) {
                    row.principals.push(at);
                }
            }
        }
        self.subjects
    }
}

fn is_authenticated(identity: &SubjectName) -> bool {
    matches!(identity, SubjectName::Group(name) if name == AUTHENTICATED)
}

fn identities_of<'b>(binding: &BindingView<'b>) -> impl Iterator<Item = SubjectName> + use<'b> {
    let namespace = binding.namespace();
    binding
        .subjects()
        .filter_map(move |subject| SubjectName::of(&subject, namespace))
}

/// The bindings of the default policy of Kubernetes.
struct DefaultBindings {
    /// By namespace and name, with the name of the role.
    roles: HashMap<(String, String), String>,
}

impl DefaultBindings {
    fn of_version(version: KubernetesVersion) -> Self {
        let objects = Objects::bootstrap(version);
        let of_cluster = objects
            .cluster_role_bindings
            .into_iter()
            .map(|one| ((String::new(), one.metadata.name), one.role_ref.name));
        let of_namespaces = objects.role_bindings.into_iter().map(|one| {
            let key = (one.metadata.namespace, one.metadata.name);
            (key, one.role_ref.name)
        });
        Self {
            roles: of_cluster.chain(of_namespaces).collect(),
        }
    }

    fn has(&self, binding: &BindingView<'_>) -> bool {
        let name = match binding.name() {
            BindingName::ClusterRoleBinding { name } | BindingName::RoleBinding { name, .. } => {
                name
            }
        };
        let key = (
            binding.namespace().unwrap_or_default().to_owned(),
            name.to_owned(),
        );
        self.roles
            .get(&key)
            .is_some_and(|role| role == binding.role_ref().name)
    }
}
