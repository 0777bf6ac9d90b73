//! Connections that take a place without a request, on real sockets.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use eks_auth::MAX_REVIEW_LEN;
use eks_auth_server::{AUTHENTICATE_PATH, Limits, SharedSnapshot, Snapshot, Webhooks};
use hyper::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{
    Counting, Files, Notes, RULES, Running, answer, caller, exchange, exchange_on, identities,
    identity_map, post, review, short, soon, token, webhooks,
};

fn counting() -> Arc<Counting> {
    Counting::answering(&[(200, caller("alice"))])
}

/// Waits until the server closes a connection.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset counts as a close.
    let _ = soon(stream.read_to_end(&mut rest)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_half_headed_and_slow_connections_are_closed() {
    let notes = Arc::new(Notes::default());
    let running = Running::start(webhooks(counting(), &notes), short(), None).await;
    let whole = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let connect = || TcpStream::connect(running.address);
    let mut silent = connect().await.unwrap();
    let mut half_headed = connect().await.unwrap();
    half_headed
        .write_all(b"POST /authenticate HT")
        .await
        .unwrap();
    let mut dripping = connect().await.unwrap();
    dripping.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
    let mut slow = connect().await.unwrap();
    slow.write_all(&whole[..whole.len() - 10]).await.unwrap();
    let mut kept = connect().await.unwrap();
    exchange_on(&mut kept, &whole).await.unwrap();
    let mut half_again = connect().await.unwrap();
    exchange_on(&mut half_again, &whole).await.unwrap();
    half_again.write_all(b"POST ").await.unwrap();
    let drip = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if dripping.write_all(b"a: b\r\n").await.is_err() {
                break;
            }
        }
    };
    soon(drip).await;
    closed(&mut silent).await;
    closed(&mut half_headed).await;
    let (status, head, _) = soon(answer(&mut slow)).await.unwrap();
    assert_eq!(status, 408);
    assert!(head.contains("connection: close"), "{head}");
    closed(&mut slow).await;
    closed(&mut kept).await;
    closed(&mut half_again).await;
    let lines = notes.lines.lock().unwrap().join("\n");
    let cut = lines.matches("limit header-timeout").count();
    // The kept connection was closed because it was idle, which is not an event.
    assert_eq!(cut, 4, "{lines}");
    running.stop().await;
}

/// There are more connections of each kind than places. A genuine request is still answered, and the
/// probes have their own listener.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_genuine_request_is_answered_among_connections_that_waste_places() {
    let notes = Arc::new(Notes::default());
    // No connection times out within the test, so the server has to make room.
    let limits = Limits {
        max_connections: 16,
        ..Limits::default()
    };
    let running = Running::start(webhooks(counting(), &notes), limits, None).await;
    let probes = running.probes().await;
    let whole = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let slow = &whole[..whole.len() - 10];
    for bytes in [&b""[..], b"POST /authenticate HT", slow] {
        let mut wasted = Vec::new();
        for _ in 0..100 {
            let mut stream = TcpStream::connect(running.address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            wasted.push(stream);
        }
        let (status, body) = soon(exchange(running.address, &whole)).await.unwrap();
        assert_eq!(status, 200);
        assert!(body.contains("alice"), "{body}");
        let (status, _) = soon(exchange(probes, b"GET /healthz HTTP/1.1\r\n\r\n"))
            .await
            .unwrap();
        assert_eq!(status, 200);
    }
}

