//! Permissions that lead to more permissions.

mod table;

use std::ops::RangeInclusive;

use k8s_rbac::{KubernetesVersion, PolicyRule};

use crate::finding_code::FindingCode;
use crate::severity::Severity;

use table::RISKY_PERMISSIONS;

/// A permission that leads to more permissions.
pub(crate) struct RiskyPermission {
    pub(crate) code: FindingCode,
    api_group: &'static str,
    /// Resources, each with its subresource if it has one.
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// Whether requests for the resources have no namespace. A `RoleBinding` then does not grant them.
    is_cluster_scoped: bool,
    /// Whether a cluster may lack the resources. Then a rule for every resource of every group is not reported for
    /// them.
    is_custom: bool,
    /// The object names for which a rule limited by `resourceNames` is still risky.
    risky_names: &'static [&'static str],
    /// The versions in which the permission is risky.
    versions: RangeInclusive<KubernetesVersion>,
    /// The severity, if it is not the usual severity of the code.
    severity: Option<Severity>,
    requirement: Option<Requirement>,
}

/// Another permission of the same role without which a permission is of little use.
struct Requirement {
    verbs: Verbs,
    api_group: &'static str,
    /// Resources. One of them is sufficient; empty for any resource.
    resources: &'static [&'static str],
    names: RequiredNames,
    /// Whether the permission is reported, at a lower severity, if the role does not grant the other
    /// permission. Another role of the user may grant it.
    is_reported_without: bool,
}

enum Verbs {
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A verb that starts with this text.
    StartsWith(&'static str),
}

/// The object names that a rule must allow to meet a requirement.
enum RequiredNames {
    Any,
    /// One of these. A rule without `resourceNames` allows them.
    OneOf(&'static [&'static str]),
    /// `resourceNames` limits all rules. They allow no object of the first list, but an object of
    /// the second.
    OnlyOneOf {
        none_of: &'static [&'static str],
        one_of: &'static [&'static str],
    },
    /// All rules are limited by `resourceNames`. A rule without this limit is reported separately.
    Limited,
}

/// Whether a role meets a requirement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Met {
    Yes,
    /// No rule grants the other permission, but another role may.
    Missing,
    /// The permission is not worth a finding in this role.
    Harmless,
}

/// Whether a role meets the requirement of each risky permission that has a requirement.
pub(crate) struct RoleRequirements(Vec<Option<Met>>);

impl RoleRequirements {
    pub(crate) fn of(role: &[PolicyRule]) -> Self {
        let met = |permission: &RiskyPermission| {
            let requirement = permission.requirement.as_ref();
            requirement.map(|requirement| requirement.is_met_by(role))
        };
        Self(RISKY_PERMISSIONS.iter().map(met).collect())
    }

    /// Returns the risky permissions that a rule of the role grants, in the order of the table.
    pub(crate) fn risks<'r>(
        &self,
        rule: &'r PolicyRule,
    ) -> impl Iterator<Item = (&'static RiskyPermission, Granted<'r>)> {
        RISKY_PERMISSIONS
            .iter()
            .zip(&self.0)
            .filter_map(|(permission, met)| Some((permission, permission.granted_by(rule, *met)?)))
    }
}

/// How a rule grants a risky permission.
pub(crate) struct Granted<'r> {
    /// The verbs of the permission that the rule lists, or `*`.
    pub(crate) verbs: Vec<&'r str>,
    /// The resources of the permission as the rule names them; empty if it names them only by `*`.
    pub(crate) resources: Vec<&'r str>,
    /// The severity if the role is granted in the whole cluster.
    pub(crate) severity: Severity,
    /// Whether the role also grants the permission without which this permission is of little use.
    pub(crate) is_complete: bool,
}

impl RiskyPermission {
    /// Returns whether the permission is risky in one of these versions.
    pub(crate) fn is_in(&self, versions: &RangeInclusive<KubernetesVersion>) -> bool {
        self.versions.start() <= versions.end() && versions.start() <= self.versions.end()
    }

    pub(crate) const fn is_cluster_scoped(&self) -> bool {
        self.is_cluster_scoped
    }

    /// Returns how a rule grants this permission; `None` if the rule does not grant it, or if the
    /// role makes it harmless.
    fn granted_by<'r>(&self, rule: &'r PolicyRule, met: Option<Met>) -> Option<Granted<'r>> {
        let is_risky_name = |name: &String| self.risky_names.contains(&name.as_str());
        let is_limited =
            !rule.resource_names.is_empty() && !rule.resource_names.iter().any(is_risky_name);
        if !rule.allows_group(self.api_group) || is_limited {
            return None;
        }
        let verbs = matching_entries(&rule.verbs, |entry| {
            entry == "*" || self.verbs.contains(&entry)
        });
        let resources = matching_entries(&rule.resources, |entry| {
            self.resources.iter().any(|one| names_resource(entry, one))
        });
        let has_wildcard = rule.resources.iter().any(|entry| entry == "*");
        let has_group = || rule.api_groups.iter().any(|group| group == self.api_group);
        let has_resources = match self.is_custom {
            true => has_wildcard && has_group(),
            false => has_wildcard,
        };
        if verbs.is_empty() || (resources.is_empty() && !has_resources) {
            return None;
        }
        let severity = self.severity.unwrap_or_else(|| self.code.severity());
        let severity = match met {
            None | Some(Met::Yes) => severity,
            Some(Met::Missing) => severity.min(Severity::Low),
            Some(Met::Harmless) => return None,
        };
        Some(Granted {
            verbs,
            resources,
            severity,
            is_complete: met != Some(Met::Missing),
        })
    }
}

impl Requirement {
    fn is_met_by(&self, role: &[PolicyRule]) -> Met {
        let granting: Vec<&PolicyRule> = role.iter().filter(|rule| self.is_in(rule)).collect();
        if granting.is_empty() && self.is_reported_without {
            return Met::Missing;
        }
        let is_limited = |rule: &&PolicyRule| !rule.resource_names.is_empty();
        let allows_one = |names: &[&str]| {
            let mut rules = granting.iter();
            rules.any(|rule| names.iter().any(|name| rule.allows_name(Some(name))))
        };
        let is_met = match self.names {
            _ if granting.is_empty() => false,
            RequiredNames::Any => true,
            RequiredNames::OneOf(names) => allows_one(names),
            RequiredNames::OnlyOneOf { none_of, one_of } => {
                !allows_one(none_of) && allows_one(one_of)
            }
            RequiredNames::Limited => granting.iter().all(is_limited),
        };
        if is_met { Met::Yes } else { Met::Harmless }
    }

    /// Returns whether a rule grants the permission, for any names.
    fn is_in(&self, rule: &PolicyRule) -> bool {
        let has_verb = match self.verbs {
            Verbs::OneOf(verbs) => verbs.iter().any(|verb| rule.allows_verb(verb)),
            Verbs::StartsWith(start) => rule
                .verbs
                .iter()
                .any(|verb| verb == "*" || verb.starts_with(start)),
        };
        if self.resources.is_empty() {
            return has_verb && !rule.resources.is_empty();
        }
        let has_resource = |entry: &String| {
            entry == "*" || self.resources.iter().any(|one| names_resource(entry, one))
        };
        has_verb && rule.allows_group(self.api_group) && rule.resources.iter().any(has_resource)
    }
}

/// Returns the entries that match, each once. If `*` is among them, returns only `*`.
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
