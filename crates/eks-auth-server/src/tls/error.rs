//! Why a certificate could not be loaded.

use std::io;
use std::path::PathBuf;

use rustls::pki_types::pem;
use thiserror::Error as ThisError;

use super::READ_DEADLINE;

/// Why a certificate could not be loaded.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {error}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// A file contains no certificate or key in PEM, or its PEM is broken.
    #[error("{path}: {fault}", path = .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// The reason.
        fault: PemFault,
    },
    /// The files were not read in time, for example because a file system of the network does not answer.
    #[error("the files were not read within {} seconds", READ_DEADLINE.as_secs())]
    Slow,
    /// The cryptography provider does not accept the private key.
    #[error("{path}: the private key cannot be used: {why}; a key of RSA needs 2048 bits or more", path = .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// No cryptography provider for rustls is installed in this process.
    #[error("no cryptography provider for rustls is installed in this process")]
    NoProvider,
    /// The certificate, its key and the authorities do not work together.
    #[error("{0}")]
    Unusable(String),
}

/// Why a file in PEM cannot be read. It quotes no part of the file, which may contain a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum PemFault {
    /// No block is of the kind that the file is for.
    #[error(
        "there is no PEM block of the right kind: a file of certificates needs `CERTIFICATE`, one of a key \
         `PRIVATE KEY`"
    )]
    NoBlock,
    /// The line that begins or ends a block is broken, or the last line is missing.
    #[error(
        "a PEM block needs a line `-----BEGIN …-----` and a line `-----END …-----`, each by itself"
    )]
    Boundary,
    /// The content of a block cannot be decoded.
    #[error("the content of a PEM block is not base64")]
    Content,
}

impl PemFault {
    pub(super) fn of(error: &pem::Error) -> Self {
        match error {
            pem::Error::NoItemsFound => Self::NoBlock,
            // Both errors contain a line of the file. If the line breaks of a key were lost, that
            // line is the key.
            pem::Error::IllegalSectionStart { .. } | pem::Error::MissingSectionEnd { .. } => {
                Self::Boundary
            }
            _ => Self::Content,
        }
    }
}
