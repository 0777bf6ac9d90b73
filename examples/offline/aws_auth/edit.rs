//! The command `edit`.

use aws_auth_map::{
    Editor, Rule, RulePrincipal, RuleRef, Rules, Section, Template, read_config_map,
};
use iam_principal::{AccountId, ArnPattern, Kind, Principal};

use crate::args::{Edit, Entry};
use crate::{Answer, read_file};

pub(crate) fn edit(edit: &Edit) -> Result<Answer, String> {
    let (file, arn) = match edit {
        Edit::Add(entry) | Edit::Replace(entry) => (&entry.file, &entry.arn),
        Edit::Remove { file, arn } => (file, arn),
    };
    let text = read_file(file)?;
    let (rules, _) = read_config_map(&text);
    let editor = Editor::new();
    let edited = match edit {
        Edit::Add(entry) => match AccountId::parse(&entry.arn) {
            Ok(account) => editor.add_account(&text, account),
            Err(_) => {
                let (section, rule) = rule(entry)?;
                editor.add(&text, section, &rule)
            }
        },
        Edit::Replace(entry) => {
            let (_, rule) = rule(entry)?;
            editor.replace(&text, find(&rules, arn)?, &rule)
        }
        Edit::Remove { .. } => editor.remove(&text, find(&rules, arn)?),
    };
    let edited = edited.map_err(|why| format!("{}: {why}", file.display()))?;
    Ok(Answer::new(0, edited))
}

/// Builds the rule, and chooses its section.
fn rule(entry: &Entry) -> Result<(Section, Rule), String> {
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
    if arn.contains(['*', '?']) {
        let pattern = ArnPattern::parse(arn).map_err(|why| format!("{arn}: {why}"))?;
        return Ok((Section::Roles, Rule::pattern(pattern, username, groups)));
    }
    let principal = Principal::parse(arn).map_err(|why| format!("{arn}: {why}"))?;
    let section = match principal.kind() {
        Kind::Role => Section::Roles,
        Kind::FederatedUser | Kind::Root | Kind::User => Section::Users,
        Kind::AssumedRole => return Err(format!("{arn}: write the ARN of the role")),
    };
    Ok((section, Rule::exact(arn, username, groups)))
}

/// Finds the single entry for an ARN, a pattern or an account.
fn find(rules: &Rules, arn: &str) -> Result<RuleRef, String> {
    let is_it = |(at, rule): (RuleRef, &Rule)| {
        let is = match rule.principal() {
            RulePrincipal::Arn(written) => written.eq_ignore_ascii_case(arn),
            RulePrincipal::Pattern(pattern) => pattern.as_str() == arn,
            _ => false,
        };
        is.then_some(at)
    };
    let accounts = rules.accounts().filter(|(_, id)| id.to_string() == arn);
    let accounts = accounts.map(|(at, _)| at);
    let mut found = rules.iter().filter_map(is_it).chain(accounts);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(format!("{arn}: no entry is for it")),
        (Some(one), Some(other)) => Err(format!(
            "{arn}: {one} and {other} are both for it; remove one by hand"
        )),
    }
}
