//! The permissions that callers gain and lose.

use std::collections::BTreeMap;

use k8s_rbac_lint::Severity;

use super::MAX_LISTED;
use super::door::Caller;
use crate::finding::Finding;

/// The permissions that callers gain and lose, by name.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) changes: BTreeMap<String, (Vec<String>, Vec<String>)>,
    /// Access policies that only one side has, and whose rules are not published.
    pub(super) unknown: BTreeMap<String, Vec<String>>,
}

impl Compared {
    pub(super) fn is_same(&self, name: &str) -> bool {
        !self.changes.contains_key(name) && !self.unknown.contains_key(name)
    }

    /// Returns a text about the permissions that a caller loses.
    pub(super) fn lost(&self, name: &str) -> Option<String> {
        let (_, lost) = self.changes.get(name)?;
        (!lost.is_empty()).then(|| listed(lost))
    }

    /// Returns findings about the permissions that a caller gains and loses.
    pub(super) fn findings(&self, name: &str, _caller: &Caller) -> Vec<Finding> {
        let mut findings = Vec::new();
        let finding = |code: &'static str, severity, message: String| {
            Finding::new(code, severity, format!("{name}: {message}")).about(name)
        };
        if let Some((gained, lost)) = self.changes.get(name) {
            if !gained.is_empty() {
                findings.push(finding(
                    "gains-permissions",
                    Severity::Medium,
                    listed(gained),
                ));
            }
            if !lost.is_empty() {
                findings.push(finding("loses-permissions", Severity::High, listed(lost)));
            }
        }
        if let Some(policies) = self.unknown.get(name) {
            let message = format!(
                "AWS does not publish the rules of {}, which only one side has",
                policies.join(", ")
            );
            findings.push(finding("unknown-permissions", Severity::Medium, message));
        }
        findings
    }
}

/// Lists permissions up to a limit.
pub(super) fn listed(rules: &[String]) -> String {
    let shown: Vec<&str> = rules.iter().take(MAX_LISTED).map(String::as_str).collect();
    let shown = shown.join("; ");
    match rules.len().saturating_sub(MAX_LISTED) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}