/// A request that is being answered is not closed to make room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_keep_their_place() {
    let sts = Arc::new(Counting {
        answers: vec![(200, caller("alice"))].into(),
        pause: Duration::from_millis(500),
        ..Counting::default()
    });
    let limits = Limits {
        max_connections: 4,
        ..Limits::default()
    };
    let notes = Arc::new(Notes::default());
    let running = Running::start(webhooks(sts.clone(), &notes), limits, None).await;
    let (address, whole) = (
        running.address,
        post("/authenticate", &review(&token("AKIDEXAMPLE"))),
    );
    let genuine = tokio::spawn(async move { exchange(address, &whole).await });
    while sts.calls() == 0 {
        tokio::task::yield_now().await;
    }
    let mut wasted = Vec::new();
    for _ in 0..50 {
        wasted.push(TcpStream::connect(address).await.unwrap());
    }
    let (status, _) = soon(genuine).await.unwrap().unwrap();
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_beyond_the_limits_are_shed() {
    let sts = Arc::new(Counting {
        answers: vec![(200, caller("alice"))].into(),
        pause: Duration::from_secs(60),
        ..Counting::default()
    });
    let notes = Arc::new(Notes::default());
    let webhooks = webhooks(sts.clone(), &notes).with_max_requests(1);
    let running = Running::start(webhooks, Limits::default(), None).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    let body = review(&token("AKIDEXAMPLE"));
    first
        .write_all(&post("/authenticate", &body))
        .await
        .unwrap();
    while sts.calls() == 0 {
        tokio::task::yield_now().await;
    }
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second
        .write_all(&post("/authenticate", &body))
        .await
        .unwrap();
    let (status, head, _) = soon(answer(&mut second)).await.unwrap();
    assert_eq!(status, 503);
    // With this header kube-apiserver's client repeats each of its attempts ten times.
    assert!(!head.contains("retry-after"), "{head}");
    // The connection stays. By default, there is no limit on the rate of a client.
    let (status, _) = exchange_on(&mut second, &post("/authenticate", "{}"))
        .await
        .unwrap();
    assert_eq!(status, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_beyond_its_rate_is_answered_429() {
    let notes = Arc::new(Notes::default());
    let webhooks = webhooks(counting(), &notes).with_client_rate(1.try_into().unwrap());
    let running = Running::start(webhooks, Limits::default(), None).await;
    let whole = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let ask = async || exchange(running.address, &whole).await.unwrap().0;
    assert_eq!(ask().await, 200);
    // On a slow machine, a second may pass between two requests.
    let refused = async { while ask().await != 429 {} };
    soon(refused).await;
    // Probes have no limit on their rate.
    let probe = b"GET /healthz HTTP/1.1\r\n\r\n";
    assert_eq!(exchange(running.address, probe).await.unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_or_a_head_that_is_too_long_is_refused() {
    let notes = Arc::new(Notes::default());
    let running = Running::start(webhooks(counting(), &notes), short(), None).await;
    let long = post("/authenticate", &" ".repeat(70_000));
    let (status, _) = soon(exchange(running.address, &long)).await.unwrap();
    assert_eq!(status, 413);
    let endless = b"POST /authenticate HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(endless).await.unwrap();
    for _ in 0..20 {
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(4_096));
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    assert_eq!(soon(answer(&mut stream)).await.unwrap().0, 413);
    let head = format!(
        "POST /authenticate HTTP/1.1\r\na: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    let (status, _) = soon(exchange(running.address, head.as_bytes()))
        .await
        .unwrap();
    assert_eq!(status, 431);
}

/// If a body ends in the middle, the answer says only that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_breaks_off_is_refused() {
    let running = Running::start(
        webhooks(counting(), &Arc::default()),
        Limits::default(),
        None,
    )
    .await;
    // A text that is not the length of a chunk, at the start and behind a chunk.
    for body in ["zz\r\n", "3\r\nabc\r\nzz\r\n"] {
        let request =
            format!("POST /authenticate HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let answer = soon(exchange(running.address, request.as_bytes())).await;
        let expected = (400, "the body is incomplete\n".to_owned());
        assert_eq!(answer.unwrap(), expected, "{body}");
    }
}

/// The listener of probes has places for a few clients. The client that has waited longest loses its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_have_places_of_their_own() {
    // No connection times out within the test.
    let webhooks = webhooks(counting(), &Arc::default());
    let running = Running::start(webhooks, Limits::default(), None).await;
    let probes = running.probes().await;
    let ask = async |stream: &mut TcpStream| {
        let answer = soon(exchange_on(stream, b"GET /healthz HTTP/1.1\r\n\r\n")).await;
        answer.is_ok_and(|(status, _)| status == 200)
    };
    let mut open = VecDeque::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(probes).await.unwrap();
        assert!(ask(&mut stream).await);
        open.push_back(stream);
    }
    let mut first = open.pop_front().unwrap();
    assert!(ask(&mut first).await);
    let mut second = open.pop_front().unwrap();
    let mut another = TcpStream::connect(probes).await.unwrap();
    assert!(ask(&mut another).await);
    // By now, the second client has waited longest.
    closed(&mut second).await;
    for mut stream in [first, another].into_iter().chain(open) {
        assert!(ask(&mut stream).await);
    }
}

/// A review may come in any number of pieces. Only its whole length counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_in_pieces_is_read_whole() {
    let notes = Arc::new(Notes::default());
    let running = Running::start(webhooks(counting(), &notes), Limits::default(), None).await;
    let review = review(&token("AKIDEXAMPLE"));
    let padded = review.clone() + &" ".repeat(MAX_REVIEW_LEN);
    for (len, pieces, expected) in [
        (review.len(), 1, 200),
        (review.len(), 2, 200),
        (review.len(), 7, 200),
        (MAX_REVIEW_LEN, 1, 200),
        (MAX_REVIEW_LEN, 3, 200),
        (MAX_REVIEW_LEN + 1, 1, 413),
        (MAX_REVIEW_LEN + 1, 3, 413),
        (0, 1, 400),
    ] {
        let body = padded.get(..len).unwrap();
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let head = b"POST /authenticate HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        for piece in body.as_bytes().chunks(len.div_ceil(pieces).max(1)) {
            let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
            stream.write_all(&chunk).await.unwrap();
            // Each piece arrives separately.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // The server may already have answered and closed the connection.
        let _ = stream.write_all(b"0\r\n\r\n").await;
        let (status, _, answer) = soon(answer(&mut stream)).await.unwrap();
        assert_eq!(status, expected, "{len} bytes in {pieces}: {answer}");
        assert_eq!(answer.contains("alice"), expected == 200, "{answer}");
    }
}

/// A client that never finishes its handshake loses its place. So does a client that speaks plain HTTP.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_has_a_limit_too() {
    let files = Files::new("handshake");
    let tls = eks_auth_server::ServerTls::load(files.tls_files()).unwrap();
    let notes = Arc::new(Notes::default());
    let running = Running::start(webhooks(counting(), &notes), short(), Some(tls)).await;
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    let mut plain = TcpStream::connect(running.address).await.unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    closed(&mut silent).await;
    closed(&mut plain).await;
    let lines = notes.lines.lock().unwrap().join("\n");
    assert!(lines.contains("handshake-timeout"), "{lines}");
    assert!(lines.contains("TLS handshake with 127.0.0.1"), "{lines}");
    running.stop().await;
}

/// A setting that is too large for a semaphore is a limit that is never reached.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_settings_serve() {
    let notes = Arc::new(Notes::default());
    let identities = identities(counting()).with_sts_calls(usize::MAX, 0, usize::MAX);
    let rules = SharedSnapshot::new(Snapshot::new(identity_map(RULES)));
    let webhooks = Webhooks::new(identities, rules, Arc::default(), notes.clone())
        .with_max_requests(usize::MAX);
    let limits = Limits {
        max_connections: usize::MAX,
        ..short()
    };
    let running = Running::start(webhooks, limits, None).await;
    let request = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let (status, body) = soon(exchange(running.address, &request)).await.unwrap();
    assert!(status == 200 && body.contains("alice"), "{status}: {body}");
}

