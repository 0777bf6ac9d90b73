//! One URL to sign and to verify, and the same work done by the underlying packages alone.

use std::fmt::{self, LowerHex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::{SigningParams, calculate_signature, generate_signing_key};
use aws_smithy_runtime_api::client::identity::Identity as AwsIdentity;
use http::Request;
use iam_principal::{Identity, Partition};
use sha2::{Digest as _, Sha256};
use sts_presign::{
    AcceptPolicy, AcceptedRequest, ClusterId, Endpoint, Key, Keys, PresignedUrl, SecretAccessKey,
    SessionToken, SignedUrl, Signer, UnixTime, verify,
};

use crate::broken_fixture;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A signer and a verifier of one URL, with temporary credentials.
#[derive(Debug)]
pub struct Signing {
    now: UnixTime,
    signer: Signer,
    identity: AwsIdentity,
    keys: Keys,
    accepted: AcceptedRequest,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
}

impl Default for Signing {
    fn default() -> Self {
        Self::new()
    }
}

impl Signing {
    /// Signs the URL once, and keeps what the benches need.
    ///
    /// # Panics
    ///
    /// If the URL is not accepted, or differs from what `aws-sigv4` alone signs.
    #[must_use]
    pub fn new() -> Self {
        let Some(signing) = Self::build() else {
            broken_fixture()
        };
        signing
    }

    fn build() -> Option<Self> {
        let now = UnixTime::parse_rfc3339("2023-04-28T00:00:00Z").ok()?;
        let cluster_id = ClusterId::parse("test-cluster").ok()?;
        let policy = AcceptPolicy::new(cluster_id.clone(), Partition::Aws);
        let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com").ok()?;
        let signer = Signer::new(&endpoint, &cluster_id);
        // As long as the session token of an assumed role, with `/` and `+` as in base64.
        let session_token = "IQoJb3JpZ2luX2VjE/+A".repeat(40);
        let token = Some(session_token.clone());
        let identity = Credentials::new("AKIDEXAMPLE", SECRET, token, None, "bench").into();
        let alice = Identity::new(
            "arn:aws:iam::111122223333:user/alice",
            "111122223333",
            "AIDAEXAMPLE",
        );
        let key = Key::temporary(
            SecretAccessKey::new(SECRET),
            SessionToken::new(&session_token),
            alice.ok()?,
        );

        let signed = signer.sign(&identity, now).ok()?;
        let accept = |url: &str| policy.accept(PresignedUrl::parse(url).ok()?, now).ok();
        let accepted = accept(signed.expose())?;
        // Only the order of the parameters differs.
        let peer = accept(&sign_by_packages(&identity, now)?.uri().to_string())?;
        assert_eq!(peer.to_http().uri(), accepted.to_http().uri());

        let (query, signature) = signed.expose().rsplit_once("&X-Amz-Signature=")?;
        let (_, query) = query.split_once('?')?;
        let canonical_request = format!(
            "GET\n/\n{query}\nhost:sts.us-west-2.amazonaws.com\nx-k8s-aws-id:test-cluster\n\n\
             host;x-k8s-aws-id\n{:x}",
            Hex(Sha256::digest(b"").as_slice())
        );
        let string_to_sign = format!(
            "AWS4-HMAC-SHA256\n20230428T000000Z\n20230428/us-west-2/sts/aws4_request\n{:x}",
            Hex(Sha256::digest(&canonical_request).as_slice())
        );
        Some(Self {
            signature: signature.to_owned(),
            keys: Keys::new().with("AKIDEXAMPLE", key),
            now,
            signer,
            identity,
            accepted,
            canonical_request,
            string_to_sign,
        })
    }

    /// Verifies the signature of the accepted URL.
    #[must_use]
    pub fn verify(&self) -> Identity {
        let Ok(identity) = verify(&self.accepted, &self.keys, self.now) else {
            broken_fixture()
        };
        identity
    }

    /// Hashes the canonical request, and computes the signing key and the signature, without parsing,
    /// canonicalization or checks.
    ///
    /// # Panics
    ///
    /// If the signature differs from the signature in the URL.
    #[must_use]
    pub fn verify_by_packages(&self) -> impl AsRef<[u8]> + use<> {
        let hash = Sha256::digest(&self.canonical_request);
        let key = generate_signing_key(SECRET, self.now.into(), "us-west-2", "sts");
        let signature = calculate_signature(key, self.string_to_sign.as_bytes());
        assert_eq!(signature, self.signature);
        hash
    }

    /// Signs the URL.
    #[must_use]
    pub fn sign(&self) -> SignedUrl {
        let Ok(signed) = self.signer.sign(&self.identity, self.now) else {
            broken_fixture()
        };
        signed
    }

    /// Signs the same URL by `aws-sigv4`, and applies its instructions to a request.
    #[must_use]
    pub fn sign_by_packages(&self) -> Request<()> {
        let Some(signed) = sign_by_packages(&self.identity, self.now) else {
            broken_fixture()
        };
        signed
    }
}

fn sign_by_packages(identity: &AwsIdentity, now: UnixTime) -> Option<Request<()>> {
    let url = "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15";
    let mut request = Request::get(url)
        .header("x-k8s-aws-id", "test-cluster")
        .body(())
        .ok()?;
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(60));
    let params = SigningParams::builder()
        .identity(identity)
        .region("us-west-2")
        .name("sts")
        .time(now.into())
        .settings(settings)
        .build()
        .ok()?;
    let headers = [("x-k8s-aws-id", "test-cluster")].into_iter();
    let to_sign = SignableRequest::new("GET", url, headers, SignableBody::Bytes(b"")).ok()?;
    let (instructions, _) = sign(to_sign, &params.into()).ok()?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Some(request)
}

struct Hex<'a>(&'a [u8]);

impl LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
