//! The spans of requests, as an exporter gets them.

use std::sync::{Arc, Mutex};

use eks_auth::{Transport, TransportError, TransportErrorKind};
use eks_auth_server::{PendingName, PrivateDnsNameError, PrivateDnsNames};
use http::{Request, Response};
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{Status, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};

use crate::support::{
    Counting, Notes, Running, caller, exchange, fault, identity_map, post, review, short, token,
};

/// The trace and the span in the header of a request.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl Spans {
    /// Shows each span in the order in which they end: the number of the one it is below, its kind, name and status,
    /// and its attributes. Values that differ with each run are left out.
    fn shown(&self) -> Vec<String> {
        let spans = self.0.lock().unwrap();
        let shown = |span: &SpanData| {
            let parent = spans
                .iter()
                .find(|other| other.span_context.span_id() == span.parent_span_id)
                .map_or_else(
                    || span.parent_span_id.to_string(),
                    |other| other.name.to_string(),
                );
            let status = match &span.status {
                Status::Error { description } => format!(" ERROR({description})"),
                _ => String::new(),
            };
            let attributes: Vec<String> = span
                .attributes
                .iter()
                .filter(|one| {
                    !["eks_auth.request_id", "client.address"].contains(&one.key.as_str())
                })
                .map(|one| format!("{}={}", one.key, one.value))
                .collect();
            format!(
                "{parent} > {:?} {}{status}: {}",
                span.span_kind,
                span.name,
                attributes.join(" ")
            )
        };
        spans.iter().map(shown).collect()
    }
}

/// An STS that cannot be asked.
struct Broken;

impl Transport for Broken {
    async fn send(&self, _: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        Err(TransportErrorKind::Setup.into())
    }
}

/// Knows no instance.
#[derive(Debug)]
struct NoNames;

impl PrivateDnsNames for NoNames {
    fn look_up<'n>(&'n self, _: &'n str) -> PendingName<'n> {
        Box::pin(async { Err(PrivateDnsNameError::new("instance-not-found")) })
    }
}

/// Sends a request, and returns its spans.
async fn traced(sts: Arc<impl eks_auth::DynTransport + 'static>, request: &[u8]) -> Spans {
    let spans = Spans::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .build();
    let tracer = BoxedTracer::new(Box::new(provider.tracer("test")));
    let rules = "mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/nodes
    username: system:node:{{EC2PrivateDNSName}}
    groups: [system:bootstrappers, system:nodes]
mapUsers: |
  - userarn: arn:aws:iam::111122223333:user/alice
    username: alice
";
    let rules =
        eks_auth_server::SharedSnapshot::new(eks_auth_server::Snapshot::new(identity_map(rules)));
    let webhooks = eks_auth_server::Webhooks::new(
        crate::support::identities(sts),
        rules,
        Arc::default(),
        Arc::new(Notes::default()),
    )
    .with_private_dns_names(Arc::new(NoNames))
    .with_tracer(tracer, TraceContextPropagator::new());
    assert!(format!("{webhooks:?}").contains("Webhooks"));
    let running = Running::start(webhooks, short(), None).await;
    // The answer to HEAD has the length of a body that does not follow.
    let _ = exchange(running.address, request).await;
    running.stop().await;
    spans
}

fn with_parent(request: Vec<u8>) -> Vec<u8> {
    let header = format!("\r\ntraceparent: 00-{TRACE}-{PARENT}-01\r\n");
    let text = String::from_utf8(request).unwrap();
    text.replacen("\r\n", &header, 1).into_bytes()
}

#[tokio::test]
async fn a_login_has_a_span_with_its_calls_below() {
    let login = with_parent(post("/authenticate", &review(&token("AKIDEXAMPLE"))));
    let server = format!("{PARENT} > Server POST /authenticate");
    let sts = "POST /authenticate > Client STS/GetCallerIdentity";
    let sts_of = "rpc.system=aws-api rpc.service=STS rpc.method=GetCallerIdentity \
        server.address=sts.us-west-2.amazonaws.com cloud.region=us-west-2";
    let server_of = "http.request.method=POST network.protocol.version=1.1 http.route=/authenticate eks_auth.review=TokenReview";
    let node = caller("alice")
        .replace(
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:sts::111122223333:assumed-role/nodes/i-0c6f21bf1f24f9708",
        )
        .replace("AIDAEXAMPLE", "AROAEXAMPLE:i-0c6f21bf1f24f9708");
    for (answer, expected) in [
        ((200, caller("alice")), vec![
            format!("{sts}: {sts_of} http.response.status_code=200"),
            format!("{server}: {server_of} eks_auth.verdict=granted eks_auth.code=ok eks_auth.cache=miss http.response.status_code=200"),
        ]),
        ((403, fault("AccessDenied")), vec![
            format!("{sts} ERROR(403): {sts_of} http.response.status_code=403 error.type=403"),
            format!("{server}: {server_of} eks_auth.verdict=refused eks_auth.code=access-denied eks_auth.cache=miss http.response.status_code=200"),
        ]),
        ((200, node), vec![
            format!("{sts}: {sts_of} http.response.status_code=200"),
            "POST /authenticate > Internal EC2PrivateDNSName ERROR(instance-not-found): error.type=instance-not-found".to_owned(),
            format!("{server} ERROR(): {server_of} eks_auth.verdict=failed eks_auth.code=private-dns-name-unknown eks_auth.cache=miss http.response.status_code=500 error.type=500"),
        ]),
    ] {
        let spans = traced(Counting::answering(&[answer]), &login).await;
        assert_eq!(spans.shown(), expected);
        let spans = spans.0.lock().unwrap();
        assert!(spans.iter().all(|span| span.span_context.trace_id().to_string() == TRACE));
        // The signature is in no span.
        assert!(!format!("{spans:?}").contains("Signature"));
    }
    let spans = traced(Arc::new(Broken), &login).await;
    assert_eq!(
        spans.shown(),
        [
            format!("{sts} ERROR(sts-client-setup): {sts_of} error.type=sts-client-setup"),
            format!(
                "{server} ERROR(): {server_of} eks_auth.verdict=failed eks_auth.code=sts-client-setup eks_auth.cache=miss http.response.status_code=500 error.type=500"
            ),
        ]
    );
}

/// A client chooses the method, the path and the version, and none of them becomes a name as it is.
#[tokio::test]
async fn names_of_spans_are_a_few_known_ones() {
    for (request, name, rest) in [
        (
            "GET /authenticate",
            "GET /authenticate",
            "GET network.protocol.version=1.1 http.route=/authenticate http.response.status_code=405",
        ),
        (
            "HEAD /x",
            "HEAD",
            "HEAD network.protocol.version=1.1 http.response.status_code=404",
        ),
        (
            "PUT /x",
            "PUT",
            "PUT network.protocol.version=1.1 http.response.status_code=404",
        ),
        (
            "DELETE /x",
            "DELETE",
            "DELETE network.protocol.version=1.1 http.response.status_code=404",
        ),
        (
            "POST /x",
            "POST",
            "POST network.protocol.version=1.1 http.response.status_code=404",
        ),
        (
            "BREW /x",
            "_OTHER",
            "_OTHER network.protocol.version=1.1 http.response.status_code=404",
        ),
    ] {
        let request = format!("{request} HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
        let spans = traced(Arc::new(Broken), request.as_bytes()).await;
        let expected = format!("0000000000000000 > Server {name}: http.request.method={rest}");
        assert_eq!(spans.shown(), [expected]);
    }
}
