//! The state of a source of rules, for readiness, metrics and logs.

use std::time::SystemTime;

/// The state of a source: a file, a directory, or objects of a cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceStatus {
    name: String,
    last_good: Option<SystemTime>,
    last_error: Option<String>,
}

impl SourceStatus {
    /// Builds the state of a source that has not been read yet. The name becomes a label of metrics, so
    /// it must not derive from input: there is one name for each configured source.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            last_good: None,
            last_error: None,
        }
    }

    /// Records that the source was read at this time and its content is in effect.
    #[must_use]
    pub fn succeeded(self, at: SystemTime) -> Self {
        Self {
            last_good: Some(at),
            last_error: None,
            ..self
        }
    }

    /// Records that the source could not be read, or that its content was not applied. The earlier
    /// content stays in effect. Logs and `/readyz` print the reason: it must be one line, escaped, and
    /// free of secrets.
    #[must_use]
    pub fn failed(self, reason: impl Into<String>) -> Self {
        Self {
            last_error: Some(reason.into()),
            ..self
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns when the content in effect was last confirmed. `None` if no content is in effect.
    #[must_use]
    pub const fn last_good(&self) -> Option<SystemTime> {
        self.last_good
    }

    /// Returns why the last attempt failed. `None` if it succeeded, or if there was no attempt.
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Returns whether reviews can be answered by this source: its content was applied at least once.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.last_good.is_some()
    }

    /// Returns whether the content in effect is the source's latest.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        self.last_good.is_some() && self.last_error.is_none()
    }
}
