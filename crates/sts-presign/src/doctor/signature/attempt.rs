//! A request as its signer may have signed it.

use super::SignatureCause;
use crate::accept_policy::AcceptPolicy;
use crate::binding::BindingHeader;
use crate::cluster::ClusterId;
use crate::param::Param;
use crate::post::SignedPost;
use crate::sigv4::{Compared, Payload, SecretAccessKey, SentToken, SessionToken, Signed};
use crate::time::UnixTime;
use crate::url::PresignedUrl;
use crate::url::signed_headers::names_in_canonical;

/// A signature, and the content that it may have been made of.
#[derive(Clone)]
pub(super) struct Attempt<'a> {
    claim: Claim<'a>,
    method: &'a str,
    payload: Payload<'a>,
    canonical_query: String,
    headers: Vec<(&'a str, String)>,
}

/// The parts of a request that no attempt changes.
#[derive(Clone)]
struct Claim<'a> {
    host: &'a str,
    access_key_id: &'a str,
    amz_date: &'a str,
    signed_at: UnixTime,
    region: &'a str,
    signed_headers: String,
    signature: Compared<'a>,
    session_token: Option<SentToken<'a>>,
    bindings: Vec<String>,
    /// The value of the binding header that was forwarded with a request in POST form, if it is not the
    /// verifier's.
    forwarded_cluster: Option<ClusterId>,
}

const SECURITY_TOKEN: &str = "x-amz-security-token";

impl<'a> Attempt<'a> {
    /// Builds the right request; `None` if a signed header has a value that is not known.
    pub(super) fn of_url(url: &'a PresignedUrl<'a>, policy: &AcceptPolicy) -> Option<Self> {
        let headers = names_in_canonical(url.signed_headers_list())
            .map(|name| match name {
                "host" => Some((name, url.host().to_owned())),
                _ => Some((name, own_value(policy, name)?)),
            })
            .collect::<Option<_>>()?;
        Some(Self {
            claim: Claim {
                host: url.host(),
                access_key_id: url.access_key_id(),
                amz_date: url.amz_date(),
                signed_at: url.signed_at(),
                region: url.region(),
                signed_headers: url.signed_headers().collect::<Vec<_>>().join(";"),
                signature: Compared::new(url.signature()),
                session_token: url.security_token().map(SentToken::encoded),
                bindings: names_of_bindings(policy),
                forwarded_cluster: None,
            },
            method: "GET",
            payload: Payload::Bytes(&[]),
            canonical_query: url.canonical_query().to_owned(),
            headers,
        })
    }

    /// Builds the right request; `None` if a signed header has a value that is not known. A session token that
    /// is signed and was not forwarded counts as removed.
    pub(super) fn of_post(post: &'a SignedPost<'a>, policy: &AcceptPolicy) -> Option<Self> {
        let forwarded = |name: &str| post.headers().find(name);
        let headers = post
            .signed_headers()
            .map(|name| {
                let value = match name {
                    "host" => post.host().to_owned(),
                    _ => own_value(policy, name)
                        .or_else(|| forwarded(name).map(str::to_owned))
                        .or_else(|| (name == SECURITY_TOKEN).then(String::new))?,
                };
                Some((name, value))
            })
            .collect::<Option<_>>()?;
        let other = policy.mismatched_bindings(post.headers()).next();
        let other = other.and_then(forwarded);
        Some(Self {
            claim: Claim {
                host: post.host(),
                access_key_id: post.access_key_id(),
                amz_date: post.headers().amz_date(),
                signed_at: post.signed_at(),
                region: post.region(),
                signed_headers: post.authorization().signed_headers.to_owned(),
                signature: Compared::new(post.authorization().signature),
                session_token: forwarded(SECURITY_TOKEN).map(SentToken::plain),
                bindings: names_of_bindings(policy),
                forwarded_cluster: other.and_then(|value| ClusterId::parse(value).ok()),
            },
            method: "POST",
            payload: Payload::Bytes(post.form().text().as_bytes()),
            canonical_query: String::new(),
            headers,
        })
    }

