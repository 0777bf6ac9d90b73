//! The request to EKS, against a stub in the place of the network.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sts_presign::UnixTime;

use super::*;
use crate::files_tests::Files;

/// Records the requests, and answers each with a status, the name of an error and a body.
#[derive(Clone, Debug)]
pub(crate) struct Stub {
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
    pub(crate) answer: (u16, &'static str, String),
}

impl Stub {
    pub(crate) fn new(status: u16, kind: &'static str, body: &str) -> Self {
        Self {
            seen: Arc::default(),
            answer: (status, kind, body.to_owned()),
        }
    }
}

impl HttpConnector for Stub {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name| request.headers().get(name).unwrap_or_default().to_owned();
        let (method, url) = (request.method(), request.uri());
        let seen = format!(
            "{method} {url} {} {}",
            header("authorization"),
            header("x-amz-security-token")
        );
        self.seen.lock().unwrap().push(seen);
        let (status, kind, body) = self.answer.clone();
        let mut response = HttpResponse::new(status.try_into().unwrap(), body.into());
        if !kind.is_empty() {
            response.headers_mut().insert("x-amzn-errortype", kind);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// The example answer in the API reference of EKS for `DescribeCluster`, shortened.
pub(crate) const DESCRIBED: &str = r#"{"cluster": {"name": "dev", "status": "ACTIVE", "version": "1.34",
    "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/dev", "endpoint": "https://example.eks.amazonaws.com",
    "certificateAuthority": {"data": "CA"}}}"#;

async fn ask(name: &str, stub: &Stub) -> Result<Cluster, Refusal> {
    let keys = Credentials::new("AKID", "SECRET", Some("SESSION".to_owned()), None, "test");
    let now = UnixTime::parse_rfc3339("2026-11-23T09:00:00Z").unwrap();
    let connector = SharedHttpConnector::new(stub.clone());
    let url = "https://eks.eu-west-1.amazonaws.com";
    describe(url, name, "eu-west-1", &keys, &connector, now.into()).await
}

#[tokio::test]
async fn the_request_is_signed_and_the_answer_read() {
    let stub = Stub::new(200, "", DESCRIBED);
    let cluster = ask("dev", &stub).await.unwrap();
    assert_eq!(cluster.endpoint, "https://example.eks.amazonaws.com");
    assert_eq!(cluster.authority(), "CA");
    let seen = stub.seen.lock().unwrap().clone();
    // The `SigV4Auth` of botocore 1.43.11 makes this signature for this request, these keys and this
    // time.
    assert_eq!(
        seen,
        [
            "GET https://eks.eu-west-1.amazonaws.com/clusters/dev AWS4-HMAC-SHA256 \
          Credential=AKID/20261123/eu-west-1/eks/aws4_request, \
          SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=6f6ab8c3c60d34b78e7eb95f1640f59a1f3a3fcd4bbd940b19e45d42cc0d8507 \
          SESSION"
        ]
    );
}

#[tokio::test]
async fn each_refusal_is_one_sentence() {
    let large = format!("\"{}\"", "x".repeat(MAX_ANSWER));
    for (status, kind, body, why) in [
        (
            404,
            "ResourceNotFoundException:http://x/",
            r#"{"message":"No cluster found for name: dev.\u001b[2J"}"#,
            "ResourceNotFoundException: No cluster found for name: dev.\\u{1b}[2J",
        ),
        (
            403,
            "AccessDeniedException",
            r#"{"Message":"no"}"#,
            "AccessDeniedException: no",
        ),
        (500, "", "<html>", "status 500: no message"),
        (
            200,
            "",
            r#"{"cluster": {"status": "CREATING"}}"#,
            "the cluster is CREATING, and neither ACTIVE nor UPDATING",
        ),
        (200, "", "{}", "the answer does not describe a cluster"),
        (
            200,
            "",
            r#"{"cluster": {"status": "ACTIVE"}}"#,
            "the answer does not describe a cluster",
        ),
        (302, "", "", "status 302: no message"),
    ] {
        let refusal = ask("dev", &Stub::new(status, kind, body))
            .await
            .unwrap_err();
        assert_eq!(refusal.to_string(), why);
    }
    let refusal = ask("dev", &Stub::new(200, "", &large)).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Connection(_)), "{refusal}");
}

#[tokio::test]
async fn a_name_that_is_not_a_segment_of_a_path_is_not_asked_for() {
    for name in ["", "-dev", "a/b", "a?b", "..", "a%2fb", &"a".repeat(101)] {
        let stub = Stub::new(200, "", DESCRIBED);
        assert!(
            matches!(ask(name, &stub).await, Err(Refusal::Name)),
            "{name}"
        );
        assert!(stub.seen.lock().unwrap().is_empty());
    }
}

#[test]
fn endpoints_are_those_of_botocore() {
    let files = Files::new("eks-endpoints", "", "");
    let settings =
        |variables: &[(&str, &str)]| Settings::read(files.environment(variables), None).unwrap();
    // Computed by botocore 1.43.11 for `DescribeCluster`.
    for (region, fips, dual_stack, url) in [
        (
            "eu-west-1",
            false,
            false,
            "https://eks.eu-west-1.amazonaws.com",
        ),
        (
            "us-east-1",
            true,
            false,
            "https://fips.eks.us-east-1.amazonaws.com",
        ),
        ("us-east-1", false, true, "https://eks.us-east-1.api.aws"),
        (
            "us-east-1",
            true,
            true,
            "https://eks-fips.us-east-1.api.aws",
        ),
        (
            "us-gov-west-1",
            true,
            false,
            "https://eks.us-gov-west-1.amazonaws.com",
        ),
        (
            "us-gov-west-1",
            false,
            false,
            "https://eks.us-gov-west-1.amazonaws.com",
        ),
        (
            "cn-north-1",
            false,
            false,
            "https://eks.cn-north-1.amazonaws.com.cn",
        ),
        (
            "eusc-de-east-1",
            false,
            false,
            "https://eks.eusc-de-east-1.amazonaws.eu",
        ),
        (
            "cn-north-1",
            false,
            true,
            "https://eks.cn-north-1.api.amazonwebservices.com.cn",
        ),
    ] {
        let variant = EndpointVariant::ORDINARY
            .with_fips(fips)
            .with_dual_stack(dual_stack);
        assert_eq!(endpoint(&settings(&[]), region, variant).unwrap(), url);
    }
    let own = settings(&[("AWS_ENDPOINT_URL_EKS", "https://eks.example.com/")]);
    let url = endpoint(&own, "eu-west-1", EndpointVariant::ORDINARY).unwrap();
    assert_eq!(url, "https://eks.example.com");
    let error = endpoint(&settings(&[]), "aws-global", EndpointVariant::ORDINARY).unwrap_err();
    assert!(error.to_string().contains("not a region of EKS"), "{error}");
}
