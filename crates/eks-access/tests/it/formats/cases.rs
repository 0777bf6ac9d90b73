//! Whole reports in each format: `testdata/formats.toml`.

use eks_access::format::{Accepted, Report};
use eks_access::{Finding, Place, Severity};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    file: Option<String>,
    #[serde(default)]
    findings: Vec<Row>,
    #[serde(default)]
    accepted: Vec<Row>,
    no_answer: Option<String>,
    #[serde(default)]
    unreadable: Vec<String>,
    #[serde(default)]
    warnings: Vec<String>,
    text: String,
    github: String,
    /// Findings of high severity count as failed.
    junit: String,
    markdown: String,
    /// The run, as JSON.
    sarif: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    severity: String,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    #[serde(default)]
    object: String,
    #[serde(default)]
    field: String,
    message: String,
    help: Option<String>,
    #[serde(default)]
    reason: String,
}

impl Row {
    fn finding(&self) -> Finding {
        let place = self
            .file
            .as_ref()
            .map(|file| Place::new(file, self.line, self.column));
        let severity: Severity = self.severity.parse().unwrap();
        let finding = Finding::new(self.code.clone(), severity, &self.message)
            .at(place)
            .about(&self.object)
            .in_field(&self.field);
        match &self.help {
            Some(help) => finding.with_help(help.clone()),
            None => finding,
        }
    }
}

impl Case {
    fn report(&self) -> Report {
        let mut report = Report::new("check", self.findings.iter().map(Row::finding).collect());
        report.file.clone_from(&self.file);
        report.no_answer.clone_from(&self.no_answer);
        report.unreadable.clone_from(&self.unreadable);
        report.warnings.clone_from(&self.warnings);
        let accepted = self.accepted.iter();
        report.accepted = accepted
            .map(|row| Accepted::new(row.finding(), row.reason.clone()))
            .collect();
        report
    }
}

#[test]
fn each_format_has_the_whole_report() {
    let file: File = testkit::toml("testdata/formats.toml");
    let mut compared = testkit::Report::new();
    for case in file.case {
        let report = case.report();
        let worst = report.findings.iter().map(|one| one.severity).max();
        compared.check(&case.name, &report.worst(), &worst);
        for (format, got, want) in [
            ("text", report.to_text(), &case.text),
            ("github", report.to_github(), &case.github),
            ("junit", report.to_junit(Severity::High), &case.junit),
            ("markdown", report.to_markdown(), &case.markdown),
        ] {
            let name = format!("{}: {format}", case.name);
            compared.check(&name, &got.trim(), &want.trim());
        }
        let mut run = report.to_sarif()["runs"][0].take();
        for version in ["version", "semanticVersion"] {
            let version = run["tool"]["driver"][version].take();
            compared.check(
                &case.name,
                &version.as_str(),
                &Some(env!("CARGO_PKG_VERSION")),
            );
        }
        let run = serde_json::to_string_pretty(&run).unwrap();
        compared.check(
            &format!("{}: sarif", case.name),
            &run.trim(),
            &case.sarif.trim(),
        );
    }
    compared.finish();
}
