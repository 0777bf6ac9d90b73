//! The events of a log, in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The number of versions other than `audit.k8s.io/v1` that are named. Our choice: Kubernetes had
/// three.
const MAX_VERSIONS: usize = 8;

/// The bytes of the name of a version that are kept.
const MAX_VERSION_BYTES: usize = 64;

/// The number of unreadable events that are named. Our choice: enough to find the cause.
const MAX_PLACES: usize = 10;

/// The numbers of events of a log, by how they were used.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditCounts {
    /// Requests with a decision, each counted once.
    pub requests: u64,
    /// Requests of other users, if the log was read for one user.
    pub of_other_users: u64,
    /// Events of the stage `RequestReceived`, which comes before the decision, and second events of a
    /// request whose first was counted.
    pub repeated: u64,
    /// Requests without a decision: authentication refused them, or their impersonation was denied.
    pub undecided: u64,
    /// Events that are not JSON, or lack an attribute that a request needs. Usually these are lines
    /// that were cut off.
    pub unreadable: u64,
    /// Events larger than [`MAX_EVENT_BYTES`](super::MAX_EVENT_BYTES).
    pub too_long: u64,
    /// Answers of AWS that have a part of the events: with a token for the next ones, or of a query that did not end, or
    /// whose limit left out some.
    pub cut: u64,
    /// Lines and objects that are not audit events.
    pub not_events: u64,
    /// Events of other versions than `audit.k8s.io/v1`, by version.
    pub other_versions: BTreeMap<String, u64>,
    /// The places of the first unreadable or too long events.
    pub places: Vec<UnreadableEvent>,
}

/// The place of an unreadable event.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct UnreadableEvent {
    /// The name of the input.
    pub file: String,
    /// The number of the line, or of the event in a list, from 1.
    pub number: u64,
}

impl AuditCounts {
    /// Returns whether some events could not be read or are not there, so that answers may be incomplete.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.unreadable > 0 || self.too_long > 0 || self.cut > 0 || !self.other_versions.is_empty()
    }

    /// Returns whether there was any audit event. The output of a command that failed has no events, and would
    /// make every rule look unused.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.is_incomplete()
            || [
                self.requests,
                self.of_other_users,
                self.repeated,
                self.undecided,
            ]
            .iter()
            .any(|count| *count > 0)
    }

    pub(super) fn add_version(&mut self, version: &str) {
        let end = version.floor_char_boundary(MAX_VERSION_BYTES);
        let version = version.get(..end).unwrap_or_default();
        let is_full = self.other_versions.len() >= MAX_VERSIONS;
        let name = match is_full && !self.other_versions.contains_key(version) {
            true => "others",
            false => version,
        };
        add(self.other_versions.entry(name.to_owned()).or_default(), 1);
    }

    pub(super) fn add_place(&mut self, file: &str, number: u64) {
        if self.places.len() < MAX_PLACES {
            self.places.push(UnreadableEvent {
                file: file.to_owned(),
                number,
            });
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        add(&mut self.requests, other.requests);
        add(&mut self.of_other_users, other.of_other_users);
        add(&mut self.repeated, other.repeated);
        add(&mut self.undecided, other.undecided);
        add(&mut self.unreadable, other.unreadable);
        add(&mut self.too_long, other.too_long);
        add(&mut self.cut, other.cut);
        add(&mut self.not_events, other.not_events);
        for (version, count) in other.other_versions {
            add(self.other_versions.entry(version).or_default(), count);
        }
        self.places.extend(other.places);
        self.places.sort();
        self.places.truncate(MAX_PLACES);
    }
}

pub(super) fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}
