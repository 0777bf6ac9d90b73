//! The server's certificate, which can be loaded again while it serves.

mod error;
mod validity;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::{sleep, timeout};

pub use error::{PemFault, TlsError};
pub use validity::Validity;

/// The protocols offered, in order of preference.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The longest certificate chain, key or list of authorities in bytes: our choice. A chain has a few thousand
/// bytes.
const MAX_PEM_LEN: u64 = 1 << 20;

/// How long reading the files again may take: our choice. A file system of the network that does not answer holds a
/// reader for ever.
const READ_DEADLINE: Duration = Duration::from_secs(5);

/// How long a list of authorities that has become shorter must stay the same before it is used: our choice, as for
/// files of rules. A program that writes a file in place may have written its beginning only.
const SHORTENED_SETTLE: Duration = Duration::from_secs(2);

/// The files of a server's certificate, in PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "three paths, written as a literal"
)]
pub struct TlsFiles {
    /// The certificate chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key of the server's certificate.
    pub key: PathBuf,
    /// The authorities of client certificates. If given, only clients with a certificate are served.
    pub client_authorities: Option<PathBuf>,
}

/// The certificate of a server: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, with client certificates if authorities
/// for them are given.
///
/// [`reload`](Self::reload) replaces it for new connections. Clones share it.
#[derive(Clone)]
pub struct ServerTls {
    shared: Arc<Shared>,
}

struct Shared {
    files: TlsFiles,
    /// What the files contained. The lock is held while they are read again.
    loaded: Arc<Mutex<Contents>>,
    in_use: ArcSwap<InUse>,
}

/// The certificate and configuration for new connections.
struct InUse {
    config: Arc<ServerConfig>,
    validity: Option<Validity>,
}

#[derive(Eq, PartialEq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_authorities: Option<Vec<u8>>,
}

impl ServerTls {
    /// Loads a certificate.
    ///
    /// # Errors
    ///
    /// [`TlsError::NoProvider`], [`TlsError::File`], [`TlsError::Pem`], [`TlsError::Unusable`].
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = CryptoProvider::get_default().ok_or(TlsError::NoProvider)?;
        let contents = Contents::read(&files)?;
        let in_use = InUse::build(&files, &contents, Arc::clone(provider))?;
        Ok(Self {
            shared: Arc::new(Shared {
                files,
                loaded: Arc::new(Mutex::new(contents)),
                in_use: ArcSwap::from_pointee(in_use),
            }),
        })
    }

    /// Loads the files again if they have changed. Returns whether they had changed. Open connections
    /// keep the certificate that they began with.
    ///
    /// A thread of its own reads them, so a file system that does not answer holds up no other task. A list of
    /// authorities that has become shorter is used when it has stayed the same for two seconds.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and [`TlsError::Slow`]; the previous certificate then stays. It is such an error if the
    /// certificate was replaced but its key was not.
    pub async fn reload(&self) -> Result<bool, TlsError> {
        let provider = CryptoProvider::get_default().ok_or(TlsError::NoProvider)?;
        let (mut contents, mut loaded) = self.read_again().await?;
        while contents.has_fewer_authorities(&loaded) {
            drop(loaded);
            sleep(SHORTENED_SETTLE).await;
            let before = contents;
            (contents, loaded) = self.read_again().await?;
            if contents == before {
                break;
            }
        }
        if *loaded == contents {
            return Ok(false);
        }
        let in_use = InUse::build(&self.shared.files, &contents, Arc::clone(provider))?;
        self.shared.in_use.store(Arc::new(in_use));
        *loaded = contents;
        Ok(true)
    }

    /// Reads the files in a thread, and returns their contents and the lock. While a thread waits for the file system,
    /// it has the lock, so that no second thread is started.
    async fn read_again(&self) -> Result<(Contents, OwnedMutexGuard<Contents>), TlsError> {
        let reading = async {
            let loaded = Arc::clone(&self.shared.loaded).lock_owned().await;
            let shared = Arc::clone(&self.shared);
            let (sender, read) = oneshot::channel();
            // Not a thread of Tokio, for which the runtime would wait at its end.
            let thread = std::thread::Builder::new().name("certificate".to_owned());
            let started = thread.spawn(move || {
                let contents = Contents::read(&shared.files);
                // An error means that the deadline has passed.
                let _ = sender.send(contents.map(|contents| (contents, loaded)));
            });
            started.map_err(|error| TlsError::File {
                path: self.shared.files.certificate.clone(),
                error,
            })?;
            // The thread does not end without an answer.
            read.await.unwrap_or(Err(TlsError::Slow))
        };
        timeout(READ_DEADLINE, reading)
            .await
            .unwrap_or(Err(TlsError::Slow))
    }

    /// Returns when the server's own certificate is valid, ignoring the certificates that signed it. A certificate
    /// that is not valid now is used as well, and clients refuse it. `None` if the validity cannot be read, or begins
    /// before 1970.
    #[must_use]
    pub fn validity(&self) -> Option<Validity> {
        self.shared.in_use.load().validity
    }

    /// Returns the configuration for a new connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.shared.in_use.load().config)
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("files", &self.shared.files)
            .finish_non_exhaustive()
    }
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            client_authorities: files.client_authorities.as_deref().map(read).transpose()?,
        })
    }

    /// Returns whether the list of authorities is shorter than another.
    fn has_fewer_authorities(&self, other: &Self) -> bool {
        let len = |contents: &Self| contents.client_authorities.as_ref().map(Vec::len);
        len(self) < len(other)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = std::fs::metadata(path)
        // A pipe would block when it is opened.
        .and_then(|metadata| match metadata.is_file() {
            true => std::fs::File::open(path),
            false => Err(io::Error::other("it is not a regular file")),
        })
        .and_then(|file| {
            file.take(MAX_PEM_LEN.saturating_add(1))
                .read_to_end(&mut bytes)
        })
        .and_then(|read| match u64::try_from(read) {
            // A list of authorities that is cut would lock clients out.
            Ok(read) if read <= MAX_PEM_LEN => Ok(()),
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        });
    read.map(|()| bytes).map_err(|error| TlsError::File {
        path: path.to_owned(),
        error,
    })
}

