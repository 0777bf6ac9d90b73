//! Diagnosis of a signature with the key that should have made it.

mod attempt;

use std::fmt;

use self::attempt::Attempt;
use crate::accept_policy::AcceptPolicy;
use crate::cluster::ClusterId;
use crate::error::Error;
use crate::post::{ForwardedRequest, SignedPost};
use crate::sigv4::{Key, KeyLookup, SecretAccessKey};
use crate::time::UnixTime;
use crate::url::PresignedUrl;

/// Values that a signer may have used instead of the right values; see
/// [`AcceptPolicy::diagnose_signature`].
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Suspects<'a> {
    /// Other cluster ids, such as the names of the user's other clusters.
    pub cluster_ids: &'a [ClusterId],
    /// Other secrets, such as the secrets of the user's other profiles.
    pub secrets: &'a [SecretAccessKey],
}

impl<'a> Suspects<'a> {
    /// Tries these cluster ids and secrets.
    #[must_use]
    pub const fn new(cluster_ids: &'a [ClusterId], secrets: &'a [SecretAccessKey]) -> Self {
        Self {
            cluster_ids,
            secrets,
        }
    }
}

/// The result of [`AcceptPolicy::diagnose_signature`] and [`AcceptPolicy::diagnose_post_signature`]. `Display`
/// prints it with advice.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SignatureFinding {
    /// The signature is right.
    Verified,
    /// The signature is wrong or cannot be checked, for this reason.
    Wrong(SignatureCause),
}

/// Why STS would refuse a signature.
///
/// Each cause but the last four was proved: with that one change, the signature is right.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SignatureCause {
    /// The binding header was signed for another cluster.
    OtherCluster(ClusterId),
    /// Another secret signed: the suspect at this index.
    OtherSecret(usize),
    /// The binding header is listed as signed, but its value was not part of the signed request.
    BindingHeaderAbsent,
    /// The request was signed as a POST.
    Post,
    /// The request in POST form was signed as a GET.
    Get,
    /// The payload hash was `UNSIGNED-PAYLOAD`.
    UnsignedPayload,
    /// The payload hash was an empty text instead of the hash of the body.
    EmptyPayloadHash,
    /// The request in POST form was signed with an empty body.
    EmptyBody,
    /// The host was signed with the port 443.
    HostWithPort,
    /// The session token was added to the request after signing.
    SessionTokenAddedAfterSigning,
    /// The session token was signed and then removed from the request.
    SessionTokenRemoved,
    /// The key is temporary, and the signer did not send its session token.
    SessionTokenMissing,
    /// The signer sent another session token, such as the token of an earlier session.
    OtherSessionToken,
    /// The key is long-term, and the signer sent a session token.
    UnexpectedSessionToken,
    /// The key has expired.
    KeyExpired,
    /// The access key id is not known in the partition of the host.
    UnknownAccessKey,
    /// A signed header has a value that the verifier does not know.
    UnknownHeader,
    /// No other cause fits. Another cluster or secret was used, or the request was changed after signing.
    Unexplained,
}