    /// Returns the session token that was sent.
    pub(super) const fn session_token(&self) -> Option<SentToken<'a>> {
        self.claim.session_token
    }

    pub(super) fn is_signed_by(&self, secret: &SecretAccessKey) -> bool {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let signed = Signed {
            method: self.method,
            canonical_query: &self.canonical_query,
            headers: &headers,
            signed_headers: &self.claim.signed_headers,
            payload: self.payload,
            access_key_id: self.claim.access_key_id,
            amz_date: self.claim.amz_date,
            signed_at: self.claim.signed_at,
            region: self.claim.region,
            security_token: None,
            signature: self.claim.signature,
            partition: None,
        };
        signed.is_signed_by(secret)
    }

    /// Replaces the session token; `None` removes it.
    pub(super) fn with_session_token(&self, token: Option<&SessionToken>) -> Self {
        if self.method == "POST" {
            let mut attempt = self.without_header(SECURITY_TOKEN);
            if let Some(token) = token {
                attempt
                    .headers
                    .push((SECURITY_TOKEN, token.expose().to_owned()));
                attempt.headers.sort_unstable();
            }
            return attempt;
        }
        let prefix = format!("{}=", Param::SecurityToken.name());
        let pair = token.map(|token| format!("{prefix}{}", token.encoded()));
        let mut pairs: Vec<&str> = self
            .canonical_query
            .split('&')
            .filter(|pair| !pair.starts_with(&prefix))
            .collect();
        pairs.extend(pair.as_deref());
        // No name of a parameter is the prefix of another, so this is the canonical order.
        pairs.sort_unstable();
        Self {
            canonical_query: pairs.join("&"),
            ..self.clone()
        }
    }

    /// Replaces the value of every binding header.
    pub(super) fn for_cluster(&self, value: &str) -> Self {
        let names = self.claim.bindings.iter();
        names.fold(self.clone(), |attempt, name| {
            attempt.with_header(name, value)
        })
    }

    /// Returns the usual mistakes of signers, each as the request that was then signed.
    pub(super) fn mistakes(&self) -> Vec<(SignatureCause, Self)> {
        let payload = |payload| Self {
            payload,
            ..self.clone()
        };
        let method = |method| Self {
            method,
            ..self.clone()
        };
        let mut mistakes = vec![
            (
                SignatureCause::UnsignedPayload,
                payload(Payload::Hash("UNSIGNED-PAYLOAD")),
            ),
            (SignatureCause::EmptyPayloadHash, payload(Payload::Hash(""))),
            (
                SignatureCause::HostWithPort,
                self.with_header("host", &format!("{}:443", self.claim.host)),
            ),
        ];
        if self.method == "POST" {
            mistakes.push((SignatureCause::Get, method("GET")));
            mistakes.push((SignatureCause::EmptyBody, payload(Payload::Bytes(&[]))));
        } else {
            mistakes.push((SignatureCause::Post, method("POST")));
        }
        if self.claim.session_token.is_some() {
            mistakes.push((
                SignatureCause::SessionTokenAddedAfterSigning,
                self.with_session_token(None),
            ));
        }
        for name in &self.claim.bindings {
            mistakes.push((
                SignatureCause::BindingHeaderAbsent,
                self.without_header(name),
            ));
            mistakes.push((
                SignatureCause::BindingHeaderAbsent,
                self.with_header(name, ""),
            ));
        }
        if let Some(other) = &self.claim.forwarded_cluster {
            let attempt = self.for_cluster(other.as_str());
            mistakes.push((SignatureCause::OtherCluster(other.clone()), attempt));
        }
        mistakes
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
}

/// Returns the value that the verifier sends for a binding header.
fn own_value(policy: &AcceptPolicy, name: &str) -> Option<String> {
    let mut headers = policy.binding().iter();
    let header = headers.find(|header| header.name() == name)?;
    Some(BindingHeader::value(header).to_owned())
}

fn names_of_bindings(policy: &AcceptPolicy) -> Vec<String> {
    let names = policy.binding().iter().map(BindingHeader::name);
    names.map(str::to_owned).collect()
}
