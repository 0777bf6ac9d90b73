//! The command `edit`.

use std::path::Path;

use aws_auth_map::{Problem, Rule, RulePrincipal, RuleRef, Rules, Section, Severity, Template};
use iam_principal::{AccountId, ArnPattern, Kind, Principal};
use printable_text::Printable;
use program::files;

use crate::args::{Edit, EditCommand, Entry};
use crate::source::{Beside, Read, Source, problem_line};
use crate::{Answer, LOCKOUT};

pub(crate) fn edit(source: &Source, edit: &Edit) -> Result<Answer, String> {
    let file = match &edit.command {
        EditCommand::Add(entry) | EditCommand::Replace(entry) => &entry.file,
        EditCommand::Remove { file, .. } | EditCommand::Dedupe { file } => file,
    };
    let text = source.text(file)?;
    let read = source.rules_of(&text);
    let editor = source.editor();
    let refused = |why: aws_auth_map::EditError| format!("{}: {why}", files::name(file));
    let edited = match &edit.command {
        EditCommand::Add(entry) => match AccountId::parse(&entry.arn) {
            Ok(account) => editor.add_account(&text, account).map_err(refused)?,
            Err(_) => {
                let (section, rule) = rule(source, entry)?;
                editor.add(&text, section, &rule).map_err(refused)?
            }
        },
        EditCommand::Replace(entry) => {
            let (_, rule) = rule(source, entry)?;
            let at = find(&read.rules, &entry.arn)?;
            editor.replace(&text, at, &rule).map_err(refused)?
        }
        EditCommand::Remove { arn, .. } => {
            let at = find(&read.rules, arn)?;
            editor.remove(&text, at).map_err(refused)?
        }
        EditCommand::Dedupe { .. } => editor.dedupe(&text).map_err(refused)?,
    };
    let beside = source.beside(edit.beside.access_entries.as_deref())?;
    let harm = harm(source, file, read, &edited, &beside);
    if harm.is_empty() {
        return Ok(Answer::new(0, edited));
    }
    if edit.force {
        return Ok(Answer {
            aside: harm,
            ..Answer::new(0, edited)
        });
    }
    Ok(Answer {
        aside: format!("{harm}nothing was changed; add --force to make the change nonetheless\n"),
        ..Answer::new(LOCKOUT, String::new())
    })
}

/// Returns the lockouts and the new errors that an edit causes, one per line.
fn harm(source: &Source, path: &Path, before: Read, edited: &str, beside: &Beside) -> String {
    let after = source.rules_of(edited);
    let errors = |read: &Read| -> Vec<Problem> {
        read.problems
            .iter()
            .copied()
            .filter(|problem| problem.severity() == Severity::Error)
            .collect()
    };
    let (old_errors, mut new_errors) = (errors(&before), errors(&after));
    // The lines and indexes of entries change; a problem that was there before is not the edit's.
    for old in &old_errors {
        let is_same =
            |new: &Problem| new.code() == old.code() && new.at().section() == old.at().section();
        if let Some(at) = new_errors.iter().position(is_same) {
            new_errors.remove(at);
        }
    }
    let diff = before.map(beside, None).diff(&after.map(beside, None));
    let mut harm: String = new_errors
        .iter()
        .map(|problem| problem_line(path, problem))
        .collect();
    for lockout in diff.lockouts() {
        harm.push_str(&format!("lockout: {lockout}\n"));
    }
    harm
}

/// Builds the rule, and chooses its section.
fn rule(source: &Source, entry: &Entry) -> Result<(Section, Rule), String> {
    let username = Template::parse(&entry.username);
    let groups = entry
        .group
        .iter()
        .map(|group| Template::parse(group))
        .collect();
    if entry.username.is_empty() {
        return Err("an entry needs --username".to_owned());
    }
    let arn = &entry.arn;
    let printed = Printable::new(arn);
    if arn.contains(['*', '?']) {
        if !source.has_patterns() {
            return Err(format!(
                "{printed}: `*` and `?` are literal in the ConfigMap of a cluster; add each ARN"
            ));
        }
        let pattern = ArnPattern::parse(arn).map_err(|why| format!("{printed}: {why}"))?;
        return Ok((Section::Roles, Rule::pattern(pattern, username, groups)));
    }
    let principal = Principal::parse(arn).map_err(|why| format!("{printed}: {why}"))?;
    let section = match principal.kind() {
        Kind::Role => Section::Roles,
        Kind::FederatedUser | Kind::Root | Kind::User => Section::Users,
        Kind::AssumedRole => return Err(format!("{printed}: write the ARN of the role")),
    };
    Ok((section, Rule::exact(arn, username, groups)))
}

/// Finds the single entry for an ARN, a pattern or an account.
fn find(rules: &Rules, arn: &str) -> Result<RuleRef, String> {
    let printed = Printable::new(arn);
    let matched = |(at, rule): (RuleRef, &Rule)| {
        let is = match rule.principal() {
            RulePrincipal::Arn(written) => written.eq_ignore_ascii_case(arn),
            RulePrincipal::Pattern(pattern) => pattern.as_str() == arn,
            _ => false,
        };
        is.then_some(at)
    };
    let accounts = rules
        .accounts()
        .filter(|(_, id)| id.to_string() == arn)
        .map(|(at, _)| at);
    let mut found = rules.iter().filter_map(matched).chain(accounts);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(format!("{printed}: no entry is for it")),
        (Some(one), Some(other)) => Err(format!(
            "{printed}: {one} and {other} are both for it; remove one by hand, or use `edit dedupe`, \
             which keeps the last"
        )),
    }
}
