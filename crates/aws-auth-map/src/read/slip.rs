//! Recognizes common mistakes behind a syntax error.

use std::cmp::Ordering;

use crate::problem::ProblemKind;
use crate::rules::Section;
use crate::rules::template::Placeholder;

/// A mistake, with its line and column, counted from one.
pub(super) struct Slip {
    pub(super) kind: ProblemKind,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Finds a mistake at a line of a text, counted from one.
type Finder = fn(&[&str], usize) -> Option<Slip>;

/// Finds the mistake behind a syntax error in a line. The parser reports an error at the mistake or
/// a little after it.
pub(super) fn find(text: &str, error_line: usize) -> Option<Slip> {
    if let Some(kind) = other_output(text) {
        return Some(Slip {
            kind,
            line: 1,
            column: 1,
        });
    }
    let lines: Vec<&str> = text.lines().take(error_line.saturating_add(1)).collect();
    let finders: [&[Finder]; 2] = [
        &[missing_space],
        &[
            template,
            block_not_indented,
            key_inside_list,
            misaligned,
            misaligned_item,
            joined_item,
        ],
    ];
    finders.into_iter().find_map(|finders| {
        [error_line, error_line.saturating_sub(1)]
            .into_iter()
            .find_map(|line| finders.iter().find_map(|find| find(&lines, line)))
    })
}

/// The keys of entries.
const KEYS: [&str; 6] = ["account", "arn", "groups", "rolearn", "userarn", "username"];

/// Finds the kind of text that was taken for the ConfigMap: another output of a command, or a text with
/// the YAML inside it.
pub(super) fn other_output(text: &str) -> Option<ProblemKind> {
    let first = text.trim_start();
    let begins = |beginnings: &[&str]| beginnings.iter().any(|begin| first.starts_with(begin));
    let pasted = if begins(&["```"]) {
        "a Markdown fence around the YAML"
    } else if begins(&["$ kubectl ", "$ aws ", "$ eksctl ", "# kubectl get "]) {
        "a shell prompt before the YAML"
    } else if begins(&["diff --git ", "--- a/"]) {
        "a patch"
    } else if begins(&["<!DOCTYPE", "<!doctype", "<html"]) {
        "a web page"
    } else if begins(&[
        "data \"",
        "locals {",
        "module \"",
        "resource \"",
        "variable \"",
    ]) {
        "Terraform code"
    } else if begins(&["NAME ", "NAMESPACE "]) {
        "the table of `kubectl get`, which needs `-o yaml`"
    } else if is_described(text) {
        return Some(ProblemKind::KubectlDescribe);
    } else {
        return is_error_output(text).then_some(ProblemKind::ErrorOutput);
    };
    Some(ProblemKind::Pasted(pasted))
}

/// Finds a key without a space after its colon, or a dash without a space after it.
fn missing_space(lines: &[&str], number: usize) -> Option<Slip> {
    let line = line(lines, number)?;
    let text = line.trim_start();
    let key = text.trim_start_matches(['-', ' ']);
    let after_key = KEYS.iter().find_map(|name| key.strip_prefix(name))?;
    let value = after_key.strip_prefix(':')?;
    let is_joined = |rest: &str| !rest.is_empty() && !rest.starts_with([' ', '\t']);
    let column = if text.strip_prefix('-').is_some_and(is_joined) {
        indent(line)
    } else if is_joined(value) {
        line.len().saturating_sub(value.len())
    } else {
        return None;
    };
    Some(Slip {
        kind: ProblemKind::MissingSpace,
        line: number,
        column: columns(line, column),
    })
}

/// Finds a key or an item that is not aligned with the keys or items of the entry above it.
fn misaligned(lines: &[&str], number: usize) -> Option<Slip> {
    // The column of a key, and whether a dash is before it.
    let key = |line: &str| {
        let text = line.trim_start_matches([' ', '-']);
        let is_key = KEYS.iter().any(|name| {
            text.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(':'))
        });
        let column = line.len().saturating_sub(text.len());
        is_key.then(|| (column, line.trim_start().starts_with("- ")))
    };
    let here = line(lines, number)?;
    let (above, _) = before(lines, number)?;
    let ((column, is_item), (column_above, _)) = (key(here)?, key(above)?);
    (is_item || column != column_above).then_some(Slip {
        kind: ProblemKind::Misaligned,
        line: number,
        column: columns(here, indent(here)),
    })
}

/// Finds an item that begins no list and whose dash is not aligned with the dash of an item above
/// it.
fn misaligned_item(lines: &[&str], number: usize) -> Option<Slip> {
    let here = line(lines, number)?;
    here.trim_start_matches(' ').strip_prefix("- ")?;
    let (above, at) = before(lines, number)?;
    let begins_list = above.trim_end().ends_with([':', '|', '>', '-'])
        && (above == "---" || indent(here) >= key_indent(above));
    let mut open = lines.get(..=at)?.iter().rev();
    let is_aligned = open.any(|line| is_item(line) && indent(line) == indent(here));
    (!begins_list && !is_aligned).then_some(Slip {
        kind: ProblemKind::Misaligned,
        line: number,
        column: columns(here, indent(here)),
    })
}

