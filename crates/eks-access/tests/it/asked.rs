//! Questions, and the whole text of each answer: `testdata/asked/*.toml`.
//!
//! Each file has documents by name, and cases that ask about some of the documents. `ask` is a question: `can WHO
//! REQUEST`, `why WHO REQUEST`, `who REQUEST`, `whoami ARN`, `callers [NAME]`, `list WHO`, `list-by-namespace WHO`,
//! `escalate WHO [to POWER]`, `writes WHO`, `check`, `documents`, `diff [ARN]`, `diff-text`, `fix`, `edit add|replace
//! ARN [USERNAME [GROUPS]]`, `edit remove ARN`, `edit dedupe` or `convert TARGET`. WHO is an ARN, or `user:NAME` with
//! its groups behind commas. `new` are the documents of the new side, or the objects to write.

mod ask;
mod documents;

use std::collections::BTreeMap;

use eks_access::{Cluster, Document, Options};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    documents: BTreeMap<String, String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    ask: String,
    of: Vec<String>,
    #[serde(default)]
    new: Vec<String>,
    mode: Option<String>,
    dialect: Option<String>,
    /// Whether the default policy of Kubernetes is left out.
    #[serde(default)]
    bare: bool,
    /// The creator of the cluster, for `convert`.
    creator: Option<String>,
    answer: String,
    /// The answer as JSON, if it is compared.
    json: Option<String>,
}

impl Case {
    fn options(&self) -> Options {
        let mut options = Options::new();
        if let Some(mode) = &self.mode {
            options = options.with_authentication_mode(mode.parse().unwrap());
        }
        if let Some(dialect) = &self.dialect {
            options = options.with_dialect(dialect.parse().unwrap());
        }
        match self.bare {
            true => options.without_default_policy(),
            false => options,
        }
    }
}

impl File {
    fn cluster(&self, names: &[String], options: &Options) -> Cluster {
        let documents = names
            .iter()
            .map(|name| Document::new(name, &self.documents[name]));
        Cluster::from_documents(documents, options)
    }
}

fn answers_are_those_of(path: &str) {
    let file: File = testkit::toml(path);
    let mut report = testkit::Report::new();
    for (case, number) in file.case.iter().zip(1..) {
        let name = format!("{path}, case {number}: {}", case.ask);
        let answer = ask::ask(&file, case);
        report.check(&name, &answer.text.trim_end(), &case.answer.trim_end());
        if let Some(json) = &case.json {
            let want: serde_json::Value = serde_json::from_str(json).unwrap();
            report.check(&format!("{name}: JSON"), &answer.json, &Some(want));
        }
    }
    report.finish();
}

#[test]
fn queries_and_commands_are_recognized() {
    answers_are_those_of("testdata/asked/queried.toml");
}

#[test]
fn callers_become_users() {
    answers_are_those_of("testdata/asked/callers.toml");
}

#[test]
fn each_of_two_conditions_counts() {
    answers_are_those_of("testdata/asked/judged.toml");
}

#[test]
fn what_is_not_known_never_becomes_an_answer() {
    answers_are_those_of("testdata/asked/missing.toml");
}

#[test]
fn a_part_of_a_cluster_never_becomes_a_no() {
    answers_are_those_of("testdata/asked/partial.toml");
}

#[test]
fn requests_are_allowed() {
    answers_are_those_of("testdata/asked/requests.toml");
}

#[test]
fn clusters_are_compared() {
    answers_are_those_of("testdata/asked/diff.toml");
}

#[test]
fn entries_are_edited() {
    answers_are_those_of("testdata/asked/edit.toml");
}

#[test]
fn roles_and_bindings_are_written() {
    answers_are_those_of("testdata/asked/writes.toml");
}

#[test]
fn clusters_are_checked() {
    answers_are_those_of("testdata/asked/check.toml");
}

#[test]
fn reasons_are_given() {
    answers_are_those_of("testdata/asked/why.toml");
}

#[test]
fn outputs_of_other_commands_are_read() {
    answers_are_those_of("testdata/asked/outputs.toml");
}

#[test]
fn documents_are_read() {
    answers_are_those_of("testdata/asked/documents.toml");
}

#[test]
fn mappings_are_converted() {
    answers_are_those_of("testdata/asked/convert.toml");
}

#[test]
fn names_that_another_tool_fills_in_leave_no_answer() {
    answers_are_those_of("testdata/asked/unfilled.toml");
}

#[test]
fn documents_that_contradict_each_other_leave_no_answer() {
    answers_are_those_of("testdata/asked/contradictions.toml");
}

#[test]
fn what_may_change_or_hide_access_leaves_no_answer() {
    answers_are_those_of("testdata/asked/hidden.toml");
}

#[test]
fn plans_of_terraform_are_read() {
    answers_are_those_of("testdata/asked/terraform.toml");
}
