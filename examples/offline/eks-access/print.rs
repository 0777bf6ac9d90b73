//! Answers, and how they are printed.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use eks_access::format::Report;
use eks_access::{Cluster, NoAnswer, Severity};
use printable_text::Printable;
use program::output::FAILED;
use program::yaml;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::args::Output;
use crate::check::of_report;

/// An answer in each form, and the status to end with.
pub(crate) struct Answer {
    pub(crate) status: u8,
    /// For standard output, for people.
    pub(crate) text: String,
    /// For programs.
    pub(crate) data: Value,
    /// For standard error: problems of the files, and errors.
    pub(crate) aside: Vec<String>,
    /// Why there is no answer, and what could not be read.
    pub(crate) failure: Option<(String, Vec<String>)>,
}

impl Answer {
    /// Builds an answer of the library, with the warnings about its cluster.
    pub(crate) fn new<T: Display + Serialize>(status: u8, answer: &T, cluster: &Cluster) -> Self {
        let data = match serde_json::to_value(answer) {
            Ok(Value::Object(data)) => data,
            Ok(other) => Map::from_iter([("answer".to_owned(), other)]),
            Err(why) => return Self::failed("json", why.to_string()),
        };
        Self {
            status,
            text: answer.to_string(),
            data: with_cluster(data, cluster),
            aside: warnings(cluster),
            failure: None,
        }
    }

    /// Builds the output for a question that has no answer.
    pub(crate) fn none(why: &NoAnswer, cluster: &Cluster) -> Self {
        let message = why.to_string();
        let error = json!({ "code": why.code(), "message": message });
        let mut aside = warnings(cluster);
        let advice = match why {
            NoAnswer::Unreadable(_) if cluster.documents().len() > 1 => {
                "; mend it, or leave its file out with --exclude if it is not part of the cluster"
            }
            NoAnswer::NoMappingOf { .. } | NoAnswer::NoPolicyOf(_) => {
                "; the files of -f are part of both"
            }
            _ => "",
        };
        aside.push(format!("no answer: {message}{advice}"));
        let unreadable = match why {
            NoAnswer::Unreadable(problems) => problems.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        Self {
            status: FAILED,
            text: String::new(),
            data: with_cluster(Map::from_iter([("error".to_owned(), error)]), cluster),
            aside,
            failure: Some((message, unreadable)),
        }
    }

    /// Builds the output for a question that could not be asked.
    pub(crate) fn failed(code: &'static str, why: String) -> Self {
        Self {
            status: FAILED,
            text: String::new(),
            data: json!({ "error": { "code": code, "message": why } }),
            aside: vec![why.clone()],
            failure: Some((why, Vec::new())),
        }
    }

    /// Writes that there is no answer in the format of findings that the program was asked for.
    pub(crate) fn in_format(self, output: Output, title: &'static str) -> Self {
        let Some((why, unreadable)) = self.failure.clone().filter(|_| output.is_of_findings())
        else {
            return self;
        };
        let mut report = Report::new(title, Vec::new());
        report.no_answer = Some(why);
        report.unreadable = unreadable;
        let reported = of_report(&report, output, Severity::Info, self.status);
        Self {
            text: reported.text,
            data: reported.data,
            ..self
        }
    }

    /// Joins the answers to one question about several things, all of which have to be yes.
    pub(crate) fn all(answers: Vec<Self>) -> Self {
        let mut joined = Self {
            status: 0,
            text: String::new(),
            data: Value::Null,
            aside: Vec::new(),
            failure: None,
        };
        let mut data = Vec::new();
        for mut answer in answers {
            // One no makes the whole a no. Else one unknown answer leaves the whole without an
            // answer.
            joined.status = match (joined.status, answer.status) {
                (1, _) | (_, 1) => 1,
                (one, other) => one.max(other),
            };
            joined.text.push_str(&answer.text);
            for line in std::mem::take(&mut answer.aside) {
                if !joined.aside.contains(&line) {
                    joined.aside.push(line);
                }
            }
            data.push(answer.data);
        }
        joined.data = match data.len() {
            1 => data.remove(0),
            _ => json!({ "answers": data }),
        };
        joined
    }

    /// Joins the answers of the clusters of a fleet. The status is the greatest.
    pub(crate) fn of_fleet(answers: impl Iterator<Item = (String, Self)>) -> Self {
        let mut joined = Self {
            status: 0,
            text: String::new(),
            data: Value::Null,
            aside: Vec::new(),
            failure: None,
        };
        let mut clusters = Map::new();
        for (name, answer) in answers {
            let printed = Printable::new(&name).to_string();
            joined.status = joined.status.max(answer.status);
            let _ = writeln!(joined.text, "# {printed}");
            joined.text.push_str(match answer.text.as_str() {
                "" if answer.status == FAILED => "no answer\n",
                "" => "nothing found\n",
                text => text,
            });
            let aside = answer.aside.iter();
            joined
                .aside
                .extend(aside.map(|line| format!("{printed}: {line}")));
            clusters.insert(name, answer.data);
        }
        joined.data = json!({ "clusters": clusters });
        joined
    }
}

/// Adds what the answer rests on: the settings of the cluster, and the problems of its files.
pub(crate) fn with_cluster(mut data: Map<String, Value>, cluster: &Cluster) -> Value {
    let settings = json!({
        "kubernetesVersion": cluster.kubernetes_version().value().to_string(),
        "authenticationMode": cluster.authentication_mode().value().as_str(),
        "dialect": cluster.dialect().value().as_str(),
        "sources": cluster.sources(),
        "unrecognized": cluster.unrecognized(),
    });
    let (unreadable, warnings): (Vec<_>, Vec<_>) = cluster
        .problems()
        .iter()
        .partition(|one| one.is_unreadable());
    data.insert("cluster".to_owned(), settings);
    data.insert("warnings".to_owned(), json!(warnings));
    data.insert("unreadable".to_owned(), json!(unreadable));
    Value::Object(data)
}

/// The number of problems with one code that are printed beside an answer. `check` and the other formats print all.
/// Our choice: a repository may have hundreds of manifests without a namespace.
const MAX_ALIKE: usize = 5;

/// Writes the problems of a cluster's files, and the documents that were not used, one line each. If many problems have the
/// same code, the first are written, and then the number of the others.
pub(crate) fn warnings(cluster: &Cluster) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for problem in cluster.problems() {
        let count = counts.entry(problem.code()).or_default();
        *count = count.saturating_add(1);
        if *count <= MAX_ALIKE {
            lines.push(problem.to_string());
        }
    }
    for (code, count) in counts {
        let more = count.saturating_sub(MAX_ALIKE);
        if more > 0 {
            lines.push(format!("{more} more {code}, all of which `check` lists"));
        }
    }
    lines.extend(warnings_beside(cluster));
    lines
}

