//! `who_can` as data.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::who_can::{AllowedSubject, AllowedSubjects};

/// Serializes as `{"subjects": [...], "unresolved": [...], "evaluationError"}`. The error is absent if all
/// roles exist.
impl Serialize for AllowedSubjects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("subjects", self.subjects())?;
        map.serialize_entry("unresolved", self.unresolved())?;
        if !self.unresolved().is_empty() {
            map.serialize_entry("evaluationError", &self.evaluation_error())?;
        }
        map.end()
    }
}

/// Serializes as `{"subject", "grant"}`. The grant is absent if the subject needs no grant.
impl Serialize for AllowedSubject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("subject", &self.subject())?;
        if let Some(grant) = self.grant() {
            map.serialize_entry("grant", &grant)?;
        }
        map.end()
    }
}
