//! The command `lint`.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use k8s_rbac::Manifests;
use k8s_rbac_lint::{Baseline, Finding, FindingCode, Lint, Severity};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::LintArgs;
use crate::world::{Reader, tell};
use program::files::read;

pub(crate) fn lint(asked: &LintArgs, reader: &Reader) -> Result<Answer, String> {
    let manifests = reader.read(&asked.files.files)?;
    let least = asked.min_severity.min(asked.fail_on);
    let known = reader.read(&asked.known)?.into_objects();
    let lint = Lint::new().with_known(known).with_min_severity(least);
    let findings = lint.run(manifests.objects());
    if asked.print_baseline {
        return Ok(Answer {
            is_good: true,
            text: Baseline::of(&findings).to_string(),
            data: json!(
                Baseline::of(&findings)
                    .to_string()
                    .lines()
                    .collect::<Vec<_>>()
            ),
        });
    }
    let baseline = match &asked.baseline {
        None => Baseline::default(),
        Some(path) => Baseline::parse(&read(path, k8s_rbac::DEFAULT_MAX_BYTES)?)
            .map_err(|why| format!("{}: {why}", path.display()))?,
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
        text: text(&findings, reviewed.accepted, &manifests),
        data: json!({
            "findings": findings.iter().map(|one| data(one, &manifests)).collect::<Vec<_>>(),
            "accepted": reviewed.accepted,
        }),
    })
}

fn text(findings: &[Finding], accepted: usize, manifests: &Manifests) -> String {
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
    if counts.is_empty() {
        counts.push("nothing found".to_owned());
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
