//! Why a cluster could not be read.

use printable_text::Printable;
use thiserror::Error;

/// How much of a message of the API server is kept, in characters: 500. Our choice: the longest known message, of a
/// forbidden request, has half of it.
const MAX_MESSAGE: usize = 500;

/// Why a cluster could not be read. Messages of the API server are shortened, and escaped for one
/// line.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ReadError {
    /// The API server answered with an error: 401 if it does not know the client, 403 if the client may not read the
    /// resource.
    #[error("{resource}: the API server answers {status}: {message}")]
    Refused {
        /// The resource, such as `clusterroles`.
        resource: &'static str,
        /// The HTTP status.
        status: u16,
        /// The message of the API server. Empty if it has none.
        message: String,
    },
    /// There is no answer.
    #[error("{resource}: the API server cannot be reached: {why}")]
    Unreachable {
        /// The resource.
        resource: &'static str,
        /// The error of the client.
        why: String,
    },
    /// The answer is not that of an API server.
    #[error("{resource}: the answer is not that of an API server")]
    Malformed {
        /// The resource.
        resource: &'static str,
    },
    /// An answer is longer than 256 MiB.
    #[error("{resource}: an answer is too long")]
    TooLarge {
        /// The resource.
        resource: &'static str,
    },
    /// There are more than [`MAX_OBJECTS`](super::MAX_OBJECTS) objects.
    #[error("{resource}: there are more than {} objects", super::MAX_OBJECTS)]
    TooMany {
        /// The resource.
        resource: &'static str,
    },
    /// The list was begun several times, and the API server had no longer kept its next page.
    #[error("{resource}: the list does not end before the API server forgets it")]
    Changing {
        /// The resource.
        resource: &'static str,
    },
}

impl ReadError {
    /// Returns the resource that was read when the error came.
    #[must_use]
    pub const fn resource(&self) -> &'static str {
        match self {
            Self::Refused { resource, .. }
            | Self::Unreachable { resource, .. }
            | Self::Malformed { resource }
            | Self::TooLarge { resource }
            | Self::TooMany { resource }
            | Self::Changing { resource } => resource,
        }
    }
}

/// Shortens a text, and escapes it for one line.
pub(super) fn shorten(text: &str) -> String {
    let start: String = text.chars().take(MAX_MESSAGE).collect();
    Printable::new(&start).to_string()
}