impl SignatureCause {
    /// Returns the stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherCluster(_) => "other-cluster",
            Self::OtherSecret(_) => "other-secret",
            Self::BindingHeaderAbsent => "binding-header-absent",
            Self::Post => "post",
            Self::Get => "get",
            Self::UnsignedPayload => "unsigned-payload",
            Self::EmptyPayloadHash => "empty-payload-hash",
            Self::EmptyBody => "empty-body",
            Self::HostWithPort => "host-with-port",
            Self::SessionTokenAddedAfterSigning => "session-token-added-after-signing",
            Self::SessionTokenRemoved => "session-token-removed",
            Self::SessionTokenMissing => "session-token-missing",
            Self::OtherSessionToken => "other-session-token",
            Self::UnexpectedSessionToken => "unexpected-session-token",
            Self::KeyExpired => "key-expired",
            Self::UnknownAccessKey => "unknown-access-key",
            Self::UnknownHeader => "unknown-header",
            Self::Unexplained => "unexplained",
        }
    }

    /// Returns a sentence or two on how to change the signer.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::OtherCluster(_) => {
                "Sign the name of this cluster as `x-k8s-aws-id`, or connect to the other cluster."
            }
            Self::OtherSecret(_) => {
                "Use the secret that belongs to the access key id; two profiles are mixed up."
            }
            Self::BindingHeaderAbsent => {
                "Add the header to the request before it is signed, with the cluster's name as its value."
            }
            Self::Post => "Presign a GET request.",
            Self::Get => "Sign the method `POST`, with which the verifier sends the request.",
            Self::UnsignedPayload | Self::EmptyPayloadHash => {
                "Sign the SHA-256 of the body, which in a URL is empty (`e3b0c442…`): STS, unlike S3, accepts \
                 nothing else."
            }
            Self::EmptyBody => "Sign the body that is forwarded.",
            Self::HostWithPort => "Sign the `host` header without the port.",
            Self::SessionTokenAddedAfterSigning => {
                "Add `X-Amz-Security-Token` before signing, so that the signature covers it."
            }
            Self::SessionTokenRemoved => "Send the request as the signer returned it.",
            Self::SessionTokenMissing => {
                "Give the signer the session token too; a temporary key is valid only together with it."
            }
            Self::OtherSessionToken => {
                "Use the session token that was issued together with this access key id."
            }
            Self::UnexpectedSessionToken => {
                "Unset the session token (`AWS_SESSION_TOKEN`); it belongs to other credentials."
            }
            Self::KeyExpired => "Get new credentials.",
            Self::UnknownAccessKey => {
                "Check which credentials signed, and that they are of this partition."
            }
            Self::UnknownHeader => "Sign only `host` and the binding header.",
            Self::Unexplained => {
                "Compare the cluster name and the secret with those of the signer, and send the request unchanged."
            }
        }
    }
}

impl fmt::Display for SignatureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::OtherCluster(cluster_id) = self {
            return write!(f, "it was signed for the cluster `{cluster_id}`");
        }
        f.write_str(match self {
            Self::OtherCluster(_) => "it was signed for another cluster",
            Self::OtherSecret(_) => "it was signed with another secret",
            Self::BindingHeaderAbsent => "the value of the binding header was not signed",
            Self::Post => "it was signed as a POST request",
            Self::Get => "it was signed as a GET request",
            Self::UnsignedPayload => "it was signed with the payload hash `UNSIGNED-PAYLOAD`",
            Self::EmptyPayloadHash => "it was signed with an empty payload hash",
            Self::EmptyBody => "it was signed with an empty body",
            Self::HostWithPort => "it was signed for the host with the port 443",
            Self::SessionTokenAddedAfterSigning => "the session token was added after signing",
            Self::SessionTokenRemoved => "the session token was removed after signing",
            Self::SessionTokenMissing => "the session token of the temporary key is missing",
            Self::OtherSessionToken => "the session token does not belong to the access key",
            Self::UnexpectedSessionToken => "a long-term key was sent with a session token",
            Self::KeyExpired => "the access key has expired",
            Self::UnknownAccessKey => "the access key id is not known in this partition",
            Self::UnknownHeader => "a signed header has a value that is not known here",
            Self::Unexplained => {
                "it was signed for another cluster or with another secret, or changed after signing"
            }
        })
    }
}

impl fmt::Display for SignatureFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verified => f.write_str("verified"),
            Self::Wrong(cause) => write!(f, "FAILED: {cause}. {}", cause.advice()),
        }
    }
}

