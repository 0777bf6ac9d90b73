//! The metrics: which samples an event changes.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::slice::from_ref;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_auth_map::{Backend, BackendKind, IdentityMap, Rules};
use eks_auth::{DynTransport, Transport, TransportError, TransportErrorKind};
use eks_auth_server::{
    AUTHENTICATE_PATH, AUTHORIZE_PATH, DynamicFile, Identities, Metrics, SharedSnapshot, Snapshot,
    SourceStatus, Webhooks,
};
use http::{Method, Request, Response};
use k8s_rbac::{KubernetesVersion, Policy};
use prometheus_client::metrics::counter::Counter;

use crate::support::{Counting, RULES, authenticator, caller, fault, identity_map, review, token};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An STS without a route to it.
struct Unreachable;

impl Transport for Unreachable {
    async fn send(&self, _: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        Err(TransportError::new(TransportErrorKind::Connect))
    }
}

/// Returns the samples, without those that depend on the speed of the machine.
fn samples(text: &str) -> BTreeSet<String> {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let is_of_a_time = |line: &str| line.contains("_bucket{") || line.contains("_seconds_sum");
    let lines = text.lines();
    lines
        .filter(|line| !line.starts_with('#') && !is_of_a_time(line))
        .map(str::to_owned)
        .collect()
}

/// Returns the samples that differ from those of new metrics, one on each line.
fn changed(metrics: &Metrics, snapshot: &Snapshot) -> String {
    let unused = samples(&Metrics::new().encode(&Snapshot::new(identity_map(RULES))));
    let used = samples(&metrics.encode(snapshot));
    let lines: Vec<&str> = used.difference(&unused).map(String::as_str).collect();
    format!("\n{}\n", lines.join("\n"))
}

/// Webhooks that call STS once for each review that needs it.
fn webhooks(sts: Arc<impl DynTransport + 'static>) -> Webhooks {
    let metrics = Arc::new(Metrics::new());
    let identities =
        Identities::new(authenticator(), sts, Arc::clone(&metrics)).with_sts_retries(0);
    let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
    Webhooks::new(identities, rules, metrics, Arc::new(()))
}

fn answering(status: u16, body: String) -> Webhooks {
    webhooks(Counting::answering(&[(status, body)]))
}

/// Checks what requests change.
async fn check(webhooks: Webhooks, requests: &[(Method, &str, &str)], expected: &str) {
    for (method, path, body) in requests {
        webhooks.respond(method, path, body.as_bytes(), PEER).await;
    }
    let changed = changed(webhooks.metrics(), &webhooks.rules().load());
    assert_eq!(changed, expected, "{requests:?}");
}

