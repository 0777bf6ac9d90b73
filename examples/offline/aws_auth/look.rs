//! The commands `check`, `explain` and `diff`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aws_auth_map::{
    Backend, BackendKind, Explanation, Finding, IdentityMap, Problem, Resolution, Rules, Severity,
    read_config_map,
};

use crate::args::{Caller, Explain, identity};
use crate::{Answer, FOUND, LOCKOUT, read_file};

pub(crate) fn check(paths: &[PathBuf]) -> Result<Answer, String> {
    let mut text = String::new();
    let mut is_wrong = false;
    for path in paths {
        let (rules, mut problems) = read_config_map(&read_file(path)?);
        // Without rules, the reader has already reported why.
        if !rules.is_empty() {
            let checked = map(rules).check();
            problems.extend(checked.iter().map(|found| *found.problem()));
        }
        problems.sort_by_key(|problem| (problem.line(), problem.column()));
        is_wrong |= problems
            .iter()
            .any(|problem| problem.severity() == Severity::Error);
        text.extend(problems.iter().map(|problem| problem_line(path, problem)));
    }
    Ok(Answer::new(if is_wrong { FOUND } else { 0 }, text))
}

pub(crate) fn explain(asked: &Explain) -> Result<Answer, String> {
    let (map, aside) = read(&asked.file)?;
    let caller = identity(&asked.arn)?;
    let explanation = map.explain(&caller);
    let resolution = match &asked.private_dns_name {
        Some(name) => map.resolve_instance(&caller, name),
        None => map.resolve(&caller),
    };
    let mut text = String::new();
    let is_user = resolution.user().is_some();
    // Writing to a String cannot fail.
    let _ = match &resolution {
        Resolution::Mapped(mapped) => {
            let place = place(&map, &explanation);
            let mut groups = mapped.user().groups().join(", ");
            if !groups.is_empty() {
                groups = format!("groups    {groups}\n");
            }
            let user = mapped.user().username();
            let (rule, backend) = (mapped.rule(), mapped.backend());
            writeln!(
                text,
                "user      {user}\n{groups}rule      {rule} of {backend}{place}"
            )
        }
        Resolution::NotMapped => {
            writeln!(
                text,
                "not mapped: no rule matches {}",
                caller.canonical_arn()
            )
        }
        Resolution::Refused(refusal) => writeln!(text, "refused: {refusal}"),
    };
    for step in explanation.steps() {
        let is_relevant = !matches!(step.finding(), Finding::Other | Finding::Counts(_));
        if is_relevant {
            let _ = writeln!(text, "          {step}");
        }
    }
    let status = if is_user { 0 } else { FOUND };
    Ok(Answer {
        aside,
        ..Answer::new(status, text)
    })
}

/// Returns where the rule that takes effect was written.
fn place(map: &IdentityMap, explanation: &Explanation) -> String {
    let mut steps = explanation.steps().iter();
    let counting = steps.find(|step| matches!(step.finding(), Finding::Counts(_)));
    let rules = map.backends().first().map(Backend::rules);
    let line = counting.and_then(|step| rules?.place(step.rule()).line());
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

pub(crate) fn diff(old: &Path, new: &Path, caller: Option<&Caller>) -> Result<Answer, String> {
    let (old, mut aside) = read(old)?;
    let (new, new_aside) = read(new)?;
    aside.push_str(&new_aside);
    let diff = match caller {
        Some(caller) => old.diff_for(&new, &identity(&caller.caller)?),
        None => old.diff(&new),
    };
    let status = match (diff.lockouts(), diff.is_empty()) {
        ([], true) => 0,
        ([], false) => FOUND,
        _ => LOCKOUT,
    };
    Ok(Answer {
        aside,
        ..Answer::new(status, diff.to_string())
    })
}

/// Reads a ConfigMap. Its errors go to standard error.
fn read(path: &Path) -> Result<(IdentityMap, String), String> {
    let (rules, problems) = read_config_map(&read_file(path)?);
    let wrong = problems
        .iter()
        .filter(|problem| problem.severity() == Severity::Error);
    let aside = wrong.map(|problem| problem_line(path, problem)).collect();
    Ok((map(rules), aside))
}

fn map(rules: Rules) -> IdentityMap {
    IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules))
}

/// Formats a problem as one line, as compilers do.
pub(crate) fn problem_line(path: &Path, problem: &Problem) -> String {
    let number = |number: Option<usize>| number.map_or_else(String::new, |n| format!(":{n}"));
    let (line, column) = (number(problem.line()), number(problem.column()));
    let (severity, code) = (problem.severity().as_str(), problem.code());
    let (path, at, kind) = (path.display(), problem.at(), problem.kind());
    format!("{path}{line}{column}: {severity}[{code}]: {at}: {kind}\n")
}
