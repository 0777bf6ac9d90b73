//! What is noted and counted of each review, for each way that it can end.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_auth_map::IdentityMap;
use eks_auth::{Transport, TransportError, TransportErrorKind, UnixTime};
use eks_auth_server::{
    CacheSettings, Identities, Metrics, Observer, ReviewRecord, ServerEvent, SharedSnapshot,
    Snapshot, Verdict, Webhooks,
};
use http::{Method, Request, Response};
use k8s_rbac::KubernetesVersion;

use crate::support::{
    HOST, RULES, authenticator, caller, fault, identity_map, review, token, token_with_session,
};

/// What a test compares of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Noted {
    verdict: Verdict,
    code: String,
    reason: String,
    /// The access key id, the region and the host of the token.
    token: Option<[String; 3]>,
    generation: u64,
    request_id: String,
}

#[derive(Default)]
struct Records(Mutex<Vec<Noted>>);

impl Observer for Records {
    fn review(&self, record: &ReviewRecord<'_>) {
        let token = record
            .token
            .map(|facts| [facts.access_key_id(), facts.region(), facts.host()].map(str::to_owned));
        self.0.lock().unwrap().push(Noted {
            verdict: record.verdict,
            code: record.code.to_owned(),
            reason: record.reason.to_owned(),
            token,
            generation: record.generation,
            request_id: record.request_id.to_owned(),
        });
    }

    fn event(&self, _: &ServerEvent<'_>) {}
}

type Answer = Result<(u16, String), TransportErrorKind>;

/// Answers every request alike, except those of the access key `AKIDSILENT`.
struct Always(Answer);

impl Transport for Always {
    async fn send(&self, request: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        if request.uri().to_string().contains("AKIDSILENT") {
            return std::future::pending().await;
        }
        let (status, body) = self.0.clone()?;
        let answer = Response::builder()
            .status(status)
            .header("content-type", "application/json");
        Ok(answer.body(body.into_bytes()).unwrap())
    }
}

/// Webhooks in the first generation after the start, which repeat no call to STS.
fn webhooks(answer: Answer, records: &Arc<Records>, metrics: &Arc<Metrics>) -> Webhooks {
    let rules = SharedSnapshot::new(Snapshot::new(IdentityMap::new()));
    let map = Arc::new(identity_map(RULES));
    rules.update(|now| now.with_identity_map(Arc::clone(&map)));
    let sts = Arc::new(Always(answer));
    let identities = Identities::new(authenticator(), sts, Arc::clone(metrics))
        .with_sts_retries(0)
        .with_sts_calls(2, 1, 0);
    Webhooks::new(identities, rules, Arc::clone(metrics), records.clone())
        .with_access_reviews(KubernetesVersion::default())
}

async fn respond(webhooks: &Webhooks, path: &str, body: &str) -> u16 {
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let answer = webhooks.respond(&Method::POST, path, body.as_bytes(), peer);
    answer.await.status().as_u16()
}

#[tokio::test]
async fn each_end_of_a_review_is_noted_and_counted() {
    let login = review(&token("AKIDEXAMPLE"));
    let access = r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"user":"jane",
        "nonResourceAttributes":{"verb":"get","path":"/metrics"}}}"#;
    let upstream = "aws_iam_authenticator_sts_";
    let region = "{StsRegion=\"us-west-2\"} 1";
    for (answer, path, body, status, noted, counted) in [
        (
            Ok((200, caller("alice"))),
            "/authenticate",
            login.as_str(),
            200,
            (Verdict::Granted, "ok", "", true, 1),
            format!("{upstream}responses_total{{ResponseCode=\"200\",StsRegion=\"us-west-2\"}} 1"),
        ),
        (
            Ok((200, caller("mallory"))),
            "/authenticate",
            &login,
            200,
            (Verdict::Refused, "not-mapped", "no rule", true, 1),
            "eks_auth_reviews_total{kind=\"TokenReview\",verdict=\"refused\",code=\"not-mapped\"} 1".to_owned(),
        ),
        (
            Ok((403, fault("AccessDenied"))),
            "/authenticate",
            &login,
            200,
            (Verdict::Refused, "access-denied", "STS", true, 1),
            format!("{upstream}responses_total{{ResponseCode=\"403\",StsRegion=\"us-west-2\"}} 1"),
        ),
        (
            Ok((400, fault("Throttling"))),
            "/authenticate",
            &login,
            429,
            (Verdict::Failed, "throttled", "STS", true, 1),
            format!("{upstream}throttling_total{region}"),
        ),
        (
            Err(TransportErrorKind::Connect),
            "/authenticate",
            &login,
            500,
            (Verdict::Failed, "sts-unreachable", "no connection to STS", true, 1),
            format!("{upstream}connection_failures_total{region}"),
        ),
        (
            Ok((200, String::new())),
            "/authenticate",
            r#"{"kind":"Pod"}"#,
            400,
            (Verdict::Malformed, "kind", "TokenReview", false, 0),
            "result=\"malformed_request\"} 1".to_owned(),
        ),
        (
            Ok((200, String::new())),
            "/authorize",
            access,
            500,
            (Verdict::Failed, "policy-not-loaded", "not loaded", false, 1),
            "code=\"policy-not-loaded\"} 1".to_owned(),
        ),
    ] {
        let (records, metrics) = (Arc::<Records>::default(), Arc::<Metrics>::default());
        let webhooks = webhooks(answer, &records, &metrics);
        assert_eq!(respond(&webhooks, path, body).await, status, "{noted:?}");
        let records = records.0.lock().unwrap().clone();
        let [record] = <[Noted; 1]>::try_from(records).unwrap();
        let (verdict, code, part, has_token, generation) = noted;
        assert_eq!((record.verdict, record.code.as_str()), (verdict, code));
        assert_eq!(record.reason.is_empty(), part.is_empty(), "{record:?}");
        assert!(record.reason.contains(part), "{record:?}");
        assert_eq!(record.generation, generation, "{record:?}");
        let facts = ["AKIDEXAMPLE", "us-west-2", HOST].map(str::to_owned);
        assert_eq!(record.token, has_token.then_some(facts));
        let text = metrics.encode(&Snapshot::new(IdentityMap::new()));
        assert!(text.contains(&counted), "{counted}\n{text}");
    }
}

