//! The client of STS, against an STS on a socket.

use std::sync::atomic::Ordering;
use std::time::Duration;

use eks_auth::{PostTransport as _, STS_CONNECT_TIMEOUT, Transport as _, TransportErrorKind};
use eks_auth_server::StsClient;
use http::Request;
use sts_presign::MAX_ANSWER_LEN;
use tokio::net::TcpListener;

use crate::support::{Act, HOST, Sts, http, provider};

fn request() -> Request<()> {
    let uri = format!("https://{HOST}/?Action=GetCallerIdentity");
    Request::builder().uri(uri).body(()).unwrap()
}

/// Each row: the length of an answer in several pieces, and whether the client reads it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_read_up_to_its_maximum_length() {
    for (length, is_read) in [
        (0, true),
        (MAX_ANSWER_LEN, true),
        (MAX_ANSWER_LEN + 1, false),
        (3 * MAX_ANSWER_LEN, false),
    ] {
        let body = "x".repeat(length);
        let answer = http(200, "text/plain", &body);
        let sts = Sts::start(move |_| Act::Answer(answer.clone())).await;
        let client = sts.client().build().unwrap();
        let expected = if is_read {
            Ok(body.into_bytes())
        } else {
            Err(TransportErrorKind::TooLong)
        };
        let found = client.send(request()).await;
        let found = found
            .map(http::Response::into_body)
            .map_err(|error| error.kind());
        assert!(found == expected, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_has_its_form_and_gets_its_answer() {
    let sts = Sts::start(|_| Act::AnswerAndClose(http(403, "text/xml", "<no/>"))).await;
    let client = sts.client().build().unwrap();
    let request = Request::post(format!("https://{HOST}/"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=AssumeRole")
        .unwrap();
    let answer = client.send_post(request).await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.headers()["content-type"], "text/xml");
    assert_eq!(answer.body(), b"<no/>");
    let heads = sts.heads.lock().unwrap();
    let [head] = heads.as_slice() else {
        panic!("{heads:?}");
    };
    assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-length: 17\r\n"), "{head}");
}

/// Without idle connections, each request has its own connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_is_kept_if_none_may_be() {
    let sts = Sts::start(|_| Act::Answer(http(200, "text/plain", "x"))).await;
    let client = sts.client().idle_connections(0).build().unwrap();
    for _ in 0..3 {
        client.send(request()).await.unwrap();
    }
    assert_eq!(sts.connections.load(Ordering::SeqCst), 3);
}

/// The server accepts a connection but sends no byte, so TLS is not set up. The clock advances when every task
/// waits.
#[tokio::test(start_paused = true)]
async fn a_connection_has_a_timeout_of_its_own() {
    provider();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let builder = StsClient::builder().address(HOST, address);
    for (client, timeout) in [
        (builder.clone(), STS_CONNECT_TIMEOUT),
        (
            builder.connect_timeout(Duration::from_millis(500)),
            Duration::from_millis(500),
        ),
    ] {
        let begun = tokio::time::Instant::now();
        let error = client.build().unwrap().send(request()).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
        let waited = begun.elapsed();
        assert!(
            (timeout..timeout + Duration::from_millis(100)).contains(&waited),
            "{waited:?}"
        );
    }
}
