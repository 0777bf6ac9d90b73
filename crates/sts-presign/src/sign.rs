//! Making a presigned URL, through aws-sigv4.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use iam_principal::AccessKeyId;
use thiserror::Error as ThisError;
use zeroize::Zeroizing;

use crate::accept_policy::MAX_AGE;
use crate::cluster::{BINDING_HEADER, ClusterId};
use crate::endpoint::Endpoint;
use crate::endpoint_table::{MAX_HOST_LEN, is_label};
use crate::param::Param;
use crate::time::UnixTime;
use crate::url::query::CanonicalUrl;

/// How long a token is said to live, in seconds: fourteen of the fifteen minutes that it does, as
/// awscli (`TOKEN_EXPIRATION_MINS`) and upstream (`tokenExpiration`) say, so that a client renews it
/// in time.
pub const TOKEN_LIFE: u64 = 840;

/// `X-Amz-Expires`, in seconds: what awscli and upstream write. STS gives the URL fifteen minutes
/// all the same.
const EXPIRES: Duration = Duration::from_secs(60);

/// Why nothing was signed.
///
/// `Copy`, and quotes nothing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum SignError {
    /// The access key id is not 1 to 128 characters of `[A-Za-z0-9_]`.
    #[error("the access key id is not 1 to 128 letters, digits and `_`")]
    AccessKeyId,
    /// The credentials have expired already.
    #[error("the credentials have expired")]
    Expired,
    /// The host is not a lower-case DNS name.
    #[error("the STS host is not a lower-case DNS name")]
    Host,
    /// The identity holds no AWS credentials.
    #[error("the identity holds no AWS credentials")]
    NoCredentials,
    /// The region is not a lower-case DNS label.
    #[error("the region is not a lower-case DNS label")]
    Region,
    /// The secret access key is empty.
    #[error("the secret access key is empty")]
    Secret,
    /// The session token is empty or holds a character outside visible ASCII.
    #[error("the session token is empty or holds a character outside visible ASCII")]
    SessionToken,
    /// aws-sigv4 refused what was checked.
    #[error("the signing library refused the request")]
    Signing,
    /// The time to sign at is too close to the end of the year 9999.
    #[error("the time to sign at is out of range")]
    Time,
}

/// Signs URLs for one STS endpoint and one cluster.
#[derive(Clone, Debug)]
pub struct Signer {
    // INVARIANT: a lower-case DNS name; aws-sigv4 1.6 signs a host with userinfo without a word.
    host: String,
    // INVARIANT: a lower-case DNS label; aws-sigv4 1.6 signs a newline as well.
    region: String,
    cluster_id: ClusterId,
}

impl Signer {
    /// Signs for an endpoint that STS is known to have.
    #[must_use]
    pub fn new(endpoint: &Endpoint, cluster_id: &ClusterId) -> Self {
        Self {
            host: endpoint.host().to_owned(),
            region: endpoint.region().to_owned(),
            cluster_id: cluster_id.clone(),
        }
    }

    /// Signs for any host, a VPC endpoint for instance. **A verifier accepts its tokens only if it
    /// knows that host.**
    ///
    /// # Errors
    ///
    /// [`SignError::Host`] unless `host` is a lower-case DNS name, [`SignError::Region`] unless
    /// `region` is a lower-case DNS label.
    pub fn for_host(host: &str, region: &str, cluster_id: &ClusterId) -> Result<Self, SignError> {
        if host.len() > MAX_HOST_LEN || !host.split('.').all(is_label) {
            return Err(SignError::Host);
        }
        if !is_label(region) {
            return Err(SignError::Region);
        }
        let (host, region) = (host.to_owned(), region.to_owned());
        Ok(Self {
            host,
            region,
            cluster_id: cluster_id.clone(),
        })
    }

