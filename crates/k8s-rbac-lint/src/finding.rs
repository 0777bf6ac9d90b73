//! Findings, and their collection.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use k8s_rbac::Metadata;
use serde::{Serialize, Serializer};

use crate::finding_code::FindingCode;
use crate::severity::Severity;

/// The object a finding is about. It prints as `ClusterRole/name` or `Role/namespace/name`.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObjectName {
    /// `ClusterRole`, `ClusterRoleBinding`, `Role` or `RoleBinding`.
    pub kind: &'static str,
    /// The namespace; empty if the object is cluster-scoped.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectName {
    pub(crate) fn of(kind: &'static str, metadata: &Metadata) -> Self {
        let is_namespaced = matches!(kind, "Role" | "RoleBinding");
        let namespace = if is_namespaced {
            metadata.namespace.clone()
        } else {
            String::new()
        };
        Self {
            kind,
            namespace,
            name: metadata.name.clone(),
        }
    }
}

impl Display for ObjectName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind)?;
        if matches!(self.kind, "Role" | "RoleBinding") {
            write!(f, "{}/", Part(&self.namespace))?;
        }
        write!(f, "{}", Part(&self.name))
    }
}

/// A namespace or a name, quoted and escaped if it would break a line or look like two parts.
struct Part<'a>(&'a str);

impl Display for Part<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '/');
        if !self.0.is_empty() && self.0.chars().all(is_plain) {
            f.write_str(self.0)
        } else {
            // The API server stores no name with a slash, but a manifest can contain one.
            f.write_str(&format!("{:?}", self.0).replace('/', "\\x2f"))
        }
    }
}

/// A possible mistake or risk. It prints as one line.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The kind of finding.
    pub code: FindingCode,
    /// The severity of this finding.
    pub severity: Severity,
    /// The object. All findings of an object share it.
    #[serde(serialize_with = "serialize_shared")]
    pub object: Arc<ObjectName>,
    /// The path in the object, such as `rules[0]`; empty if the finding is about the whole object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The details.
    pub message: String,
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.code, self.object)?;
        if !self.path.is_empty() {
            write!(f, " {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

fn serialize_shared<S: Serializer>(name: &ObjectName, serializer: S) -> Result<S::Ok, S::Error> {
    name.serialize(serializer)
}

/// Collects the findings of all objects.
pub(crate) struct Report {
    findings: Vec<Finding>,
    min_severity: Severity,
    names: HashSet<Arc<ObjectName>>,
}

impl Report {
    pub(crate) fn new(min_severity: Severity) -> Self {
        Self {
            findings: Vec::new(),
            min_severity,
            names: HashSet::new(),
        }
    }

    /// Checks one object, and appends its findings in the order of their paths and codes.
    pub(crate) fn object(&mut self, name: ObjectName, check: impl FnOnce(&mut Findings)) {
        let name = Arc::new(name);
        let mut of_object = Findings {
            findings: Vec::new(),
            min_severity: self.min_severity,
            object: Arc::clone(&name),
            explained: Vec::new(),
        };
        check(&mut of_object);
        of_object.remove_consequences();
        if !self.names.insert(name) {
            let message = "an earlier object has the same kind and name".to_owned();
            of_object.add(FindingCode::DuplicateObject, "", message);
        }
        of_object
            .findings
            .sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        self.findings.append(&mut of_object.findings);
    }

    pub(crate) fn finish(self) -> Vec<Finding> {
        self.findings
    }
}

/// Orders the findings of an object by field, index and code.
fn sort_key(finding: &Finding) -> (&str, usize, FindingCode) {
    let (field, rest) = finding.path.split_once('[').unwrap_or((&finding.path, ""));
    let index = rest
        .split_once(']')
        .and_then(|(index, _)| index.parse().ok());
    (field, index.unwrap_or_default(), finding.code)
}

/// Collects the findings of one object.
pub(crate) struct Findings {
    findings: Vec<Finding>,
    min_severity: Severity,
    object: Arc<ObjectName>,
    /// The paths of values that a placeholder makes invalid.
    explained: Vec<String>,
}

impl Findings {
    /// Marks the value at this path as a placeholder.
    pub(crate) fn explain(&mut self, path: &str) {
        self.explained.push(path.to_owned());
    }

    /// Removes findings that another finding causes: a placeholder causes an invalid field, and an
    /// invalid field causes a subject or role that does not exist.
    fn remove_consequences(&mut self) {
        let is_about_reference = |code: FindingCode| {
            matches!(
                code,
                FindingCode::DanglingRoleRef | FindingCode::SubjectNeverMatches
            )
        };
        let invalid: Vec<String> = self
            .findings
            .iter()
            .filter(|finding| finding.code == FindingCode::FieldError)
            .map(|finding| finding.path.clone())
            .collect();
        // Each subject and each field of a subject has its own path, so paths are looked up.
        let with_parents = |paths: &[String]| -> HashSet<String> {
            let parents = paths.iter().filter_map(|path| path.rsplit_once('.'));
            let parents = parents.map(|(parent, _)| parent.to_owned());
            paths.iter().cloned().chain(parents).collect()
        };
        let explained = with_parents(&self.explained);
        let invalid = with_parents(&invalid);
        self.findings.retain(|finding| {
            let is_explained = explained.contains(&finding.path)
                && (finding.code == FindingCode::FieldError || is_about_reference(finding.code));
            let is_invalid = is_about_reference(finding.code) && invalid.contains(&finding.path);
            !is_explained && !is_invalid
        });
    }
    /// Adds a finding with the usual severity of its code.
    pub(crate) fn add(&mut self, code: FindingCode, path: &str, message: String) {
        self.add_at(code.severity(), code, path, message);
    }

    /// Adds a finding with a given severity.
    pub(crate) fn add_at(
        &mut self,
        severity: Severity,
        code: FindingCode,
        path: &str,
        message: String,
    ) {
        if severity >= self.min_severity {
            self.findings.push(Finding {
                code,
                severity,
                object: Arc::clone(&self.object),
                path: path.to_owned(),
                message,
            });
        }
    }
}
