//! The messages to observers: the record of each review, and the line of each event.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eks_auth::Identity;
use eks_auth_server::{
    AUTHENTICATE_PATH, AUTHORIZE_PATH, CacheSettings, Metrics, Observer, ReviewRecord, ServerEvent,
    ServerTls, SharedSnapshot, Snapshot, SourceStatus, StatusCodes, Webhooks,
};
use http::Method;
use k8s_rbac::{KubernetesVersion, Policy};

use crate::support::{
    Counting, Files, RULES, caller, fault, identities, identity_map, provider, review, token,
};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Keeps the content of a record, without times, and the numbers of requests.
#[derive(Default)]
struct Records {
    lines: Mutex<Vec<String>>,
    ids: Mutex<BTreeSet<String>>,
}

impl Observer for Records {
    fn review(&self, record: &ReviewRecord<'_>) {
        assert_eq!(record.peer, PEER);
        self.ids
            .lock()
            .unwrap()
            .insert(record.request_id.to_owned());
        let token = record.token.map(|token| {
            let (key, region, host) = (token.access_key_id(), token.region(), token.host());
            format!("{key} of {region} at {host}")
        });
        let line = format!(
            "{} {}: {} ({:?}); token {}; arn {}; user {} {:?}; asks {}; cache {}, STS asked {}; rules {}",
            record.kind.as_str(),
            record.verdict.as_str(),
            record.code,
            record.reason,
            token.as_deref().unwrap_or("-"),
            record.identity.map_or("-", Identity::arn),
            record.username.unwrap_or("-"),
            record.groups,
            record.question.unwrap_or("-"),
            record.cache.as_str(),
            record.sts_time.is_some(),
            record.generation,
        );
        self.lines.lock().unwrap().push(line);
    }

