//! The documents of the webhooks, over HTTP/1.1 and HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eks_auth::iam_principal::AccountId;
use eks_auth_ec2::{DescribeError, DescribeInstances, Instance, Resolver, Settings};
use eks_auth_server::{
    DynamicFile, Limits, Metrics, ServerTls, SharedSnapshot, Snapshot, SourceStatus, StatusCodes,
    Webhooks,
};
use http::{Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use k8s_rbac::{KubernetesVersion, ManifestReader, Policy};
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::{
    Counting, Files, Notes, RULES, Running, caller, exchange, fault, identities, identity_map,
    post, review, short, token, webhooks,
};

fn counting() -> Arc<Counting> {
    Counting::answering(&[(200, caller("alice"))])
}

/// Webhooks with these rules, for one user of STS.
fn with_snapshot(sts: Arc<Counting>, snapshot: Snapshot, notes: &Arc<Notes>) -> Webhooks {
    let rules = SharedSnapshot::new(snapshot);
    Webhooks::new(
        identities(sts),
        rules,
        Arc::new(Metrics::new()),
        notes.clone(),
    )
}

async fn ask(webhooks: Webhooks, path: &str, body: &str) -> (u16, String) {
    let running = Running::start(webhooks, short(), None).await;
    let answer = exchange(running.address, &post(path, body)).await.unwrap();
    running.stop().await;
    answer
}

async fn ask_json(webhooks: Webhooks, path: &str, body: &str) -> (u16, Value) {
    let (status, body) = ask(webhooks, path, body).await;
    (
        status,
        serde_json::from_str(&body).unwrap_or(Value::String(body)),
    )
}

fn of_version(version: &str, token: &str) -> String {
    review(token).replace("authentication.k8s.io/v1", version)
}

#[tokio::test]
async fn a_review_is_answered_in_its_version() {
    for version in ["authentication.k8s.io/v1", "authentication.k8s.io/v1beta1"] {
        let notes = Arc::default();
        let body = of_version(version, &token("AKIDEXAMPLE"));
        let (status, answer) = ask_json(webhooks(counting(), &notes), "/authenticate", &body).await;
        assert_eq!(status, 200);
        assert_eq!(answer["apiVersion"], version);
        assert_eq!(answer["kind"], "TokenReview");
        assert_eq!(answer["status"]["authenticated"], true);
        assert_eq!(answer["status"]["user"]["username"], "alice");
        assert_eq!(answer["status"]["user"]["groups"], json!(["devs"]));
    }
}

#[tokio::test]
async fn audiences_are_honored_where_they_are_declared() {
    let token = token("AKIDEXAMPLE");
    let own = ["https://kubernetes.default.svc".to_owned(), "b".to_owned()];
    for (asked, is_accepted, common) in [
        (json!([]), true, Value::Null),
        (json!(["b", "c"]), true, json!(["b"])),
        (json!(["c"]), false, Value::Null),
    ] {
        let notes = Arc::default();
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": { "token": token, "audiences": asked },
        });
        let webhooks = webhooks(counting(), &notes).with_audiences(own.clone());
        let (status, answer) = ask_json(webhooks, "/authenticate", &body.to_string()).await;
        assert_eq!(status, 200);
        assert_eq!(answer["status"]["authenticated"], is_accepted, "{asked}");
        assert_eq!(answer["status"]["audiences"], common, "{asked}");
    }
}

