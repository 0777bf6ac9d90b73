//! The files of `examples/online/verifier/deploy`: the program has each metric, label and flag in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::thread::sleep;
use std::time::Duration;

use bounded_yaml::{Limits, Node, documents};
use serde_json::Value;

use crate::run::{self, AWS_AUTH, ROOT, capture};
use crate::stub::{Answer, Authority, Received, Stub};
use crate::webhook::{Directory, Verifier};

const DEPLOY: &str = "examples/online/verifier/deploy";

/// The metrics by name, each with its labels.
type Metrics = BTreeMap<String, BTreeSet<String>>;

fn read(file: &str) -> String {
    fs::read_to_string(format!("{ROOT}{file}")).unwrap()
}

fn sts(request: &Received) -> Answer {
    if request.line.contains("AKIATHROTTLEDEXAMPLE") {
        let fault = "{\"Error\":{\"Code\":\"Throttling\",\"Message\":\"m\",\"Type\":\"Sender\"},\"RequestId\":\"r\"}";
        return (400, "application/json", fault.to_owned());
    }
    let caller = "{\"GetCallerIdentityResponse\":{\"GetCallerIdentityResult\":{\"Account\":\"111122223333\",\"Arn\":\
        \"arn:aws:iam::111122223333:user/developer\",\"UserId\":\"AIDADEVELOPEREXAMPLE\"},\"ResponseMetadata\":\
        {\"RequestId\":\"1\"}}}";
    (200, "application/json", caller.to_owned())
}

/// Returns the metrics of a verifier after every event that a metric counts.
fn metrics() -> Metrics {
    let authority = Authority::new(&["sts.us-west-2.amazonaws.com"]);
    let sts = Stub::proxy(authority.server.clone(), sts);
    let directory = Directory::new("deploy-metrics");
    let pem = directory.write("ca.pem", &authority.pem);
    let proxy = format!("http://{}", sts.address);
    let arguments = [
        "-i",
        "demo",
        "--aws-auth",
        AWS_AUTH,
        "--sts-proxy",
        &proxy,
        "--sts-retries",
        "0",
        "--header-timeout",
        "200ms",
        "--client-rate",
        "5",
    ];
    let verifier = Verifier::start_with(&arguments, &[("SSL_CERT_FILE", &pem)], "listening on");
    let throttled = run::token_for("demo", &[("AWS_ACCESS_KEY_ID", "AKIATHROTTLEDEXAMPLE")]);
    // The stub has no certificate for this host.
    let elsewhere = [
        "--region",
        "us-east-1",
        "--token-only",
        "--cluster-id",
        "demo",
    ];
    let unreachable = capture("signer", &elsewhere, "").stdout;
    for token in [&run::token(), &throttled, &unreachable] {
        verifier.review(token.trim());
    }
    for _ in 0..100 {
        verifier.review("junk");
    }
    let _silent = TcpStream::connect(("127.0.0.1", verifier.port)).unwrap();
    let mut found = until(&verifier, "eks_auth_connections_cut_total");
    // The certificate can no longer be used.
    let state = directory.path("state");
    assert!(
        capture("verifier", &["init", "--state-dir", &state], "")
            .status
            .success()
    );
    let arguments = ["-i", "demo", "--aws-auth", AWS_AUTH, "--state-dir", &state];
    let verifier = Verifier::start(&arguments);
    fs::write(format!("{state}/cert.pem"), "junk").unwrap();
    verifier.signal("-HUP");
    for (name, labels) in until(&verifier, "eks_auth_certificate_reloads_total") {
        found.entry(name).or_default().extend(labels);
    }
    found
}

/// Reads the metrics of a verifier until there is a metric of this name.
fn until(verifier: &Verifier, name: &str) -> Metrics {
    for _ in 0..600 {
        let text = verifier.get("/metrics");
        if text.contains(name) {
            return samples(&text);
        }
        sleep(Duration::from_millis(50));
    }
    panic!("no metric {name}");
}

