//! Answers as data, with the field names of the Kubernetes API.

mod escalation_paths;
mod explanation;
mod who_can;

use k8s_rbac::Permission;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::diff::{Change, PolicyDiff};
use crate::permission_set::ScopedPermission;
use crate::scoped_rule::ScopedRule;

/// Serializes as `{"namespace", "verb", "apiGroup", "resource", "resourceName"}`, or with `nonResourceURL`.
/// A namespace or a name that does not limit the permission is absent.
impl Serialize for ScopedPermission<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(namespace) = self.namespace() {
            map.serialize_entry("namespace", namespace)?;
        }
        match self.permission() {
            Permission::Path { verb, path } => {
                map.serialize_entry("verb", verb)?;
                map.serialize_entry("nonResourceURL", path)?;
            }
            Permission::Resource {
                verb,
                group,
                resource,
                name,
            } => {
                map.serialize_entry("verb", verb)?;
                map.serialize_entry("apiGroup", group)?;
                map.serialize_entry("resource", resource)?;
                if let Some(name) = name {
                    map.serialize_entry("resourceName", name)?;
                }
            }
        }
        map.end()
    }
}

/// Serializes as a `PolicyRule` with `namespaces`, which are absent for the whole cluster.
impl Serialize for ScopedRule<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rule = self.to_rule();
        let lists = [
            ("apiGroups", &rule.api_groups),
            ("resources", &rule.resources),
            ("resourceNames", &rule.resource_names),
            ("nonResourceURLs", &rule.non_resource_urls),
        ];
        let mut map = serializer.serialize_map(None)?;
        if !self.namespaces().is_empty() {
            map.serialize_entry("namespaces", self.namespaces())?;
        }
        map.serialize_entry("verbs", &rule.verbs)?;
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            map.serialize_entry(name, list)?;
        }
        map.end()
    }
}

/// Serializes as `{"subject": {"kind", "name"}, "isByRule", "gained", "lost", "gainedRules", "lostRules"}`.
impl Serialize for Change<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("subject", self.identity())?;
        map.serialize_entry("isByRule", &self.is_by_rule())?;
        map.serialize_entry("gained", self.gained())?;
        map.serialize_entry("lost", self.lost())?;
        map.serialize_entry("gainedRules", self.gained_rules())?;
        map.serialize_entry("lostRules", self.lost_rules())?;
        map.end()
    }
}

/// Serializes as `{"changes": [...]}`.
impl Serialize for PolicyDiff<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("changes", self.changes())?;
        map.end()
    }
}