    /// Signs a `GetCallerIdentity` URL that is bound to the cluster.
    ///
    /// The identity is one that the AWS SDK resolved, or `Credentials::new(…).into()`.
    ///
    /// # Errors
    ///
    /// In this order: [`SignError::NoCredentials`], [`SignError::AccessKeyId`],
    /// [`SignError::Secret`], [`SignError::SessionToken`], [`SignError::Expired`],
    /// [`SignError::Time`], [`SignError::Signing`].
    pub fn sign(&self, identity: &Identity, now: UnixTime) -> Result<SignedUrl, SignError> {
        let credentials = identity
            .data::<Credentials>()
            .ok_or(SignError::NoCredentials)?;
        check(credentials)?;
        let expires_at = self.expires_at(identity, now)?;
        let url = format!(
            "https://{}/?Action=GetCallerIdentity&Version=2011-06-15",
            self.host
        );
        let headers = [(BINDING_HEADER, self.cluster_id.as_str())];
        let body = SignableBody::Bytes(b"");
        let request = SignableRequest::new("GET", &url, headers.into_iter(), body)
            .map_err(|_| SignError::Signing)?;
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(EXPIRES);
        let params = v4::SigningParams::builder()
            .identity(identity)
            .region(&self.region)
            .name("sts")
            .time(now.into())
            .settings(settings)
            .build()
            .map_err(|_| SignError::Signing)?;
        let signed = sign(request, &params.into()).map_err(|_| SignError::Signing)?;
        let (instructions, _) = signed.into_parts();
        let text = self.url(instructions.params())?;
        Ok(SignedUrl { text, expires_at })
    }

    /// Signs with credentials at a reading of the system clock, which is cut to whole seconds.
    ///
    /// # Errors
    ///
    /// [`SignError::Time`] before 1970 or after 9999, then as [`Signer::sign`].
    pub fn sign_at(
        &self,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<SignedUrl, SignError> {
        let now = UnixTime::try_from(now).map_err(|_| SignError::Time)?;
        self.sign(&credentials.clone().into(), now)
    }

    fn expires_at(&self, identity: &Identity, now: UnixTime) -> Result<UnixTime, SignError> {
        // The URL's own end has to be a date as well: aws-sigv4 1.6 panics on one past 9999.
        UnixTime::from_secs(now.as_secs().saturating_add(MAX_AGE)).map_err(|_| SignError::Time)?;
        let token_end = now.later(TOKEN_LIFE);
        // An expiry past the year 9999 is none.
        let end = identity
            .expiration()
            .and_then(|end| UnixTime::try_from(end).ok());
        match end {
            Some(end) if end <= now => Err(SignError::Expired),
            Some(end) => Ok(end.min(token_end)),
            None => Ok(token_end),
        }
    }

    /// The query that was signed, and the parameters that signing adds.
    fn url(&self, added: &[(&str, Cow<'static, str>)]) -> Result<Zeroizing<String>, SignError> {
        let mut values = vec![
            (Param::Action, "GetCallerIdentity"),
            (Param::Version, "2011-06-15"),
        ];
        for (name, value) in added {
            let param = Param::named(name).ok_or(SignError::Signing)?;
            values.push((param, value));
        }
        let (text, _) = CanonicalUrl::of_values(&self.host, &values).into_parts();
        Ok(text)
    }
}

fn check(credentials: &Credentials) -> Result<(), SignError> {
    if AccessKeyId::parse(credentials.access_key_id()).is_err() {
        return Err(SignError::AccessKeyId);
    }
    if credentials.secret_access_key().is_empty() {
        return Err(SignError::Secret);
    }
    let bad_token = |token: &str| token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic());
    if credentials.session_token().is_some_and(bad_token) {
        return Err(SignError::SessionToken);
    }
    Ok(())
}

/// A presigned URL: whoever has it can be the caller for fifteen minutes. Wiped when dropped.
pub struct SignedUrl {
    text: Zeroizing<String>,
    expires_at: UnixTime,
}

impl SignedUrl {
    /// Reveals the URL.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns when to make a new one: [`TOKEN_LIFE`] after signing, or when the credentials expire
    /// if that is sooner.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedUrl")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
