//! Faults of STS on real sockets, and the answer to a review for each.

use std::sync::Arc;
use std::time::Duration;

use eks_auth::{Transport as _, TransportErrorKind};
use eks_auth_server::{
    Identities, Metrics, SharedSnapshot, Snapshot, StsClient, StsProxy, Webhooks,
};
use http::Request;

use crate::support::{
    Act, Authority, HOST, Notes, RULES, Running, Sts, authenticator, caller, exchange, fault, http,
    identities, identity_map, post, provider, review, short, soon, token, webhooks,
};

const JSON: &str = "application/json";

type Acts = Box<dyn Fn(usize) -> Act + Send + Sync>;

/// Each fault: the act of STS, the status of the review, a part of the answer, and how often STS was
/// asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_sts_has_its_answer() {
    let good = || http(200, JSON, &caller("alice"));
    let always = |act: Act| move |_: usize| act.clone();
    let at_first = |act: Act| {
        let good = http(200, JSON, &caller("alice"));
        move |number: usize| match number {
            0 => act.clone(),
            _ => Act::Answer(good.clone()),
        }
    };
    let no = "\"authenticated\":false";
    let yes = "\"username\":\"alice\"";
    let page = "<html>a portal</html>";
    let redirect =
        b"HTTP/1.1 302 Found\r\nlocation: https://example.com/\r\ncontent-length: 0\r\n\r\n";
    let mut truncated = http(200, JSON, &caller("alice"));
    truncated.truncate(truncated.len() - 20);
    let other = caller("alice").replacen("111122223333", "444455556666", 1);
    let cases: Vec<(&'static str, Acts, u16, &'static str, usize)> = vec![
        ("good", Box::new(always(Act::Answer(good()))), 200, yes, 1),
        ("slow", Box::new(always(Act::Hang)), 500, "(sts-timeout)", 2),
        (
            "late at first",
            Box::new(at_first(Act::Late(Duration::from_secs(2), good()))),
            200,
            yes,
            2,
        ),
        (
            "resets",
            Box::new(always(Act::Close)),
            500,
            "(sts-interrupted)",
            3,
        ),
        (
            "resets at first",
            Box::new(at_first(Act::Close)),
            200,
            yes,
            2,
        ),
        (
            "redirects",
            Box::new(always(Act::Answer(redirect.to_vec()))),
            500,
            "(redirected)",
            1,
        ),
        (
            "throttles",
            Box::new(always(Act::Answer(http(400, JSON, &fault("Throttling"))))),
            429,
            "(throttled)",
            3,
        ),
        (
            "throttles at first",
            Box::new(at_first(Act::Answer(http(400, JSON, &fault("Throttling"))))),
            200,
            yes,
            2,
        ),
        (
            "is unavailable",
            Box::new(always(Act::Answer(http(503, "text/html", page)))),
            500,
            "status 503",
            3,
        ),
        (
            "truncates",
            Box::new(always(Act::AnswerAndClose(truncated))),
            500,
            "(sts-interrupted)",
            3,
        ),
        (
            "is huge",
            Box::new(always(Act::Answer(http(200, JSON, &"x".repeat(1 << 20))))),
            500,
            "(response-too-long)",
            1,
        ),
        (
            "answers a page",
            Box::new(always(Act::Answer(http(200, "text/html", page)))),
            500,
            "(malformed-response)",
            1,
        ),
        (
            "answers with another account",
            Box::new(always(Act::Answer(http(200, JSON, &other)))),
            500,
            "(inconsistent-response)",
            1,
        ),
        (
            "refuses",
            Box::new(always(Act::Answer(http(
                403,
                JSON,
                &fault("SignatureDoesNotMatch"),
            )))),
            200,
            no,
            1,
        ),
        (
            "is a proxy that refuses",
            Box::new(always(Act::Answer(http(403, "text/html", page)))),
            500,
            "(sts-error)",
            1,
        ),
    ];
    let mut running = tokio::task::JoinSet::new();
    for (name, act, status, part, calls) in cases {
        running.spawn(one_fault(name, act, status, part, calls));
    }
    running.join_all().await;
}

