//! Sends requests to the webhook on a real socket. A stub of a collector receives the export.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_auth_map::{Backend, BackendKind, IdentityMap, read_config_map};
use aws_credential_types::Credentials;
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use eks_auth::{Authenticator, LocalKeys, LocalTransport};
use eks_auth_ec2::{DescribeError, DescribeInstances, Instance, Resolver};
use eks_auth_server::{Identities, Limits, Metrics, Server, SharedSnapshot, Snapshot, Webhooks};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use sts_presign::{AcceptPolicy, ClusterId, Endpoint, LocalSts, Signer};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::Traces;
use crate::log::Log;
use crate::settings::Settings;
use crate::setup;

const KEYS: &str = "[node]
aws_access_key_id = AKIDNODE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
aws_session_token = FwoGZXIvYXdzEXAMPLE
arn = arn:aws:sts::111122223333:assumed-role/nodes/i-0c6f21bf1f24f9708
user_id = AROANODES:i-0c6f21bf1f24f9708
";

const RULES: &str = "mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/nodes
    username: system:node:{{EC2PrivateDNSName}}
    groups: [system:nodes]
";

/// The example of W3C Trace Context, section 3.2.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A table that replaces EC2.
struct Table;

impl DescribeInstances for Table {
    async fn describe_instances(&self, ids: Vec<String>) -> Result<Vec<Instance>, DescribeError> {
        let instance = |id| Instance {
            id,
            private_dns_name: "ip-10-0-0-1.ec2.internal".to_owned(),
        };
        Ok(ids.into_iter().map(instance).collect())
    }
}

fn token() -> String {
    let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com").unwrap();
    let signer = Signer::new(&endpoint, &ClusterId::parse("demo").unwrap());
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let credentials = Credentials::new(
        "AKIDNODE",
        secret,
        Some("FwoGZXIvYXdzEXAMPLE".to_owned()),
        None,
        "test",
    );
    // The token is a second old, so that the verifier does not refuse it if the clock steps back.
    let a_second_ago = SystemTime::now()
        .checked_sub(Duration::from_secs(1))
        .unwrap();
    let url = signer.sign_at(&credentials, a_second_ago).unwrap();
    let token = eks_token::Token::encode(url.expose()).unwrap();
    token.expose().to_owned()
}

/// Starts a collector. Returns its URL, and the requests that it receives.
async fn collector() -> (String, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) {
    let (sender, received) = mpsc::unbounded_channel();
    let export = move |headers: HeaderMap, body: Bytes| {
        let _ = sender.send((headers, body));
        async {}
    };
    let app = Router::new().route("/v1/traces", post(export));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}/v1/traces"), received)
}

fn webhooks(traces: &Traces) -> Webhooks {
    let policy = AcceptPolicy::new(
        ClusterId::parse("demo").unwrap(),
        iam_principal::Partition::Aws,
    );
    let keys = LocalKeys::read(KEYS).unwrap();
    let sts = LocalTransport::new(LocalSts::new(keys.keys()), setup::now);
    let (rules, problems) = read_config_map(RULES);
    assert_eq!(problems, []);
    let rules = IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules));
    let metrics = Arc::new(Metrics::new());
    let authenticator = Authenticator::new(policy);
    let identities = Identities::new(authenticator, Arc::new(sts), Arc::clone(&metrics));
    let rules = SharedSnapshot::new(Snapshot::new(rules));
    let settings = traces.follow_calls(eks_auth_ec2::Settings::new());
    let names = Arc::new(Resolver::new(Table, settings));
    let webhooks = Webhooks::new(identities, rules, metrics, Arc::new(()));
    traces.follow(webhooks.with_private_dns_names(names))
}

#[tokio::test]
async fn an_export_has_the_request_and_the_calls_below_it() {
    let (url, mut received) = collector().await;
    let settings = Settings {
        traces_endpoint: Some(url.parse().unwrap()),
        ..Settings::default()
    };
    let traces = Traces::start(&settings, Log).unwrap();
    let server = Server::new(Arc::new(webhooks(&traces)), Limits::default());
    let listener = eks_auth_server::listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stop = async {
            let _ = stopped.await;
        };
        server.serve(listener, None, stop).await
    });

    let token = token();
    let body = format!(
        r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{{"token":"{token}"}}}}"#
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client
        .post(format!("http://{address}/authenticate"))
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .body(body)
        .send()
        .await
        .unwrap();
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("system:node:ip-10-0-0-1.ec2.internal"),
        "{text}"
    );
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    traces.finish().await;

    let (headers, body) = received.recv().await.unwrap();
    assert_eq!(
        headers.get("content-type").unwrap(),
        "application/x-protobuf"
    );
    let export = ExportTraceServiceRequest::decode(body.as_ref()).unwrap();
    let printed = format!("{export:?}");
    let (_, signature) = token.split_at(token.len() - 40);
    for secret in [signature, "X-Amz", "AKIDNODE", "system:node", "arn:aws"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert!(printed.contains("\"service.name\""), "{printed}");
    let spans: BTreeMap<String, Span> = export
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .map(|span| (span.name.clone(), span))
        .collect();
    let id = |name: &str| hex(&spans[name].span_id);
    for (name, kind, parent) in [
        ("POST /authenticate", SpanKind::Server, CALLER.to_owned()),
        (
            "STS/GetCallerIdentity",
            SpanKind::Client,
            id("POST /authenticate"),
        ),
        (
            "EC2PrivateDNSName",
            SpanKind::Internal,
            id("POST /authenticate"),
        ),
        (
            "EC2/DescribeInstances",
            SpanKind::Client,
            id("EC2PrivateDNSName"),
        ),
    ] {
        let span = &spans[name];
        assert_eq!(hex(&span.trace_id), TRACE, "{name}");
        assert_eq!(hex(&span.parent_span_id), parent, "{name}");
        assert_eq!(span.kind, i32::from(kind), "{name}");
    }
    assert_eq!(spans.len(), 4, "{:?}", spans.keys());
    let request = format!("{:?}", spans["POST /authenticate"].attributes);
    for attribute in [
        "eks_auth.request_id",
        "\"granted\"",
        "\"/authenticate\"",
        "IntValue(200)",
    ] {
        assert!(request.contains(attribute), "{attribute} in {request}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
