//! The spans of a request and of the calls below it.

use std::sync::Arc;

use eks_auth::{Transport, TransportError, TransportErrorKind};
use eks_auth_ec2::{DescribeError, DescribeInstances, Instance, Resolver, Settings};
use eks_auth_server::{Identities, Metrics, SharedSnapshot, Snapshot, Webhooks};
use http::{Request, Response};
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

use crate::support::{
    Running, authenticator, caller, exchange, fault, identity_map, post, review, short, token,
};

const NODES: &str = "mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/nodes
    username: system:node:{{EC2PrivateDNSName}}
    groups: [system:bootstrappers, system:nodes]
";

/// The example of W3C Trace Context, section 3.2.
const TRACE_PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Returns a line for each span in the order of their ends, without the number of the request.
fn lines(spans: &[SpanData]) -> Vec<String> {
    let name_of = |id| {
        let parent = spans.iter().find(|span| span.span_context.span_id() == id);
        parent.map_or_else(|| id.to_string(), |span| span.name.to_string())
    };
    let line = |span: &SpanData| {
        let pairs = span.attributes.iter();
        let pairs = pairs.filter(|pair| pair.key.as_str() != "eks_auth.request_id");
        let pairs: Vec<String> = pairs
            .map(|pair| format!("{}={}", pair.key, pair.value))
            .collect();
        format!(
            "{} ({:?}, {:?}) of {} below {}: {}",
            span.name,
            span.span_kind,
            span.status,
            match span.span_context.trace_id().to_string() {
                trace if TRACE_PARENT.contains(&trace) => trace,
                _ => "its own".to_owned(),
            },
            name_of(span.parent_span_id),
            pairs.join(" "),
        )
    };
    spans.iter().map(line).collect()
}

/// An STS with one answer. Without an answer, there is no route to this STS.
struct Sts(Option<(u16, String)>);

impl Transport for Sts {
    async fn send(&self, _: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        let Some((status, body)) = self.0.clone() else {
            return Err(TransportError::new(TransportErrorKind::Connect));
        };
        let answer = Response::builder().status(status);
        let answer = answer.header("content-type", "application/json");
        Ok(answer.body(body.into_bytes()).unwrap())
    }
}

/// An EC2 without instances.
struct Empty;

impl DescribeInstances for Empty {
    async fn describe_instances(&self, _: Vec<String>) -> Result<Vec<Instance>, DescribeError> {
        Ok(Vec::new())
    }
}

fn node() -> String {
    caller("alice")
        .replace(
            "iam::111122223333:user/alice",
            "sts::111122223333:assumed-role/nodes/i-0c6f21bf1f24f9708",
        )
        .replace("AIDAEXAMPLE", "AROAEXAMPLE:i-0c6f21bf1f24f9708")
}

