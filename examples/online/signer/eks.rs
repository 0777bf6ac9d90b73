//! The request of `signer kubeconfig` to EKS, for the endpoint of a cluster and its certificate authority.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http_body_util::{BodyExt as _, Limited};
use iam_principal::Partition;
use serde::Deserialize;
use sts_presign::{Endpoint, EndpointVariant};
use thiserror::Error as ThisError;

use crate::error::{Error, causes, one_line};
use crate::settings::Settings;

/// A cluster, as EKS describes it.
#[derive(Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cluster {
    pub(crate) arn: String,
    pub(crate) endpoint: String,
    certificate_authority: CertificateAuthority,
}

#[derive(Debug, Deserialize, Eq, PartialEq)]
struct CertificateAuthority {
    data: String,
}

impl Cluster {
    /// Returns the certificate authority: PEM in base64.
    pub(crate) fn authority(&self) -> &str {
        &self.certificate_authority.data
    }
}

/// The largest answer in bytes: our choice. A described cluster has about 4 KiB.
const MAX_ANSWER: usize = 256 * 1024;

/// The time for the whole request: as long as the AWS CLI waits for a read.
const DEADLINE: Duration = Duration::from_secs(60);

/// The longest name of a cluster (EKS API reference, `CreateCluster`).
const MAX_NAME: usize = 100;

/// The reason why an answer of EKS is not used.
#[derive(Debug, ThisError)]
pub(crate) enum Refusal {
    #[error("{code}: {message}")]
    Answer { code: String, message: String },
    #[error("the cluster is {0}, and neither ACTIVE nor UPDATING")]
    Status(String),
    #[error("the answer does not describe a cluster")]
    Malformed,
    #[error("there was no answer within {} seconds", DEADLINE.as_secs())]
    Deadline,
    #[error("{0}")]
    Connection(String),
    #[error(
        "a name has 1 to {MAX_NAME} characters out of A-Z, a-z, 0-9, `_` and `-`, and begins with a letter or digit"
    )]
    Name,
    #[error("the request cannot be signed")]
    Signing,
    #[error("`{0}` is not a region of EKS; pass --region")]
    Region(String),
}

/// Returns the URL of EKS in a region: the URL in the settings, else the public URL of AWS (botocore's endpoint
/// rules for EKS).
///
/// # Errors
///
/// [`Error::Boolean`] for a switch that is neither `true` nor `false`, [`Error::Eks`] for a region
/// without EKS.
pub(crate) fn endpoint(
    settings: &Settings,
    region: &str,
    variant: EndpointVariant,
) -> Result<String, Error> {
    if let Some(url) = settings.service_endpoint("eks")? {
        return Ok(url.value.trim_end_matches('/').to_owned());
    }
    let known = Endpoint::regional(region, EndpointVariant::ORDINARY);
    let partition = known
        .map_err(|_| Error::Eks(Refusal::Region(one_line(region))))?
        .partition();
    let (suffix, dual_stack) = (partition.dns_suffix(), partition.dual_stack_dns_suffix());
    // The ordinary endpoints of GovCloud are FIPS endpoints.
    let fips = variant.fips && partition != Partition::AwsUsGov;
    Ok(match (fips, variant.dual_stack) {
        (false, false) => format!("https://eks.{region}.{suffix}"),
        (true, false) => format!("https://fips.eks.{region}.{suffix}"),
        (false, true) => format!("https://eks.{region}.{dual_stack}"),
        (true, true) => format!("https://eks-fips.{region}.{dual_stack}"),
    })
}

/// Asks EKS to describe a cluster.
///
/// # Errors
///
/// In the order of [`Refusal`]'s causes: the name, the signature, the connection, the deadline, the answer, the
/// cluster's status.
pub(crate) async fn describe(
    url: &str,
    name: &str,
    region: &str,
    keys: &Credentials,
    connector: &SharedHttpConnector,
    now: SystemTime,
) -> Result<Cluster, Refusal> {
    // The rule of EKS. The name is then one segment of the path, without escapes.
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_name = name.len() <= MAX_NAME
        && name.bytes().all(is_word)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !is_name {
        return Err(Refusal::Name);
    }
    let request = request(&format!("{url}/clusters/{name}"), region, keys, now)?;
    let asked = tokio::time::timeout(DEADLINE, async {
        let connection = |why: &(dyn std::error::Error + 'static)| Refusal::Connection(causes(why));
        let answer = connector.call(request).await;
        let answer = answer.map_err(|why| connection(&why))?;
        let status = answer.status().as_u16();
        let kind = answer.headers().get("x-amzn-errortype");
        let kind = kind.map(str::to_owned);
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|why| connection(&*why))?.to_bytes();
        Ok((status, kind, body))
    });
    let (status, kind, body) = asked.await.map_err(|_| Refusal::Deadline)??;
    match status {
        200 => cluster(&body),
        _ => Err(failure(status, kind.as_deref(), &body)),
    }
}

fn request(
    url: &str,
    region: &str,
    keys: &Credentials,
    now: SystemTime,
) -> Result<HttpRequest, Refusal> {
    let identity = keys.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("eks")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| Refusal::Signing)?;
    let signable = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(b""))
        .map_err(|_| Refusal::Signing)?;
    let signed = sign(signable, &params.into()).map_err(|_| Refusal::Signing)?;
    let (instructions, _) = signed.into_parts();
    let (headers, _) = instructions.into_parts();
    let mut request = HttpRequest::get(url).map_err(|_| Refusal::Signing)?;
    for header in headers {
        let (name, value) = (header.name(), header.value().to_owned());
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

fn cluster(body: &[u8]) -> Result<Cluster, Refusal> {
    #[derive(Deserialize)]
    struct Answer {
        cluster: serde_json::Value,
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|_| Refusal::Malformed)?;
    // A cluster that is being created has neither endpoint nor authority. The AWS CLI accepts the
    // same two states.
    let status = answer.cluster.get("status");
    let status = status
        .and_then(|status| status.as_str())
        .unwrap_or_default();
    if !["ACTIVE", "UPDATING"].contains(&status) {
        return Err(Refusal::Status(one_line(status)));
    }
    serde_json::from_value(answer.cluster).map_err(|_| Refusal::Malformed)
}

/// Returns the code and the message of an answer of the REST-JSON protocol.
fn failure(status: u16, kind: Option<&str>, body: &[u8]) -> Refusal {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let message = body.get("message").or_else(|| body.get("Message"));
    let message = message.and_then(serde_json::Value::as_str);
    // A namespace may follow in the header.
    let code = kind.and_then(|kind| kind.split(':').next());
    Refusal::Answer {
        code: code.map_or_else(|| format!("status {status}"), one_line),
        message: one_line(message.unwrap_or("no message")),
    }
}

#[cfg(test)]
#[path = "eks_tests.rs"]
pub(crate) mod tests;
