//! `JUnit` XML, as continuous integration servers read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Report;
use crate::Severity;
use crate::finding::Finding;
use crate::place::Place;

pub(super) fn suites(report: &Report, fail_on: Severity) -> String {
    // A file is a suite.
    let mut files: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        let file = finding.place.as_ref().map_or("", Place::file);
        files.entry(file).or_default().push(finding);
    }
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "<testsuites name=\"eks-access {}\">", report.title);
    for (file, findings) in &files {
        let failures = findings.iter().filter(|one| one.severity >= fail_on);
        let (tests, failures) = (findings.len(), failures.count());
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">",
            escape(match *file {
                "" => "cluster",
                file => file,
            }),
        );
        for finding in findings {
            case(&mut text, finding, fail_on);
        }
        text.push_str("  </testsuite>\n");
    }
    let count = report.errors().count();
    if count > 0 {
        let _ = writeln!(
            text,
            "  <testsuite name=\"errors\" tests=\"{count}\" failures=\"0\" errors=\"{count}\">"
        );
        for why in report.errors() {
            let _ = writeln!(
                text,
                "    <testcase name=\"answer\" classname=\"eks-access\"><error message=\"{}\"/></testcase>",
                escape(why)
            );
        }
        text.push_str("  </testsuite>\n");
    }
    if report.findings.is_empty() && count == 0 {
        let _ = writeln!(
            text,
            "  <testsuite name=\"cluster\" tests=\"1\" failures=\"0\" errors=\"0\">\n    \
             <testcase name=\"nothing found\" classname=\"{}\"/>\n  </testsuite>",
            report.title
        );
    }
    text.push_str("</testsuites>\n");
    text
}

fn case(text: &mut String, finding: &Finding, fail_on: Severity) {
    let subject = finding.subject();
    let name = match subject.as_str() {
        "" => &*finding.code,
        subject => subject,
    };
    let _ = write!(
        text,
        "    <testcase name=\"{}\" classname=\"{}\"",
        escape(name),
        escape(&finding.code)
    );
    if let Some(place) = &finding.place {
        let _ = write!(text, " file=\"{}\"", escape(place.file()));
        if let Some(line) = place.line() {
            let _ = write!(text, " line=\"{line}\"");
        }
    }
    let body = format!("{finding}\n{}", finding.help.as_deref().unwrap_or_default());
    let body = escape(body.trim_end());
    let _ = match finding.severity >= fail_on {
        true => writeln!(
            text,
            ">\n      <failure type=\"{}\" message=\"{}\">{body}</failure>\n    </testcase>",
            finding.severity,
            escape(&finding.message)
        ),
        false => writeln!(
            text,
            ">\n      <system-out>{body}</system-out>\n    </testcase>"
        ),
    };
}

/// Escapes text for content and for attributes. Characters that XML 1.0 cannot contain, even escaped, are
/// replaced (section 2.2, production `Char`).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
