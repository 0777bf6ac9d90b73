//! Why a log has no answer.

use std::io;

use thiserror::Error;

/// The reason why an audit log was not read or merged. The log has no answer then, because an
/// answer from a part of the events would be wrong.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum AuditError {
    /// The input failed.
    #[error("the audit log could not be read: {0}")]
    Read(io::ErrorKind),
    /// A line does not end within 64 times the size of an event.
    #[error("not an audit log: line {line} does not end within {limit} bytes")]
    EndlessLine {
        /// The line, from 1.
        line: u64,
        /// The limit.
        limit: u64,
    },
    /// The saved part is not JSON of the form that [`AuditLog::save`](super::AuditLog::save) writes.
    #[error("not a saved part of an audit log, at line {line}, column {column}")]
    NotSaved {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The saved part has another version.
    #[error("a saved part of version {0}, and this program reads version 2: read the log again")]
    SavedVersion(u64),
    /// The parts were read with different settings, so some contain requests that others left out.
    #[error("parts that were read for different users cannot be merged")]
    OtherUser,
    /// The distinct requests exceed the memory limit.
    #[error("no answer: the distinct requests take more than {limit} bytes; ask about one user")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}
