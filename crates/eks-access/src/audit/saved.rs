//! Parts of a log that are saved, so that a long log can be read by many machines.

use serde::{Deserialize, Serialize};

use super::counts::AuditCounts;
use super::error::AuditError;
use super::log::{AuditLog, AuditRecord};

/// The version of the form. It grows when an older program would misread the form.
const VERSION: u64 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved<'a> {
    version: u64,
    only: Option<&'a str>,
    counts: &'a AuditCounts,
    records: Vec<&'a AuditRecord>,
}

/// What each version has.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Read {
    #[serde(rename = "version")]
    _version: u64,
    only: Option<String>,
    counts: AuditCounts,
    records: Vec<AuditRecord>,
}

impl AuditLog {
    /// Returns the log as JSON, which [`from_saved`](Self::from_saved) reads.
    ///
    /// # Errors
    ///
    /// [`AuditError::NotSaved`] is not expected: the form has no part that JSON lacks.
    pub fn save(&self) -> Result<String, AuditError> {
        let saved = Saved {
            version: VERSION,
            only: self.only(),
            counts: self.counts(),
            records: self.records(),
        };
        serde_json::to_string(&saved).map_err(|error| not_saved(&error))
    }

    /// Reads a log that was saved.
    ///
    /// # Errors
    ///
    /// [`AuditError::NotSaved`]; [`AuditError::SavedVersion`] for another version of the form;
    /// [`AuditError::TooLarge`].
    pub fn from_saved(text: &str) -> Result<Self, AuditError> {
        let versioned: Versioned = serde_json::from_str(text).map_err(|error| not_saved(&error))?;
        if versioned.version != VERSION {
            return Err(AuditError::SavedVersion(versioned.version));
        }
        let read: Read = serde_json::from_str(text).map_err(|error| not_saved(&error))?;
        let mut log = Self::new();
        log.set_only(read.only);
        log.set_counts(read.counts);
        for record in read.records {
            log.insert(record)?;
        }
        Ok(log)
    }
}

fn not_saved(error: &serde_json::Error) -> AuditError {
    AuditError::NotSaved {
        line: error.line(),
        column: error.column(),
    }
}
