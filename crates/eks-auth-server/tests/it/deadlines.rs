//! When waiting connections are closed. The clock of the tests does not wait.

use std::sync::Arc;
use std::time::Duration;

use eks_auth_server::{Limits, ServerTls};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;

use crate::support::{
    Counting, Files, Notes, Running, caller, exchange_on, post, review, token, webhooks,
};

/// The timeouts differ, so that each is recognized by its time. The server checks every five seconds, a quarter
/// of the shortest timeout.
const LIMITS: Limits = Limits {
    handshake_timeout: Duration::from_secs(11),
    header_timeout: Duration::from_secs(20),
    body_timeout: Duration::from_secs(31),
    idle_timeout: Duration::from_secs(40),
    max_connections: 2,
    max_streams: 8,
    max_head_len: 8_192,
    lame_duck: Duration::from_secs(60),
    drain_deadline: Duration::from_secs(300),
};

async fn serve(tls: Option<ServerTls>) -> (Running, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let sts = Counting::answering(&[(200, caller("alice"))]);
    (
        Running::start(webhooks(sts, &notes), LIMITS, tls).await,
        notes,
    )
}

/// Waits until the server closes a connection. Returns what it sent before, and the seconds since `start`.
async fn closed(stream: &mut (impl AsyncRead + Unpin), start: Instant) -> (Vec<u8>, u64) {
    let mut sent = Vec::new();
    // A reset counts as a close.
    let _ = stream.read_to_end(&mut sent).await;
    (sent, start.elapsed().as_secs())
}

fn cuts(notes: &Notes) -> Vec<String> {
    let lines = notes.lines.lock().unwrap();
    let limits = lines.iter().filter_map(|line| line.split_once(": limit "));
    limits.map(|(_, limit)| limit.to_owned()).collect()
}

fn counted(running: &Running, sample: &str) -> bool {
    running.metrics().lines().any(|line| line == sample)
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_waits_is_closed_by_the_limit_of_what_it_waits_for() {
    let whole = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let part = &whole[..whole.len() - 10];
    for (at_once, is_answered, after_ten, seconds, limit) in [
        (&b""[..], false, &b""[..], 20, Some("header-timeout")),
        (
            b"POST /authenticate HT",
            false,
            b"TP/1.1\r\n",
            20,
            Some("header-timeout"),
        ),
        (part, false, b"", 31, None),
        (&*whole, true, b"", 40, None),
        (&*whole, true, b"POST ", 30, Some("header-timeout")),
    ] {
        let (running, notes) = serve(None).await;
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let start = Instant::now();
        if is_answered {
            exchange_on(&mut stream, at_once).await.unwrap();
        } else {
            stream.write_all(at_once).await.unwrap();
        }
        sleep(Duration::from_secs(10)).await;
        stream.write_all(after_ten).await.unwrap();
        let (sent, took) = closed(&mut stream, start).await;
        let row = String::from_utf8_lossy(at_once);
        assert!((seconds..=seconds + 5).contains(&took), "{took} s: {row}");
        assert_eq!(cuts(&notes), Vec::from_iter(limit), "{row}");
        let is_body = at_once == part;
        assert_eq!(sent.starts_with(b"HTTP/1.1 408 "), is_body, "{row}");
        for (name, is_counted) in [
            ("body-timeout", is_body),
            ("header-timeout", limit.is_some()),
        ] {
            let sample = format!("eks_auth_connections_cut_total{{limit=\"{name}\"}} 1");
            assert_eq!(counted(&running, &sample), is_counted, "{name}: {row}");
        }
        sleep(Duration::from_secs(1)).await;
        assert!(counted(&running, "eks_auth_connections 0"), "{row}");
        running.stop().await;
    }
}

/// HTTP/2 in bytes: the preface, settings without content, and `GET /healthz` as stream 1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const PROBE: &[u8] = b"\0\0\x0f\x01\x05\0\0\0\x01\x82\x87\x01\x01x\x04\x08/healthz";

/// After the server's goodbye, a client that neither reads nor closes has one more second.
#[tokio::test(start_paused = true)]
async fn a_connection_of_http_2_that_does_not_take_its_leave_is_cut() {
    let files = Files::new("goodbye");
    for (requests, seconds, limit) in [
        (&b""[..], 20, "header-timeout"),
        (PROBE, 41, "idle-timeout"),
    ] {
        let tls = ServerTls::load(files.tls_files()).unwrap();
        let (running, notes) = serve(Some(tls)).await;
        let stream = TcpStream::connect(running.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(files.client(&[b"h2"])));
        let host = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(host, stream).await.unwrap();
        let start = Instant::now();
        stream.write_all(PREFACE).await.unwrap();
        stream.write_all(requests).await.unwrap();
        let (_, took) = closed(&mut stream, start).await;
        assert!((seconds..=seconds + 9).contains(&took), "{took} s: {limit}");
        assert_eq!(cuts(&notes), [limit]);
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_cut_at_its_limit_and_to_make_room() {
    let files = Files::new("handshakes");
    let tls = ServerTls::load(files.tls_files()).unwrap();
    let (running, notes) = serve(Some(tls)).await;
    let start = Instant::now();
    let connect = || TcpStream::connect(running.address);
    let mut silent = [connect().await.unwrap(), connect().await.unwrap()];
    assert_eq!(closed(&mut silent[0], start).await.1, 11);
    closed(&mut silent[1], start).await;
    assert_eq!(cuts(&notes), ["handshake-timeout"; 2]);
    let start = Instant::now();
    let mut silent = [connect().await.unwrap(), connect().await.unwrap()];
    sleep(Duration::from_secs(1)).await;
    let mut third = connect().await.unwrap();
    assert_eq!(closed(&mut silent[0], start).await.1, 1);
    third.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    closed(&mut third, start).await;
    for (limit, count) in [
        ("handshake-timeout", 2),
        ("connections", 1),
        ("handshake-failed", 1),
    ] {
        let sample = format!("eks_auth_connections_cut_total{{limit=\"{limit}\"}} {count}");
        assert!(counted(&running, &sample), "{sample}");
    }
    assert_eq!(cuts(&notes).last().map(String::as_str), Some("connections"));
    running.stop().await;
}

/// While it stops, the server waits for the first request of a connection, and for no further
/// request.
#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_its_request_once_the_server_closes() {
    let whole = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let (mut running, notes) = serve(None).await;
    let mut kept = TcpStream::connect(running.address).await.unwrap();
    exchange_on(&mut kept, &whole).await.unwrap();
    let start = Instant::now();
    running.begin_to_stop();
    // Still within the idle timeout when the listener closes, after a minute.
    sleep(Duration::from_secs(35)).await;
    let (_, head, _) = {
        kept.write_all(&whole).await.unwrap();
        crate::support::answer(&mut kept).await.unwrap()
    };
    assert!(head.contains("connection: close"), "{head}");
    assert_eq!(closed(&mut kept, start).await.1, 35);
    sleep(Duration::from_secs(20)).await;
    let mut fresh = TcpStream::connect(running.address).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    // The listener is closed, and the first request is answered.
    assert!(TcpStream::connect(running.address).await.is_err());
    let (status, _) = exchange_on(&mut fresh, &whole).await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(closed(&mut fresh, start).await.1, 65);
    assert_eq!(running.ended().await, 0);
    assert_eq!(cuts(&notes), [""; 0]);
}
