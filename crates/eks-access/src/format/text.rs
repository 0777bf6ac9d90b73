//! Findings for human readers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Report;
use crate::Severity;
use crate::finding::{Finding, one_line};

pub(super) fn findings(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{finding}");
    }
    // Other formats print the advice with each finding, because it may differ between findings of
    // one code.
    let mut advice: BTreeMap<(&str, &str), ()> = BTreeMap::new();
    for finding in &report.findings {
        if let Some(help) = &finding.help {
            advice.insert((&finding.code, help), ());
        }
    }
    if !advice.is_empty() {
        text.push('\n');
    }
    for ((code, help), ()) in advice {
        let _ = writeln!(text, "{code}: {}", one_line(help));
    }
    let _ = writeln!(text, "{}", summary(report));
    text
}

/// Counts the findings by severity, the most severe first, or says that there is no answer.
#[must_use]
pub fn summary(report: &Report) -> String {
    if report.no_answer.is_some() {
        return "no answer".to_owned();
    }
    let count = |severity: Severity| {
        let is = |finding: &&Finding| finding.severity == severity;
        report.findings.iter().filter(is).count()
    };
    let mut counts: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .map(|&severity| (count(severity), severity))
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| format!("{count} {severity}"))
        .collect();
    match report.accepted.len() {
        0 => {}
        accepted => counts.push(format!("{accepted} accepted")),
    }
    match report.unreadable.len() {
        0 if counts.is_empty() => counts.push("nothing found".to_owned()),
        0 => {}
        1 => counts.push("one source could not be read".to_owned()),
        more => counts.push(format!("{more} sources could not be read")),
    }
    counts.join(", ")
}