/// The answers as in upstream, by two settings.
#[tokio::test]
async fn upstreams_documents_and_statuses_are_settings() {
    let untyped = format!(r#"{{"spec":{{"token":"{}"}}}}"#, token("AKIDEXAMPLE"));
    let notes = Arc::default();
    let (status, _) = ask(webhooks(counting(), &notes), "/authenticate", &untyped).await;
    assert_eq!(status, 400);
    let lenient = webhooks(counting(), &notes).with_untyped_reviews();
    let (status, answer) = ask_json(lenient, "/authenticate", &untyped).await;
    assert_eq!(
        (status, &answer["status"]["authenticated"]),
        (200, &json!(true))
    );
    assert_eq!(answer.get("kind"), None);
    let typed = review(&token("AKIDEXAMPLE"));
    for (sts, ours, upstreams) in [
        ((403, fault("ExpiredToken")), 200, 403),
        ((400, fault("Throttling")), 429, 429),
        ((403, "<html>".to_owned()), 500, 403),
    ] {
        let sts = || Counting::answering(std::slice::from_ref(&sts));
        let (status, _) = ask(webhooks(sts(), &notes), "/authenticate", &typed).await;
        assert_eq!(status, ours);
        let as_upstream = webhooks(sts(), &notes).with_statuses(StatusCodes::Upstream);
        let (status, answer) = ask_json(as_upstream, "/authenticate", &typed).await;
        assert_eq!(status, upstreams);
        assert_eq!(answer["status"]["authenticated"], false);
    }
}

#[tokio::test]
async fn what_is_no_review_is_refused_before_anything_is_asked() {
    let sts = counting();
    let notes = Arc::new(Notes::default());
    let running = Running::start(webhooks(sts.clone(), &notes), short(), None).await;
    for (request, status) in [
        (post("/authenticate", "{}"), 400),
        (post("/authenticate", ""), 400),
        (post("/authenticate", r#"{"kind":"Pod"}"#), 400),
        (post("/", &review("t")), 404),
        (post("/authenticate/", &review("t")), 404),
        // Access reviews are a setting.
        (post("/authorize", "{}"), 404),
        (b"GET /authenticate HTTP/1.1\r\n\r\n".to_vec(), 405),
        (b"DELETE /healthz HTTP/1.1\r\n\r\n".to_vec(), 405),
        (b"GET /healthz HTTP/1.1\r\n\r\n".to_vec(), 200),
        (b"GET /livez HTTP/1.1\r\n\r\n".to_vec(), 200),
        (b"junk\r\n\r\n".to_vec(), 400),
    ] {
        let text = String::from_utf8_lossy(&request).into_owned();
        let (got, _) = exchange(running.address, &request).await.unwrap();
        assert_eq!(got, status, "{text}");
    }
    assert_eq!(sts.calls(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_scrubbed_account_is_not_recorded() {
    let notes = Arc::new(Notes::default());
    let account = AccountId::parse("111122223333").unwrap();
    let map = identity_map(RULES).with_scrubbed_accounts([account]);
    let webhooks = with_snapshot(counting(), Snapshot::new(map), &notes);
    let body = review(&token("AKIDEXAMPLE"));
    let (_, answer) = ask_json(webhooks, "/authenticate", &body).await;
    assert_eq!(answer["status"]["user"]["username"], "alice");
    let lines = notes.lines.lock().unwrap().join("\n");
    assert!(lines.contains("alice"), "{lines}");
    for scrubbed in ["111122223333", "AKIDEXAMPLE", "AIDAEXAMPLE"] {
        assert!(!lines.contains(scrubbed), "{lines}");
    }
}

/// An EC2 with one instance.
struct OneInstance;

impl DescribeInstances for OneInstance {
    async fn describe_instances(&self, ids: Vec<String>) -> Result<Vec<Instance>, DescribeError> {
        let known = ids.into_iter().filter(|id| id == "i-0c6f21bf1f24f9708");
        let describe = |id| Instance {
            id,
            private_dns_name: "ip-10-0-0-1.ec2.internal".to_owned(),
        };
        Ok(known.map(describe).collect())
    }
}

#[tokio::test]
async fn a_node_joins_with_its_private_dns_name() {
    let nodes = "mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/nodes
    username: system:node:{{EC2PrivateDNSName}}
    groups: [system:bootstrappers, system:nodes]
";
    let node = |instance: &str| {
        let arn = format!("arn:aws:sts::111122223333:assumed-role/nodes/{instance}");
        caller("alice")
            .replace("arn:aws:iam::111122223333:user/alice", &arn)
            .replace("AIDAEXAMPLE", &format!("AROAEXAMPLE:{instance}"))
    };
    let body = review(&token("AKIDEXAMPLE"));
    for (instance, resolver, status, part) in [
        (
            "i-0c6f21bf1f24f9708",
            true,
            200,
            "system:node:ip-10-0-0-1.ec2.internal",
        ),
        (
            "i-00000000000000000",
            true,
            500,
            "(instance-not-found): EC2 does not know the instance",
        ),
        (
            "i-0c6f21bf1f24f9708",
            false,
            500,
            "look-ups are not configured",
        ),
    ] {
        let notes = Arc::default();
        let sts = Counting::answering(&[(200, node(instance))]);
        let mut webhooks = with_snapshot(sts, Snapshot::new(identity_map(nodes)), &notes);
        if resolver {
            let names = Resolver::new(OneInstance, Settings::new());
            webhooks = webhooks.with_private_dns_names(Arc::new(names));
        }
        let (got, answer) = ask(webhooks, "/authenticate", &body).await;
        assert_eq!(got, status, "{answer}");
        assert!(answer.contains(part), "{part}: {answer}");
    }
}

fn policy() -> Policy {
    let text = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: [''], resources: [pods], verbs: [get, list]}
- {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: devs}
";
    let manifests = ManifestReader::new().read([("policy.yaml", text)]);
    Policy::new(manifests.objects().clone())
}

/// kube-apiserver 1.34.1 sends these documents.
#[tokio::test]
async fn access_reviews_are_answered_by_the_policy() {
    let resource = r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"resourceAttributes":{"namespace":"ns","verb":"list","version":"v1","resource":"pods"},"user":"jane","groups":["devs"]},"status":{"allowed":false}}"#;
    let beta = resource
        .replace("k8s.io/v1\"", "k8s.io/v1beta1\"")
        .replace("\"groups\"", "\"group\"");
    let path = r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"nonResourceAttributes":{"path":"/metrics","verb":"get"},"user":"jane","groups":["devs"]},"status":{"allowed":false}}"#;
    for (body, version, is_allowed) in [
        (resource.to_owned(), "authorization.k8s.io/v1", true),
        (beta.clone(), "authorization.k8s.io/v1beta1", true),
        (
            beta.replace("\"group\"", "\"groups\""),
            "authorization.k8s.io/v1beta1",
            false,
        ),
        (path.to_owned(), "authorization.k8s.io/v1", true),
        (
            resource.replace("list", "delete"),
            "authorization.k8s.io/v1",
            false,
        ),
    ] {
        let notes = Arc::new(Notes::default());
        let snapshot = Snapshot::new(identity_map(RULES)).with_policy(policy());
        let webhooks = with_snapshot(counting(), snapshot, &notes)
            .with_access_reviews(KubernetesVersion::default());
        let (status, answer) = ask_json(webhooks, "/authorize", &body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["apiVersion"], version);
        assert_eq!(answer["kind"], "SubjectAccessReview");
        assert_eq!(answer["status"]["allowed"], is_allowed, "{body}");
        // Another authorizer may still allow it.
        assert_eq!(answer["status"].get("denied"), None);
        let lines = notes.lines.lock().unwrap().join("\n");
        assert!(lines.contains("jane"), "{lines}");
    }
}

#[tokio::test]
async fn an_access_review_without_a_policy_is_a_failure() {
    let body = r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"nonResourceAttributes":{"path":"/metrics","verb":"get"},"user":"jane"}}"#;
    let webhooks = || {
        let snapshot = Snapshot::new(identity_map(RULES));
        with_snapshot(counting(), snapshot, &Arc::default())
            .with_access_reviews(KubernetesVersion::default())
    };
    let (status, answer) = ask(webhooks(), "/authorize", body).await;
    assert_eq!(
        (status, answer.as_str()),
        (500, "the RBAC policy is not loaded\n")
    );
    let twice = body.replace(
        r#""spec":{"#,
        r#""spec":{"nonResourceAttributes":{"path":"/","verb":"get"},"user":"root"},"spec":{"#,
    );
    for malformed in [
        "{}",
        "[]",
        "x",
        r#"{"kind":"SelfSubjectAccessReview"}"#,
        &twice,
    ] {
        assert_eq!(
            ask(webhooks(), "/authorize", malformed).await.0,
            400,
            "{malformed}"
        );
    }
}

