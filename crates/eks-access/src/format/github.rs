//! Workflow commands of GitHub Actions.

use std::fmt::Write as _;

use super::Report;
use crate::Severity;
use crate::finding::Finding;

pub(super) fn commands(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&command(finding));
    }
    if let Some(why) = &report.no_answer {
        let _ = writeln!(text, "::error title=no answer::{}", data(why));
    }
    for why in &report.unreadable {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "::error title=unreadable::{}", data(why));
    }
    for why in &report.warnings {
        let _ = writeln!(text, "::notice title=input::{}", data(why));
    }
    text
}

fn command(finding: &Finding) -> String {
    let name = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium | Severity::Low => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = &finding.place {
        properties.push(format!("file={}", property(place.file())));
        for (key, number) in [("line", place.line()), ("col", place.column())] {
            properties.extend(number.map(|number| format!("{key}={number}")));
        }
    }
    let title = format!("{} ({})", finding.code, finding.severity);
    properties.push(format!("title={}", property(&title)));
    let mut message = finding.text();
    if let Some(help) = &finding.help {
        let _ = write!(message, "\n{help}");
    }
    format!("::{name} {}::{}\n", properties.join(","), data(&message))
}

/// Escapes the message of a command, as the toolkit of GitHub Actions does. Other control characters reach
/// the log, where a terminal may interpret them, so they are escaped as Rust writes them.
fn data(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => escaped.push_str("%25"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            c if c.is_control() => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Escapes the value of a property, which ends at a comma or a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
