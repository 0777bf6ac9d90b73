//! What was found, and where.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::finding_code::FindingCode;
use crate::severity::Severity;
use k8s_rbac::Metadata;

/// Which object a finding is about. Prints as `ClusterRole/name` or `Role/namespace/name`.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObjectName {
    /// `ClusterRole`, `ClusterRoleBinding`, `Role` or `RoleBinding`.
    pub kind: &'static str,
    /// The namespace; empty for what is cluster-scoped.
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
            write!(f, "{}/", Plain(&self.namespace))?;
        }
        write!(f, "{}", Plain(&self.name))
    }
}

/// One thing that was found. Prints as a line.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What.
    pub code: FindingCode,
    /// How bad it is here.
    pub severity: Severity,
    /// In which object. An object's findings share it.
    #[serde(serialize_with = "name_of_object")]
    pub object: Arc<ObjectName>,
    /// Where in the object, such as `rules[0]`; empty for the whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What it is here, in words.
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

fn name_of_object<S: Serializer>(name: &ObjectName, serializer: S) -> Result<S::Ok, S::Error> {
    name.serialize(serializer)
}

/// A name as it is, or quoted where it would break a line, or look like more than a name.
struct Plain<'a>(&'a str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '/');
        if !self.0.is_empty() && self.0.chars().all(is_plain) {
            f.write_str(self.0)
        } else {
            // No stored object's name has a slash; one that is yet to be stored may.
            f.write_str(&format!("{:?}", self.0).replace('/', "\\x2f"))
        }
    }
}

/// Gathers what is found in all objects.
pub(crate) struct Report {
    found: Vec<Finding>,
    least: Severity,
    names: HashSet<Arc<ObjectName>>,
}

impl Report {
    pub(crate) fn new(least: Severity) -> Self {
        Self {
            found: Vec::new(),
            least,
            names: HashSet::new(),
        }
    }

    /// Looks at one object, in the order of which its findings are put.
    pub(crate) fn object(&mut self, name: ObjectName, look: impl FnOnce(&mut Findings)) {
        let name = Arc::new(name);
        let mut findings = Findings {
            found: Vec::new(),
            least: self.least,
            object: Arc::clone(&name),
        };
        look(&mut findings);
        if !self.names.insert(name) {
            let message = "an object of this kind and name was there before".to_owned();
            findings.add(FindingCode::DuplicateObject, "", message);
        }
        findings.found.sort_by(|a, b| place(a).cmp(&place(b)));
        self.found.append(&mut findings.found);
    }

    pub(crate) fn finish(self) -> Vec<Finding> {
        self.found
    }
}

/// Where a finding stands in an object: what of it, which one, and the code.
fn place(finding: &Finding) -> (&str, usize, FindingCode) {
    let (of, rest) = finding.path.split_once('[').unwrap_or((&finding.path, ""));
    let number = rest
        .split_once(']')
        .and_then(|(number, _)| number.parse().ok());
    (of, number.unwrap_or_default(), finding.code)
}

/// Gathers what is found in one object.
pub(crate) struct Findings {
    found: Vec<Finding>,
    least: Severity,
    object: Arc<ObjectName>,
}

impl Findings {
    /// Adds one at the severity of its code.
    pub(crate) fn add(&mut self, code: FindingCode, path: &str, message: String) {
        self.add_at(code.severity(), code, path, message);
    }

    pub(crate) fn add_at(
        &mut self,
        severity: Severity,
        code: FindingCode,
        path: &str,
        message: String,
    ) {
        if severity >= self.least {
            self.found.push(Finding {
                code,
                severity,
                object: Arc::clone(&self.object),
                path: path.to_owned(),
                message,
            });
        }
    }
}
