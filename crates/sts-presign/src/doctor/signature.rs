//! Diagnosis of a signature with the key that should have made it.

use std::fmt;

use crate::accept_policy::AcceptPolicy;
use crate::binding::BindingHeader;
use crate::cluster::{BINDING_HEADER, ClusterId};
use crate::error::Error;
use crate::param::Param;
use crate::sigv4::{Compared, Key, KeyLookup, Payload, SecretAccessKey, SentToken, Signed};
use crate::time::UnixTime;
use crate::url::PresignedUrl;
use crate::url::signed_headers::names_in_canonical;

/// What a signer may have used in the place of the right values; see
/// [`AcceptPolicy::diagnose_signature`].
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Suspects<'a> {
    /// Other cluster ids, such as the names of the user's other clusters.
    pub cluster_ids: &'a [ClusterId],
    /// Other secrets, such as those of the user's other profiles.
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

/// The result of [`AcceptPolicy::diagnose_signature`]. `Display` prints it with advice.
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
    /// Another secret signed: that of the suspect at this index.
    OtherSecret(usize),
    /// The binding header is listed as signed, but its value was not part of the signed request.
    BindingHeaderAbsent,
    /// The request was signed as a POST.
    Post,
    /// The payload hash was `UNSIGNED-PAYLOAD`.
    UnsignedPayload,
    /// The payload hash was an empty text instead of the hash of an empty body.
    EmptyPayloadHash,
    /// The host was signed with the port 443.
    HostWithPort,
    /// The session token was added to the URL after signing.
    SessionTokenAddedAfterSigning,
    /// The session token was signed and then removed from the URL.
    SessionTokenRemoved,
    /// The key is temporary, and the signer did not send its session token.
    SessionTokenMissing,
    /// The signer sent another session token, such as that of an earlier session.
    OtherSessionToken,
    /// The key is long-term, and the signer sent a session token.
    UnexpectedSessionToken,
    /// The key has expired.
    KeyExpired,
    /// The access key id is not known in the partition of the host.
    UnknownAccessKey,
    /// A signed header has a value that is not known here.
    UnknownHeader,
    /// None of the other causes: another cluster, another secret, or a URL that was changed after signing.
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
            Self::UnsignedPayload => "unsigned-payload",
            Self::EmptyPayloadHash => "empty-payload-hash",
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
            Self::UnsignedPayload | Self::EmptyPayloadHash => {
                "Sign the SHA-256 of an empty body (`e3b0c442…`): STS, unlike S3, accepts nothing else."
            }
            Self::HostWithPort => "Sign the `host` header without the port.",
            Self::SessionTokenAddedAfterSigning => {
                "Add `X-Amz-Security-Token` before signing, so that the signature covers it."
            }
            Self::SessionTokenRemoved => "Send the URL as the signer returned it.",
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
                "Compare the cluster name and the secret with those of the signer, and send the URL unchanged."
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
            Self::UnsignedPayload => "it was signed with the payload hash `UNSIGNED-PAYLOAD`",
            Self::EmptyPayloadHash => "it was signed with an empty payload hash",
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
        let partition = self.find_host(url.host())?.partition;
        let key = keys
            .key(url.access_key_id())
            .filter(|key| key.identity().partition() == partition);
        let Some(key) = key else {
            return Ok(SignatureFinding::Wrong(SignatureCause::UnknownAccessKey));
        };
        let Some(attempt) = Attempt::new(&url, self) else {
            return Ok(SignatureFinding::Wrong(SignatureCause::UnknownHeader));
        };
        Ok(match cause(&attempt, key, suspects, now) {
            None => SignatureFinding::Verified,
            Some(cause) => SignatureFinding::Wrong(cause),
        })
    }
}

/// A request as the signer may have signed it.
#[derive(Clone)]
struct Attempt<'a> {
    url: &'a PresignedUrl<'a>,
    method: &'a str,
    payload: Payload<'a>,
    canonical_query: String,
    headers: Vec<(&'a str, String)>,
}

impl<'a> Attempt<'a> {
    /// Builds the right request; `None` if a signed header has a value that is not known.
    fn new(url: &'a PresignedUrl<'a>, policy: &AcceptPolicy) -> Option<Self> {
        let value = |name: &str| match name {
            "host" => Some(url.host().to_owned()),
            _ => policy
                .binding()
                .iter()
                .find(|header| header.name() == name)
                .map(|header| BindingHeader::value(header).to_owned()),
        };
        let headers = names_in_canonical(url.signed_headers_list())
            .map(|name| Some((name, value(name)?)))
            .collect::<Option<_>>()?;
        Some(Self {
            url,
            method: "GET",
            payload: Payload::Bytes(&[]),
            canonical_query: url.canonical_query().to_owned(),
            headers,
        })
    }