async fn one_fault(name: &str, act: Acts, status: u16, part: &str, calls: usize) {
    let sts = Sts::start(act).await;
    // The deadline is short only if it must pass: on a busy machine, a good answer may take a
    // while.
    let (attempt, deadline) = match name {
        "slow" | "late at first" => (Duration::from_millis(700), Duration::from_secs(2)),
        _ => (Duration::from_secs(30), Duration::from_secs(60)),
    };
    let client = sts.client().attempt_timeout(attempt);
    let notes = Arc::new(Notes::default());
    let webhooks = webhooks_within(client.build().unwrap(), deadline, &notes);
    let running = Running::start(webhooks, short(), None).await;
    let request = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let (got, body) = soon(exchange(running.address, &request)).await.unwrap();
    assert_eq!(got, status, "{name}: {body}");
    assert!(body.contains(part), "{name}: {body}");
    // If STS hangs, the deadline ends the repetitions.
    let asked = sts.requests();
    assert!(
        asked == calls || name == "slow" && asked <= 3,
        "{name}: {asked} calls"
    );
    // Neither the answer nor the record contains a part of the token.
    let record = notes.lines.lock().unwrap().join("\n");
    for secret in ["X-Amz-Signature", "k8s-aws-v1"] {
        assert!(
            !record.contains(secret) && !body.contains(secret),
            "{name}: {record}"
        );
    }
    running.stop().await;
}

fn webhooks_within(client: StsClient, deadline: Duration, notes: &Arc<Notes>) -> Webhooks {
    let metrics = Arc::new(Metrics::new());
    let identities = Identities::new(authenticator(), Arc::new(client), Arc::clone(&metrics))
        .with_sts_deadline(deadline);
    let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
    Webhooks::new(identities, rules, metrics, notes.clone())
}

/// STS refuses connections, its name does not resolve, or its certificate has another name.
#[tokio::test]
async fn an_sts_that_cannot_be_reached_is_a_failure() {
    let sts = Sts::start(|_| Act::Answer(http(200, JSON, &caller("alice")))).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let ask = |client: StsClient| async move {
        let uri = format!("https://{HOST}/?Action=GetCallerIdentity&X-Amz-Signature=secret");
        let request = Request::builder().uri(uri).body(()).unwrap();
        client.send(request).await.unwrap_err()
    };
    let refused = sts.client().address(HOST, closed).build().unwrap();
    let untrusted = StsClient::builder()
        .address(HOST, sts.address)
        .root_certificate(Authority::new().pem().as_bytes())
        .build()
        .unwrap();
    for client in [refused, untrusted] {
        let error = ask(client).await;
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    assert_eq!(sts.requests(), 0);
}

/// STS gets the accepted request, on connections that are used again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_sts_are_reused() {
    let sts = Sts::start(|_| Act::Answer(http(200, JSON, &caller("alice")))).await;
    let identities = identities(Arc::new(sts.client().build().unwrap())).without_cache();
    let now = std::time::SystemTime::now().try_into().unwrap();
    for number in 0..20 {
        let token = token(&format!("AKID{number}"));
        let identity = identities.identify(&token, now).await.outcome.unwrap();
        assert_eq!(identity.access_key_id(), Some(&*format!("AKID{number}")));
    }
    // A connection may still be on its way back to the pool when the next request starts.
    let connections = sts.connections.load(std::sync::atomic::Ordering::SeqCst);
    assert!(connections < 5, "{connections}");
    let heads = sts.heads.lock().unwrap();
    for head in heads.iter() {
        assert!(
            head.starts_with("GET /?Action=GetCallerIdentity&"),
            "{head}"
        );
        assert!(head.contains("x-k8s-aws-id: demo\r\n"), "{head}");
        for unwanted in ["accept-encoding", "cookie", "referer"] {
            assert!(!head.contains(unwanted), "{head}");
        }
    }
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_errors() {
    provider();
    let builder = StsClient::builder;
    let proxy = StsProxy::Url("::".to_owned());
    for client in [
        builder().proxy(proxy),
        builder().root_certificate(b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"),
    ] {
        let error = client.build().unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Setup);
    }
}

/// A refusal names the code of STS; the reason is in the record, but not in the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reason_of_a_refusal_is_recorded_and_not_answered() {
    let sts = Sts::start(|_| Act::Answer(http(403, JSON, &fault("ExpiredToken")))).await;
    let notes = Arc::new(Notes::default());
    let webhooks = webhooks(Arc::new(sts.client().build().unwrap()), &notes);
    let running = Running::start(webhooks, short(), None).await;
    let request = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let (_, body) = exchange(running.address, &request).await.unwrap();
    assert!(!body.to_lowercase().contains("expired"), "{body}");
    let lines = notes.lines.lock().unwrap().join("\n");
    for part in ["Refused", "expired", "AKIDEXAMPLE", "us-west-2"] {
        assert!(lines.contains(part), "{part}: {lines}");
    }
    running.stop().await;
}
