//! Answers from logs as data.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::denied::{Addition, DeniedRequest};
use super::minimal::{Generalization, LeftOut, MinimalRole, RuleUse};
use super::unused::UnusedRule;

/// Serializes as `{"objects", "uses", "generalizations", "leftOut", "byAuthorizer", "ofBaseline"}`, where
/// `objects` has the lists `clusterRoles`, `roles` and their bindings.
impl Serialize for MinimalRole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let uses: Vec<Vec<_>> = self
            .uses()
            .iter()
            .map(|role| role.iter().map(RuleUse::tally).collect())
            .collect();
        let by_authorizer: Vec<_> = self.by_authorizer().iter().collect();
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("objects", self.objects())?;
        map.serialize_entry("uses", &uses)?;
        map.serialize_entry("generalizations", self.generalizations())?;
        map.serialize_entry("leftOut", self.left_out())?;
        map.serialize_entry("byAuthorizer", &by_authorizer)?;
        map.serialize_entry("ofBaseline", &self.of_baseline())?;
        map.end()
    }
}

/// Serializes as `{"code", "action"}`.
impl Serialize for Generalization {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (code, action) = match self {
            Self::EveryNamespace(action) => ("every-namespace", action),
            Self::Nameless(action) => ("nameless", action),
            Self::TooManyNames(action) => ("too-many-names", action),
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("code", code)?;
        map.serialize_entry("action", action)?;
        map.end()
    }
}

/// Serializes as `{"action", "count"}`.
impl Serialize for LeftOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("action", &self.action)?;
        map.serialize_entry("count", &self.count)?;
        map.end()
    }
}

/// Serializes as `{"user", "action", "tally", "authorizer", "addition", "isAllowedNow", "nearMisses"}`.
/// `addition` is absent if there is no such rule.
impl Serialize for DeniedRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("user", self.user())?;
        map.serialize_entry("action", self.action())?;
        map.serialize_entry("tally", self.tally())?;
        map.serialize_entry("authorizer", &self.authorizer())?;
        if let Some(addition) = self.addition() {
            map.serialize_entry("addition", addition)?;
        }
        map.serialize_entry("isAllowedNow", &self.is_allowed_now())?;
        map.serialize_entry("nearMisses", self.near_misses())?;
        map.end()
    }
}

/// Serializes as `{"namespace", "rule"}`. The namespace is absent for a `ClusterRole`.
impl Serialize for Addition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(namespace) = &self.namespace {
            map.serialize_entry("namespace", namespace)?;
        }
        map.serialize_entry("rule", &self.rule)?;
        map.end()
    }
}

/// Serializes as `{"binding", "roleRef", "ruleIndex", "rule", "isUnused", "unusedVerbs", "used", "unseen"}`.
impl Serialize for UnusedRule<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(8))?;
        map.serialize_entry("binding", &self.binding())?;
        map.serialize_entry("roleRef", &self.role())?;
        map.serialize_entry("ruleIndex", &self.number())?;
        map.serialize_entry("rule", self.rule())?;
        map.serialize_entry("isUnused", &self.is_unused())?;
        map.serialize_entry("unusedVerbs", &self.unused_verbs())?;
        map.serialize_entry("used", self.used())?;
        map.serialize_entry("unseen", self.unseen())?;
        map.end()
    }
}
