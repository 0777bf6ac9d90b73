//! Bindings: whom they are for, what they refer to, and which of them give nothing new.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::cluster::{Cluster, RoleKey, RoleSummary, key, role_key};
use crate::finding::{Findings, ObjectName};
use crate::finding_code::FindingCode;
use crate::roles::{reference, size_of};
use crate::severity::Severity;
use crate::wording::plain;
use k8s_rbac::Coverage;
use k8s_rbac::PRIVILEGED_GROUP;
use k8s_rbac::{ClusterRoleBinding, Metadata, RoleBinding, RoleRef, Subject};

/// How many other bindings of its rarest subject a binding is compared with. Our choice: to compare
/// all would cost the square of their number.
const MAX_BINDINGS_COMPARED: usize = 16;

/// How many pairs of roles are compared for bindings. Our choice: a pair costs up to a million
/// comparisons of texts, and what people write has some hundreds.
const MAX_PAIRS_COMPARED: usize = 4096;

const ACCOUNTS: &str = "system:serviceaccounts";
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// Who is meant: kind, namespace and name, each once.
type Identities<'w> = BTreeSet<(&'w str, &'w str, &'w str)>;

/// A binding of either kind.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'w> {
    kind: &'static str,
    metadata: &'w Metadata,
    subjects: &'w [Subject],
    role_ref: &'w RoleRef,
}

impl<'w> Binding<'w> {
    pub(crate) fn of_cluster(binding: &'w ClusterRoleBinding) -> Self {
        Self {
            kind: "ClusterRoleBinding",
            metadata: &binding.metadata,
            subjects: &binding.subjects,
            role_ref: &binding.role_ref,
        }
    }

    pub(crate) fn of_namespace(binding: &'w RoleBinding) -> Self {
        Self {
            kind: "RoleBinding",
            metadata: &binding.metadata,
            subjects: &binding.subjects,
            role_ref: &binding.role_ref,
        }
    }

    /// Returns the namespace; empty for a `ClusterRoleBinding`.
    fn namespace(&self) -> &'w str {
        if self.kind == "RoleBinding" {
            &self.metadata.namespace
        } else {
            ""
        }
    }

    /// Says whether it is namespaced and in no namespace: then it gives nothing, and the API server
    /// would not store it.
    fn is_nowhere(&self) -> bool {
        self.kind == "RoleBinding" && self.metadata.namespace.is_empty()
    }

    fn identities(&self) -> Identities<'w> {
        let subjects = self.subjects.iter();
        subjects.map(|subject| identity(subject, self)).collect()
    }
}

/// The namespace counts for service accounts only, which have their binding's if they name none.
fn identity<'w>(subject: &'w Subject, binding: &Binding<'w>) -> (&'w str, &'w str, &'w str) {
    let namespace = match (subject.kind.as_str(), subject.namespace.as_str()) {
        ("ServiceAccount", "") => binding.namespace(),
        ("ServiceAccount", namespace) => namespace,
        _ => "",
    };
    (&subject.kind, namespace, &subject.name)
}

/// Looks at one binding by itself.
pub(crate) fn check(binding: &Binding<'_>, cluster: &Cluster<'_>, out: &mut Findings) {
    if binding.is_nowhere() {
        return;
    }
    let namespace = binding.namespace();
    let gives = cluster.referred(binding.role_ref, namespace);
    let role = reference(&binding.role_ref.kind, &binding.role_ref.name);
    if gives.is_none() {
        out.add(
            FindingCode::DanglingRoleRef,
            "roleRef",
            format!("no {role} is there"),
        );
    }
    let known = cluster.known_subjects((namespace, &binding.metadata.name), binding.role_ref);
    if binding.subjects.is_empty() && known.is_none() {
        out.add(
            FindingCode::NoSubjects,
            "",
            format!("nobody is given {role}"),
        );
    }
    let mut seen = HashSet::new();
    let mut added = 0_usize;
    for (at, subject) in binding.subjects.iter().enumerate() {
        let path = format!("subjects[{at}]");
        if !seen.insert(identity(subject, binding)) {
            out.add(FindingCode::DuplicateSubject, &path, plain(&subject.name));
            continue;
        }
        match known {
            Some(known) if known.contains(subject) => continue,
            Some(_) => added = added.saturating_add(1),
            None => {}
        }
        check_subject(subject, binding, gives, &path, out);
    }
    if added > 0 {
        let message = format!("{added} subjects are not known to be there");
        let severity = Severity::Medium;
        out.add_at(severity, FindingCode::DefaultChanged, "subjects", message);
    }
    let is_all_known = known.is_some() && added == 0;
    if let Some(gives) = gives.filter(|_| !is_all_known && !binding.subjects.is_empty()) {
        check_role(binding, &role, &gives, out);
    }
}

