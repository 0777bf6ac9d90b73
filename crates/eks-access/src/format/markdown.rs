//! A comment of a pull request.

use std::fmt::Write as _;

use super::{Report, summary};
use crate::Severity;

/// The limit on rows. Our choice: GitHub refuses a comment of more than 65,536 characters.
const MAX_ROWS: usize = 100;

pub(super) fn comment(report: &Report) -> String {
    let mut text = format!("### eks-access {}: {}\n", report.title, summary(report));
    if let Some(why) = &report.no_answer {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{}", prose(why));
    }
    if !report.findings.is_empty() {
        text.push_str("\n| severity | finding | where | message |\n|---|---|---|---|\n");
    }
    for finding in report.findings.iter().take(MAX_ROWS) {
        let place = finding.place.as_ref();
        let place = place.map_or_else(String::new, |place| code(&place.to_string()));
        let subject = finding.subject();
        let subject = match subject.as_str() {
            "" => String::new(),
            subject => format!("{}: ", code(subject)),
        };
        let mut message = prose(&finding.message);
        if let Some(help) = &finding.help {
            let _ = write!(message, "<br>{}", prose(help));
        }
        let _ = writeln!(
            text,
            "| {} | {} | {place} | {subject}{message} |",
            label(finding.severity),
            code(&finding.code),
        );
    }
    text.push_str(&more(report.findings.len()));
    for (title, lines) in [
        ("Could not be read", &report.unreadable),
        ("About the input", &report.warnings),
    ] {
        if !lines.is_empty() {
            let _ = writeln!(text, "\n**{title}**\n");
            for line in lines.iter().take(MAX_ROWS) {
                let _ = writeln!(text, "- {}", prose(line));
            }
            text.push_str(&more(lines.len()));
        }
    }
    if !report.accepted.is_empty() {
        text.push_str("\n<details><summary>accepted</summary>\n\n");
        for one in report.accepted.iter().take(MAX_ROWS) {
            let subject = code(&one.finding.subject());
            let reason = match one.reason.as_str() {
                "" => "no reason is given".to_owned(),
                reason => prose(reason),
            };
            let _ = writeln!(text, "- {} {subject}: {reason}", code(&one.finding.code));
        }
        text.push_str(&more(report.accepted.len()));
        text.push_str("\n</details>\n");
    }
    text
}

/// Says how many rows of a list are left out. Empty if none are.
fn more(rows: usize) -> String {
    match rows.saturating_sub(MAX_ROWS) {
        0 => String::new(),
        more => format!("\n… and {more} more\n"),
    }
}

const fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "🔴 critical",
        Severity::High => "🟠 high",
        Severity::Medium => "🟡 medium",
        Severity::Low => "🔵 low",
        Severity::Info => "⚪ info",
    }
}

/// Formats text from the input. GitHub links no mention, issue or address inside `code`.
fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// Formats a message, whose names stand in backticks. If they are not in pairs, they are literal.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().checked_rem(2) == Some(0) {
        return plain(text);
    }
    let mut formatted = String::with_capacity(text.len());
    for (part, is_code) in parts.into_iter().zip([false, true].into_iter().cycle()) {
        match is_code {
            true => formatted.push_str(&code(part)),
            false => formatted.push_str(&plain(part)),
        }
    }
    formatted
}

/// Formats text outside `code`. A mention and the number of an issue are links unless the sign stands in an
/// element of its own.
fn plain(text: &str) -> String {
    let mut formatted = String::with_capacity(text.len());
    for part in text.split_inclusive(['@', '#']) {
        let (words, sign) = match part.strip_suffix(['@', '#']) {
            Some(words) => (words, part.get(words.len()..).unwrap_or_default()),
            None => (part, ""),
        };
        formatted.push_str(&escape(words));
        if !sign.is_empty() {
            formatted.push_str(&code(sign));
        }
    }
    formatted
}

/// Writes every punctuation mark that Markdown or HTML could act on as a character reference, which is
/// never markup (`CommonMark`, section 2.5). Control characters are escaped as Rust writes them.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' | ',' | '-' | '/' | ';' | '(' | ')' | '"' | '\'' | '=' => escaped.push(c),
            c if c.is_ascii_alphanumeric() => escaped.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.extend(c.escape_debug()),
        }
    }
    escaped
}
