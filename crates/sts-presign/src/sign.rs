//! Presigns URLs with aws-sigv4.

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

/// The reported lifetime of a token in seconds: one minute less than the real lifetime, so that clients
/// renew in time, as in awscli (`TOKEN_EXPIRATION_MINS`) and upstream (`tokenExpiration`).
pub const TOKEN_LIFE: u64 = 840;

/// `X-Amz-Expires`, as awscli and upstream write it. STS accepts the URL for fifteen minutes anyway.
const EXPIRES: Duration = Duration::from_secs(60);

/// Why a URL could not be signed.
///
/// It is `Copy` and quotes no part of the credentials.
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
    /// The identity has no AWS credentials.
    #[error("the identity has no AWS credentials")]
    NoCredentials,
    /// The region is not a lower-case DNS label.
    #[error("the region is not a lower-case DNS label")]
    Region,
    /// The secret access key is empty or has a character outside visible ASCII, such as a line break at its end.
    ///
    /// `SigV4` would sign with any bytes, but AWS issues no such secrets. STS would refuse the signature without
    /// this reason.
    #[error("the secret access key is empty or has a character outside visible ASCII")]
    Secret,
    /// The session token is empty or has a character outside visible ASCII.
    #[error("the session token is empty or has a character outside visible ASCII")]
    SessionToken,
    /// aws-sigv4 refused a request that had passed the checks here.
    #[error("the signing library refused the request")]
    Signing,
    /// The time of signing is before 1970 or too close to the end of the year 9999.
    #[error("the time of signing is out of range")]
    Time,
}

impl SignError {
    /// Returns the stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AccessKeyId => "access-key-id",
            Self::Expired => "expired-credentials",
            Self::Host => "host",
            Self::NoCredentials => "no-credentials",
            Self::Region => "region",
            Self::Secret => "secret-access-key",
            Self::SessionToken => "session-token",
            Self::Signing => "signing",
            Self::Time => "time",
        }
    }
}

/// Presigns URLs for one STS endpoint and one cluster.
///
/// ```
/// # use std::time::{Duration, SystemTime};
/// use aws_credential_types::Credentials;
/// use sts_presign::{ClusterId, Endpoint, Signer};
///
/// let endpoint = Endpoint::from_host("sts.eu-west-1.amazonaws.com")?;
/// let signer = Signer::new(&endpoint, &ClusterId::parse("my-cluster")?);
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI", None, None, "static");
/// # let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_682_640_000);
/// # let _ = || {
/// let now = SystemTime::now();
/// # };
/// let url = signer.sign_at(&credentials, now)?;
/// assert!(url.expose().starts_with("https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&"));
/// // `eks_token::Token::encode(url.expose())` is the token.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    // INVARIANT: a lower-case DNS name. aws-sigv4 1.6 would sign a host with userinfo.
    host: String,
    // INVARIANT: a lower-case DNS label. aws-sigv4 1.6 would sign a newline.
    region: String,
    cluster_id: ClusterId,
}

impl Signer {
    /// Signs for a known STS endpoint.
    #[must_use]
    pub fn new(endpoint: &Endpoint, cluster_id: &ClusterId) -> Self {
        Self {
            host: endpoint.host().to_owned(),
            region: endpoint.region().to_owned(),
            cluster_id: cluster_id.clone(),
        }
    }

    /// Signs for any host, such as a VPC endpoint. **A verifier accepts the tokens only if its
    /// [`EndpointTable`](crate::EndpointTable) has the host.**
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

    /// Presigns a `GetCallerIdentity` URL that is bound to the cluster.
    ///
    /// The identity comes from the AWS SDK, or is `Credentials::new(…).into()`.
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

    /// Presigns with credentials and a reading of the system clock, truncated to whole seconds.
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
        // The expiry of the URL must be a date too: aws-sigv4 1.6 panics past the year 9999.
        UnixTime::from_secs(now.as_secs().saturating_add(MAX_AGE)).map_err(|_| SignError::Time)?;
        let token_end = now.later(TOKEN_LIFE);
        // Credentials that expire after the year 9999 never expire.
        let end = identity
            .expiration()
            .and_then(|end| UnixTime::try_from(end).ok());
        match end {
            Some(end) if end <= now => Err(SignError::Expired),
            Some(end) => Ok(end.min(token_end)),
            None => Ok(token_end),
        }
    }

    /// Returns the URL with the parameters that signing added.
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
    if !is_visible(credentials.secret_access_key()) {
        return Err(SignError::Secret);
    }
    if !credentials.session_token().is_none_or(is_visible) {
        return Err(SignError::SessionToken);
    }
    Ok(())
}

/// Returns whether a text has visible ASCII characters only, and at least one.
fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A presigned URL, which is a bearer secret: it authenticates as the signer for fifteen minutes. Wiped when
/// dropped.
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

    /// Returns when to sign again: [`TOKEN_LIFE`] after signing, or when the credentials expire if that is
    /// sooner.
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