fn check_role(binding: &Binding<'_>, role: &str, gives: &RoleSummary<'_>, out: &mut Findings) {
    let is_cluster_wide = binding.kind == "ClusterRoleBinding";
    if gives.is_everything {
        let severity = if is_cluster_wide {
            Severity::Critical
        } else {
            Severity::High
        };
        let scope = if is_cluster_wide {
            "in the whole cluster"
        } else {
            "in its namespace"
        };
        let message = format!("{role} allows everything, here {scope}");
        out.add_at(severity, FindingCode::BindsFullAccess, "roleRef", message);
    }
    if !is_cluster_wide && gives.has_paths && binding.role_ref.kind == "ClusterRole" {
        let message = format!("{role} has paths, which a RoleBinding does not give");
        // Where the role has more, it was hardly meant for the paths.
        let severity = if gives.has_resources {
            Severity::Info
        } else {
            FindingCode::UrlsWithoutEffect.severity()
        };
        out.add_at(severity, FindingCode::UrlsWithoutEffect, "roleRef", message);
    }
}

fn check_subject(
    subject: &Subject,
    binding: &Binding<'_>,
    gives: Option<RoleSummary<'_>>,
    path: &str,
    out: &mut Findings,
) {
    let is_cluster_wide = binding.kind == "ClusterRoleBinding";
    let role = reference(&binding.role_ref.kind, &binding.role_ref.name);
    let mut add = |code: FindingCode, message: String| {
        let severity = if is_cluster_wide {
            code.severity()
        } else {
            code.severity().lowered()
        };
        out.add_at(severity, code, path, message);
    };
    let name = subject.name.as_str();
    match (subject.kind.as_str(), name) {
        ("Group", "system:unauthenticated") | ("User", "system:anonymous") => {
            let message = format!("{name} is given {role}");
            // Paths such as /healthz and /version are for everybody by default.
            let severity = if gives.is_some_and(|gives| gives.is_public) {
                Severity::Low
            } else {
                FindingCode::UnauthenticatedSubject.severity()
            };
            out.add_at(severity, FindingCode::UnauthenticatedSubject, path, message);
        }
        ("Group", "system:authenticated" | ACCOUNTS) => {
            let message = format!("{name} is given {role}");
            if gives.is_some_and(|gives| gives.is_everything) {
                let severity = Severity::Critical;
                out.add_at(severity, FindingCode::AuthenticatedSubject, path, message);
            } else {
                add(FindingCode::AuthenticatedSubject, message);
            }
        }
        ("Group", PRIVILEGED_GROUP) => {
            add(
                FindingCode::MastersSubject,
                format!("{name} is given {role}"),
            );
        }
        ("Group", "system:nodes") => {
            add(FindingCode::NodesSubject, format!("{name} is given {role}"))
        }
        ("Group", _) if name.starts_with("system:serviceaccounts:") => {
            add(
                FindingCode::NamespaceAccountsSubject,
                format!("{} is given {role}", plain(name)),
            );
        }
        ("Group", _) if name.starts_with(ACCOUNT_PREFIX) => out.add(
            FindingCode::SubjectNeverMatches,
            path,
            format!("{} is the name of a user, not of a group", plain(name)),
        ),
        (
            "User",
            "system:authenticated"
            | "system:unauthenticated"
            | "system:nodes"
            | ACCOUNTS
            | PRIVILEGED_GROUP,
        ) => out.add(
            FindingCode::SubjectNeverMatches,
            path,
            format!("{name} is the name of a group, not of a user"),
        ),
        ("User" | "Group", "*") => out.add(
            FindingCode::SubjectNeverMatches,
            path,
            format!("* is no wildcard here, but the name of a {}", subject.kind),
        ),
        ("User", _) if name.starts_with("system:node:") => {
            add(
                FindingCode::NodesSubject,
                format!("{} is given {role}", plain(name)),
            );
        }
        ("User", _) if name.starts_with(ACCOUNT_PREFIX) => {
            out.add(FindingCode::UserNamesAccount, path, plain(name));
        }
        ("ServiceAccount", _) if subject.namespace.is_empty() && is_cluster_wide => out.add(
            FindingCode::SubjectNeverMatches,
            path,
            format!("the service account {} has no namespace", plain(name)),
        ),
        ("ServiceAccount", "default") => {
            let namespace = match subject.namespace.as_str() {
                "" => binding.namespace(),
                namespace => namespace,
            };
            let message = format!("default of {} is given {role}", plain(namespace));
            add(FindingCode::DefaultAccountSubject, message);
        }
        ("User" | "Group" | "ServiceAccount", _) => {}
        (kind, _) => out.add(
            FindingCode::SubjectNeverMatches,
            path,
            format!("there is no kind {} of subjects", plain(kind)),
        ),
    }
}

