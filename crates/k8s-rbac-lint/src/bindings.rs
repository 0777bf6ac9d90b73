//! Checks the role and the subjects of bindings.

use std::collections::HashSet;

use k8s_rbac::{ClusterRoleBinding, Metadata, PRIVILEGED_GROUP, RoleBinding, RoleRef, Subject};

use crate::cluster::{AWS_AUTH_NAMESPACE, Cluster, RoleKey, RoleSummary, role_key};
use crate::finding::Findings;
use crate::finding_code::FindingCode;
use crate::severity::Severity;
use crate::wording::{list, plain, role_reference};

/// The group of all service accounts.
const ACCOUNTS: &str = "system:serviceaccounts";
/// The start of the username of a service account.
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// Kind, namespace and name of a subject. Only service accounts have a namespace.
pub(crate) type SubjectKey<'o> = (&'o str, &'o str, &'o str);

/// A binding of either kind.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'o> {
    kind: &'static str,
    metadata: &'o Metadata,
    subjects: &'o [Subject],
    role_ref: &'o RoleRef,
}

impl<'o> Binding<'o> {
    pub(crate) fn of_cluster(binding: &'o ClusterRoleBinding) -> Self {
        Self {
            kind: "ClusterRoleBinding",
            metadata: &binding.metadata,
            subjects: &binding.subjects,
            role_ref: &binding.role_ref,
        }
    }

    pub(crate) fn of_namespace(binding: &'o RoleBinding) -> Self {
        Self {
            kind: "RoleBinding",
            metadata: &binding.metadata,
            subjects: &binding.subjects,
            role_ref: &binding.role_ref,
        }
    }

