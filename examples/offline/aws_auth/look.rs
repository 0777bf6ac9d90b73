//! The commands `check`, `explain` and `diff`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aws_auth_map::{AuthenticationMode, Diff, Explanation, Finding, Resolution, Severity};
use printable_text::Printable;
use program::output;

use crate::args::{AccessEntries, Caller, Explain, identity};
use crate::source::{Beside, Source, problem_line};
use crate::{Answer, FOUND, LOCKOUT};

pub(crate) fn check(
    source: &Source,
    paths: &[PathBuf],
    mode: Option<AuthenticationMode>,
    beside: &AccessEntries,
) -> Result<Answer, String> {
    let beside = source.beside(beside.access_entries.as_deref())?;
    let mut text = String::new();
    let mut status = 0;
    for (index, path) in paths.iter().enumerate() {
        let read = source.rules(path)?;
        if read.is_something_else() {
            status = output::FAILED;
        }
        let mut problems: Vec<_> = read
            .problems
            .iter()
            .map(|problem| (path.as_path(), *problem))
            .collect();
        if index == 0 {
            let path = beside.path_of(Some(aws_auth_map::BackendKind::AccessEntries), path);
            problems.extend(beside.problems().iter().map(|problem| (path, *problem)));
        }
        // Without rules, the reader has already reported why.
        if !read.is_empty() {
            let found = read.map(&beside, mode).check();
            problems.extend(found.iter().map(|found| {
                let path = beside.path_of(found.backend(), path);
                (path, *found.problem())
            }));
        }
        problems.sort_by_key(|(of, problem)| (*of != path, problem.line(), problem.column()));
        let has_error = problems
            .iter()
            .any(|(_, problem)| problem.severity() == Severity::Error);
        if status == 0 && has_error {
            status = FOUND;
        }
        text.extend(
            problems
                .iter()
                .map(|(path, problem)| problem_line(path, problem)),
        );
    }
    Ok(Answer::new(status, text))
}

pub(crate) fn explain(source: &Source, asked: &Explain) -> Result<Answer, String> {
    let beside = source.beside(asked.beside.access_entries.as_deref())?;
    let read = source.readable(&asked.file)?;
    let aside = read.errors(&asked.file) + &beside.errors();
    let map = read.map(&beside, None);
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
            let place = place(&explanation);
            let user = mapped.user();
            let _ = writeln!(text, "user      {}", Printable::new(user.username()));
            for (index, group) in user.groups().iter().enumerate() {
                let before = if index == 0 { "groups    " } else { ", " };
                let _ = write!(text, "{before}{}", Printable::new(group));
            }
            if !user.groups().is_empty() {
                text.push('\n');
            }
            let (rule, backend) = (mapped.rule(), mapped.backend());
            writeln!(text, "rule      {rule} of {backend}{place}")
        }
        Resolution::NotMapped => writeln!(
            text,
            "not mapped: no rule matches {}",
            Printable::new(caller.canonical_arn())
        ),
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
fn place(explanation: &Explanation) -> String {
    explanation
        .steps()
        .iter()
        .find(|step| matches!(step.finding(), Finding::Counts(_)))
        .and_then(|step| step.place().line())
        .map_or_else(String::new, |line| format!(", line {line}"))
}

pub(crate) fn diff(
    source: &Source,
    (old, new): (&Path, &Path),
    caller: Option<&Caller>,
    beside: &AccessEntries,
) -> Result<Answer, String> {
    let caller = caller.map(|caller| identity(&caller.caller)).transpose()?;
    let path = beside.access_entries.as_deref();
    let compare = |source: &Source, beside: &Beside| -> Result<_, String> {
        let before = source.readable(old)?;
        // A new side that cannot be read refuses every caller, which is an answer.
        let after = source.rules(new)?;
        let (from, to) = (before.map(beside, None), after.map(beside, None));
        let diff = match &caller {
            Some(caller) => from.diff_for(&to, caller),
            None => from.diff(&to),
        };
        Ok((before, after, diff))
    };
    let entries = source.beside(path)?;
    let (before, after, diff) = compare(source, &entries)?;
    let aside = entries.errors() + &before.errors(old) + &after.errors(new);
    let (mut status, mut text) = (status(&diff), diff.to_string());
    let every_key = source.with_every_key([&before, &after]);
    if let Some(source) = every_key.filter(|_| status != LOCKOUT) {
        let (_, _, diff) = compare(&source, &source.beside(path)?)?;
        if diff.lockouts().is_empty() {
            if !diff.is_exhaustive() {
                status = output::FAILED;
            }
        } else {
            status = LOCKOUT;
        }
        if status != FOUND && status != 0 {
            text.push_str("if `rolearnLike`, `userarnLike` and `sso`, which EKS does not read, take effect:\n");
            text.push_str(&diff.to_string());
        }
    }
    Ok(Answer {
        aside,
        ..Answer::new(status, text)
    })
}

fn status(diff: &Diff) -> u8 {
    match (diff.lockouts(), diff.is_empty()) {
        ([_, ..], _) => LOCKOUT,
        ([], true) => 0,
        ([], false) if !diff.is_exhaustive() => output::FAILED,
        ([], false) => FOUND,
    }
}
