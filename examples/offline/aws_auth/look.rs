//! The commands `check`, `explain` and `diff`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aws_auth_map::{
    AuthenticationMode, Backend, Diff, Explanation, Finding, IdentityMap, Resolution, Severity,
};
use printable_text::Printable;
use program::output;

use crate::args::{Caller, Explain, identity};
use crate::source::{Read, Source, map, map_in_mode, problem_line};
use crate::{Answer, FOUND, LOCKOUT};

pub(crate) fn check(
    source: &Source,
    paths: &[PathBuf],
    mode: Option<AuthenticationMode>,
) -> Result<Answer, String> {
    let mut text = String::new();
    let mut status = 0;
    for path in paths {
        let mut read = source.rules(path)?;
        if read.is_something_else() {
            status = output::FAILED;
        }
        // Without rules, the reader has already reported why.
        if !read.rules.is_empty() {
            let checked = map_in_mode(read.rules.clone(), mode).check();
            let found = checked.iter().map(|found| *found.problem());
            read.problems.extend(found);
        }
        read.problems
            .sort_by_key(|problem| (problem.line(), problem.column()));
        let mut severities = read.problems.iter().map(aws_auth_map::Problem::severity);
        if status == 0 && severities.any(|severity| severity == Severity::Error) {
            status = FOUND;
        }
        text.extend(
            read.problems
                .iter()
                .map(|problem| problem_line(path, problem)),
        );
    }
    Ok(Answer::new(status, text))
}

pub(crate) fn explain(source: &Source, asked: &Explain) -> Result<Answer, String> {
    let (map, aside) = source.map(&asked.file)?;
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
fn place(map: &IdentityMap, explanation: &Explanation) -> String {
    let mut steps = explanation.steps().iter();
    let counting = steps.find(|step| matches!(step.finding(), Finding::Counts(_)));
    let rules = map.backends().first().map(Backend::rules);
    let line = counting.and_then(|step| rules?.place(step.rule()).line());
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

pub(crate) fn diff(
    source: &Source,
    old: &Path,
    new: &Path,
    caller: Option<&Caller>,
) -> Result<Answer, String> {
    let caller = caller.map(|caller| identity(&caller.caller)).transpose()?;
    let before = source.readable(old)?;
    // A new side that cannot be read refuses every caller, which is an answer.
    let after = source.rules(new)?;
    let aside = before.errors(old) + &after.errors(new);
    let every_key = source.with_every_key([&before, &after]);
    let compare = |before: Read, after: Read| {
        let (old, new) = (map(before.rules), map(after.rules));
        match &caller {
            Some(caller) => old.diff_for(&new, caller),
            None => old.diff(&new),
        }
    };
    let diff = compare(before, after);
    let (mut status, mut text) = (status(&diff), diff.to_string());
    if let Some(source) = every_key.filter(|_| status != LOCKOUT) {
        let diff = compare(source.readable(old)?, source.rules(new)?);
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