#[tokio::test]
async fn each_step_of_a_request_is_a_span() {
    let known = review(&token("AKIDEXAMPLE"));
    let known = String::from_utf8(post("/authenticate", &known)).unwrap();
    let traced = known.replacen("\r\n", &format!("\r\ntraceparent: {TRACE_PARENT}\r\n"), 1);
    let junk = String::from_utf8(post("/authenticate", &review("junk"))).unwrap();
    let other = "PUT /other HTTP/1.1\r\n\r\n".to_owned();
    let probe = "GET /healthz HTTP/1.1\r\n\r\n".to_owned();
    let mut different = Vec::new();
    for (sts, request, expected) in [
        (
            Some((403, fault("ExpiredToken"))),
            traced,
            vec![
                "STS/GetCallerIdentity (Client, Error { description: \"403\" }) of 4bf92f3577b34da6a3ce929d0e0e4736 below POST /authenticate: rpc.system=aws-api rpc.service=STS rpc.method=GetCallerIdentity server.address=sts.us-west-2.amazonaws.com cloud.region=us-west-2 http.response.status_code=403 error.type=403",
                "POST /authenticate (Server, Unset) of 4bf92f3577b34da6a3ce929d0e0e4736 below 00f067aa0ba902b7: http.request.method=POST client.address=127.0.0.1 network.protocol.version=1.1 http.route=/authenticate eks_auth.review=TokenReview eks_auth.verdict=refused eks_auth.code=expired-session-token eks_auth.cache=miss http.response.status_code=200",
            ],
        ),
        (
            Some((200, node())),
            known.clone(),
            vec![
                "STS/GetCallerIdentity (Client, Unset) of its own below POST /authenticate: rpc.system=aws-api rpc.service=STS rpc.method=GetCallerIdentity server.address=sts.us-west-2.amazonaws.com cloud.region=us-west-2 http.response.status_code=200",
                "EC2/DescribeInstances (Client, Unset) of its own below EC2PrivateDNSName: rpc.system=aws-api rpc.service=EC2 rpc.method=DescribeInstances eks_auth.instances=1",
                "EC2PrivateDNSName (Internal, Error { description: \"instance-not-found\" }) of its own below POST /authenticate: error.type=instance-not-found",
                "POST /authenticate (Server, Error { description: \"\" }) of its own below 0000000000000000: http.request.method=POST client.address=127.0.0.1 network.protocol.version=1.1 http.route=/authenticate eks_auth.review=TokenReview eks_auth.verdict=failed eks_auth.code=private-dns-name-unknown eks_auth.cache=miss http.response.status_code=500 error.type=500",
            ],
        ),
        (
            None,
            known,
            vec![
                "STS/GetCallerIdentity (Client, Error { description: \"sts-unreachable\" }) of its own below POST /authenticate: rpc.system=aws-api rpc.service=STS rpc.method=GetCallerIdentity server.address=sts.us-west-2.amazonaws.com cloud.region=us-west-2 error.type=sts-unreachable",
                "POST /authenticate (Server, Error { description: \"\" }) of its own below 0000000000000000: http.request.method=POST client.address=127.0.0.1 network.protocol.version=1.1 http.route=/authenticate eks_auth.review=TokenReview eks_auth.verdict=failed eks_auth.code=sts-unreachable eks_auth.cache=miss http.response.status_code=500 error.type=500",
            ],
        ),
        (
            None,
            junk,
            vec![
                "POST /authenticate (Server, Unset) of its own below 0000000000000000: http.request.method=POST client.address=127.0.0.1 network.protocol.version=1.1 http.route=/authenticate eks_auth.review=TokenReview eks_auth.verdict=refused eks_auth.code=not-a-token eks_auth.cache=unused http.response.status_code=200",
            ],
        ),
        (
            None,
            other,
            vec![
                "PUT (Server, Unset) of its own below 0000000000000000: http.request.method=PUT client.address=127.0.0.1 network.protocol.version=1.1 http.response.status_code=404",
            ],
        ),
        (None, probe, vec![]),
    ] {
        let spans = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(spans.clone())
            .build();
        let tracer = || BoxedTracer::new(Box::new(provider.tracer("test")));
        let metrics = Arc::new(Metrics::new());
        let identities = Identities::new(authenticator(), Arc::new(Sts(sts)), Arc::clone(&metrics))
            .with_sts_retries(0);
        let rules = SharedSnapshot::new(Snapshot::new(identity_map(NODES)));
        let names = Resolver::new(Empty, Settings::new().with_tracer(tracer()));
        let webhooks = Webhooks::new(identities, rules, metrics, Arc::new(()))
            .with_private_dns_names(Arc::new(names))
            .with_tracer(tracer(), TraceContextPropagator::new());
        let running = Running::start(webhooks, short(), None).await;
        exchange(running.address, request.as_bytes()).await.unwrap();
        running.stop().await;
        let lines = lines(&spans.get_finished_spans().unwrap());
        if lines != expected {
            different.push(lines);
        }
    }
    assert_eq!(different, [[""; 0]; 0]);
}
