//! Findings, with links to their rows.

use std::collections::HashMap;

use k8s_rbac::Objects;
use serde::Serialize;

use super::access::PrincipalAccess;
use super::subjects::Subjects;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::no_answer::NoAnswer;

/// A finding, and its principal or binding, by index.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FindingRow {
    #[serde(flatten)]
    pub(super) finding: Finding,
    pub(super) principal: Option<usize>,
    pub(super) binding: Option<usize>,
}

impl Cluster {
    /// Returns the findings of a check, the most severe first.
    pub(super) fn findings_of_report(
        &self,
        principals: &[PrincipalAccess],
        subjects: &Subjects,
    ) -> Result<Vec<FindingRow>, NoAnswer> {
        let by_name: HashMap<&str, usize> = principals
            .iter()
            .enumerate()
            .rev()
            .map(|(at, principal)| (principal.caller.principal(), at))
            .collect();
        let bindings: HashMap<String, usize> = subjects
            .bindings
            .iter()
            .enumerate()
            .map(|(at, binding)| {
                let name = match &binding.namespace {
                    None => format!("{}/{}", binding.kind, binding.name),
                    Some(namespace) => format!("{}/{namespace}/{}", binding.kind, binding.name),
                };
                (name, at)
            })
            .collect();
        let findings = self.check(&Objects::default())?.findings.into_iter();
        Ok(findings
            .map(|finding| {
                // The object of a rule is its section and its principal.
                let principal = finding.object.split_once(' ').map(|(_, name)| name);
                FindingRow {
                    principal: principal.and_then(|name| by_name.get(name)).copied(),
                    binding: bindings.get(&finding.object).copied(),
                    finding,
                }
            })
            .collect())
    }
}
