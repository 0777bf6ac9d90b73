//! `verifier serve` with a stub of STS: the status of each answer, and never a `Retry-After`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use crate::run::{self, AWS_AUTH};
use crate::stub::{Answer, Authority, Received, Stub};

/// A verifier that asks STS through a proxy.
struct Verifier {
    process: Child,
    port: u16,
}

impl Verifier {
    fn start(proxy: &str, authority: &str) -> Self {
        // The port is free, and no program takes it in the meantime.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let listen = format!("127.0.0.1:{port}");
        let arguments = [
            "serve",
            "-i",
            "demo",
            "--aws-auth",
            AWS_AUTH,
            "--listen",
            &listen,
            "--sts-retries",
            "0",
            "--probe-listen",
            "127.0.0.1:0",
        ];
        let process = run::command("verifier", &arguments)
            .env("HTTPS_PROXY", proxy)
            .env("SSL_CERT_FILE", authority)
            .env_remove("NO_PROXY")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut verifier = Self { process, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = verifier.process.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}");
            std::thread::yield_now();
        }
        verifier
    }

    /// Sends a review, and returns the whole answer in lower case.
    fn review(&self, token: &str) -> String {
        let body = format!(
            "{{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"spec\":{{\"token\":\"{token}\"}}}}"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "POST /authenticate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.to_lowercase()
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn fault(code: &str, status: u16) -> Answer {
    let document = format!(
        "{{\"Error\":{{\"Code\":\"{code}\",\"Message\":\"m\",\"Type\":\"Sender\"}},\"RequestId\":\"r\"}}"
    );
    (status, "application/json", document)
}

fn developer(_: &Received) -> Answer {
    let document = "{\"GetCallerIdentityResponse\":{\"GetCallerIdentityResult\":{\"Account\":\
        \"111122223333\",\"Arn\":\"arn:aws:iam::111122223333:user/developer\",\"UserId\":\
        \"AIDADEVELOPEREXAMPLE\"},\"ResponseMetadata\":{\"RequestId\":\"1\"}}}";
    (200, "application/json", document.to_owned())
}

/// If there were a `Retry-After`, kube-apiserver would repeat each of its five attempts ten times.
#[test]
fn a_failure_is_429_or_500_without_a_time_to_wait() {
    let token = run::token();
    let token = token.trim();
    let authority = Authority::new(&["sts.us-west-2.amazonaws.com"]);
    let file = std::env::temp_dir().join(format!("verifier-serve-{}.pem", std::process::id()));
    std::fs::write(&file, &authority.pem).unwrap();
    let pem = file.to_str().unwrap();
    let no = "\"authenticated\":false";
    let developer: fn(&Received) -> Answer = developer;
    for (answer, status, part) in [
        (developer, "200", "\"username\":\"k8s-developer\""),
        (|_| fault("InvalidClientTokenId", 403), "200", no),
        (|_| fault("SignatureDoesNotMatch", 403), "200", no),
        (|_| fault("Throttling", 400), "429", "throttled"),
        (
            |_| (429, "text/html", "slow down".to_owned()),
            "429",
            "throttled",
        ),
        (
            |_| (503, "text/html", "retry later".to_owned()),
            "500",
            "status 503",
        ),
        (
            |_| (403, "text/html", "a proxy".to_owned()),
            "500",
            "unexpected status",
        ),
        (|_| (302, "text/html", String::new()), "500", "redirect"),
        (
            |_| (200, "text/html", "a portal".to_owned()),
            "500",
            "not declared",
        ),
        (
            |_| (200, "application/json", "x".repeat(70_000)),
            "500",
            "longer than",
        ),
    ] {
        let sts = Stub::proxy(authority.server.clone(), answer);
        let verifier = Verifier::start(&format!("http://{}", sts.address), pem);
        let answer = verifier.review(token);
        assert!(
            answer.starts_with(&format!("http/1.1 {status} ")),
            "{status} {part}: {answer}"
        );
        assert!(answer.contains(part), "{status} {part}: {answer}");
        assert!(!answer.contains("retry-after"), "{status} {part}: {answer}");
        assert_eq!(sts.seen().len(), 1, "{status} {part}");
        // A text that is not a token does not reach STS.
        let refused = verifier.review("k8s-aws-v1.aHR0cHM6");
        assert!(
            refused.starts_with("http/1.1 200 ") && refused.contains(no),
            "{refused}"
        );
        assert_eq!(sts.seen().len(), 1, "{status} {part}");
    }
    // No proxy listens at this address.
    let verifier = Verifier::start("http://127.0.0.1:1", pem);
    let answer = verifier.review(token);
    std::fs::remove_file(&file).unwrap();
    assert!(answer.starts_with("http/1.1 500 "), "{answer}");
    assert!(
        answer.contains("no connection to sts") && !answer.contains("retry-after"),
        "{answer}"
    );
}
