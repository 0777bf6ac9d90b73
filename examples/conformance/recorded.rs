//! Asks the driver every recorded answer in the crates' `testdata/`, one test for each area.
//!
//! A failure prints the file, the line, the fault and the question. The question can be piped
//! unchanged into the driver. `VECTOR=FILE:LINE cargo test --example conformance` asks one line only,
//! with the file's path from the root of the repository.

use std::path::Path;

use serde_json::Value;
use testkit::Vector;

use crate::answer_line;

mod mapping;
mod rbac;
#[cfg(feature = "runtime")]
mod sources;
mod tokens;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");

const TOKENS: &str = "crates/sts-presign/testdata/genuine.jsonl";
const LAYOUTS: &str = "crates/sts-presign/testdata/layouts.jsonl";
const ENDPOINTS: &str = "crates/sts-presign/testdata/sts-endpoints.jsonl";
const PARTITIONS: &str = "crates/sts-presign/testdata/partitions.jsonl";
const ADVERSARIAL: &str = "crates/eks-auth/testdata/adversarial.jsonl";
const MAPPING: &str = "crates/aws-auth-map/testdata/resolve.jsonl";
const AGGREGATION: &str = "crates/k8s-rbac/testdata/aggregation.jsonl";
const AUTHORIZE: &str = "crates/k8s-rbac/testdata/authorize.jsonl";
const CANI_LIST: &str = "crates/k8s-rbac-analysis/testdata/cani_list.jsonl";
const COVERS: &str = "crates/k8s-rbac/testdata/covers.jsonl";
const ESCALATION: &str = "crates/k8s-rbac/testdata/escalation.jsonl";
const FORBIDDEN: &str = "crates/k8s-rbac/testdata/forbidden.jsonl";
const LABEL_SELECTORS: &str = "crates/k8s-rbac/testdata/label_selectors.jsonl";
const RAW_SELECTORS: &str = "crates/k8s-rbac/testdata/raw_selectors.jsonl";
const REQUEST_INFO: &str = "crates/k8s-rbac/testdata/requestinfo.jsonl";
const RULE_ALLOWS: &str = "crates/k8s-rbac/testdata/rule_allows.jsonl";
const VALIDATION: &str = "crates/k8s-rbac/testdata/validation.jsonl";
const DEFAULTS: &str = "crates/k8s-rbac/testdata/upstream/defaults.jsonl";
const MANIFESTS: &str = "crates/k8s-rbac/testdata/upstream/manifests.jsonl";
const REQUESTS: &str = "crates/k8s-rbac/testdata/upstream/requests.jsonl";
const REVIEWS: &str = "crates/k8s-rbac/testdata/upstream/reviews.jsonl";
const SELECTORS: &str = "crates/k8s-rbac/testdata/upstream/selectors.jsonl";
const UPDATES: &str = "crates/k8s-rbac/testdata/upstream/updates.jsonl";
const UPDATES_1_37: &str = "crates/k8s-rbac/testdata/upstream/updates-1.37.jsonl";
const WRITES: &str = "crates/k8s-rbac/testdata/upstream/writes.jsonl";
const CONFIG_MAP: &str = "crates/eks-auth-sources/testdata/upstream/config_map.jsonl";
const BACKEND_MODES: &str = "crates/eks-auth-sources/testdata/upstream/backend_modes.jsonl";
const DYNAMIC_FILE: &str = "crates/eks-auth-sources/testdata/upstream/dynamic_file.jsonl";
const LOOK_UPS: &str = "crates/eks-auth-ec2/testdata/upstream/look_ups.jsonl";

/// The files whose lines are asked here. The last four are asked with the feature `runtime` only.
const ASKED: [&str; 28] = [
    TOKENS,
    LAYOUTS,
    ENDPOINTS,
    ADVERSARIAL,
    MAPPING,
    AGGREGATION,
    AUTHORIZE,
    CANI_LIST,
    COVERS,
    ESCALATION,
    FORBIDDEN,
    LABEL_SELECTORS,
    RAW_SELECTORS,
    REQUEST_INFO,
    RULE_ALLOWS,
    VALIDATION,
    DEFAULTS,
    MANIFESTS,
    REQUESTS,
    REVIEWS,
    SELECTORS,
    UPDATES,
    UPDATES_1_37,
    WRITES,
    CONFIG_MAP,
    BACKEND_MODES,
    DYNAMIC_FILE,
    LOOK_UPS,
];

/// The files without questions for the driver. The tests of their crates read them.
const READ_BY_THEIR_CRATE: [&str; 10] = [
    PARTITIONS,
    "crates/eks-access/testdata/audit_sample.jsonl",
    "crates/eks-auth-tower/testdata/logins.jsonl",
    // A part of `TOKENS`, without secret keys.
    "crates/eks-token/testdata/genuine.jsonl",
    "crates/k8s-rbac-analysis/testdata/escalation_worlds.jsonl",
    "crates/k8s-rbac/testdata/api_resources.jsonl",
    "crates/k8s-rbac/testdata/bootstrap.jsonl",
    "crates/k8s-rbac/testdata/go_quote.jsonl",
    "crates/sts-presign/testdata/posts.jsonl",
    "crates/sts-presign/testdata/sdk-requests.jsonl",
];