/// `Webhooks::respond`, for a program with an HTTP server of its own.
#[tokio::test]
async fn a_body_that_is_read_elsewhere_has_the_same_limit() {
    let notes = Arc::new(Notes::default());
    let webhooks = webhooks(counting(), &notes);
    let peer = IpAddr::from([127, 0, 0, 1]);
    let body = review(&token("AKIDEXAMPLE"));
    // There is white space after the review, up to the limit and beyond.
    let filled = |len: usize| format!("{body}{}", " ".repeat(len - body.len()));
    for (method, path, body, status) in [
        (Method::POST, AUTHENTICATE_PATH, body.clone(), 200),
        (Method::POST, AUTHENTICATE_PATH, filled(MAX_REVIEW_LEN), 200),
        (
            Method::POST,
            AUTHENTICATE_PATH,
            filled(MAX_REVIEW_LEN + 1),
            413,
        ),
        (Method::GET, AUTHENTICATE_PATH, body.clone(), 405),
        (Method::POST, "/other", body.clone(), 404),
    ] {
        let answer = webhooks.respond(&method, path, body.as_bytes(), peer).await;
        assert_eq!(answer.status(), status, "{method} {path} {}", body.len());
        let text = String::from_utf8(answer.into_body()).unwrap();
        let is_review = text.contains("\"authenticated\":true");
        assert_eq!(is_review, status == 200, "{text}");
    }
    // A refused request is not a review, and is not recorded as a review.
    assert_eq!(notes.lines.lock().unwrap().len(), 2);
}