/// Finds the bindings that give nothing that others do not give.
pub(crate) struct Redundancy<'w> {
    /// Each with whom it means.
    bindings: Vec<(Binding<'w>, Identities<'w>)>,
    /// The bindings of each identity, by their place.
    by_identity: HashMap<(&'w str, &'w str, &'w str), Vec<usize>>,
    /// Whether the first of two roles gives all that the second does.
    covers: Covers<'w>,
    gone: HashSet<usize>,
}

impl<'w> Redundancy<'w> {
    pub(crate) fn new(bindings: impl IntoIterator<Item = Binding<'w>>) -> Self {
        let bindings = bindings.into_iter();
        let bindings: Vec<_> = bindings
            .map(|binding| (binding, binding.identities()))
            .collect();
        let mut by_identity: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, (_, identities)) in bindings.iter().enumerate() {
            for &identity in identities {
                by_identity.entry(identity).or_default().push(at);
            }
        }
        Self {
            bindings,
            by_identity,
            covers: HashMap::new(),
            gone: HashSet::new(),
        }
    }

    /// Looks at the binding in this place. Those that were found to give nothing are not counted
    /// for others.
    pub(crate) fn check(&mut self, at: usize, cluster: &Cluster<'w>, out: &mut Findings) {
        let Some((binding, identities)) = self.bindings.get(at) else {
            return;
        };
        if binding.is_nowhere() {
            return;
        }
        let role = role_key(binding.role_ref, binding.namespace());
        // A binding for all of them is one for the rarest of them.
        let bindings = identities
            .iter()
            .filter_map(|one| self.by_identity.get(one));
        let (Some(others), Some(role)) = (bindings.min_by_key(|bindings| bindings.len()), role)
        else {
            return;
        };
        let others = others.iter().filter(|&&other| other != at);
        for &other in others.take(MAX_BINDINGS_COMPARED) {
            let Some((wider, of_wider)) = self.bindings.get(other) else {
                continue;
            };
            let is_here = !wider.is_nowhere() && wider.namespace() == binding.namespace();
            let is_wider_scope = wider.kind == "ClusterRoleBinding" || is_here;
            let wider_role = role_key(wider.role_ref, wider.namespace());
            let Some(wider_role) = wider_role.filter(|_| is_wider_scope) else {
                continue;
            };
            // The same object twice is another finding.
            let is_itself =
                wider.kind == binding.kind && key(wider.metadata) == key(binding.metadata);
            if is_itself || self.gone.contains(&other) || !of_wider.is_superset(identities) {
                continue;
            }
            let name = ObjectName::of(wider.kind, wider.metadata);
            let name = plain(&name.to_string());
            let code = if wider_role == role {
                FindingCode::DuplicateBinding
            } else if covers(&mut self.covers, wider_role, role, cluster) {
                FindingCode::ShadowedBinding
            } else {
                continue;
            };
            self.gone.insert(at);
            out.add(
                code,
                "",
                format!("{name} gives the same subjects all of it"),
            );
            return;
        }
    }
}

type Covers<'w> = HashMap<(RoleKey<'w>, RoleKey<'w>), bool>;

fn covers<'w>(
    compared: &mut Covers<'w>,
    wider: RoleKey<'w>,
    role: RoleKey<'w>,
    cluster: &Cluster<'w>,
) -> bool {
    if compared.len() >= MAX_PAIRS_COMPARED {
        return compared.get(&(wider, role)).copied().unwrap_or(false);
    }
    *compared.entry((wider, role)).or_insert_with(|| {
        let (Some(wider), Some(rules)) = (cluster.role(wider), cluster.role(role)) else {
            return false;
        };
        let (wider, rules) = (wider.rules, rules.rules);
        !rules.is_empty()
            && size_of(wider).is_some()
            && size_of(rules).is_some()
            && Coverage::of(wider, rules).is_complete()
    })
}