/// Writes which documents of a cluster's files were not used, for answers that list the problems.
pub(crate) fn warnings_beside(cluster: &Cluster) -> Vec<String> {
    let unrecognized = cluster.unrecognized().iter();
    unrecognized
        .map(|one| {
            let kind = match one.count() {
                1 => singular(one.kind()),
                _ => one.kind().to_owned(),
            };
            let (count, kind) = (one.count(), Printable::new(&kind).to_string());
            format!("not used: {count} {kind}, the first in {}", one.first())
        })
        .collect()
}

/// Returns a kind in the singular. A description is in the plural, the kind of an object is not.
fn singular(kind: &str) -> String {
    let plurals = ["documents", "files", "objects"];
    let words = kind.split(' ').map(|word| match plurals.contains(&word) {
        true => word.trim_end_matches('s'),
        false => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Formats an answer.
pub(crate) fn text(answer: &Answer, output: Output) -> String {
    match output {
        Output::Text | Output::Github | Output::Junit | Output::Markdown => answer.text.clone(),
        Output::Json | Output::Sarif => json_text(&answer.data),
        Output::Yaml => yaml_text(&answer.data),
    }
}

/// Escapes text that an agent of Azure Pipelines would take for a command, anywhere in a line. (The quoting in
/// messages of Kubernetes does not escape it.)
pub(crate) fn without_commands(text: &str) -> String {
    text.replace("##[", "#\\u{23}[")
        .replace("##vso[", "#\\u{23}vso[")
}

/// Formats JSON. Characters that a terminal acts on are escaped, which does not change the value.
fn json_text(data: &Value) -> String {
    let mut printed = String::new();
    for c in format!("{data:#}\n").chars() {
        match is_plain(c) {
            true => printed.push(c),
            false => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(printed, "\\u{unit:04x}");
                }
            }
        }
    }
    printed
}

/// Formats YAML. JSON is YAML, too, and has escapes for every character that a terminal acts on.
fn yaml_text(data: &Value) -> String {
    match serde_yaml::to_value(data).and_then(yaml::to_string) {
        Ok(text) if text.chars().all(is_plain) => text,
        _ => json_text(data),
    }
}

fn is_plain(c: char) -> bool {
    c == '\n'
        || (c.is_ascii() && !c.is_ascii_control())
        || (!c.is_ascii() && c.escape_debug().len() == 1)
}