/// How many faults of one file a failure prints. Questions have up to 30,000 characters.
const MAX_PRINTED: usize = 5;

/// The judgment of one answer. `Err` describes the fault.
type Verdict = Result<(), String>;

/// Asks about each line of a file, or about the line that `VECTOR` selects, and fails once for all
/// faults.
///
/// # Panics
///
/// If an answer is wrong, or the file holds no question.
fn ask(file: &str, questions: impl Fn(&Value, &mut Score)) {
    let selected = Selected::from_environment();
    let mut score = Score::default();
    for vector in vectors(file) {
        if selected
            .as_ref()
            .is_none_or(|one| one.is(file, vector.line))
        {
            score.place = format!("{file}:{}", vector.line);
            questions(&vector.case, &mut score);
        }
    }
    println!("{file}: {} questions", score.asked);
    score.finish(selected.is_some_and(|one| one.file != file));
}

fn vectors(file: &str) -> Vec<Vector<Value>> {
    testkit::vectors(Path::new(ROOT).join(file))
}

/// The line that the environment variable `VECTOR` selects.
struct Selected {
    file: String,
    line: usize,
}

impl Selected {
    fn from_environment() -> Option<Self> {
        let (file, line) = std::env::var("VECTOR")
            .ok()?
            .rsplit_once(':')
            .map(|(file, line)| (file.to_owned(), line.parse().ok()))
            .expect("VECTOR is FILE:LINE");
        assert!(
            ASKED.contains(&file.as_str()),
            "VECTOR: {file} is none of {ASKED:#?}"
        );
        let line = line.expect("VECTOR is FILE:LINE");
        Some(Self { file, line })
    }

    fn is(&self, file: &str, line: usize) -> bool {
        self.file == file && self.line == line
    }
}

/// The questions of one file and the faults of their answers.
#[derive(Default)]
struct Score {
    place: String,
    asked: usize,
    faults: Vec<String>,
}

impl Score {
    /// Asks one question, and records the fault that `judge` finds in its answer.
    fn ask(&mut self, question: &Value, judge: impl FnOnce(&Value) -> Verdict) {
        let question = question.to_string();
        let answer = answer_line(question.as_bytes());
        self.asked = self.asked.saturating_add(1);
        if let Err(fault) = judge(&answer) {
            let place = &self.place;
            self.faults
                .push(format!("{place}: {fault}\n  question: {question}"));
        }
    }

    fn finish(self, may_be_empty: bool) {
        let Self { asked, faults, .. } = self;
        assert!(asked > 0 || may_be_empty, "no question was asked");
        let (wrong, printed) = (faults.len(), faults.get(..MAX_PRINTED).unwrap_or(&faults));
        assert!(
            wrong == 0,
            "{wrong} of {asked} answers are wrong; the first {}:\n{}",
            printed.len(),
            printed.join("\n")
        );
    }
}

/// Judges whether the answer has these fields with these values.
fn has_fields(answer: &Value, wanted: &Value) -> Verdict {
    let fields = wanted.as_object().expect("an object of wanted fields");
    if fields
        .iter()
        .all(|(name, value)| answer.get(name) == Some(value))
    {
        Ok(())
    } else {
        Err(format!("wanted {wanted}, got {answer}"))
    }
}

/// Judges whether the answer is a refusal. If there are codes, the refusal must have one of them.
fn is_refused(answer: &Value, codes: &[&str]) -> Verdict {
    let code = answer["error"]["code"].as_str();
    match code {
        None | Some("" | "unknown-op" | "malformed-question") => {
            Err(format!("wanted a refusal, got {answer}"))
        }
        Some(code) if codes.is_empty() || codes.contains(&code) => Ok(()),
        Some(code) => Err(format!("wanted {}, got {code}", codes.join(" or "))),
    }
}

/// Copies fields of a recorded line into a question. A field that the line lacks becomes null.
fn question(op: &str, case: &Value, fields: &[&str]) -> Value {
    let copied = fields
        .iter()
        .map(|name| ((*name).to_owned(), case[*name].clone()));
    let op = ("op".to_owned(), op.into());
    Value::Object(std::iter::once(op).chain(copied).collect())
}

#[test]
fn every_recorded_file_is_asked_here_or_named() {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(Path::new(ROOT).join("crates")).unwrap() {
        let directory = entry.unwrap().path().join("testdata");
        list(&directory, &mut files);
        list(&directory.join("upstream"), &mut files);
    }
    files.sort();
    let mut named = ASKED.to_vec();
    named.extend(READ_BY_THEIR_CRATE);
    named.sort_unstable();
    assert_eq!(files, named);
}

/// Adds the JSON lines files of a directory, if there is one.
fn list(directory: &Path, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            let path = path.strip_prefix(ROOT).unwrap();
            files.push(path.display().to_string());
        }
    }
}
