//! The command `check`.

use std::path::PathBuf;

use eks_access::format::Report;
use eks_access::{Baseline, Cluster, Problem};
use k8s_rbac::Objects;
use program::files;
use program::output::FAILED;
use serde_json::{Map, json};

use crate::LOCKOUT;
use crate::args::{Check, Common, Output};
use crate::edit::NOT_CHANGED;
use crate::in_place;
use crate::input;
use crate::live::{self, Extent};
use crate::print::{Answer, warnings_beside, with_cluster};

/// Checks the cluster of the files.
pub(crate) fn check(asked: &Check, common: &Common) -> Result<Answer, String> {
    let paths: Vec<PathBuf> = common.files.iter().chain(&asked.paths).cloned().collect();
    let mut cluster = input::cluster_with(common, &paths, Extent::Workloads)?;
    let mut fixed = Vec::new();
    if asked.fix {
        live::refuse(common, "--fix changes a file")?;
        let edited = cluster
            .fix(&input::options(common))
            .map_err(|why| why.to_string())?;
        let name = cluster
            .documents()
            .get(edited.document)
            .map_or("", |document| document.name());
        if !edited.harm.is_empty() && !asked.force {
            let mut answer = Answer::failed("lockout", NOT_CHANGED.to_owned());
            answer.status = LOCKOUT;
            let harm = edited.harm.iter().map(ToString::to_string);
            answer.aside.splice(0..0, harm);
            return Ok(answer);
        }
        if !edited.changed.is_empty() {
            in_place::write(name, &edited.text)?;
            fixed = edited.changed;
            cluster = input::read(common, &paths)?;
        }
    }
    let answer = check_cluster(asked, common, &cluster)?;
    let mut answer = live::note(answer, common, &cluster);
    let lines = fixed.iter().map(|what| format!("fixed: {what}"));
    answer.aside.splice(0..0, lines);
    input::leave(common, cluster);
    Ok(answer)
}

/// Checks one cluster.
pub(crate) fn check_cluster(
    asked: &Check,
    common: &Common,
    cluster: &Cluster,
) -> Result<Answer, String> {
    let known = match asked.known.as_slice() {
        [] => Objects::default(),
        paths => input::read(common, paths)?.rbac().written().clone(),
    };
    let checked = match cluster.check(&known) {
        Ok(checked) => checked,
        Err(why) => return Ok(Answer::none(&why, cluster)),
    };
    let aside = warnings_beside(cluster);
    if asked.print_baseline {
        let text = Baseline::of(&checked.findings).to_string();
        let data = json!({ "baseline": text.lines().collect::<Vec<_>>() });
        return Ok(Answer {
            status: 0,
            text,
            data,
            aside,
            failure: None,
        });
    }
    let baseline = match &asked.baseline {
        None => Baseline::default(),
        Some(path) => Baseline::parse(&files::read(path, common.max_input_size)?)
            .map_err(|why| format!("{}: {why}", files::name(path)))?,
    };
    let reviewed = baseline.apply(checked.findings);
    let mut report = Report::new("check", reviewed.findings);
    report.accepted = reviewed.accepted;
    report.warnings = reviewed
        .stale
        .entries()
        .map(|entry| format!("the baseline no longer needs `{entry}`"))
        .chain(
            baseline
                .without_reason()
                .map(|entry| format!("the baseline has no reason for `{entry}`")),
        )
        .collect();
    let is_failed = report.worst().is_some_and(|worst| worst >= asked.fail_on);
    report
        .findings
        .retain(|finding| finding.severity >= asked.min_severity);
    report.unreadable = checked.unreadable.iter().map(Problem::to_string).collect();
    report.file = first_file(cluster);
    let status = match (report.unreadable.is_empty(), is_failed) {
        (false, _) => FAILED,
        (true, true) => 1,
        (true, false) => 0,
    };
    let mut answer = of_report(&report, common.output, asked.fail_on, status);
    answer.aside.extend(aside);
    if !common.output.is_of_findings() {
        answer.aside.extend(report.warnings.clone());
        let mut data = match answer.data {
            serde_json::Value::Object(data) => data,
            _ => Map::new(),
        };
        // Every answer prints the problems of the files as warnings.
        data.insert("notes".to_owned(), json!(report.warnings));
        answer.data = with_cluster(data, cluster);
    }
    Ok(answer)
}

/// Returns the name of the first file of a cluster that was recognized.
pub(crate) fn first_file(cluster: &Cluster) -> Option<String> {
    let source = cluster.sources().first()?;
    Some(source.place().file().to_owned())
}

/// Formats findings as the program was asked to.
pub(crate) fn of_report(
    report: &Report,
    output: Output,
    fail_on: eks_access::Severity,
    status: u8,
) -> Answer {
    let (text, data) = match output {
        Output::Text => (report.to_text(), json!(null)),
        Output::Json | Output::Yaml => (String::new(), json!(report)),
        Output::Sarif => (String::new(), report.to_sarif()),
        Output::Github => (report.to_github(), json!(null)),
        Output::Junit => (report.to_junit(fail_on), json!(null)),
        Output::Markdown => (report.to_markdown(), json!(null)),
    };
    Answer {
        status,
        text,
        data,
        aside: Vec::new(),
        failure: None,
    }
}