    fn event(&self, _: &ServerEvent<'_>) {}
}

#[tokio::test]
async fn a_record_has_what_is_known_of_the_review() {
    let known = review(&token("AKIDEXAMPLE"));
    let access = |user: &str, group: &str| {
        format!(
            r#"{{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{{"nonResourceAttributes":{{"path":"/metrics","verb":"get"}},"user":"{user}","groups":["{group}"]}}}}"#
        )
    };
    let refused = (403, fault("ExpiredToken"));
    let mut different = Vec::new();
    for (sts, path, body, expected) in [
        (
            (200, caller("alice")),
            AUTHENTICATE_PATH,
            known.clone(),
            "TokenReview granted: ok (\"\"); token AKIDEXAMPLE of us-west-2 at sts.us-west-2.amazonaws.com; arn arn:aws:iam::111122223333:user/alice; user alice [\"devs\"]; asks -; cache miss, STS asked true; rules 1",
        ),
        (
            (200, caller("bob")),
            AUTHENTICATE_PATH,
            known.clone(),
            "TokenReview refused: not-mapped (\"no rule maps this identity to a user\"); token AKIDEXAMPLE of us-west-2 at sts.us-west-2.amazonaws.com; arn arn:aws:iam::111122223333:user/bob; user - []; asks -; cache miss, STS asked true; rules 1",
        ),
        (
            refused,
            AUTHENTICATE_PATH,
            known.clone(),
            "TokenReview refused: expired-session-token (\"STS refused the request: ExpiredToken\"); token AKIDEXAMPLE of us-west-2 at sts.us-west-2.amazonaws.com; arn -; user - []; asks -; cache miss, STS asked true; rules 1",
        ),
        (
            (500, String::new()),
            AUTHENTICATE_PATH,
            known,
            "TokenReview failed: sts-error (\"STS failed with status 500\"); token AKIDEXAMPLE of us-west-2 at sts.us-west-2.amazonaws.com; arn -; user - []; asks -; cache miss, STS asked true; rules 1",
        ),
        (
            (200, String::new()),
            AUTHENTICATE_PATH,
            review("junk"),
            "TokenReview refused: not-a-token (\"the token does not start with `k8s-aws-v1.`\"); token -; arn -; user - []; asks -; cache unused, STS asked false; rules 1",
        ),
        (
            (200, String::new()),
            AUTHENTICATE_PATH,
            "{}".to_owned(),
            "TokenReview malformed: kind (\"`kind` is not `TokenReview`\"); token -; arn -; user - []; asks -; cache unused, STS asked false; rules 0",
        ),
        (
            (200, String::new()),
            AUTHENTICATE_PATH,
            r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v2","spec":{"token":"junk"}}"#.to_owned(),
            "TokenReview malformed: api-version (\"`apiVersion` is not `authentication.k8s.io/v1` or `authentication.k8s.io/v1beta1`\"); token -; arn -; user - []; asks -; cache unused, STS asked false; rules 0",
        ),
        (
            (200, String::new()),
            AUTHENTICATE_PATH,
            r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{}}"#.to_owned(),
            "TokenReview malformed: no-token (\"`spec.token` is missing or empty\"); token -; arn -; user - []; asks -; cache unused, STS asked false; rules 0",
        ),
        (
            (200, String::new()),
            AUTHORIZE_PATH,
            access("jane", "system:masters"),
            "SubjectAccessReview granted: ok (\"\"); token -; arn -; user jane [\"system:masters\"]; asks get /metrics; cache unused, STS asked false; rules 1",
        ),
        (
            (200, String::new()),
            AUTHORIZE_PATH,
            access("jane", "devs"),
            "SubjectAccessReview refused: not-allowed (\"\"); token -; arn -; user jane [\"devs\"]; asks get /metrics; cache unused, STS asked false; rules 1",
        ),
        (
            (200, String::new()),
            AUTHORIZE_PATH,
            "{}".to_owned(),
            "SubjectAccessReview malformed: kind (\"`kind` is not `SubjectAccessReview`\"); token -; arn -; user - []; asks -; cache unused, STS asked false; rules 0",
        ),
    ] {
        let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
        rules.update(|now| now.with_policy(Policy::default()));
        let records = Arc::new(Records::default());
        let identities = identities(Counting::answering(&[sts])).with_sts_retries(0);
        let webhooks = Webhooks::new(identities, rules, Arc::default(), records.clone())
            .with_access_reviews(KubernetesVersion::default());
        webhooks
            .respond(&Method::POST, path, body.as_bytes(), PEER)
            .await;
        let lines = records.lines.lock().unwrap().join("\n");
        if lines != expected {
            different.push(lines);
        }
    }
    assert_eq!(different, [""; 0]);
}

/// Each row: the policy, and the record of a request for `/metrics` by jane.
#[tokio::test]
async fn a_record_of_an_access_review_has_its_reason() {
    let objects = serde_json::from_value(serde_json::json!({
        "clusterRoles": [{"metadata": {"name": "read"}, "rules": [
            {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}]}],
        "clusterRoleBindings": [{
            "metadata": {"name": "jane"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "read"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]}],
    }))
    .unwrap();
    let body = r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"nonResourceAttributes":{"path":"/metrics","verb":"get"},"user":"jane"}}"#;
    for (policy, expected) in [
        (
            Some(Policy::new(objects)),
            "SubjectAccessReview granted: ok (\"RBAC: allowed by ClusterRoleBinding \\\"jane\\\" of ClusterRole \\\"read\\\" to User \\\"jane\\\"\"); token -; arn -; user jane []; asks get /metrics; cache unused, STS asked false; rules 1",
        ),
        (
            None,
            "SubjectAccessReview failed: policy-not-loaded (\"the RBAC policy is not loaded\"); token -; arn -; user - []; asks -; cache unused, STS asked false; rules 1",
        ),
    ] {
        let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
        rules.update(|now| match &policy {
            Some(policy) => now.with_policy(policy.clone()),
            None => now.with_source(SourceStatus::new("rules")),
        });
        let records = Arc::new(Records::default());
        let identities = identities(Counting::answering(&[(200, String::new())]));
        let webhooks = Webhooks::new(identities, rules, Arc::default(), records.clone())
            .with_access_reviews(KubernetesVersion::default());
        webhooks
            .respond(&Method::POST, AUTHORIZE_PATH, body.as_bytes(), PEER)
            .await;
        assert_eq!(records.lines.lock().unwrap().join("\n"), expected);
    }
}