impl AcceptPolicy {
    /// Verifies the signature of a well-formed URL with the known keys, and if it is wrong, searches for the
    /// change that makes it right: the usual mistakes of signers, and the suspects.
    ///
    /// It does not check the age of the URL, so that an old token can be diagnosed. Like
    /// [`AcceptPolicy::diagnose`] it is for operators: **do not send the result to an unauthenticated
    /// caller.**
    ///
    /// # Errors
    ///
    /// As [`PresignedUrl::parse`], and [`Error::Host`] if the host is not an STS endpoint.
    pub fn diagnose_signature(
        &self,
        url: &str,
        keys: &(impl KeyLookup + ?Sized),
        suspects: &Suspects<'_>,
        now: UnixTime,
    ) -> Result<SignatureFinding, Error> {
        let url = PresignedUrl::parse(url)?;
        let Some(key) = self.find_key(url.host(), url.access_key_id(), keys)? else {
            return Ok(SignatureFinding::Wrong(SignatureCause::UnknownAccessKey));
        };
        Ok(find(Attempt::of_url(&url, self), key, suspects, now))
    }

    /// Verifies the signature of a well-formed request in POST form. Otherwise as
    /// [`AcceptPolicy::diagnose_signature`].
    ///
    /// # Errors
    ///
    /// As [`SignedPost::parse`], and [`Error::Host`] if the host is not an STS endpoint.
    pub fn diagnose_post_signature(
        &self,
        request: &ForwardedRequest<'_>,
        keys: &(impl KeyLookup + ?Sized),
        suspects: &Suspects<'_>,
        now: UnixTime,
    ) -> Result<SignatureFinding, Error> {
        let post = SignedPost::parse(request)?;
        let Some(key) = self.find_key(post.host(), post.access_key_id(), keys)? else {
            return Ok(SignatureFinding::Wrong(SignatureCause::UnknownAccessKey));
        };
        Ok(find(Attempt::of_post(&post, self), key, suspects, now))
    }

    /// Returns the key. A key exists only in the partition of the host.
    fn find_key<'k>(
        &self,
        host: &str,
        access_key_id: &str,
        keys: &'k (impl KeyLookup + ?Sized),
    ) -> Result<Option<&'k Key>, Error> {
        let partition = self.find_host(host)?.partition;
        let key = keys.key(access_key_id);
        Ok(key.filter(|key| key.identity().partition() == partition))
    }
}

/// Examines the right request; `None` stands for a request with a signed header whose value is
/// unknown.
fn find(
    right: Option<Attempt<'_>>,
    key: &Key,
    suspects: &Suspects<'_>,
    now: UnixTime,
) -> SignatureFinding {
    let Some(right) = right else {
        return SignatureFinding::Wrong(SignatureCause::UnknownHeader);
    };
    match cause(&right, key, suspects, now) {
        None => SignatureFinding::Verified,
        Some(cause) => SignatureFinding::Wrong(cause),
    }
}

/// Returns why the signature is not verified; `None` if it is verified.
fn cause(
    right: &Attempt<'_>,
    key: &Key,
    suspects: &Suspects<'_>,
    now: UnixTime,
) -> Option<SignatureCause> {
    let secret = key.secret();
    match (key.session_token(), right.session_token()) {
        (Some(own), None) => {
            let with_token = right.with_session_token(Some(own));
            return Some(if with_token.is_signed_by(secret) {
                SignatureCause::SessionTokenRemoved
            } else {
                SignatureCause::SessionTokenMissing
            });
        }
        (Some(own), Some(sent)) if !own.is(sent) => {
            return Some(SignatureCause::OtherSessionToken);
        }
        (None, Some(_)) => return Some(SignatureCause::UnexpectedSessionToken),
        _ => {}
    }
    if right.is_signed_by(secret) {
        return key
            .expires_at()
            .is_some_and(|end| now >= end)
            .then_some(SignatureCause::KeyExpired);
    }
    right
        .mistakes()
        .into_iter()
        .find(|(_, attempt)| attempt.is_signed_by(secret))
        .map(|(cause, _)| cause)
        .or_else(|| {
            let other = suspects
                .cluster_ids
                .iter()
                .find(|id| right.for_cluster(id.as_str()).is_signed_by(secret));
            other.map(|id| SignatureCause::OtherCluster(id.clone()))
        })
        .or_else(|| {
            let other = suspects
                .secrets
                .iter()
                .position(|secret| right.is_signed_by(secret));
            other.map(SignatureCause::OtherSecret)
        })
        .or(Some(SignatureCause::Unexplained))
}