#[tokio::test]
async fn each_outcome_of_a_token_review_has_its_samples() {
    let token = review(&token("AKIDEXAMPLE"));
    let ask = (Method::POST, AUTHENTICATE_PATH, &*token);
    let thrice = [ask.clone(), ask.clone(), ask.clone()];
    check(
        answering(200, caller("alice")),
        &thrice,
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="success"} 3
aws_iam_authenticator_sts_responses_total{ResponseCode="200",StsRegion="us-west-2"} 1
eks_auth_identity_cache_total{use="hit"} 2
eks_auth_identity_cache_total{use="miss"} 1
eks_auth_review_seconds_count{kind="TokenReview"} 3
eks_auth_reviews_total{kind="TokenReview",verdict="granted",code="ok"} 3
eks_auth_sts_seconds_count 1
"#,
    )
    .await;
    check(
        answering(200, caller("bob")),
        from_ref(&ask),
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="uknown_user"} 1
aws_iam_authenticator_sts_responses_total{ResponseCode="200",StsRegion="us-west-2"} 1
eks_auth_identity_cache_total{use="miss"} 1
eks_auth_review_seconds_count{kind="TokenReview"} 1
eks_auth_reviews_total{kind="TokenReview",verdict="refused",code="not-mapped"} 1
eks_auth_sts_seconds_count 1
"#,
    )
    .await;
    let throttled = fault("Throttling");
    check(
        answering(400, throttled),
        from_ref(&ask),
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="sts_throttling"} 1
aws_iam_authenticator_sts_responses_total{ResponseCode="400",StsRegion="us-west-2"} 1
aws_iam_authenticator_sts_throttling_total{StsRegion="us-west-2"} 1
eks_auth_identity_cache_total{use="miss"} 1
eks_auth_review_seconds_count{kind="TokenReview"} 1
eks_auth_reviews_total{kind="TokenReview",verdict="failed",code="throttled"} 1
eks_auth_sts_seconds_count 1
"#,
    )
    .await;
    let expired = fault("ExpiredToken");
    check(
        answering(403, expired),
        from_ref(&ask),
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="sts_error"} 1
aws_iam_authenticator_sts_responses_total{ResponseCode="403",StsRegion="us-west-2"} 1
eks_auth_identity_cache_total{use="miss"} 1
eks_auth_review_seconds_count{kind="TokenReview"} 1
eks_auth_reviews_total{kind="TokenReview",verdict="refused",code="expired-session-token"} 1
eks_auth_sts_seconds_count 1
"#,
    )
    .await;
    check(
        webhooks(Arc::new(Unreachable)),
        from_ref(&ask),
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="sts_error"} 1
aws_iam_authenticator_sts_connection_failures_total{StsRegion="us-west-2"} 1
eks_auth_identity_cache_total{use="miss"} 1
eks_auth_review_seconds_count{kind="TokenReview"} 1
eks_auth_reviews_total{kind="TokenReview",verdict="failed",code="sts-unreachable"} 1
"#,
    )
    .await;
    let no_caller = answering(200, String::new());
    let junk = review("junk");
    let junk = (Method::POST, AUTHENTICATE_PATH, &*junk);
    check(
        no_caller,
        &[junk],
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="invalid_token"} 1
eks_auth_identity_cache_total{use="unused"} 1
eks_auth_review_seconds_count{kind="TokenReview"} 1
eks_auth_reviews_total{kind="TokenReview",verdict="refused",code="not-a-token"} 1
"#,
    )
    .await;
    let unread = [
        (Method::POST, AUTHENTICATE_PATH, "{}"),
        (Method::GET, AUTHENTICATE_PATH, ""),
        (Method::GET, AUTHORIZE_PATH, ""),
    ];
    let with_access =
        answering(200, String::new()).with_access_reviews(KubernetesVersion::default());
    check(
        with_access,
        &unread,
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="malformed_request"} 2
eks_auth_review_seconds_count{kind="TokenReview"} 1
eks_auth_reviews_total{kind="TokenReview",verdict="malformed",code="kind"} 1
"#,
    )
    .await;
}

#[tokio::test]
async fn each_outcome_of_an_access_review_has_its_samples() {
    let body = |groups: &str| {
        format!(
            r#"{{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{{"nonResourceAttributes":{{"path":"/metrics","verb":"get"}},"user":"jane","groups":["{groups}"]}}}}"#
        )
    };
    let (allowed, refused) = (body("system:masters"), body("devs"));
    let requests =
        [&*allowed, &*allowed, &*refused].map(|body| (Method::POST, AUTHORIZE_PATH, body));
    let asked = || answering(200, String::new()).with_access_reviews(KubernetesVersion::default());
    let with_policy = asked();
    with_policy
        .rules()
        .update(|now| now.with_policy(Policy::default()));
    check(
        with_policy,
        &requests,
        r#"
eks_auth_review_seconds_count{kind="SubjectAccessReview"} 3
eks_auth_reviews_total{kind="SubjectAccessReview",verdict="granted",code="ok"} 2
eks_auth_reviews_total{kind="SubjectAccessReview",verdict="refused",code="not-allowed"} 1
eks_auth_rules_generation 1
"#,
    )
    .await;
    check(
        asked(),
        &requests,
        r#"
eks_auth_review_seconds_count{kind="SubjectAccessReview"} 3
eks_auth_reviews_total{kind="SubjectAccessReview",verdict="failed",code="policy-not-loaded"} 3
"#,
    )
    .await;
}

#[tokio::test]
async fn each_limit_that_sheds_a_review_is_counted() {
    let token = review(&token("AKIDEXAMPLE"));
    let ask = (Method::POST, AUTHENTICATE_PATH, &*token);
    let full = answering(200, caller("alice")).with_max_requests(0);
    check(
        full,
        from_ref(&ask),
        r#"
eks_auth_requests_shed_total{limit="requests"} 1
"#,
    )
    .await;
    let slow = answering(200, caller("alice")).with_client_rate(NonZeroU32::MIN);
    check(
        slow,
        &[ask.clone(), ask.clone()],
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="success"} 1
aws_iam_authenticator_sts_responses_total{ResponseCode="200",StsRegion="us-west-2"} 1
eks_auth_identity_cache_total{use="miss"} 1
eks_auth_requests_shed_total{limit="client-rate"} 1
eks_auth_review_seconds_count{kind="TokenReview"} 1
eks_auth_reviews_total{kind="TokenReview",verdict="granted",code="ok"} 1
eks_auth_sts_seconds_count 1
"#,
    )
    .await;
}