#[tokio::test]
async fn each_review_has_a_number_of_its_own() {
    let records = Arc::new(Records::default());
    for _ in 0..2 {
        let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
        let identities = identities(Counting::answering(&[(200, caller("alice"))]));
        let webhooks = Webhooks::new(identities, rules, Arc::default(), records.clone());
        for _ in 0..2 {
            webhooks
                .respond(&Method::POST, AUTHENTICATE_PATH, b"{}", PEER)
                .await;
        }
    }
    let ids = records.ids.lock().unwrap();
    assert_eq!(ids.len(), 4, "{ids:?}");
    // The number has a random part for each instance, and a count.
    let (instances, counts): (BTreeSet<&str>, BTreeSet<&str>) =
        ids.iter().filter_map(|id| id.split_once('-')).unzip();
    assert_eq!((instances.len(), counts), (2, BTreeSet::from(["1", "2"])));
    assert!(
        instances.iter().all(|instance| instance.len() == 16),
        "{ids:?}"
    );
}

#[test]
fn each_event_is_a_line() {
    let peer = SocketAddr::from(([192, 0, 2, 1], 4711));
    let error = io::Error::other("no file is left");
    for (event, line) in [
        (
            ServerEvent::AcceptFailed(&error),
            "no connection can be accepted: no file is left",
        ),
        (
            ServerEvent::CertificateKept("no such file"),
            "the certificate was not reloaded, the one before stays: no such file",
        ),
        (
            ServerEvent::CertificateReloaded,
            "the certificate was reloaded",
        ),
        (
            ServerEvent::ConnectionCut {
                peer,
                limit: "idle-timeout",
            },
            "closed the connection of 192.0.2.1:4711: limit idle-timeout",
        ),
        (
            ServerEvent::Draining { connections: 3 },
            "stopping: finishing the requests of 3 connections",
        ),
        (ServerEvent::Drained { abandoned: 0 }, "stopped"),
        (
            ServerEvent::Drained { abandoned: 2 },
            "stopped; 2 connections were still open at the deadline",
        ),
        (
            ServerEvent::HandshakeFailed {
                peer,
                error: &error,
            },
            "TLS handshake with 192.0.2.1:4711 failed: no file is left",
        ),
    ] {
        assert_eq!(event.to_string(), line);
    }
}

/// The text is for the logs of a program: it has settings, and no secrets.
#[test]
fn debug_shows_the_settings() {
    provider();
    let files = Files::new("debug");
    let tls = ServerTls::load(files.tls_files()).unwrap();
    assert_eq!(
        format!("{tls:?}"),
        format!("ServerTls {{ files: {:?}, .. }}", files.tls_files())
    );
    assert_eq!(format!("{:?}", Metrics::new()), "Metrics { .. }");
    let settings = CacheSettings::default().with_bytes(7);
    let identities = identities(Counting::answering(&[])).with_cache(settings);
    let cache = format!("cache: Some({settings:?})");
    let shown = format!("{identities:?}");
    assert!(
        shown.contains(&cache) && cache.contains("bytes: 7"),
        "{shown}"
    );
    let identities = identities
        .with_sts_deadline(Duration::from_secs(7))
        .without_cache();
    let shown = format!("{identities:?}");
    assert!(
        shown.ends_with(", cache: None, deadline: 7s, .. }"),
        "{shown}"
    );
    let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
    let webhooks = Webhooks::new(identities, rules, Arc::default(), Arc::new(()))
        .with_statuses(StatusCodes::Upstream);
    assert_eq!(
        format!("{webhooks:?}"),
        format!("Webhooks {{ identities: {shown}, statuses: Upstream, .. }}")
    );
}