fn samples(text: &str) -> Metrics {
    let mut found = Metrics::new();
    for line in text
        .lines()
        .filter(|line| line.contains('_') && !line.starts_with('#'))
    {
        let (sample, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
        let names = labels
            .split("\",")
            .filter_map(|label| Some(label.split_once('=')?.0));
        let entry = found.entry(name.to_owned()).or_default();
        entry.extend(names.map(str::to_owned));
    }
    found
}

/// Collects the texts below a key.
fn below(node: &Node, key: &str, texts: &mut Vec<String>) {
    if let Node::Sequence(items) = node {
        items.iter().for_each(|item| below(item, key, texts));
    }
    for (name, value) in node.as_mapping().iter().flat_map(|map| map.entries()) {
        match value.as_text() {
            Some(text) if name.text() == key => texts.push(text.to_owned()),
            _ => below(value, key, texts),
        }
    }
}

fn expressions(json: &Value, texts: &mut Vec<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| expressions(item, texts)),
        Value::Object(entries) => {
            for (name, value) in entries {
                match value.as_str() {
                    Some(text) if name == "expr" => texts.push(text.to_owned()),
                    _ => expressions(value, texts),
                }
            }
        }
        _ => {}
    }
}

fn is_in_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns the labels that an expression compares or by which it groups.
fn labels(expression: &str) -> impl Iterator<Item = &str> {
    let mut sides = expression.split('=');
    // The text behind the last sign is a value.
    let _ = sides.next_back();
    let compared = sides.filter_map(|side| {
        let side = side.strip_suffix('!').unwrap_or(side);
        side.rsplit(|c| !is_in_a_name(c)).next()
    });
    let grouped = expression
        .split("by (")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .flat_map(|names| names.split(','))
        .map(str::trim);
    compared.chain(grouped).filter(|label| !label.is_empty())
}

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_exist() {
    let mut asked = Vec::new();
    let alerts = read(&format!("{DEPLOY}/alerts.yaml"));
    let limits = Limits::new();
    for document in documents(&alerts, &limits) {
        below(&document.unwrap(), "expr", &mut asked);
    }
    let alerts = asked.len();
    let dashboard = read(&format!("{DEPLOY}/dashboard.json"));
    expressions(&serde_json::from_str(&dashboard).unwrap(), &mut asked);
    assert!(alerts > 5 && asked.len() > alerts + 10, "{asked:?}");
    let metrics = metrics();
    for expression in &asked {
        let names = expression.split(|c| !is_in_a_name(c)).filter(|name| {
            name.starts_with("eks_auth_") || name.starts_with("aws_iam_authenticator_")
        });
        let mut known = BTreeSet::new();
        for name in names {
            let found = metrics.get(name);
            known.extend(found.unwrap_or_else(|| panic!("no metric {name}: {expression}")));
        }
        for label in labels(expression) {
            let is_known = known.contains(&label.to_owned());
            assert!(is_known, "no label {label}: {expression}");
        }
    }
}

/// `verifier serve` accepts the arguments of each container, and the file of settings.
#[test]
fn the_image_of_the_manifests_has_the_version_of_the_programs() {
    for program in ["verifier", "signer", "eks-access"] {
        let printed = capture(program, &["--version"], "").stdout;
        let version = printed.trim_end().strip_prefix(program).unwrap().trim();
        for file in ["static-pod.yaml", "service.yaml"] {
            let image = format!("image: example.com/verifier:{version}\n");
            let text = read(&format!("{DEPLOY}/{file}"));
            assert!(text.contains(&image), "{file}: {printed}");
        }
    }
}

