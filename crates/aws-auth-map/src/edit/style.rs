//! Writes an entry in the style of its neighbors.

use iam_principal::{AccountId, Partition};

use super::EditError;
use crate::quoted_text::quote;
use crate::read::entry::arn_key;
use crate::rules::matching::RulePrincipal;
use crate::rules::template::Template;
use crate::rules::{Rule, Section};

/// The keys and values of an entry.
pub(super) struct Fields(Vec<(&'static str, Value)>);

enum Value {
    Text(String),
    List(Vec<String>),
    Keys(Vec<(&'static str, String)>),
}

/// Converts a rule to keys and values.
///
/// # Errors
///
/// [`EditError::Rule`].
pub(super) fn fields(section: Section, rule: &Rule) -> Result<Fields, EditError> {
    let is_known = matches!(section, Section::Roles | Section::Users);
    if !is_known
        || !rule.access_policies().is_empty()
        || !rule.policy_gaps().is_empty()
        || rule.is_refusing()
    {
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
        ("username", Value::Text(rule.username().source())),
    ];
    if !rule.groups().is_empty() {
        let groups = rule.groups().iter().map(Template::source).collect();
        fields.push(("groups", Value::List(groups)));
    }
    Ok(Fields(fields))
}

/// The style of an entry.
#[derive(Debug)]
pub(super) struct Style {
    /// The number of spaces before the dash.
    indentation: usize,
    /// The number of spaces after the dash.
    gap: usize,
    /// The indentation of the list of groups relative to its key.
    groups: usize,
    /// The order of the keys, in lower case.
    order: Vec<String>,
}

impl Default for Style {
    /// The style of the EKS user guide.
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
    /// Detects the style of an entry.
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

    /// Writes an account, in quotes because as a number it would lose leading zeros.
    pub(super) fn account(&self, account: AccountId) -> Vec<String> {
        let (dash, gap) = (" ".repeat(self.indentation), " ".repeat(self.gap));
        vec![format!("{dash}-{gap}\"{account}\"")]
    }
}

/// Returns the number of spaces at the start of a line.
pub(super) fn spaces(line: &str) -> usize {
    line.len()
        .saturating_sub(line.trim_start_matches(' ').len())
}

/// Writes a text as a scalar that every YAML reader parses as text: plain, or in double quotes.
fn scalar(text: &str) -> String {
    // Words that YAML 1.1 or 1.2 parses as another type.
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