/// No review may call STS, and none may wait for a call.
#[tokio::test]
async fn a_review_that_may_not_wait_for_sts_is_shed() {
    let metrics = Arc::new(Metrics::new());
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let identities =
        Identities::new(authenticator(), sts.clone(), Arc::clone(&metrics)).with_sts_calls(0, 0, 0);
    let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
    let webhooks = Webhooks::new(identities, rules, metrics, Arc::new(()));
    let body = review(&token("AKIDEXAMPLE"));
    let answer = webhooks
        .respond(&Method::POST, AUTHENTICATE_PATH, body.as_bytes(), PEER)
        .await;
    assert_eq!((answer.status().as_u16(), sts.calls()), (503, 0));
    check(
        webhooks,
        &[],
        r#"
aws_iam_authenticator_authenticate_latency_seconds_count{result="sts_error"} 1
eks_auth_identity_cache_total{use="miss"} 1
eks_auth_requests_shed_total{limit="sts-waiting"} 1
eks_auth_review_seconds_count{kind="TokenReview"} 1
eks_auth_reviews_total{kind="TokenReview",verdict="shed",code="sts-overloaded"} 1
"#,
    )
    .await;
}

#[test]
fn metrics_of_the_program_are_encoded_with_the_others() {
    let (metrics, counter) = (Metrics::new(), Counter::<u64>::default());
    metrics.register(|registry| registry.register("sparks", "Sparks", counter.clone()));
    counter.inc_by(3);
    let snapshot = Snapshot::new(identity_map(RULES));
    assert_eq!(changed(&metrics, &snapshot), "\nsparks_total 3\n");
}

/// The states belong to the snapshot that is asked about.
#[test]
fn states_are_those_of_the_snapshot() {
    let metrics = Metrics::new();
    let second = SystemTime::UNIX_EPOCH + Duration::from_millis(1_500);
    let backend = |kind| Backend::new(kind, Rules::new());
    let map = |kinds: &[BackendKind]| {
        kinds.iter().fold(IdentityMap::new(), |map, kind| {
            map.with_backend(backend(*kind))
        })
    };
    let rules = SharedSnapshot::new(Snapshot::new(map(&[BackendKind::DynamicFile])));
    let (good, new) = (SourceStatus::new("good"), SourceStatus::new("new"));
    let good = good.succeeded(second);
    rules.update(|now| now.with_source(good.clone()).with_source(new.clone()));
    assert_eq!(
        changed(&metrics, &rules.load()),
        r#"
aws_iam_authenticator_dynamic_file_only 1
eks_auth_rules_generation 1
eks_auth_source_healthy{source="good"} 1
eks_auth_source_healthy{source="new"} 0
eks_auth_source_last_good_timestamp_seconds{source="good"} 1.5
"#
    );
    let good_again = good.clone().failed("it is gone").succeeded(second);
    assert_eq!(good_again.last_error(), None);
    assert_eq!(good_again.last_good(), Some(second));
    let both = map(&[BackendKind::DynamicFile, BackendKind::EksConfigMap]);
    let both = Arc::new(both);
    let bad = good.clone().failed("it is gone");
    rules.update(|now| {
        now.with_identity_map(Arc::clone(&both))
            .with_source(bad.clone())
    });
    assert_eq!(
        changed(&metrics, &rules.load()),
        r#"
aws_iam_authenticator_dynamic_file_enabled 1
eks_auth_rules_generation 2
eks_auth_source_healthy{source="good"} 0
eks_auth_source_healthy{source="new"} 0
eks_auth_source_last_good_timestamp_seconds{source="good"} 1.5
"#
    );
}

#[test]
fn what_only_the_program_knows_is_counted() {
    let metrics = Metrics::new();
    metrics.record_lost();
    metrics.dynamic_file_failed();
    metrics.dynamic_file_changed(DynamicFile::Rules, Duration::from_secs(2));
    metrics.dynamic_file_changed(DynamicFile::BackendModes, Duration::from_secs(2));
    metrics.read_config_map_watch_failures(|| 3);
    // The first value counts.
    metrics.read_config_map_watch_failures(|| 4);
    let snapshot = Snapshot::new(identity_map(RULES));
    assert_eq!(
        changed(&metrics, &snapshot),
        r#"
aws_iam_authenticator_configmap_watch_failures_total 3
aws_iam_authenticator_dynamic_e2e_latency_seconds_count{type="dynamic_backend_mode"} 1
aws_iam_authenticator_dynamic_e2e_latency_seconds_count{type="dynamic_file"} 1
aws_iam_authenticator_dynamicfile_failures_total 1
eks_auth_records_lost_total 1
"#
    );
}
