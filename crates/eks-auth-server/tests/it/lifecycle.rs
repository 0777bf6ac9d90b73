//! Stopping, and replacing the certificate, while requests arrive.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use eks_auth_server::{Limits, PemFault, ServerTls, TlsError, TlsFiles};
use rustls::pki_types::ServerName;
use sts_presign::UnixTime;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::{
    Counting, Files, Notes, Running, answer, caller, exchange, exchange_on, post, review, short,
    soon, token, webhooks,
};
use tokio::io::AsyncWriteExt as _;

/// Sends reviews on kept connections, and reconnects when the server says so. Returns the number of answers
/// once the listener is closed. The kernel may still have taken the last connection.
async fn load(address: std::net::SocketAddr, request: Vec<u8>) -> usize {
    let mut answers = 0_usize;
    while let Ok(mut stream) = TcpStream::connect(address).await {
        let mut is_fresh = true;
        loop {
            let sent = stream.write_all(&request).await;
            match answer(&mut stream).await {
                Ok((status, head, _)) => {
                    assert_eq!(status, 200);
                    answers = answers.saturating_add(1);
                    if head.contains("connection: close") {
                        break;
                    }
                }
                Err(_) if is_fresh && TcpStream::connect(address).await.is_err() => return answers,
                Err(error) => panic!("cut after {answers} answers: {sent:?}, {error}"),
            }
            is_fresh = false;
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_under_load_cuts_no_request() {
    let sts = Arc::new(Counting {
        answers: vec![(200, caller("alice"))].into(),
        pause: Duration::from_millis(1),
        ..Counting::default()
    });
    let notes = Arc::new(Notes::default());
    let webhooks = webhooks(sts.clone(), &notes);
    let limits = Limits {
        // On a busy machine, a client may not run for that long.
        lame_duck: Duration::from_secs(1),
        ..Limits::default()
    };
    let mut running = Running::start(webhooks, limits, None).await;
    let probes = running.probes().await;
    let request = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let clients: Vec<_> = (0..8)
        .map(|_| tokio::spawn(load(running.address, request.clone())))
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let ready = b"GET /readyz HTTP/1.1\r\n\r\n";
    assert_eq!(exchange(probes, ready).await.unwrap().0, 200);
    running.begin_to_stop();
    // It is not ready from now on, and still alive.
    let not_ready = async {
        while exchange(probes, ready).await.unwrap().0 != 503 {
            tokio::task::yield_now().await;
        }
    };
    soon(not_ready).await;
    let alive = exchange(probes, b"GET /livez HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(alive.0, 200);
    assert_eq!(soon(running.ended()).await, 0);
    let mut answers = 0;
    for client in clients {
        answers += soon(client).await.unwrap();
    }
    assert!(answers > 8, "{answers}");
}

/// A kept connection does not delay the server until the deadline.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_waits_for_a_request_ends_with_the_server() {
    let limits = Limits {
        lame_duck: Duration::ZERO,
        drain_deadline: Duration::from_secs(2),
        ..Limits::default()
    };
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let running = Running::start(webhooks(sts, &Arc::default()), limits, None).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let probe = b"GET /healthz HTTP/1.1\r\n\r\n";
    assert_eq!(exchange_on(&mut stream, probe).await.unwrap().0, 200);
    assert_eq!(soon(running.stop()).await, 0);
}

/// A request that takes longer than the deadline is given up, and the server says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deadline_ends_what_does_not_end() {
    let sts = Arc::new(Counting {
        answers: vec![(200, caller("alice"))].into(),
        pause: Duration::from_secs(60),
        ..Counting::default()
    });
    let notes = Arc::new(Notes::default());
    let limits = Limits {
        lame_duck: Duration::ZERO,
        drain_deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    let running = Running::start(webhooks(sts.clone(), &notes), limits, None).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let request = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    stream.write_all(&request).await.unwrap();
    while sts.calls() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(soon(running.stop()).await, 1);
    let lines = notes.lines.lock().unwrap().join("\n");
    assert!(lines.contains("1 connections were still open"), "{lines}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_is_replaced_under_load() {
    let files = Files::new("reload");
    let tls = ServerTls::load(files.tls_files()).unwrap();
    let notes = Arc::new(Notes::default());
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let running = Running::start(webhooks(sts, &notes), Limits::default(), Some(tls.clone())).await;
    let address = running.address;
    let request = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    let is_done = Arc::new(AtomicBool::new(false));
    let connector = TlsConnector::from(Arc::new(files.client(&[b"http/1.1"])));
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let (request, is_done) = (request.clone(), Arc::clone(&is_done));
            let connector = connector.clone();
            tokio::spawn(async move {
                let mut serials = std::collections::HashSet::new();
                while !is_done.load(Ordering::SeqCst) {
                    let stream = TcpStream::connect(address).await.unwrap();
                    let host = ServerName::try_from("localhost").unwrap();
                    let mut stream = connector.connect(host, stream).await.unwrap();
                    let own = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
                    serials.insert(own);
                    stream.write_all(&request).await.unwrap();
                    assert_eq!(answer(&mut stream).await.unwrap().0, 200);
                }
                serials.len()
            })
        })
        .collect();
    for _ in 0..5 {
        files.renew();
        assert!(running.server.reload_certificate(&tls).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A key of another certificate, or a missing file, does not change the certificate in use.
    let (certificate, _) = files.authority.issue("localhost");
    std::fs::write(files.directory.join("tls.crt"), certificate).unwrap();
    assert!(!running.server.reload_certificate(&tls).await);
    std::fs::remove_file(files.directory.join("tls.crt")).unwrap();
    assert!(!running.server.reload_certificate(&tls).await);
    tokio::time::sleep(Duration::from_millis(20)).await;
    is_done.store(true, Ordering::SeqCst);
    let mut most = 0;
    for client in clients {
        most = most.max(soon(client).await.unwrap());
    }
    assert!(most > 1, "{most} certificates");
    let metrics = running.metrics();
    for line in [
        "eks_auth_certificate_reloads_total{result=\"kept\"} 2\n",
        "eks_auth_certificate_reloads_total{result=\"reloaded\"} 5\n",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    let lines = notes.lines.lock().unwrap().join("\n");
    assert!(lines.contains("the certificate was reloaded"), "{lines}");
    assert!(lines.contains("the one before stays"), "{lines}");
    running.stop().await;
}

/// The end of the certificate in use is a metric. A certificate that is not valid is reported when it is
/// loaded.
#[tokio::test]
async fn a_certificate_that_is_not_valid_is_reported() {
    let files = Files::new("validity");
    files.renew_for((2020, 1, 2), (2021, 2, 3));
    let tls = ServerTls::load(files.tls_files()).unwrap();
    let notes = Arc::new(Notes::default());
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let running = Running::start(webhooks(sts, &notes), Limits::default(), Some(tls.clone())).await;
    let reported = |text: &str| {
        let lines = notes.lines.lock().unwrap();
        lines.iter().filter(|line| line.contains(text)).count()
    };
    let has_end = |end: &str| {
        let name = "eks_auth_certificate_not_after_timestamp_seconds";
        running.metrics().contains(&format!("\n{name} {end}\n"))
    };
    let expired = "it is valid from 2020-01-02T00:00:00Z to 2021-02-03T00:00:00Z";
    while reported(expired) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(has_end("1612310400.0"), "{}", running.metrics());
    // A certificate that begins later, and a certificate that practically never ends.
    files.renew_for((2100, 1, 1), (9999, 12, 31));
    assert!(running.server.reload_certificate(&tls).await);
    assert_eq!(
        reported("valid from 2100-01-01T00:00:00Z to 9999-12-31T00:00:00Z"),
        1
    );
    files.renew_for((1950, 1, 1), (9999, 12, 31));
    assert!(running.server.reload_certificate(&tls).await);
    assert_eq!(tls.validity(), None);
    assert!(has_end("NaN"), "{}", running.metrics());
    files.renew_for((1970, 1, 1), (2900, 1, 1));
    assert!(running.server.reload_certificate(&tls).await);
    assert!(running.server.reload_certificate(&tls).await);
    assert_eq!(reported("is not valid now"), 2);
    let validity = tls.validity().unwrap();
    for (time, is_included) in [
        ("1970-01-01T00:00:00Z", true),
        ("2900-01-01T00:00:00Z", true),
        ("2900-01-01T00:00:01Z", false),
    ] {
        let time: UnixTime = time.parse().unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_secs(time.as_secs());
        assert_eq!(validity.includes(time), is_included, "{time:?}");
    }
    running.stop().await;
}

/// A certificate that expires while it is served is reported once. The next certificate is reported
/// again.
#[tokio::test(start_paused = true)]
async fn a_certificate_that_expires_is_reported() {
    static NOW: AtomicU64 = AtomicU64::new(0);
    let clock = || UnixTime::from_secs(NOW.load(Ordering::SeqCst)).unwrap();
    let set = |time: &str| {
        let time: UnixTime = time.parse().unwrap();
        NOW.store(time.as_secs(), Ordering::SeqCst);
    };
    set("2026-06-01T00:00:00Z");
    let files = Files::new("expiry");
    files.renew_for((2026, 1, 1), (2027, 1, 1));
    let tls = ServerTls::load(files.tls_files()).unwrap();
    let notes = Arc::new(Notes::default());
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let webhooks = webhooks(sts, &notes).with_clock(clock);
    let running = Running::start(webhooks, Limits::default(), Some(tls.clone())).await;
    let reported = async || {
        // The clock of the runtime does not wait.
        tokio::time::sleep(Duration::from_secs(600)).await;
        let lines = notes.lines.lock().unwrap();
        let is_report = |line: &&String| line.contains("is not valid now");
        lines.iter().filter(is_report).count()
    };
    for (time, reports) in [
        ("2027-01-01T00:00:00Z", 0),
        ("2027-01-01T00:00:01Z", 1),
        ("2027-01-02T00:00:00Z", 1),
    ] {
        set(time);
        assert_eq!(reported().await, reports, "{time}");
    }
    files.renew_for((2027, 1, 1), (2028, 1, 1));
    // The thread that reads the files has a clock of its own.
    tokio::time::resume();
    assert!(running.server.reload_certificate(&tls).await);
    tokio::time::pause();
    assert_eq!(reported().await, 1);
    set("2028-01-01T00:00:01Z");
    assert_eq!(reported().await, 2);
    running.stop().await;
}

/// A pipe without a writer would hold up its reader for ever.
#[cfg(unix)]
#[tokio::test]
async fn a_certificate_that_is_a_pipe_is_refused() {
    let files = Files::new("pipe");
    let names = files.tls_files();
    let tls = ServerTls::load(names.clone()).unwrap();
    let key = std::fs::read(&names.key).unwrap();
    std::fs::remove_file(&names.key).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(&names.key)
        .status();
    assert!(made.unwrap().success());
    for why in [
        soon(tls.reload()).await.unwrap_err(),
        ServerTls::load(names.clone()).unwrap_err(),
    ] {
        let why = why.to_string();
        assert!(why.ends_with("tls.key: it is not a regular file"), "{why}");
    }
    std::fs::remove_file(&names.key).unwrap();
    std::fs::write(&names.key, key).unwrap();
    assert!(!soon(tls.reload()).await.unwrap());
}

/// A list of authorities that is cut would lock clients out, while a program still writes it.
#[tokio::test]
async fn a_list_of_authorities_that_is_being_written_is_not_used() {
    let files = Files::new("cut");
    let path = files.directory.join("clients.crt");
    let (one, both) = {
        let (one, other) = (
            files.authority.pem(),
            crate::support::Authority::new().pem(),
        );
        (one.clone(), format!("{one}{other}"))
    };
    std::fs::write(&path, &both).unwrap();
    let names = TlsFiles {
        client_authorities: Some(path.clone()),
        ..files.tls_files()
    };
    let tls = ServerTls::load(names).unwrap();
    std::fs::write(&path, &one).unwrap();
    let rest = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        std::fs::write(&path, &both).unwrap();
    };
    let (is_changed, ()) = tokio::join!(tls.reload(), rest);
    assert!(!is_changed.unwrap());
    // It stays shorter.
    std::fs::write(&path, &one).unwrap();
    assert!(tls.reload().await.unwrap());
    assert!(!tls.reload().await.unwrap());
}

/// The message says how to repair the file, and quotes neither a certificate nor a key.
#[test]
fn a_file_of_broken_pem_is_refused() {
    let files = Files::new("pem");
    let good = files.tls_files();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let (certificate, key) = (read(&good.certificate), read(&good.key));
    let bad = files.directory.join("bad.pem");
    let bad_certificate = TlsFiles {
        certificate: bad.clone(),
        ..good.clone()
    };
    let bad_key = TlsFiles {
        key: bad.clone(),
        ..good
    };
    let first_of = |pem: &str, lines: usize| pem.lines().take(lines).collect::<Vec<_>>().join("\n");
    for (names, text, fault, why) in [
        (
            &bad_certificate,
            String::new(),
            PemFault::NoBlock,
            "no PEM block",
        ),
        (
            &bad_certificate,
            key.clone(),
            PemFault::NoBlock,
            "no PEM block",
        ),
        (
            &bad_key,
            certificate.clone(),
            PemFault::NoBlock,
            "no PEM block",
        ),
        (
            &bad_certificate,
            first_of(&certificate, 3),
            PemFault::Boundary,
            "by itself",
        ),
        (&bad_key, first_of(&key, 2), PemFault::Boundary, "by itself"),
        // The file has lost its line breaks.
        (
            &bad_key,
            key.replace('\n', ""),
            PemFault::Boundary,
            "by itself",
        ),
        (
            &bad_key,
            key.replace("KEY-----\n", "KEY-----"),
            PemFault::Boundary,
            "by itself",
        ),
        (
            &bad_key,
            key.replace("KEY-----\nM", "KEY-----\n*"),
            PemFault::Content,
            "base64",
        ),
    ] {
        std::fs::write(&bad, &text).unwrap();
        let error = ServerTls::load(names.clone()).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {fault}", bad.display()));
        assert!(fault.to_string().contains(why), "{fault}");
        let TlsError::Pem { path, fault: got } = error else {
            panic!("{error}")
        };
        assert_eq!((path, got), (bad.clone(), fault), "{text}");
    }
}

/// With authorities of clients, a client without a certificate is not served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_need_a_certificate_where_that_is_set() {
    use rustls::pki_types::pem::PemObject as _;
    let files = Files::new("mtls");
    let authorities = files.directory.join("clients.crt");
    std::fs::write(&authorities, files.authority.pem()).unwrap();
    let mut names = files.tls_files();
    names.client_authorities = Some(authorities.clone());
    // A list that is cut would lock out the clients of the missing authorities.
    let padded = files.authority.pem().repeat(4_096);
    std::fs::write(&authorities, padded).unwrap();
    let why = ServerTls::load(names.clone()).unwrap_err().to_string();
    assert!(why.contains("clients.crt: file too large"), "{why}");
    std::fs::write(&authorities, files.authority.pem()).unwrap();
    let other_key = TlsFiles {
        key: files.directory.join("other.key"),
        ..names.clone()
    };
    std::fs::write(&other_key.key, files.authority.issue("other").1).unwrap();
    let why = ServerTls::load(other_key).unwrap_err().to_string();
    assert_eq!(why, "the certificate is of another key");
    // PEM of a key, with the content of none.
    let no_key = TlsFiles {
        key: files.directory.join("none.key"),
        ..names.clone()
    };
    let pem = "-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n";
    std::fs::write(&no_key.key, pem).unwrap();
    let why = ServerTls::load(no_key).unwrap_err().to_string();
    assert!(
        why.contains("none.key: the private key cannot be used: "),
        "{why}"
    );
    let tls = ServerTls::load(names).unwrap();
    let notes = Arc::new(Notes::default());
    let sts = Counting::answering(&[(200, caller("alice"))]);
    let running = Running::start(webhooks(sts, &notes), short(), Some(tls)).await;
    let (certificate, key) = files.authority.issue("kube-apiserver");
    let bare = files.client(&[b"http/1.1"]);
    let mut roots = rustls::RootCertStore::empty();
    let pem = files.authority.pem();
    roots
        .add(rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let own = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![
                rustls::pki_types::CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap(),
            ],
            rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let request = post("/authenticate", &review(&token("AKIDEXAMPLE")));
    for (config, is_served) in [(bare, false), (own, true)] {
        let stream = TcpStream::connect(running.address).await.unwrap();
        let host = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let answered = async {
            let mut stream = connector.connect(host, stream).await?;
            stream.write_all(&request).await?;
            answer(&mut stream).await
        };
        assert_eq!(soon(answered).await.is_ok(), is_served);
    }
    running.stop().await;
}
