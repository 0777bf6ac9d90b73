//! The program, run inside the process of the test.

mod audit;
mod check;
mod convert;
mod diff;
mod docs;
mod edit;
mod fleet;
mod grammar;
mod hooks;
mod hostile;
mod questions;
mod report;
mod reported;
mod schema;
mod words;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::args::Args;
use crate::print::{self, Answer};

const FOUND: u8 = 1;

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/eks-access/testdata");

/// Parses a command line that needs no quotes.
fn parse(line: &str) -> Args {
    let words = std::iter::once("eks-access").chain(line.split_whitespace());
    Args::try_parse_from(words).unwrap()
}

/// Runs a command line. Each word that names a file of `testdata` is replaced by the file's path.
fn answer(line: &str) -> Answer {
    let words = line.split_whitespace().map(|word| {
        let is_file = !word.starts_with('/')
            && word.contains(|c: char| c.is_ascii_digit() || c == '.')
            && Path::new(TESTDATA).join(word).exists();
        match is_file {
            true => format!("{TESTDATA}/{word}"),
            false => word.to_owned(),
        }
    });
    let words = std::iter::once("eks-access".to_owned()).chain(words);
    let args = Args::try_parse_from(words).unwrap();
    let mut answer = crate::run(&args);
    answer.text = print::text(&answer, args.common.output);
    answer
}

/// Returns the status, standard output, and both outputs together.
fn run(line: &str) -> (u8, String, String) {
    let answer = answer(line);
    let all = format!("{}{}\n", answer.text, answer.aside.join("\n"));
    (answer.status, answer.text, all)
}

/// Asserts that a command line ends with a status and prints each of these texts.
#[track_caller]
fn check(line: &str, status: u8, prints: &[&str]) {
    let (got, _, all) = run(line);
    assert_eq!(got, status, "{line}\n{all}");
    for text in prints {
        assert!(all.contains(text), "{line}: {text}\n{all}");
    }
}

/// Asserts that `check` finds exactly these: line, severity and code, by line.
#[track_caller]
fn findings(line: &str, status: u8, expected: &[&str]) {
    let answer = answer(&format!("check -o json -f {line}"));
    let list = answer.data["findings"].as_array().unwrap();
    let mut found: Vec<(u64, String)> = list
        .iter()
        .map(|one| {
            let line = one["place"]["line"].as_u64().unwrap_or(0);
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (line, format!("{} {}", text("severity"), text("code")))
        })
        .collect();
    found.sort();
    let found: Vec<String> = found
        .into_iter()
        .map(|(line, text)| format!("{line} {text}"))
        .collect();
    assert_eq!((answer.status, found), (status, owned(expected)), "{line}");
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A directory that is removed at the end of a test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("eks-access-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NODES: &str = "  - rolearn: arn:aws:iam::111122223333:role/nodes\n    username: system:node:{{EC2PrivateDNSName}}\n    groups: [system:bootstrappers, system:nodes]\n";
const OPS: &str = "  - rolearn: arn:aws:iam::111122223333:role/ops\n    username: ops\n    groups: [system:masters]\n";
const DEV: &str =
    "  - rolearn: arn:aws:iam::111122223333:role/dev\n    username: dev\n    groups: [dev]\n";
const VIEW: &str = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: dev}, subjects: [{kind: Group, name: dev}], roleRef: {kind: ClusterRole, name: view}}\n";

fn config_map(entries: &[&str]) -> String {
    format!("mapRoles: |\n{}", entries.concat())
}