    pub(crate) const fn kind(&self) -> &'static str {
        self.kind
    }

    pub(crate) const fn metadata(&self) -> &'o Metadata {
        self.metadata
    }

    /// Returns namespace and name. The namespace of a `ClusterRoleBinding` is empty.
    pub(crate) fn key(&self) -> RoleKey<'o> {
        (self.namespace(), &self.metadata.name)
    }

    pub(crate) const fn subjects(&self) -> &'o [Subject] {
        self.subjects
    }

    pub(crate) const fn role_ref(&self) -> &'o RoleRef {
        self.role_ref
    }

    /// Returns the namespace; empty for a `ClusterRoleBinding`.
    pub(crate) fn namespace(&self) -> &'o str {
        if self.kind == "RoleBinding" {
            &self.metadata.namespace
        } else {
            ""
        }
    }

    /// Returns whether this is a `RoleBinding` without a namespace. The API server refuses it, and it
    /// grants nothing.
    pub(crate) fn is_without_required_namespace(&self) -> bool {
        self.kind == "RoleBinding" && self.metadata.namespace.is_empty()
    }

    fn is_cluster_wide(&self) -> bool {
        self.kind == "ClusterRoleBinding"
    }

    pub(crate) fn subject_keys(self) -> impl Iterator<Item = SubjectKey<'o>> {
        self.subjects
            .iter()
            .map(move |subject| self.subject_key(subject))
    }

    fn subject_key(&self, subject: &'o Subject) -> SubjectKey<'o> {
        let namespace = if subject.kind == "ServiceAccount" {
            self.account_namespace(subject)
        } else {
            ""
        };
        (&subject.kind, namespace, &subject.name)
    }

    /// Returns the namespace of a service account: its own, or else the binding's.
    fn account_namespace(&self, subject: &'o Subject) -> &'o str {
        match subject.namespace.as_str() {
            "" => self.namespace(),
            own => own,
        }
    }
}

/// Checks one binding on its own.
pub(crate) fn check(binding: &Binding<'_>, cluster: &Cluster<'_>, out: &mut Findings) {
    if binding.is_without_required_namespace() {
        return;
    }
    let namespace = binding.namespace();
    let summary = cluster.referred(binding.role_ref, namespace);
    let role = role_reference(&binding.role_ref.kind, &binding.role_ref.name);
    if summary.is_none() {
        let message = match (binding.role_ref.kind.as_str(), namespace) {
            // In a ClusterRoleBinding this is a field error, which is reported instead.
            ("Role", _) => {
                let there = cluster.namespaces_of_role(&binding.role_ref.name);
                let elsewhere = match there {
                    [] => String::new(),
                    [one] => format!(", but in namespace {}", plain(one)),
                    several => format!(", but in the namespaces {}", list(several)),
                };
                let namespace = plain(namespace);
                format!("{role} does not exist in namespace {namespace}{elsewhere}")
            }
            _ => format!("{role} does not exist"),
        };
        out.add(FindingCode::DanglingRoleRef, "roleRef", message);
    }
    let known = cluster.known().subjects(binding.key(), binding.role_ref);
    if binding.subjects.is_empty() && known.is_none() {
        let message = format!("grants {role} to no subject");
        out.add(FindingCode::NoSubjects, "", message);
    }
    let mut seen = HashSet::new();
    let mut added = 0_usize;
    for (index, subject) in binding.subjects.iter().enumerate() {
        let path = format!("subjects[{index}]");
        if !seen.insert(binding.subject_key(subject)) {
            out.add(FindingCode::DuplicateSubject, &path, plain(&subject.name));
            continue;
        }
        match known {
            Some(known) if known.contains(subject) => continue,
            Some(_) => added = added.saturating_add(1),
            None => {}
        }
        check_subject(subject, binding, summary, &path, out);
    }
    if added > 0 {
        let message = match added {
            1 => "one subject is not in the known version of the binding".to_owned(),
            count => format!("{count} subjects are not in the known version of the binding"),
        };
        let code = FindingCode::DefaultChanged;
        out.add_at(Severity::Medium, code, "subjects", message);
    }
    let is_known = known.is_some() && added == 0;
    if let Some(summary) = summary.filter(|_| !is_known && !binding.subjects.is_empty()) {
        check_role(binding, &role, summary, cluster, out);
    }
}

fn check_role(
    binding: &Binding<'_>,
    role: &str,
    summary: &RoleSummary<'_>,
    cluster: &Cluster<'_>,
    out: &mut Findings,
) {
    let is_cluster_wide = binding.is_cluster_wide();
    // In a judged role, the rule is reported instead.
    if summary.allows_everything && !summary.is_judged {
        let (severity, scope) = if is_cluster_wide {
            (Severity::Critical, "in the whole cluster")
        } else {
            (Severity::High, "in the namespace of the binding")
        };
        let message = format!("{role} allows everything {scope}");
        out.add_at(severity, FindingCode::BindsFullAccess, "roleRef", message);
    } else {
        check_known_role(binding, role, cluster, out);
    }
    if is_cluster_wide || binding.role_ref.kind != "ClusterRole" {
        return;
    }
    if !summary.only_cluster_scoped.is_empty() {
        let resources = list(&summary.only_cluster_scoped);
        let message = format!("{role} has only cluster-scoped resources: {resources}");
        let code = FindingCode::ClusterScopedInNamespace;
        out.add_at(Severity::Medium, code, "roleRef", message);
    }
    if summary.has_paths {
        let code = FindingCode::UrlsWithoutEffect;
        let message = format!("{role} has non-resource URLs, which a RoleBinding does not grant");
        // A role that also has resources was probably bound for the resources.
        let severity = if summary.has_resources {
            Severity::Info
        } else {
            code.severity()
        };
        out.add_at(severity, code, "roleRef", message);
    }
}

/// Checks what a known role, which is not judged itself, allows where it is bound.
///
/// In a namespace, only changes of `aws-auth` are reported: `edit` and `admin` are meant to be bound in
/// namespaces, with the other risks that they have there.
fn check_known_role(binding: &Binding<'_>, role: &str, cluster: &Cluster<'_>, out: &mut Findings) {
    let namespace = binding.namespace();
    let is_in_scope = |code: FindingCode| match namespace {
        "" => true,
        AWS_AUTH_NAMESPACE => code == FindingCode::AwsAuthWrite,
        _ => false,
    };
    let known = cluster.known();
    let key = role_key(binding.role_ref, namespace);
    let Some(risks) = key.and_then(|key| known.risks(key)) else {
        return;
    };
    let risks = risks.iter().filter(|(code, _)| is_in_scope(**code));
    let Some(severity) = risks.clone().map(|(_, severity)| *severity).max() else {
        return;
    };
    if known.grants_all_of(*binding) {
        return;
    }
    let codes: Vec<&str> = risks.map(|(code, _)| code.as_str()).collect();
    let codes = codes.join(", ");
    let scope = match namespace {
        "" => "in the whole cluster",
        _ => "in the namespace of the binding",
    };
    let message = format!("{role} allows {codes} {scope}");
    out.add_at(severity, FindingCode::BindsRiskyRole, "roleRef", message);
}

fn check_subject<'o>(
    subject: &'o Subject,
    binding: &Binding<'o>,
    summary: Option<&RoleSummary<'_>>,
    path: &str,
    out: &mut Findings,
) {
    let role = role_reference(&binding.role_ref.kind, &binding.role_ref.name);
    let name = subject.name.as_str();
    let grants = || format!("grants {role} to {}", plain(name));
    let in_scope = |code: FindingCode| {
        if binding.is_cluster_wide() {
            code.severity()
        } else {
            code.severity().lowered()
        }
    };
    match (subject.kind.as_str(), name) {
        ("Group", "system:unauthenticated") | ("User", "system:anonymous") => {
            let code = FindingCode::UnauthenticatedSubject;
            // The default policy grants paths such as /healthz and /version to every client.
            let severity = if summary.is_some_and(|summary| summary.is_public) {
                Severity::Low
            } else {
                code.severity()
            };
            out.add_at(severity, code, path, grants());
        }
        ("Group", "system:authenticated" | ACCOUNTS) => {
            let code = FindingCode::AuthenticatedSubject;
            let severity = if summary.is_some_and(|summary| summary.allows_everything) {
                Severity::Critical
            } else {
                in_scope(code)
            };
            out.add_at(severity, code, path, grants());
        }
        ("Group", PRIVILEGED_GROUP) => {
            let code = FindingCode::MastersSubject;
            out.add_at(in_scope(code), code, path, grants());
        }
        ("Group", "system:nodes") => {
            let code = FindingCode::NodesSubject;
            out.add_at(in_scope(code), code, path, grants());
        }
        ("User", _) if name.starts_with("system:node:") => {
            let code = FindingCode::NodesSubject;
            out.add_at(in_scope(code), code, path, grants());
        }
        ("Group", _) if name.starts_with("system:serviceaccounts:") => {
            let code = FindingCode::NamespaceAccountsSubject;
            out.add_at(in_scope(code), code, path, grants());
        }
        ("User", _) if name.starts_with(ACCOUNT_PREFIX) => {
            out.add(FindingCode::UserNamesAccount, path, plain(name));
        }
        ("ServiceAccount", "default")
            if !(subject.namespace.is_empty() && binding.is_cluster_wide()) =>
        {
            let code = FindingCode::DefaultAccountSubject;
            let namespace = plain(binding.account_namespace(subject));
            let message = format!("grants {role} to the account default of {namespace}");
            out.add_at(in_scope(code), code, path, message);
        }
        _ => {
            if let Some(reason) = why_never_matches(subject) {
                out.add(FindingCode::SubjectNeverMatches, path, reason);
            }
        }
    }
}

/// Returns why no user matches a subject; `None` if a user can match it.
fn why_never_matches(subject: &Subject) -> Option<String> {
    let name = subject.name.as_str();
    let reason = match (subject.kind.as_str(), name) {
        ("Group", _) if name.starts_with(ACCOUNT_PREFIX) => {
            format!("{} is the name of a user, not of a group", plain(name))
        }
        (
            "User",
            "system:authenticated"
            | "system:unauthenticated"
            | "system:nodes"
            | ACCOUNTS
            | PRIVILEGED_GROUP,
        ) => format!("{name} is the name of a group, not of a user"),
        ("User" | "Group", "*") => {
            format!(
                "* is not a wildcard here, but the name of a {}",
                subject.kind
            )
        }
        // An unknown kind is a field error, and so is a service account without a namespace.
        _ => return None,
    };
    Some(reason)
}
