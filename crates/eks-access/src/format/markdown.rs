//! A comment of a pull request.

use std::fmt::Write as _;

use super::{Report, summary};
use crate::Severity;

/// The limit on the rows of a list. Our choice: as many as a person reads in a comment.
const MAX_ROWS: usize = 100;

/// The limit on a comment, in bytes: GitHub refuses a comment of more than 65,536 characters, each of at least a
/// byte.
const MAX_LENGTH: usize = 65_536;

/// How much of a comment is kept free for other lines than rows: the titles of the lists, and how many rows they leave out.
/// They take less than 600 bytes together.
const REST: usize = 1_024;

pub(super) fn comment(report: &Report) -> String {
    let mut text = format!("### eks-access {}: {}\n", report.title, summary(report));
    if let Some(why) = &report.no_answer {
        let reason = format!("\n{}\n", prose(why));
        text.push_str(match fits(&text, &reason) {
            true => &reason,
            false => "\nThe reason why there is no answer is too long for a comment.\n",
        });
    }
    if !report.findings.is_empty() {
        text.push_str("\n| severity | finding | where | message |\n|---|---|---|---|\n");
    }
    let findings = report.findings.iter().map(|finding| {
        let place = finding.place.as_ref();
        let place = place.map_or_else(String::new, |place| code(&place.to_string()));
        let subject = match finding.subject_before_message() {
            None => String::new(),
            Some(subject) => format!("{}: ", code(&subject)),
        };
        let mut message = prose(&finding.message);
        if let Some(help) = &finding.help {
            let _ = write!(message, "<br>{}", prose(help));
        }
        let (severity, code) = (label(finding.severity), code(&finding.code));
        format!("| {severity} | {code} | {place} | {subject}{message} |\n")
    });
    push_rows(&mut text, findings);
    for (title, lines) in [
        ("Could not be read", &report.unreadable),
        ("About the input", &report.warnings),
    ] {
        if !lines.is_empty() {
            let _ = writeln!(text, "\n**{title}**\n");
            push_rows(
                &mut text,
                lines.iter().map(|line| format!("- {}\n", prose(line))),
            );
        }
    }
    if !report.accepted.is_empty() {
        text.push_str("\n<details><summary>accepted</summary>\n\n");
        let accepted = report.accepted.iter().map(|one| {
            let subject = match one.finding.subject().as_str() {
                "" => String::new(),
                subject => format!(" {}", code(subject)),
            };
            let reason = match one.reason.as_str() {
                "" => "no reason is given".to_owned(),
                reason => prose(reason),
            };
            format!("- {}{subject}: {reason}\n", code(&one.finding.code))
        });
        push_rows(&mut text, accepted);
        text.push_str("\n</details>\n");
    }
    text
}

/// Adds as many rows of a list as there is room for, in their order. A row that is too long is skipped in favor of
/// later rows. Then adds how many rows are left out.
fn push_rows(text: &mut String, rows: impl ExactSizeIterator<Item = String>) {
    let mut left = rows.len();
    let mut shown = 0_usize;
    for row in rows {
        if shown == MAX_ROWS {
            break;
        }
        if fits(text, &row) {
            text.push_str(&row);
            shown = shown.saturating_add(1);
            left = left.saturating_sub(1);
        }
    }
    if left > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n… and {left} more\n");
    }
}

/// Returns whether a comment has room for one more row.
const fn fits(text: &str, row: &str) -> bool {
    text.len().saturating_add(row.len()) <= MAX_LENGTH.saturating_sub(REST)
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

/// Formats text outside `code`. A mention and the number of an issue are links unless the sign stands in a
/// separate element.
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

/// Writes every punctuation mark that Markdown or HTML could interpret as a character reference, which
/// is never markup (`CommonMark`, section 2.5). Control characters are escaped as Rust writes them.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' | ',' | '-' | '/' | ';' | '(' | ')' | '"' | '\'' | '=' => escaped.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.extend(c.escape_debug()),
        }
    }
    escaped
}
