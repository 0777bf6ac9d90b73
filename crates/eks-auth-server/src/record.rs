//! Records for logs: one for each review, and events of the server.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use eks_auth::Identity;

use crate::identities::{CacheUse, TokenFacts};
use crate::tls::Validity;

/// The kind of a review.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ReviewedKind {
    /// A `SubjectAccessReview`, which asks whether a user may do something.
    Access,
    /// A `TokenReview`, which asks for the user of a token.
    Token,
}

impl ReviewedKind {
    /// Returns the name of the kind in the Kubernetes API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "SubjectAccessReview",
            Self::Token => "TokenReview",
        }
    }
}

/// How a review was answered.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// There is no answer: STS, EC2 or a source of rules failed. kube-apiserver asks again.
    Failed,
    /// The token names a user, or the request is allowed.
    Granted,
    /// The body is not a review.
    Malformed,
    /// The token is refused, or no rule allows the request.
    Refused,
    /// The review was not read, because a limit was reached.
    Shed,
}

impl Verdict {
    /// Returns the name, as logs and metrics print it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Granted => "granted",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::Shed => "shed",
        }
    }
}

/// The record of one review.
///
/// It contains no token, signature or secret. Texts that a caller chooses (the ARN's session name, the username, the
/// groups, the question, the reason) are unchanged and may have up to
/// [`MAX_ACCESS_REVIEW_LEN`](crate::MAX_ACCESS_REVIEW_LEN) bytes. A logger that prints lines has to escape and cut them,
/// as `printable_text::Printable` does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReviewRecord<'r> {
    /// The number of the request, unique among the instances of the server.
    pub request_id: &'r str,
    /// The address that the request came from.
    pub peer: IpAddr,
    /// The kind of the review.
    pub kind: ReviewedKind,
    /// How it was answered.
    pub verdict: Verdict,
    /// The stable kebab-case name of the reason; `ok` if it was granted.
    pub code: &'r str,
    /// The reason in words, with its causes. Empty if a token was accepted.
    pub reason: &'r str,
    /// The claims of the token. `None` if it was refused before they were read, or if the account
    /// is scrubbed.
    pub token: Option<&'r TokenFacts>,
    /// The identity that STS confirmed. `None` if there is none, or if the account is scrubbed.
    pub identity: Option<&'r Identity>,
    /// The user that the token names or the question is about.
    pub username: Option<&'r str>,
    /// The groups of that user.
    pub groups: &'r [String],
    /// The request that an access review asks about, as `VERB RESOURCE`.
    pub question: Option<&'r str>,
    /// Whether the identity came from the cache.
    pub cache: CacheUse,
    /// How long STS took. `None` if STS was not asked.
    pub sts_time: Option<Duration>,
    /// How long the whole review took.
    pub took: Duration,
    /// The generation of the rules that decided.
    pub generation: u64,
}

/// An event other than a review. Prints as one line.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ServerEvent<'e> {
    /// No connection can be accepted at the moment, for instance because there are too many open files. The
    /// server goes on.
    AcceptFailed(&'e std::io::Error),
    /// The certificate could not be loaded again; the previous certificate stays.
    CertificateKept(&'e str),
    /// The server uses a certificate that is not valid now, so clients refuse it.
    CertificateNotValid(Validity),
    /// The certificate was loaded again.
    CertificateReloaded,
    /// A connection was closed by a limit.
    ConnectionCut {
        /// The client.
        peer: SocketAddr,
        /// The limit.
        limit: &'static str,
    },
    /// The server takes no further connection and finishes the open requests.
    Draining {
        /// The number of open connections.
        connections: usize,
    },
    /// The server has ended.
    Drained {
        /// The number of connections that were still open at the deadline.
        abandoned: usize,
    },
    /// A TLS handshake failed.
    HandshakeFailed {
        /// The client.
        peer: SocketAddr,
        /// The reason.
        error: &'e std::io::Error,
    },
}

impl fmt::Display for ServerEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AcceptFailed(error) => write!(f, "no connection can be accepted: {error}"),
            Self::CertificateKept(why) => {
                write!(
                    f,
                    "the certificate was not reloaded, the one before stays: {why}"
                )
            }
            Self::CertificateNotValid(validity) => {
                write!(
                    f,
                    "the certificate is not valid now, so clients refuse it: it is {validity}"
                )
            }
            Self::CertificateReloaded => f.write_str("the certificate was reloaded"),
            Self::ConnectionCut { peer, limit } => {
                write!(f, "closed the connection of {peer}: limit {limit}")
            }
            Self::Draining { connections } => {
                write!(
                    f,
                    "stopping: finishing the requests of {connections} connections"
                )
            }
            Self::Drained { abandoned: 0 } => f.write_str("stopped"),
            Self::Drained { abandoned } => {
                write!(
                    f,
                    "stopped; {abandoned} connections were still open at the deadline"
                )
            }
            Self::HandshakeFailed { peer, error } => {
                write!(f, "TLS handshake with {peer} failed: {error}")
            }
        }
    }
}

/// Receives records and events, usually to log them. It is called on the task that serves the request, so it
/// must not block.
pub trait Observer: Send + Sync {
    /// Takes the record of a review.
    fn review(&self, record: &ReviewRecord<'_>);

    /// Takes an event of the server.
    fn event(&self, event: &ServerEvent<'_>);
}

/// Ignores everything.
impl Observer for () {
    fn review(&self, _: &ReviewRecord<'_>) {}

    fn event(&self, _: &ServerEvent<'_>) {}
}
