//! The entries of the tables of the default policy, and the objects built from them.

use std::collections::BTreeMap;

use crate::objects::{
    API_GROUP, AggregationRule, ClusterRole, ClusterRoleBinding, LabelSelector, Metadata,
    PolicyRule, RoleBinding, RoleRef, Subject,
};
use crate::version::KubernetesVersion;

/// The label, key and value, of each object of the default policy.
pub const LABEL: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");

/// The namespace of every service account in the default policy.
const SYSTEM_NAMESPACE: &str = "kube-system";

/// The minor versions of Kubernetes that have an entry.
#[derive(Clone, Copy)]
struct Minors {
    first: u8,
    last: u8,
}

const ALL_MINORS: Minors = Minors {
    first: KubernetesVersion::OLDEST.minor(),
    last: KubernetesVersion::NEWEST.minor(),
};

impl Minors {
    const fn contains(self, minor: u8) -> bool {
        self.first <= minor && minor <= self.last
    }
}

#[derive(Clone, Copy)]
pub(super) struct Role {
    minors: Minors,
    namespace: &'static str,
    name: &'static str,
    /// A label beside the common one, with the value `true`.
    label: Option<&'static str>,
    /// The label of the role's members.
    members: Option<&'static str>,
    rules: &'static [Rule],
}

pub(super) const fn role(
    namespace: &'static str,
    name: &'static str,
    rules: &'static [Rule],
) -> Role {
    Role {
        minors: ALL_MINORS,
        namespace,
        name,
        label: None,
        members: None,
        rules,
    }
}

impl Role {
    pub(super) const fn labeled(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    pub(super) const fn aggregating(mut self, label: &'static str) -> Self {
        self.members = Some(label);
        self
    }

    pub(super) const fn since(mut self, minor: u8) -> Self {
        self.minors.first = minor;
        self
    }

    pub(super) const fn is_in(&self, minor: u8) -> bool {
        self.minors.contains(minor)
    }

    pub(super) fn to_role(self, minor: u8) -> crate::objects::Role {
        let role = self.to_cluster_role(minor);
        crate::objects::Role {
            metadata: role.metadata,
            rules: role.rules,
        }
    }

    pub(super) fn to_cluster_role(self, minor: u8) -> ClusterRole {
        ClusterRole {
            metadata: metadata(self.namespace, self.name, self.label),
            rules: self
                .rules
                .iter()
                .filter(|rule| rule.minors.contains(minor))
                .map(|rule| rule.to_policy_rule())
                .collect(),
            aggregation_rule: self.members.map(|label| AggregationRule {
                cluster_role_selectors: vec![LabelSelector {
                    match_labels: BTreeMap::from([is_true(label)]),
                    match_expressions: Vec::new(),
                }],
            }),
        }
    }

    /// Builds the binding of a controller's role to its service account, whose name is the last
    /// part of the role's name.
    pub(super) fn to_controller_binding(self) -> ClusterRoleBinding {
        let account = Subject {
            kind: "ServiceAccount".to_owned(),
            name: self.name.rsplit(':').next().unwrap_or_default().to_owned(),
            namespace: SYSTEM_NAMESPACE.to_owned(),
            ..Subject::default()
        };
        ClusterRoleBinding {
            metadata: metadata("", self.name, None),
            subjects: vec![account],
            role_ref: role_ref("ClusterRole", self.name),
        }
    }
}

/// Lists separated by spaces, in which `core` is the core group.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    minors: Minors,
    groups: &'static str,
    resources: &'static str,
    names: &'static str,
    paths: &'static str,
    verbs: &'static str,
}

pub(super) const fn on(groups: &'static str, resources: &'static str, verbs: &'static str) -> Rule {
    Rule {
        minors: ALL_MINORS,
        groups,
        resources,
        names: "",
        paths: "",
        verbs,
    }
}

pub(super) const fn paths(paths: &'static str, verbs: &'static str) -> Rule {
    Rule {
        minors: ALL_MINORS,
        groups: "",
        resources: "",
        names: "",
        paths,
        verbs,
    }
}

impl Rule {
    pub(super) const fn since(mut self, minor: u8) -> Self {
        self.minors.first = minor;
        self
    }

    pub(super) const fn until(mut self, minor: u8) -> Self {
        self.minors.last = minor;
        self
    }

    pub(super) const fn named(mut self, names: &'static str) -> Self {
        self.names = names;
        self
    }

    fn to_policy_rule(self) -> PolicyRule {
        PolicyRule {
            verbs: list(self.verbs),
            api_groups: list(self.groups),
            resources: list(self.resources),
            resource_names: list(self.names),
            non_resource_urls: list(self.paths),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Binding {
    minors: Minors,
    namespace: &'static str,
    name: &'static str,
    /// A Role in a namespace, a ClusterRole elsewhere.
    role: &'static str,
    subjects: &'static [Who],
}

pub(super) const fn binding(
    namespace: &'static str,
    name: &'static str,
    role: &'static str,
    subjects: &'static [Who],
) -> Binding {
    Binding {
        minors: ALL_MINORS,
        namespace,
        name,
        role,
        subjects,
    }
}

impl Binding {
    pub(super) const fn since(mut self, minor: u8) -> Self {
        self.minors.first = minor;
        self
    }

    pub(super) const fn is_in(&self, minor: u8) -> bool {
        self.minors.contains(minor)
    }

    pub(super) fn to_role_binding(self) -> RoleBinding {
        RoleBinding {
            metadata: metadata(self.namespace, self.name, None),
            subjects: self.subjects.iter().map(|who| who.to_subject()).collect(),
            role_ref: role_ref("Role", self.role),
        }
    }

    pub(super) fn to_cluster_role_binding(self) -> ClusterRoleBinding {
        ClusterRoleBinding {
            metadata: metadata("", self.name, None),
            subjects: self.subjects.iter().map(|who| who.to_subject()).collect(),
            role_ref: role_ref("ClusterRole", self.role),
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Who {
    Account(&'static str),
    Group(&'static str),
    User(&'static str),
}

pub(super) const fn account(name: &'static str) -> Who {
    Who::Account(name)
}

pub(super) const fn group(name: &'static str) -> Who {
    Who::Group(name)
}

pub(super) const fn user(name: &'static str) -> Who {
    Who::User(name)
}

impl Who {
    fn to_subject(self) -> Subject {
        let (kind, api_group, name, namespace) = match self {
            Self::Account(name) => ("ServiceAccount", "", name, SYSTEM_NAMESPACE),
            Self::Group(name) => ("Group", API_GROUP, name, ""),
            Self::User(name) => ("User", API_GROUP, name, ""),
        };
        Subject {
            kind: kind.to_owned(),
            api_group: api_group.to_owned(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
        }
    }
}

fn metadata(namespace: &str, name: &str, label: Option<&str>) -> Metadata {
    let (key, value) = LABEL;
    let common = (key.to_owned(), value.to_owned());
    Metadata {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        labels: label.map(is_true).into_iter().chain([common]).collect(),
    }
}

fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: API_GROUP.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn is_true(label: &str) -> (String, String) {
    (label.to_owned(), "true".to_owned())
}

fn list(entries: &str) -> Vec<String> {
    entries
        .split_ascii_whitespace()
        .map(|entry| if entry == "core" { "" } else { entry })
        .map(str::to_owned)
        .collect()
}