    fn with_header(&self, name: &str, value: &str) -> Self {
        let mut attempt = self.clone();
        for (other, old) in &mut attempt.headers {
            if *other == name {
                value.clone_into(old);
            }
        }
        attempt
    }

    fn without_header(&self, name: &str) -> Self {
        let mut attempt = self.clone();
        attempt.headers.retain(|(other, _)| *other != name);
        attempt
    }

    /// Replaces the session token in the query; `None` removes it.
    fn with_session_token(&self, encoded: Option<&str>) -> Self {
        let prefix = format!("{}=", Param::SecurityToken.name());
        let token = encoded.map(|token| format!("{prefix}{token}"));
        let mut pairs: Vec<&str> = self
            .canonical_query
            .split('&')
            .filter(|pair| !pair.starts_with(&prefix))
            .collect();
        pairs.extend(token.as_deref());
        // No name of a parameter is the prefix of another, so this is the canonical order.
        pairs.sort_unstable();
        Self {
            canonical_query: pairs.join("&"),
            ..self.clone()
        }
    }

    fn is_signed_by(&self, secret: &SecretAccessKey) -> bool {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let list = self.url.signed_headers().collect::<Vec<_>>().join(";");
        let signed = Signed {
            method: self.method,
            canonical_query: &self.canonical_query,
            headers: &headers,
            signed_headers: &list,
            payload: self.payload,
            access_key_id: self.url.access_key_id(),
            amz_date: self.url.amz_date(),
            signed_at: self.url.signed_at(),
            region: self.url.region(),
            security_token: None,
            signature: Compared::new(self.url.signature()),
            partition: None,
        };
        signed.is_signed_by(secret)
    }
}

/// Returns why the signature is not verified; `None` if it is.
fn cause(
    right: &Attempt<'_>,
    key: &Key,
    suspects: &Suspects<'_>,
    now: UnixTime,
) -> Option<SignatureCause> {
    let secret = key.secret();
    let sent = right.url.security_token();
    match (key.session_token(), sent) {
        (Some(own), None) => {
            let with_token = right.with_session_token(Some(own.encoded()));
            return Some(if with_token.is_signed_by(secret) {
                SignatureCause::SessionTokenRemoved
            } else {
                SignatureCause::SessionTokenMissing
            });
        }
        (Some(own), Some(sent)) if !own.is(SentToken::encoded(sent)) => {
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
    changes(right)
        .into_iter()
        .find(|(_, attempt)| attempt.is_signed_by(secret))
        .map(|(cause, _)| cause)
        .or_else(|| {
            let other = suspects.cluster_ids.iter().find(|id| {
                right
                    .with_header(BINDING_HEADER, id.as_str())
                    .is_signed_by(secret)
            });
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

/// The usual mistakes of signers, each as the request that was then signed.
fn changes<'a>(right: &Attempt<'a>) -> Vec<(SignatureCause, Attempt<'a>)> {
    let host = right.url.host();
    let payload = |payload| Attempt {
        payload,
        ..right.clone()
    };
    let mut changes = vec![
        (
            SignatureCause::Post,
            Attempt {
                method: "POST",
                ..right.clone()
            },
        ),
        (
            SignatureCause::UnsignedPayload,
            payload(Payload::Hash("UNSIGNED-PAYLOAD")),
        ),
        (SignatureCause::EmptyPayloadHash, payload(Payload::Hash(""))),
        (
            SignatureCause::HostWithPort,
            right.with_header("host", &format!("{host}:443")),
        ),
    ];
    if right.url.security_token().is_some() {
        changes.push((
            SignatureCause::SessionTokenAddedAfterSigning,
            right.with_session_token(None),
        ));
    }
    for (name, _) in right.headers.iter().filter(|(name, _)| *name != "host") {
        changes.push((
            SignatureCause::BindingHeaderAbsent,
            right.without_header(name),
        ));
        changes.push((
            SignatureCause::BindingHeaderAbsent,
            right.with_header(name, ""),
        ));
    }
    changes
}
