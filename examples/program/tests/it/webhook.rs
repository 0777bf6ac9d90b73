//! `verifier serve` as a process: its settings, its log, its signals; `verifier check` and `verifier init`.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::run::{self, AWS_AUTH, CREDENTIALS, RBAC, ROOT, capture};

/// A directory that is removed at the end of a test.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("webhook-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> String {
        let path = self.0.join(file);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self, file: &str) -> String {
        self.0.join(file).to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A verifier whose log is read as JSON.
pub(crate) struct Verifier {
    pub(crate) process: Child,
    pub(crate) port: u16,
    probes: u16,
    log: BufReader<std::process::ChildStderr>,
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port()
}

impl Verifier {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_at(arguments, "listening on")
    }

    /// Starts a verifier, and reads its log up to a line whose message contains a text.
    pub(crate) fn start_at(arguments: &[&str], message: &str) -> Self {
        Self::start_with(arguments, &[], message)
    }

    /// Starts a verifier with variables of the environment, and reads its log as [`start_at`](Self::start_at) does.
    pub(crate) fn start_with(
        arguments: &[&str],
        variables: &[(&str, &str)],
        message: &str,
    ) -> Self {
        let (port, probes) = (free_port(), free_port());
        let (listen, probe_listen) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{probes}"));
        let own = [
            "serve",
            "--listen",
            &listen,
            "--probe-listen",
            &probe_listen,
            "--log-format",
            "json",
        ];
        let mut process = run::command("verifier", &[&own, arguments].concat())
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let mut verifier = Self {
            process,
            port,
            probes,
            log,
        };
        verifier.line(message);
        verifier
    }

    /// Reads the log up to a line whose message contains a text.
    pub(crate) fn line(&mut self, message: &str) -> Value {
        let mut line = String::new();
        while self.log.read_line(&mut line).unwrap() > 0 {
            let entry: Value = serde_json::from_str(&line).unwrap();
            if entry["message"].as_str().unwrap().contains(message) {
                return entry;
            }
            line.clear();
        }
        panic!("the log ended before {message:?}");
    }

    pub(crate) fn get(&self, path: &str) -> String {
        exchange(
            self.probes,
            &format!("GET {path} HTTP/1.1\r\nconnection: close\r\n\r\n"),
        )
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> String {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        exchange(self.port, &request)
    }

    /// Reviews a token until the answer no longer has a text: rules are in effect right after the log says so.
    pub(crate) fn review_without(&self, token: &str, old: &str) -> String {
        loop {
            let answer = self.review(token);
            if !answer.contains(old) {
                return answer;
            }
        }
    }

    pub(crate) fn review(&self, token: &str) -> String {
        let body = format!(
            "{{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"spec\":{{\"token\":\"{token}\"}}}}"
        );
        self.post("/authenticate", &body)
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn exchange(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) const LOCAL: [&str; 4] = ["--cluster-id", "demo", "--local-credentials", CREDENTIALS];

/// A whole run: ready, a login with its record, a change of the rules by SIGHUP, a stop by SIGTERM.
#[test]
fn the_webhook_logs_reloads_and_stops() {
    let directory = Directory::new("life");
    let text = fs::read_to_string(format!("{ROOT}{AWS_AUTH}")).unwrap();
    let rules = directory.write("aws-auth.yaml", &text);
    let arguments = [
        &LOCAL[..],
        &["--aws-auth", &rules, "--rbac", RBAC, "--lame-duck", "10ms"],
    ]
    .concat();
    let mut verifier = Verifier::start(&arguments);
    assert!(verifier.get("/readyz").starts_with("HTTP/1.1 200"));
    let token = run::token();
    let token = token.trim();
    let answer = verifier.review(token);
    assert!(
        answer.contains("\"username\":\"k8s-developer\""),
        "{answer}"
    );
    let record = verifier.line("review");
    for (field, value) in [
        ("verdict", "granted"),
        ("arn", "arn:aws:iam::111122223333:user/developer"),
        ("account", "111122223333"),
        ("access_key_id", "AKIADEVELOPEREXAMPLE"),
        ("region", "us-west-2"),
        ("username", "k8s-developer"),
        ("cache", "miss"),
        ("level", "INFO"),
    ] {
        assert_eq!(record[field], value, "{record}");
    }
    assert!(
        record["timestamp"].is_string() && record["request_id"].is_string(),
        "{record}"
    );
    assert!(!record.to_string().contains("X-Amz-Signature"), "{record}");
    let refused = verifier.review("k8s-aws-v1.AAAA");
    assert!(refused.contains("\"authenticated\":false"), "{refused}");
    assert_eq!(verifier.line("review")["level"], "WARN");
    let access = "{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"spec\":\
        {\"nonResourceAttributes\":{\"path\":\"/x\",\"verb\":\"get\"},\"user\":\"k8s-developer\"}}";
    let answer = verifier.post("/authorize", access);
    assert!(answer.contains("\"allowed\":false"), "{answer}");
    assert_eq!(verifier.line("review")["question"], "get /x");
    let metrics = verifier.get("/metrics");
    assert!(
        metrics.contains(
            "aws_iam_authenticator_authenticate_latency_seconds_count{result=\"success\"} 1"
        ),
        "{metrics}"
    );
    // A change of the rules also acts on a remembered token.
    fs::write(&rules, text.replace("k8s-developer", "renamed")).unwrap();
    verifier.signal("-HUP");
    verifier.line("rules applied");
    let answer = verifier.review_without(token, "k8s-developer");
    assert!(answer.contains("\"username\":\"renamed\""), "{answer}");
    // A broken version of the rules changes no rule, and readiness says so.
    fs::write(&rules, "mapUsers: [").unwrap();
    verifier.signal("-HUP");
    verifier.line("rules not applied");
    assert!(verifier.review(token).contains("renamed"));
    verifier.signal("-TERM");
    verifier.line("stopped");
    let status = verifier.process.wait().unwrap();
    assert!(status.success(), "{status}");
}

/// The unchanged file of aws-iam-authenticator, and our file, which takes precedence.
#[test]
fn files_of_settings_are_merged() {
    let directory = Directory::new("merge");
    let upstreams = directory.write(
        "aia.yaml",
        "clusterID: demo\nserver:\n  port: 1\n  scrubbedAccounts: ['111122223333']\n  mapUsers:\n  \
         - userARN: arn:aws:iam::111122223333:user/developer\n    username: from-upstream\n    groups: [devs]\n",
    );
    let ours = directory.write(
        "settings.toml",
        &format!("local-credentials = {CREDENTIALS:?}\nheader-timeout = \"2s\"\n"),
    );
    let mut verifier = Verifier::start(&["--config", &upstreams, "--settings", &ours]);
    let answer = verifier.review(run::token().trim());
    assert!(
        answer.contains("\"username\":\"from-upstream\""),
        "{answer}"
    );
    let record = verifier.line("review");
    assert_eq!(record["username"], "from-upstream");
    for scrubbed in ["111122223333", "AKIADEVELOPEREXAMPLE"] {
        assert!(!record.to_string().contains(scrubbed), "{record}");
    }
}

#[test]
fn settings_that_cannot_be_meant_are_errors() {
    let directory = Directory::new("errors");
    let rules = format!("{ROOT}{AWS_AUTH}");
    for (text, why) in [
        ("listens = \"127.0.0.1:1\"", "unknown field `listens`"),
        ("header-timeout = \"5\"", "with the unit ms, s or m"),
        ("sts-proxy = \"ftp://x\"", "expected none, environment"),
        ("config-map = \"a/b/c\"", "config-map"),
        ("cluster-id = 7", "expected a string"),
        ("listen = \"nowhere\"", "listen"),
    ] {
        let file = directory.write("settings.toml", text);
        let arguments = [
            "serve",
            "-i",
            "demo",
            "--aws-auth",
            &rules,
            "--settings",
            &file,
        ];
        let ended = capture("verifier", &arguments, "");
        assert_eq!(ended.status.code(), Some(2), "{text}: {ended:?}");
        assert!(ended.stderr.contains(why), "{text}: {ended:?}");
    }
    for (arguments, why) in [
        (
            vec!["serve", "--aws-auth", &rules],
            "--cluster-id is required",
        ),
        (vec!["serve", "-i", "demo"], "no rules"),
        (
            vec!["serve", "-i", "demo", "--aws-auth", "/nonexistent"],
            "there is no such file; there are no rules of this source to start with",
        ),
        (
            vec![
                "serve",
                "-i",
                "demo",
                "--aws-auth",
                &rules,
                "--backend-mode",
                "CRD",
            ],
            "the backend CRD without --identity-mappings",
        ),
        (
            vec![
                "serve",
                "-i",
                "demo",
                "--aws-auth",
                &rules,
                "--kubernetes-version",
                "x",
                "--rbac",
                RBAC,
            ],
            "--kubernetes-version",
        ),
    ] {
        let ended = capture("verifier", &arguments, "");
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(why), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn check_reports_the_problems_of_settings_and_rules() {
    let directory = Directory::new("check");
    let rules = format!("{ROOT}{AWS_AUTH}");
    let good = ["check", "-i", "demo", "--aws-auth", &rules];
    let ended = capture("verifier", &good, "");
    assert_eq!(ended.stdout, "no problems\n", "{ended:?}");
    assert_eq!(ended.status.code(), Some(0));
    let upstreams = directory.write(
        "aia.yaml",
        "server:\n  kubeconfig: /x\n  ec2DescribeInstancesQps: 1\n  mapRols: []\n",
    );
    let broken = directory.write("aws-auth.yaml", "mapUsers: [");
    let bad = ["check", "--config", &upstreams, "--aws-auth", &broken];
    let ended = capture("verifier", &bad, "");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    for part in [
        "--kubeconfig and --master have no effect",
        "--ec2-describeInstances-qps has no effect: this build does not ask EC2",
        "--cluster-id is required",
        "did you mean `mapRoles`",
        "EKSConfigMap",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended:?}");
    }
}

#[test]
fn init_writes_files_that_serve_uses_and_keeps_those_that_exist() {
    let directory = Directory::new("init");
    let state = directory.path("state");
    let first = capture("verifier", &["init", "--state-dir", &state], "");
    assert!(first.status.success(), "{first:?}");
    assert!(
        first
            .stdout
            .contains("--authentication-token-webhook-config-file"),
        "{first:?}"
    );
    let read = |file: &str| fs::read_to_string(format!("{state}/{file}")).unwrap();
    let (certificate, key) = (read("cert.pem"), read("key.pem"));
    let kubeconfig = read("kubeconfig.yaml");
    assert!(
        kubeconfig.contains("\"https://127.0.0.1:21362/authenticate\""),
        "{kubeconfig}"
    );
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(format!("{state}/key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = capture("verifier", &["init", "--state-dir", &state], "");
    assert!(
        second.status.success() && second.stderr.contains("exists, kept"),
        "{second:?}"
    );
    assert_eq!((read("cert.pem"), read("key.pem")), (certificate, key));
    let csr = capture(
        "verifier",
        &[
            "init",
            "--csr",
            "--hostname",
            "verifier.example.com",
            "--state-dir",
            &directory.path("csr"),
        ],
        "",
    );
    assert!(
        csr.status.success() && csr.stdout.contains("csr.pem"),
        "{csr:?}"
    );
    let hostile = capture(
        "verifier",
        &["init", "--hostname", "ö", "--state-dir", &state],
        "",
    );
    assert_eq!(hostile.status.code(), Some(2), "{hostile:?}");
    // From now on, it is the certificate of the webhook.
    let arguments = [&LOCAL[..], &["--aws-auth", AWS_AUTH, "--state-dir", &state]].concat();
    let verifier = Verifier::start(&arguments);
    let mut stream = TcpStream::connect(("127.0.0.1", verifier.port)).unwrap();
    let plain = stream.write_all(b"GET /healthz HTTP/1.1\r\n\r\n");
    let mut answer = Vec::new();
    let _ = plain.and_then(|()| stream.read_to_end(&mut answer));
    // The answer is an alert of TLS, and not HTTP.
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}
