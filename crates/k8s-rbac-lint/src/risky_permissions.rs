//! Permissions that lead to others.

mod table;

use k8s_rbac::PolicyRule;

use crate::finding_code::FindingCode;

pub(crate) use table::RISKY_PERMISSIONS;

/// A permission that leads to others.
pub(crate) struct RiskyPermission {
    pub(crate) code: FindingCode,
    api_group: &'static str,
    /// Resources, each with its subresource if it has one.
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// The object names for which a rule limited by `resourceNames` is still risky.
    risky_names: &'static [&'static str],
    /// Another permission without which this one is of little use.
    paired_with: Option<PairedPermission>,
}

/// A permission that a role must also grant. One verb on one of the resources is sufficient.
struct PairedPermission {
    verbs: &'static [&'static str],
    api_group: &'static str,
    resources: &'static [&'static str],
}

/// How a rule grants a risky permission.
pub(crate) struct Granted<'r> {
    /// The verbs of the permission that the rule lists, or `*`.
    pub(crate) verbs: Vec<&'r str>,
    /// The resources of the permission as the rule names them; empty if it names them only by `*`.
    pub(crate) resources: Vec<&'r str>,
    /// Whether the role also grants the paired permission, if there is one.
    pub(crate) is_usable: bool,
}

impl RiskyPermission {
    /// Returns how a rule grants this permission; `None` if it does not.
    pub(crate) fn granted_by<'r>(
        &self,
        rule: &'r PolicyRule,
        paired: &Paired,
    ) -> Option<Granted<'r>> {
        let is_risky_name = |name: &String| self.risky_names.contains(&name.as_str());
        let is_named =
            rule.resource_names.is_empty() || rule.resource_names.iter().any(is_risky_name);
        if !rule.allows_group(self.api_group) || !is_named {
            return None;
        }
        let verbs = matching_entries(&rule.verbs, |entry| {
            entry == "*" || self.verbs.contains(&entry)
        });
        let resources = matching_entries(&rule.resources, |entry| {
            self.resources.iter().any(|one| names_resource(entry, one))
        });
        let has_wildcard = rule.resources.iter().any(|entry| entry == "*");
        if verbs.is_empty() || (resources.is_empty() && !has_wildcard) {
            return None;
        }
        Some(Granted {
            verbs,
            resources,
            is_usable: self.paired_with.is_none() || paired.0.contains(&self.code),
        })
    }
}

/// The codes whose paired permission a role grants.
pub(crate) struct Paired(Vec<FindingCode>);

impl Paired {
    pub(crate) fn of(role: &[PolicyRule]) -> Self {
        let is_paired = |permission: &&RiskyPermission| {
            let other = permission.paired_with.as_ref();
            other.is_some_and(|other| role.iter().any(|rule| other.is_granted_by(rule)))
        };
        Self(
            RISKY_PERMISSIONS
                .iter()
                .filter(is_paired)
                .map(|permission| permission.code)
                .collect(),
        )
    }
}

impl PairedPermission {
    fn is_granted_by(&self, rule: &PolicyRule) -> bool {
        let has_resource = |entry: &String| {
            entry == "*" || self.resources.iter().any(|one| names_resource(entry, one))
        };
        rule.allows_group(self.api_group)
            && self.verbs.iter().any(|verb| rule.allows_verb(verb))
            && rule.resources.iter().any(has_resource)
    }
}

/// Returns the entries that match, each once; only `*` if it is among them.
fn matching_entries(list: &[String], matches: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for entry in list.iter().map(String::as_str) {
        if !matches(entry) {
            continue;
        }
        if entry == "*" {
            return vec![entry];
        }
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// Returns whether an entry names a resource, either exactly or as `*/subresource`.
fn names_resource(entry: &str, resource: &str) -> bool {
    let subresource = resource.split_once('/').map(|(_, subresource)| subresource);
    entry == resource
        || entry
            .strip_prefix("*/")
            .is_some_and(|of_any| subresource == Some(of_any))
}