impl InUse {
    fn build(
        files: &TlsFiles,
        contents: &Contents,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let chain = certificates(&files.certificate, &contents.certificate)?;
        let validity = chain.first().and_then(Validity::of);
        let config = config(chain, files, contents, provider)?;
        Ok(Self {
            config: Arc::new(config),
            validity,
        })
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    files: &TlsFiles,
    contents: &Contents,
    provider: Arc<CryptoProvider>,
) -> Result<ServerConfig, TlsError> {
    let unusable = |error: &dyn fmt::Display| TlsError::Unusable(error.to_string());
    let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|error| TlsError::Pem {
        path: files.key.clone(),
        fault: PemFault::of(&error),
    })?;
    // The error of `with_single_cert` does not say that it is about the key.
    provider
        .key_provider
        .load_private_key(key.clone_key())
        .map_err(|error| TlsError::Key {
            path: files.key.clone(),
            why: match error {
                rustls::Error::General(why) => why,
                other => other.to_string(),
            },
        })?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let builder = match (&files.client_authorities, &contents.client_authorities) {
        (Some(path), Some(pem)) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(path, pem)? {
                let failed = |error| unusable(&format_args!("{}: {error}", path.display()));
                roots.add(authority).map_err(failed)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| unusable(&error))?;
            builder.with_client_cert_verifier(verifier)
        }
        _ => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                unusable(&"the certificate is of another key")
            }
            other => unusable(&other),
        })?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let broken = |fault| TlsError::Pem {
        path: path.to_owned(),
        fault,
    };
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(PemFault::of(&error)))?;
    match found.is_empty() {
        true => Err(broken(PemFault::NoBlock)),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file system that does not answer holds the thread, and the thread the lock.
    #[tokio::test(start_paused = true)]
    async fn files_that_cannot_be_read_in_time_keep_the_certificate() {
        // An error means that it is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory =
            std::env::temp_dir().join(format!("eks-auth-server-slow-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        let files = TlsFiles {
            certificate: directory.join("tls.crt"),
            key: directory.join("tls.key"),
            client_authorities: None,
        };
        let pem = params.self_signed(&key).unwrap().pem();
        std::fs::write(&files.certificate, pem).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        let tls = ServerTls::load(files).unwrap();
        let thread = Arc::clone(&tls.shared.loaded).lock_owned().await;
        let before = tls.config();
        let why = tls.reload().await.unwrap_err();
        assert_eq!(why.to_string(), "the files were not read within 5 seconds");
        assert!(Arc::ptr_eq(&before, &tls.config()));
        drop(thread);
        // The thread that reads the files has a clock of its own.
        tokio::time::resume();
        assert!(!tls.reload().await.unwrap());
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn only_a_shorter_list_of_authorities_waits() {
        let contents = |authorities: Option<&str>| Contents {
            certificate: Vec::new(),
            key: Vec::new(),
            client_authorities: authorities.map(|text| text.as_bytes().to_vec()),
        };
        let lists = [None, Some(""), Some("one"), Some("two"), Some("three")];
        for (at, new) in lists.into_iter().enumerate() {
            let is_shorter = lists.map(|old| contents(new).has_fewer_authorities(&contents(old)));
            // Two lists are as long as each other.
            let [of_none, of_empty, of_one, of_two, of_three] = is_shorter;
            assert!(!of_none, "{new:?}");
            assert_eq!(of_empty, at < 1, "{new:?}");
            assert_eq!((of_one, of_two), (at < 2, at < 2), "{new:?}");
            assert_eq!(of_three, at < 4, "{new:?}");
        }
    }
}