#[tokio::test]
async fn every_request_has_a_number_of_its_own() {
    let (records, metrics) = (Arc::<Records>::default(), Arc::<Metrics>::default());
    let webhooks = webhooks(Ok((200, caller("alice"))), &records, &metrics);
    for _ in 0..3 {
        respond(&webhooks, "/authenticate", "{}").await;
    }
    let records = records.0.lock().unwrap();
    let ids: std::collections::BTreeSet<&str> =
        records.iter().map(|r| r.request_id.as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| id.len() > 16), "{ids:?}");
}

/// A caller who was let in once has a call that strangers cannot take.
#[tokio::test]
async fn a_known_caller_is_let_in_while_strangers_are_shed() {
    let (records, metrics) = (Arc::<Records>::default(), Arc::<Metrics>::default());
    let webhooks = Arc::new(webhooks(Ok((200, caller("alice"))), &records, &metrics));
    assert_eq!(webhooks.identities().free_sts_calls(), 2);
    let alice = |session| review(&token_with_session("AKIDALICE", session));
    assert_eq!(respond(&webhooks, "/authenticate", &alice("1")).await, 200);
    let silent = tokio::spawn({
        let webhooks = Arc::clone(&webhooks);
        async move { respond(&webhooks, "/authenticate", &review(&token("AKIDSILENT"))).await }
    });
    while webhooks.identities().free_sts_calls() == 2 {
        tokio::task::yield_now().await;
    }
    let stranger = review(&token("AKIDSTRANGER"));
    assert_eq!(respond(&webhooks, "/authenticate", &stranger).await, 503);
    assert_eq!(respond(&webhooks, "/authenticate", &alice("2")).await, 200);
    let records = records.0.lock().unwrap();
    let verdicts: Vec<Verdict> = records.iter().map(|record| record.verdict).collect();
    assert_eq!(
        verdicts,
        [Verdict::Granted, Verdict::Shed, Verdict::Granted]
    );
    silent.abort();
}

#[tokio::test]
async fn remembered_identities_are_counted() {
    let identities = Identities::new(
        authenticator(),
        Arc::new(Always(Ok((200, caller("alice"))))),
        Arc::default(),
    );
    assert_eq!(identities.remembered(), 0);
    let now = UnixTime::try_from(std::time::SystemTime::now()).unwrap();
    // The count is brought up to date after some insertions.
    for number in 0..1_000 {
        identities
            .identify(&token(&format!("AKID{number}")), now)
            .await;
        if identities.remembered() > 1 {
            return;
        }
    }
    panic!("none of 1,000 is counted");
}

#[test]
fn every_setting_of_the_cache_is_kept() {
    let settings = CacheSettings::default()
        .with_bytes(1)
        .with_positive_ttl(Duration::from_secs(2))
        .with_negative_ttl(Duration::from_secs(3));
    assert_eq!(
        format!("{settings:?}"),
        "CacheSettings { bytes: 1, positive_ttl: 2s, negative_ttl: 3s }"
    );
}