/// Kubernetes writes an object, and not a list of the fields in order.
#[tokio::test]
async fn an_access_review_that_is_a_list_is_refused() {
    let spec = r#"{"nonResourceAttributes":{"path":"/metrics","verb":"get"},"user":"jane","groups":["devs"]}"#;
    for list in [
        format!(r#"["authorization.k8s.io/v1","SubjectAccessReview",{{}},{spec},{{}}]"#),
        format!(r#"["SubjectAccessReview","authorization.k8s.io/v1",{{}},{spec},{{}}]"#),
        format!(r#"[{{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{spec}}}]"#),
        r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":[{"verb":"get"},"jane"]}"#
            .to_owned(),
    ] {
        let snapshot = Snapshot::new(identity_map(RULES)).with_policy(policy());
        let webhooks = with_snapshot(counting(), snapshot, &Arc::default())
            .with_access_reviews(KubernetesVersion::default());
        let (status, answer) = ask(webhooks, "/authorize", &list).await;
        assert_eq!(
            (status, answer.as_str()),
            (400, "the body is not a SubjectAccessReview in JSON\n"),
            "{list}"
        );
    }
}

#[tokio::test]
async fn readiness_names_each_source() {
    let notes = Arc::default();
    let file = SourceStatus::new("file");
    let snapshot = Snapshot::new(identity_map(RULES)).with_source(file.clone());
    let webhooks = with_snapshot(counting(), snapshot, &notes);
    let rules = webhooks.rules().clone();
    let running = Running::start(webhooks, short(), None).await;
    let probes = running.probes().await;
    let ready = b"GET /readyz HTTP/1.1\r\n\r\n";
    let (status, body) = exchange(probes, ready).await.unwrap();
    assert_eq!(
        (status, body.as_str()),
        (503, "[-] file: not read yet\nnot ready\n")
    );
    let good = file.succeeded(std::time::SystemTime::now());
    rules.update(|now| now.with_source(good.clone()));
    let (status, body) = exchange(probes, ready).await.unwrap();
    assert_eq!((status, body.as_str()), (200, "[+] file: ok\nok\n"));
    // The earlier rules stay in effect, so reviews are still answered.
    let bad = good.clone().failed("line 3: \u{1b}[2J");
    rules.update(|now| now.with_source(bad.clone()));
    let (status, body) = exchange(probes, ready).await.unwrap();
    assert_eq!(status, 200);
    assert!(
        body.starts_with("[+] file: failed: line 3") && !body.contains('\u{1b}'),
        "{body}"
    );
    running.stop().await;
}

/// An EC2 that answers, throttles and is not reached, in turn.
#[derive(Default)]
struct Wavering(AtomicUsize);

impl DescribeInstances for Wavering {
    async fn describe_instances(&self, _: Vec<String>) -> Result<Vec<Instance>, DescribeError> {
        let failed = |status| DescribeError {
            code: "ec2-failed",
            status,
            message: String::new(),
        };
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(Vec::new()),
            1 => Err(failed(Some(503))),
            _ => Err(failed(None)),
        }
    }
}

/// Records the events outside the webhooks.
async fn note_what_the_program_knows(metrics: &Arc<Metrics>) {
    metrics.read_config_map_watch_failures(|| 3);
    metrics.dynamic_file_failed();
    metrics.dynamic_file_changed(DynamicFile::Rules, Duration::from_secs(2));
    let settings = Settings::new().with_observer(Metrics::ec2_observer(metrics, "us-west-2"));
    let names = Resolver::new(Wavering::default(), settings);
    for number in 0..3 {
        let _ = names.look_up(&format!("i-{number:017x}")).await;
    }
}

#[tokio::test]
async fn metrics_have_upstreams_names_and_bounded_labels() {
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let notes = Arc::new(Notes::default());
    let webhooks = webhooks(sts, &notes);
    note_what_the_program_knows(webhooks.metrics()).await;
    let running = Running::start(webhooks, short(), None).await;
    let probes = running.probes().await;
    for body in [
        review(&token("AKIDEXAMPLE")),
        review("junk"),
        "{}".to_owned(),
    ] {
        exchange(running.address, &post("/authenticate", &body))
            .await
            .unwrap();
    }
    exchange(running.address, b"GET /authenticate HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let (status, metrics) = exchange(probes, b"GET /metrics HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(status, 200);
    for line in [
        "aws_iam_authenticator_authenticate_latency_seconds_count{result=\"success\"} 1",
        "aws_iam_authenticator_authenticate_latency_seconds_count{result=\"invalid_token\"} 1",
        "aws_iam_authenticator_authenticate_latency_seconds_count{result=\"malformed_request\"} 2",
        "aws_iam_authenticator_sts_responses_total{ResponseCode=\"200\",StsRegion=\"us-west-2\"} 1",
        "eks_auth_reviews_total{kind=\"TokenReview\",verdict=\"granted\",code=\"ok\"} 1",
        "eks_auth_reviews_total{kind=\"TokenReview\",verdict=\"malformed\",code=\"kind\"} 1",
        "eks_auth_identity_cache_total{use=\"miss\"} 1",
        "aws_iam_authenticator_configmap_watch_failures_total 3",
        "aws_iam_authenticator_dynamic_e2e_latency_seconds_bucket{le=\"3.0\",type=\"dynamic_file\"} 1",
        "aws_iam_authenticator_dynamic_file_enabled 0",
        "aws_iam_authenticator_dynamic_file_only 0",
        "aws_iam_authenticator_dynamicfile_failures_total 1",
        "aws_iam_authenticator_ec2_connection_failures_total{Region=\"us-west-2\"} 1",
        "aws_iam_authenticator_ec2_describe_instances_calls_total 3",
        "aws_iam_authenticator_ec2_responses_total{ResponseCode=\"200\",Region=\"us-west-2\"} 1",
        "aws_iam_authenticator_ec2_responses_total{ResponseCode=\"503\",Region=\"us-west-2\"} 1",
        "eks_auth_requests 0",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    running.stop().await;
}

/// As kube-apiserver asks: HTTP/2 over TLS, several reviews at once on one connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviews_are_answered_over_http_2() {
    let files = Files::new("http2");
    let tls = ServerTls::load(files.tls_files()).unwrap();
    let notes = Arc::new(Notes::default());
    let running = Running::start(webhooks(counting(), &notes), Limits::default(), Some(tls)).await;
    let stream = TcpStream::connect(running.address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(files.client(&[b"h2", b"http/1.1"])));
    let host = ServerName::try_from("localhost").unwrap();
    let stream = connector.connect(host, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let token = token("AKIDEXAMPLE");
    let mut reviews = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (mut sender, body) = (sender.clone(), review(&token));
        reviews.spawn(async move {
            let request = Request::post("https://localhost/authenticate?timeout=30s")
                .body(Full::new(Bytes::from(body)))
                .unwrap();
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), answer.version()),
                (200, Version::HTTP_2)
            );
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(body.starts_with(b"{"), "{body:?}");
        });
    }
    reviews.join_all().await;
    // GOAWAY ends the connection.
    assert_eq!(running.stop().await, 0);
    assert!(connection.await.unwrap().is_ok());
}

/// A client's acknowledgement of settings and its pings do not count as the head of a request, which has to be
/// complete soon.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_of_http_2_may_send_pings() {
    let files = Files::new("http2-pings");
    let tls = ServerTls::load(files.tls_files()).unwrap();
    let notes = Arc::new(Notes::default());
    let limits = Limits {
        header_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let running = Running::start(webhooks(counting(), &notes), limits, Some(tls)).await;
    let stream = TcpStream::connect(running.address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(files.client(&[b"h2"])));
    let host = ServerName::try_from("localhost").unwrap();
    let stream = connector.connect(host, stream).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_millis(20))
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    for _ in 0..2 {
        let request = Request::post("https://localhost/authenticate")
            .body(Full::new(Bytes::from(review(&token("AKIDEXAMPLE")))))
            .unwrap();
        sender.ready().await.unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        tokio::time::sleep(limits.header_timeout * 5).await;
    }
    assert!(!connection.is_finished());
    let lines = notes.lines.lock().unwrap().join("\n");
    assert!(!lines.contains("limit header-timeout"), "{lines}");
    running.stop().await;
}
