//! Why the newest version of a source is not in effect.

use std::io;

use printable_text::Printable;
use thiserror::Error as ThisError;

/// Why the newest version of a source is not in effect. The last good version stays.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Fault {
    /// The object does not exist in the cluster, or no longer does.
    #[error("the object does not exist")]
    Deleted,
    /// The connection to the cluster is lost, or the cluster forbids reading the objects.
    #[error("the objects cannot be watched: {}", Printable::new(.0))]
    Disconnected(String),
    /// The operating system refuses to read it.
    #[error("it cannot be read: {0}")]
    Io(io::ErrorKind),
    /// There is no such file or directory.
    #[error("there is no such file")]
    Missing,
    /// A directory has no manifest.
    #[error("the directory has no .yaml, .yml or .json file")]
    NoManifest,
    /// It is not a regular file: a directory, a device or a pipe.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is not text in UTF-8, nor in UTF-16 with a byte order mark.
    #[error("it is not text: {0}")]
    NotText(bounded_yaml::TextError),
    /// Nothing has been read yet.
    #[error("the objects have not been listed yet")]
    Pending,
    /// The text was read, but is not a good version.
    #[error("{}", Printable::new(message))]
    Rejected {
        /// The stable code of the first problem.
        code: &'static str,
        /// The first problem.
        message: String,
    },
    /// Directories are nested deeper than the limit.
    #[error("directories are nested deeper than {0}")]
    TooDeep(usize),
    /// It is longer than the limit, in bytes.
    #[error("it is longer than {0} bytes")]
    TooLarge(usize),
    /// A directory has more manifests than the limit.
    #[error("the directory has more than {0} files")]
    TooManyFiles(usize),
    /// It kept changing in place while it was read.
    #[error("it is still being written")]
    Unsettled,
}

impl Fault {
    /// Returns a stable code in kebab case, for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Disconnected(_) => "disconnected",
            Self::Io(_) => "io",
            Self::Missing => "missing",
            Self::NoManifest => "no-manifest",
            Self::NotAFile => "not-a-file",
            Self::NotText(_) => "not-text",
            Self::Pending => "pending",
            Self::Rejected { code, .. } => code,
            Self::TooDeep(_) => "too-deep",
            Self::TooLarge(_) => "too-large",
            Self::TooManyFiles(_) => "too-many-files",
            Self::Unsettled => "unsettled",
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // A path through a file, such as `rules.yaml/x`, counts as missing.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            kind => Self::Io(kind),
        }
    }
}