#[test]
fn the_arguments_of_the_manifests_are_taken() {
    let mut count = 0;
    for file in ["static-pod.yaml", "service.yaml"] {
        let text = read(&format!("{DEPLOY}/{file}"));
        let limits = Limits::new();
        for document in documents(&text, &limits) {
            for arguments in lists(&document.unwrap(), "args") {
                let settings = format!("--settings={DEPLOY}/settings.toml");
                let mut line = vec!["check"];
                for argument in &arguments {
                    match argument.as_str() {
                        "serve" => {}
                        other if other.starts_with("--settings=") => line.push(&settings),
                        other => line.push(other),
                    }
                }
                // The files are not on this machine, so `check` has findings. A wrong flag or key would
                // be an error.
                let ended = capture("verifier", &line, "");
                assert_eq!(ended.status.code(), Some(1), "{file}: {ended:?}");
                assert!(ended.stdout.contains("there is no such file"), "{ended:?}");
                assert!(!ended.stdout.contains("cluster-id"), "{ended:?}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 2);
}

/// Every user can write to a volume that kubelet makes. The verifier saves no file in such a directory.
#[test]
fn the_state_is_kept_in_a_directory_of_its_own() {
    let manifest = read(&format!("{DEPLOY}/service.yaml"));
    let volume = "- {name: state, mountPath: /var/lib/verifier}";
    assert!(manifest.contains(volume) && manifest.contains("emptyDir: {}"));
    let settings = read(&format!("{DEPLOY}/settings.toml"));
    assert!(settings.contains("\nstate-dir = \"/var/lib/verifier/state\"\n"));
    let directory = Directory::new("deploy-state");
    let volume = directory.path("volume");
    fs::create_dir(&volume).unwrap();
    fs::set_permissions(&volume, fs::Permissions::from_mode(0o2777)).unwrap();
    let state = format!("{volume}/state");
    let arguments = ["-i", "demo", "--aws-auth", AWS_AUTH, "--state-dir", &state];
    let _verifier = Verifier::start(&arguments);
    let mode = fs::metadata(&state).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let is_saved = || {
        let mut files = fs::read_dir(&state).unwrap();
        files.any(|file| file.unwrap().path().extension() == Some("json".as_ref()))
    };
    for _ in 0..600 {
        if is_saved() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("nothing is saved in {state}");
}

/// Returns the lists of texts below a key.
fn lists(node: &Node, key: &str) -> Vec<Vec<String>> {
    if let Node::Sequence(items) = node {
        return items.iter().flat_map(|item| lists(item, key)).collect();
    }
    let mut found = Vec::new();
    for (name, value) in node.as_mapping().iter().flat_map(|map| map.entries()) {
        match value {
            Node::Sequence(items) if name.text() == key => {
                let texts = items.iter().filter_map(Node::as_text);
                found.push(texts.map(str::to_owned).collect());
            }
            _ => found.extend(lists(value, key)),
        }
    }
    found
}

/// Flags of other programs in the pages and files about the verifier.
const FLAGS_OF_OTHERS: [&str; 17] = [
    // kube-apiserver
    "--authentication-token-webhook-config-file",
    "--authentication-token-webhook-version",
    // cargo, and the Containerfile's own
    "--example",
    "--features",
    "--from",
    "--locked",
    "--package",
    "--profile",
    "--target",
    // aws-iam-authenticator, in the left column of its page
    "--groups",
    "--kubeconfig-context",
    "--master-url",
    "--prompt",
    "--rolearn",
    "--sso",
    "--userarn",
    "--username",
];

#[test]
fn each_flag_in_the_pages_is_one_of_a_program() {
    let help: String = ["verifier", "signer", "eks-access"]
        .map(|program| read(&format!("examples/program/testdata/help/{program}.txt")))
        .concat();
    let known: BTreeSet<&str> = flags(&help).collect();
    let mut unknown = Vec::new();
    for file in [
        "README.md",
        "UPSTREAM.md",
        "Containerfile",
        "deploy/static-pod.yaml",
        "deploy/service.yaml",
        "deploy/watch.yaml",
        "deploy/alerts.yaml",
        "deploy/settings.toml",
    ] {
        let text = read(&format!("examples/online/verifier/{file}"));
        for flag in flags(&text) {
            if !known.contains(flag) && !FLAGS_OF_OTHERS.contains(&flag) {
                unknown.push(format!("{file}: {flag}"));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// Returns the long flags in a text.
fn flags(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(move |c| !is_part(c)).filter(|word| {
        word.strip_prefix("--")
            .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
    })
}