/// Finds a group without a space after its dash.
fn joined_item(lines: &[&str], number: usize) -> Option<Slip> {
    let here = line(lines, number)?;
    let name = here.trim_start_matches(' ').strip_prefix('-')?;
    let (above, _) = before(lines, number)?;
    let is_group = name.starts_with(char::is_alphanumeric)
        && (above.trim_end().ends_with("groups:") || is_item(above));
    is_group.then_some(Slip {
        kind: ProblemKind::MissingSpace,
        line: number,
        column: columns(here, indent(here)),
    })
}

/// Returns whether a line begins an item of a list.
fn is_item(line: &str) -> bool {
    line.trim_start_matches(' ').starts_with("- ")
}

/// Returns the indentation of a key, which an item may begin with.
fn key_indent(line: &str) -> usize {
    line.len()
        .saturating_sub(line.trim_start_matches([' ', '-']).len())
}

/// Returns whether a text is the output of `kubectl describe`.
fn is_described(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end);
    lines.any(|line| line == "Data") && lines.next() == Some("====")
}

/// The beginnings of the error messages of `kubectl`, `aws` and `eksctl`.
const ERRORS: [&str; 8] = [
    "An error occurred (",
    "Error from server",
    "Error: ",
    "Unable to connect to the server",
    "Unable to locate credentials",
    "aws: error",
    "error: ",
    "usage: aws ",
];

/// Returns whether a text is the error message of a command, which was redirected into the file.
fn is_error_output(text: &str) -> bool {
    ERRORS
        .into_iter()
        .any(|error| text.trim_start().starts_with(error))
}

/// Finds a value that starts with `{{`. It is one of our placeholders without quotes, or a
/// placeholder of Helm or Jinja that is not filled in.
fn template(lines: &[&str], number: usize) -> Option<Slip> {
    let line = line(lines, number)?;
    let start = line.trim_start();
    let indent = line.len().saturating_sub(start.len());
    let slip = |kind, bytes: usize| Slip {
        kind,
        line: number,
        column: columns(line, bytes),
    };
    if start.starts_with("{%") || start.starts_with("{{") || start.starts_with("${") {
        return Some(slip(ProblemKind::Unfilled, indent));
    }
    let at = [": {{", "- {{", "[{{", ", {{"]
        .into_iter()
        .find_map(|start| Some(line.find(start)?.saturating_add(start.len())))?;
    let inner = line.get(at..)?.trim_start();
    let is_ours = Placeholder::ALL
        .into_iter()
        .any(|placeholder| inner.starts_with(placeholder.name()));
    let kind = if is_ours {
        ProblemKind::UnquotedTemplate
    } else {
        ProblemKind::Unfilled
    };
    Some(slip(kind, at.saturating_sub(2)))
}

/// Finds a list that belongs to the block of a section and is indented no further than its key.
fn block_not_indented(lines: &[&str], number: usize) -> Option<Slip> {
    let item = line(lines, number)?;
    if !item.trim_start().starts_with("- ") {
        return None;
    }
    let (key, _) = before(lines, number)?;
    let name = key.trim_start().split(':').next()?;
    let is_block = key.trim_end().ends_with(['|', '>', '-', '+']) && key.contains([' ', ':']);
    let is_section = Section::ALL.iter().any(|section| section.key() == name);
    (is_section && is_block && indent(item) <= indent(key)).then_some(Slip {
        kind: ProblemKind::BlockNotIndented,
        line: number,
        column: columns(item, indent(item)),
    })
}

/// Finds a key that is indented like the items of the list above it, or like the text of such an
/// item.
fn key_inside_list(lines: &[&str], number: usize) -> Option<Slip> {
    let key = line(lines, number)?;
    let is_key = ["rolearn", "userarn", "username", "groups"]
        .into_iter()
        .any(|name| {
            key.trim_start_matches(' ')
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(':'))
        });
    let (item, _) = before(lines, number)?;
    let text = item.trim().strip_prefix("- ")?;
    let is_mapping = text.contains(": ") || text.ends_with(':');
    let is_slip = match indent(key).cmp(&indent(item)) {
        Ordering::Less => false,
        Ordering::Equal => true,
        Ordering::Greater => !is_mapping,
    };
    (is_key && is_slip).then_some(Slip {
        kind: ProblemKind::KeyInsideList,
        line: number,
        column: columns(key, indent(key)),
    })
}

fn line<'t>(lines: &[&'t str], number: usize) -> Option<&'t str> {
    lines.get(number.checked_sub(1)?).copied()
}

/// Returns the last line before a given line, without blank lines and comments.
fn before<'t>(lines: &[&'t str], number: usize) -> Option<(&'t str, usize)> {
    let above = lines.get(..number.checked_sub(1)?)?;
    let at = above.iter().rposition(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    })?;
    Some((above.get(at).copied()?, at))
}

fn indent(line: &str) -> usize {
    line.len()
        .saturating_sub(line.trim_start_matches(' ').len())
}

fn columns(line: &str, bytes: usize) -> usize {
    let before = line.get(..bytes).unwrap_or(line);
    before.chars().count().saturating_add(1)
}
