//! The command `lint`.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use k8s_rbac::{KubernetesVersion, Manifests, Objects};
use k8s_rbac_lint::{Baseline, Finding, FindingCode, Lint, Severity};
use program::files::{name, read};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::LintArgs;
use crate::world::{Reader, tell};

pub(crate) fn lint(
    asked: &LintArgs,
    version: Option<KubernetesVersion>,
    reader: &Reader,
) -> Result<Answer, String> {
    let manifests = reader.read(&asked.files.files)?;
    let lost: Vec<String> = manifests
        .problems()
        .iter()
        .filter(|problem| problem.fault.loses_an_object())
        .map(ToString::to_string)
        .collect();
    if *manifests.objects() == Objects::default() {
        return Err(match lost.as_slice() {
            [] => "no roles or bindings in the files".to_owned(),
            lost => format!("no roles or bindings could be read: {}", lost.join("; ")),
        });
    }
    let least = asked.min_severity.min(asked.fail_on);
    let known = reader.read(&asked.known)?.into_objects();
    let lint = version.map_or_else(Lint::new, Lint::for_version);
    let lint = lint.with_known(known).with_min_severity(least);
    let findings = lint.run(manifests.objects());
    if asked.print_baseline {
        let baseline = Baseline::of(&findings).to_string();
        return Ok(Answer {
            is_good: true,
            data: json!(baseline.lines().collect::<Vec<_>>()),
            text: baseline,
        });
    }
    let baseline = match &asked.baseline {
        None => Baseline::default(),
        Some(path) => Baseline::parse(&read(path, reader.max_input_size())?)
            .map_err(|why| format!("{}: {why}", name(path)))?,
    };
    let reviewed = baseline.apply(findings);
    // Below the minimum severity, an entry may match a finding that was not reported.
    if least == Severity::Info {
        for line in reviewed.stale.to_string().lines() {
            tell(&format!("the baseline no longer needs: {line}"));
        }
    }
    let mut findings = reviewed.findings;
    let is_good = !findings
        .iter()
        .any(|finding| finding.severity >= asked.fail_on);
    findings.retain(|finding| finding.severity >= asked.min_severity);
    findings.sort_by_key(|finding| Reverse(finding.severity));
    Ok(Answer {
        is_good,
        text: text(&findings, reviewed.accepted, lost.len(), &manifests),
        data: json!({
            "findings": findings.iter().map(|one| data(one, &manifests)).collect::<Vec<_>>(),
            "accepted": reviewed.accepted,
            "errors": lost,
        }),
    })
}

/// Prints the findings, then the reasons and advice of their codes, then the counts.
fn text(findings: &[Finding], accepted: usize, lost: usize, manifests: &Manifests) -> String {
    let mut text = String::new();
    for finding in findings {
        let place = place(finding, manifests);
        let _ = writeln!(text, "{place}: {finding}");
    }
    let codes: BTreeSet<FindingCode> = findings.iter().map(|finding| finding.code).collect();
    if !codes.is_empty() {
        text.push('\n');
    }
    for code in codes {
        let (why, advice) = (code.why(), code.advice());
        let _ = writeln!(text, "{code}: {why} {advice}");
    }
    let counts = Severity::ALL.iter().rev().filter_map(|&severity| {
        let count = findings.iter().filter(|one| one.severity == severity);
        let count = count.count();
        (count > 0).then(|| format!("{count} {severity}"))
    });
    let mut counts: Vec<String> = counts.collect();
    if accepted > 0 {
        counts.push(format!("{accepted} accepted"));
    }
    match lost {
        0 if counts.is_empty() => counts.push("nothing found".to_owned()),
        0 => {}
        // Nothing is known about these objects.
        1 => counts.push("one object could not be read".to_owned()),
        lost => counts.push(format!("{lost} objects could not be read")),
    }
    let _ = writeln!(text, "{}", counts.join(", "));
    text
}

fn data(finding: &Finding, manifests: &Manifests) -> Value {
    json!({
        "place": place(finding, manifests),
        "finding": finding,
        "why": finding.code.why(),
        "advice": finding.code.advice(),
    })
}

/// Returns the file, line and column of the object.
fn place(finding: &Finding, manifests: &Manifests) -> String {
    let object = &finding.object;
    let place = manifests.place(object.kind, &object.namespace, &object.name);
    place.map_or_else(String::new, |place| match place.position {
        Some(position) => format!("{}:{}:{}", place.file, position.line(), position.column()),
        None => place.file.clone(),
    })
}
