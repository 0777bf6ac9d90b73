//! SARIF 2.1.0.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Report;
use crate::Severity;
use crate::finding::Finding;
use crate::place::Place;

/// The address of the schema, as its `$id` has it.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of the fingerprint. The number changes if the fingerprint of the same finding changes.
const FINGERPRINT: &str = "eksAccessObject/v1";

pub(super) fn log(report: &Report) -> Value {
    let mut rules: BTreeMap<&str, &Finding> = BTreeMap::new();
    let accepted = report.accepted.iter();
    let all: Vec<(&Finding, Option<&str>)> = report
        .findings
        .iter()
        .map(|finding| (finding, None))
        .chain(accepted.map(|one| (&one.finding, Some(one.reason.as_str()))))
        .collect();
    for (finding, _) in &all {
        // The default severity of a rule is the greatest that occurs.
        let known = rules.entry(&finding.code).or_insert(finding);
        if finding.severity > known.severity {
            *known = finding;
        }
    }
    let indexes: BTreeMap<&str, usize> = rules
        .keys()
        .zip(0..)
        .map(|(code, index)| (*code, index))
        .collect();
    let notifications: Vec<Value> = report
        .errors()
        .map(|why| json!({ "level": "error", "message": { "text": why } }))
        .chain(
            report
                .warnings
                .iter()
                .map(|why| json!({ "level": "warning", "message": { "text": why } })),
        )
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "eks-access",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|finding| rule(finding)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": report.errors().next().is_none(),
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": all
                .iter()
                .map(|(finding, reason)| {
                    let location = location(finding, report.file.as_deref());
                    result(finding, location, *reason, &indexes)
                })
                .collect::<Vec<_>>(),
        }],
    })
}

fn rule(finding: &Finding) -> Value {
    let name = words(&finding.code);
    let mut rule = json!({
        "id": finding.code,
        "shortDescription": { "text": name },
        "defaultConfiguration": { "level": level(finding.severity) },
        "properties": {
            "security-severity": security_severity(finding.severity),
            "tags": ["security"],
        },
    });
    if let (Some(help), Some(rule)) = (&finding.help, rule.as_object_mut()) {
        rule.insert("help".to_owned(), json!({ "text": help }));
    }
    rule
}

/// Returns a code as words: `Dangling role ref`.
fn words(code: &str) -> String {
    let words = code.replace('-', " ");
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

fn result(
    finding: &Finding,
    location: Value,
    reason: Option<&str>,
    indexes: &BTreeMap<&str, usize>,
) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": finding.text() },
        "locations": [location],
        "partialFingerprints": { FINGERPRINT: fingerprint(finding) },
        "properties": { "severity": finding.severity },
    });
    if let Some(result) = result.as_object_mut() {
        if let Some(index) = indexes.get(&*finding.code) {
            result.insert("ruleIndex".to_owned(), json!(index));
        }
        if let Some(reason) = reason {
            let mut suppression = json!({ "kind": "external", "status": "accepted" });
            if let (false, Some(fields)) = (reason.is_empty(), suppression.as_object_mut()) {
                fields.insert("justification".to_owned(), json!(reason));
            }
            result.insert("suppressions".to_owned(), json!([suppression]));
        }
    }
    result
}

/// Returns the place of a finding and its subject. A finding without a place gets the file, without a region.
fn location(finding: &Finding, file: Option<&str>) -> Value {
    let mut location = Map::new();
    if let Some(place) = &finding.place {
        let mut physical = json!({ "artifactLocation": { "uri": uri(place.file()) } });
        if let (Some(line), Some(physical)) = (place.line(), physical.as_object_mut()) {
            let mut region = json!({ "startLine": line });
            if let (Some(column), Some(region)) = (place.column(), region.as_object_mut()) {
                region.insert("startColumn".to_owned(), json!(column));
            }
            physical.insert("region".to_owned(), region);
        }
        location.insert("physicalLocation".to_owned(), physical);
    } else if let Some(file) = file {
        let physical = json!({ "artifactLocation": { "uri": uri(file) } });
        location.insert("physicalLocation".to_owned(), physical);
    }
    let subject = finding.subject();
    if !subject.is_empty() {
        let logical = json!([{ "fullyQualifiedName": subject }]);
        location.insert("logicalLocations".to_owned(), logical);
    }
    Value::Object(location)
}

/// Encodes a path as a URI reference (RFC 3986, section 4.1): relative, if the path is.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    match uri.starts_with('/') {
        true => format!("file://{uri}"),
        false => uri,
    }
}

/// Returns a text that stays the same if lines are added above the finding.
fn fingerprint(finding: &Finding) -> String {
    let file = finding.place.as_ref().map_or("", Place::file);
    format!("{}:{file}:{}", finding.code, finding.object)
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium | Severity::Low => "warning",
        Severity::Info => "note",
    }
}

/// Returns a score in the middle of the range that GitHub reads as this severity: above 9.0 is critical,
/// 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
///
/// Source: GitHub documentation, "SARIF support for code scanning".
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}
