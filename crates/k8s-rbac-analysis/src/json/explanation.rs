//! `explain` as data.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::explain::{Explanation, MisplacedBinding, NearMiss, Note, Part, Trap};

/// Serializes as `{"notes", "grants", "nearMisses", "unresolved", "misplaced", "isCut"}`.
impl Serialize for Explanation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("notes", self.notes())?;
        map.serialize_entry("grants", self.grants())?;
        map.serialize_entry("nearMisses", self.near_misses())?;
        map.serialize_entry("unresolved", self.unresolved())?;
        map.serialize_entry("misplaced", self.misplaced())?;
        map.serialize_entry("isCut", &self.is_cut())?;
        map.end()
    }
}

/// Serializes as `{"code", "message"}`.
impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let code = match self {
            Self::ClusterScoped => "cluster-scoped",
            Self::GroupsOfServiceAccount => "groups-of-service-account",
            Self::Node => "node",
            Self::Privileged => "privileged",
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("code", code)?;
        map.serialize_entry("message", &self.to_string())?;
        map.end()
    }
}

/// Serializes as `{"grant", "part", "trap", "message"}`. The trap is absent if no trap is
/// recognized.
impl Serialize for NearMiss<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("grant", &self.grant())?;
        map.serialize_entry("part", &self.part())?;
        if let Some(trap) = self.trap() {
            map.serialize_entry("trap", &trap)?;
        }
        map.serialize_entry("message", &self.to_string())?;
        map.end()
    }
}

/// Serializes as `{"binding", "namespacesWithRole", "message"}`.
impl Serialize for MisplacedBinding<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("binding", &self.binding())?;
        map.serialize_entry("namespacesWithRole", self.namespaces_with_role())?;
        map.serialize_entry("message", &self.to_string())?;
        map.end()
    }
}

/// Serializes as a code, such as `missing-name`.
impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Group => "group",
            Self::MissingName => "missing-name",
            Self::Name => "name",
            Self::Namespace => "namespace",
            Self::Path => "path",
            Self::Resource => "resource",
            Self::Subject => "subject",
            Self::Subresource => "subresource",
            Self::Verb => "verb",
        })
    }
}

/// Serializes as a code, such as `star-in-word`.
impl Serialize for Trap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::AccountElsewhere => "account-elsewhere",
            Self::AccountWithoutNamespace => "account-without-namespace",
            Self::BelowPath => "below-path",
            Self::ClusterScoped => "cluster-scoped",
            Self::NamesWithoutName => "names-without-name",
            Self::OtherCase => "other-case",
            Self::OtherKind => "other-kind",
            Self::OtherWord => "other-word",
            Self::PathsInNamespace => "paths-in-namespace",
            Self::StarAfterSlash => "star-after-slash",
            Self::StarInWord => "star-in-word",
            Self::TrailingSlash => "trailing-slash",
            Self::UnknownKind => "unknown-kind",
        })
    }
}
