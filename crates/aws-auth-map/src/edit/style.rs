//! How an entry is written: as its neighbors are.

use iam_principal::{AccountId, Partition};

use super::EditError;
use crate::quoted_text::quote;
use crate::read::entry::arn_key;
use crate::rules::matching::RulePrincipal;
use crate::rules::{Rule, Section};

/// What an entry says, key by key.
pub(super) struct Fields(Vec<(&'static str, Value)>);

enum Value {
    Text(String),
    List(Vec<String>),
    Keys(Vec<(&'static str, String)>),
}

/// Takes a rule apart.
///
/// # Errors
///
/// [`EditError::Rule`].
pub(super) fn fields(section: Section, rule: &Rule) -> Result<Fields, EditError> {
    let is_known = matches!(section, Section::Roles | Section::Users);
    if !is_known || !rule.access_policies().is_empty() || rule.is_refusing() {
        return Err(EditError::Rule);
    }
    let principal = match rule.principal() {
        RulePrincipal::Arn(arn) => (arn_key(section), Value::Text(arn.to_owned())),
        RulePrincipal::Pattern(pattern) => {
            let key = match section {
                Section::Users => "userarnLike",
                _ => "rolearnLike",
            };
            (key, Value::Text(pattern.as_str().to_owned()))
        }
        RulePrincipal::Sso(role) if section == Section::Roles => {
            let mut keys = vec![
                ("permissionSetName", role.permission_set().to_owned()),
                ("accountID", role.account().to_string()),
            ];
            if role.partition() != Partition::Aws {
                keys.push(("partition", role.partition().id().to_owned()));
            }
            ("sso", Value::Keys(keys))
        }
        RulePrincipal::ArnAndUserId(..) | RulePrincipal::Sso(_) | RulePrincipal::UserId(..) => {
            return Err(EditError::Rule);
        }
    };
    let mut fields = vec![
        principal,
        ("username", Value::Text(rule.username().to_string())),
    ];
    if !rule.groups().is_empty() {
        let groups = rule.groups().iter().map(ToString::to_string).collect();
        fields.push(("groups", Value::List(groups)));
    }
    Ok(Fields(fields))
}

/// How an entry is written.
#[derive(Debug)]
pub(super) struct Style {
    /// What stands before the dash.
    indentation: usize,
    /// How many spaces stand behind it.
    gap: usize,
    /// How much deeper than its key the list of groups stands.
    groups: usize,
    /// The keys in their order, in small letters.
    order: Vec<String>,
}

impl Default for Style {
    /// As the EKS user guide writes it.
    fn default() -> Self {
        Self {
            indentation: 0,
            gap: 1,
            groups: 2,
            order: Vec::new(),
        }
    }
}

impl Style {
    /// Looks at how an entry is written.
    pub(super) fn of(lines: &[String]) -> Self {
        let mut style = Self::default();
        let Some(first) = lines.first() else {
            return style;
        };
        style.indentation = spaces(first);
        let after_dash = first.trim_start().strip_prefix('-').unwrap_or("");
        if !after_dash.trim().is_empty() {
            style.gap = spaces(after_dash).max(1);
        }
        let column = style.column();
        let blanked = first.replacen('-', " ", 1);
        let rest = lines.iter().skip(1);
        let mut is_in_groups = false;
        for line in std::iter::once(&blanked).chain(rest) {
            let (depth, text) = (spaces(line), line.trim_start());
            let is_item = text.starts_with("- ");
            if depth == column && !is_item {
                let key = text.split_once(':').map_or("", |(key, _)| key);
                let key = key.trim_matches(['"', '\'']).to_ascii_lowercase();
                is_in_groups = key == "groups";
                style.order.push(key);
            } else if is_in_groups && is_item {
                style.groups = depth.saturating_sub(column);
            }
        }
        style
    }

    const fn column(&self) -> usize {
        self.indentation.saturating_add(self.gap).saturating_add(1)
    }

    /// Writes an entry.
    pub(super) fn entry(&self, fields: &Fields) -> Vec<String> {
        let mut fields: Vec<&(&str, Value)> = fields.0.iter().collect();
        let place = |key: &str| {
            let is = |known: &String| known.eq_ignore_ascii_case(key);
            self.order.iter().position(is).unwrap_or(usize::MAX)
        };
        fields.sort_by_key(|(key, _)| place(key));
        let mut lines = Vec::new();
        for (key, value) in fields {
            match value {
                Value::Text(text) => lines.push(format!("{key}: {}", scalar(text))),
                Value::List(items) => {
                    lines.push(format!("{key}:"));
                    let indent = " ".repeat(self.groups);
                    lines.extend(
                        items
                            .iter()
                            .map(|item| format!("{indent}- {}", scalar(item))),
                    );
                }
                Value::Keys(keys) => {
                    lines.push(format!("{key}:"));
                    let line = |(key, text): &(&str, String)| format!("  {key}: {}", scalar(text));
                    lines.extend(keys.iter().map(line));
                }
            }
        }
        let (dash, gap) = (" ".repeat(self.indentation), " ".repeat(self.gap));
        let deep = " ".repeat(self.column());
        let begin = |index: usize| match index {
            0 => format!("{dash}-{gap}"),
            _ => deep.clone(),
        };
        let lines = lines.into_iter().enumerate();
        lines.map(|(index, line)| begin(index) + &line).collect()
    }

    /// Writes an account, in quotes since a number may lose its zeros.
    pub(super) fn account(&self, account: AccountId) -> Vec<String> {
        let (dash, gap) = (" ".repeat(self.indentation), " ".repeat(self.gap));
        vec![format!("{dash}-{gap}\"{account}\"")]
    }
}

/// How many spaces a line begins with.
pub(super) fn spaces(line: &str) -> usize {
    line.len()
        .saturating_sub(line.trim_start_matches(' ').len())
}

/// Writes a text so that every YAML reader takes it for text: plain, or in double quotes.
fn scalar(text: &str) -> String {
    // What YAML 1.1 and 1.2 take for something else.
    const WORDS: [&str; 11] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
    ];
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_./@:+=-{}<>*?".contains(&b);
    let may_be_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(is_plain)
        && !text.ends_with(':')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if may_be_plain {
        text.to_owned()
    } else {
        quote(text)
    }
}
