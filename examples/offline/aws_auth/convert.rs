//! The command `convert`.

use std::path::Path;

use aws_auth_map::{ConversionLoss, Editor, Rules, Section};
use program::files;

use crate::args::Convert;
use crate::source::{Read, Source, text};
use crate::{Answer, FOUND};

/// The limit on a list of principals, in bytes. Our choice: an account has 5,000 roles at most, unless
/// its quota is raised, and `aws iam list-roles` prints about 1 kB for each.
const MAX_PRINCIPALS_FILE: usize = 64 * 1024 * 1024;

pub(crate) fn convert(source: &Source, to: &Convert) -> Result<Answer, String> {
    match to {
        Convert::ToEntries {
            file,
            cluster,
            principals,
        } => {
            let read = source.rules(file)?;
            if read.is_unreadable() {
                return Ok(Answer::none(read.all_problems(file)));
            }
            if read.rules.is_empty() && read.access_entries().is_some() {
                return Err(format!("{}: access entries already", files::name(file)));
            }
            let listed = match principals {
                Some(path) => arns(&text(path, MAX_PRINCIPALS_FILE)?),
                None => Vec::new(),
            };
            let (entries, losses) = read.rules.to_access_entries_of(&listed);
            let mut text = String::new();
            for entry in &entries {
                let created = entry.to_create_input(cluster);
                for input in std::iter::once(created).chain(entry.to_associate_inputs(cluster)) {
                    text.push_str(&input);
                    text.push('\n');
                }
            }
            Ok(answer(file, &read, &read.rules, &losses, text))
        }
        Convert::ToConfigMap { file } => {
            let read = source.entries(file)?;
            if read.is_empty() || read.is_unreadable() {
                return Ok(Answer::none(read.all_problems(file)));
            }
            let entries = read.access_entries().cloned().unwrap_or_default();
            let (entries, losses) = entries.to_config_map();
            let converted = merged([&read.rules, &entries]);
            if converted.is_empty() {
                return Ok(Answer::none(read.all_problems(file)));
            }
            let text = Editor::new()
                .write(&converted)
                .map_err(|why| format!("{}: {why}", files::name(file)))?;
            let of_entries = read.access_entries().unwrap_or(&read.rules);
            Ok(answer(file, &read, of_entries, &losses, text))
        }
    }
}

fn answer(
    path: &Path,
    read: &Read,
    rules: &Rules,
    losses: &[ConversionLoss],
    text: String,
) -> Answer {
    let file = files::name(path);
    let mut aside = read.all_problems(path);
    for loss in losses {
        let line = loss.place(rules).line();
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        let word = if loss.is_carried() {
            "changed"
        } else {
            "not converted"
        };
        let code = loss.code();
        aside.push_str(&format!("{file}{line}: {word}[{code}]: {loss}\n"));
    }
    let status = if aside.is_empty() { 0 } else { FOUND };
    Answer {
        aside,
        ..Answer::new(status, text)
    }
}

/// Puts rules into the sections of a ConfigMap, the later ones after the earlier ones, so that they win.
/// An entry that cannot be read is left out; its problem is printed.
fn merged(sources: [&Rules; 2]) -> Rules {
    let mut merged = Rules::new();
    for rules in sources {
        for (at, rule) in rules.iter().filter(|(_, rule)| !rule.is_refusing()) {
            let _ = match at.section() {
                Section::Users => merged.push_user(rule.clone()),
                _ => merged.push_role(rule.clone()),
            };
        }
        for (_, account) in rules.accounts() {
            let _ = merged.push_account(account);
        }
    }
    merged
}

/// Finds the ARNs in a text, such as the output of `aws iam list-roles`.
fn arns(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '<' | '>'))
        .filter(|word| word.starts_with("arn:"))
        .map(str::to_owned)
        .collect()
}
