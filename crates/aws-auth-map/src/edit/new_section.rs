//! Creates a section, or fills an empty one.

use std::ops::Range;

use bounded_yaml::Mapping;

use super::EditError;
use super::section_lines::{join, line_break, line_of, quoted_end};
use super::style::spaces;
use crate::quoted_text::{escape, quote};
use crate::rules::Section;

/// Replaces an empty value with entries.
///
/// # Errors
///
/// [`EditError::ScalarStyle`].
pub(super) fn refill(
    text: &str,
    value: Range<usize>,
    section: Section,
    entries: &[String],
) -> Result<String, EditError> {
    if is_json(text) {
        return Ok(join(text, value.start, &in_quotes(entries), value.end));
    }
    let (begin, depth) = line_of(text, value.start);
    let line = text.get(begin..value.start).unwrap_or("");
    // A block scalar can follow only if the key is alone in its line.
    let key = line.trim().trim_end_matches(':').trim_matches(['"', '\'']);
    if key.trim_start_matches("- ") != section.key() {
        return Err(EditError::ScalarStyle);
    }
    let rest = text.get(value.end..).unwrap_or("");
    let line_end = value
        .end
        .saturating_add(rest.find('\n').unwrap_or(rest.len()));
    let tail = text.get(value.end..line_end).unwrap_or("").trim();
    let tail = if tail.is_empty() {
        String::new()
    } else {
        format!(" {tail}")
    };
    let space = if line.ends_with(' ') { "" } else { " " };
    let block = block(depth.saturating_add(2), entries, line_break(text));
    Ok(join(
        text,
        value.start,
        &format!("{space}|{tail}{block}"),
        line_end,
    ))
}

/// Creates a section.
///
/// # Errors
///
/// [`EditError::ScalarStyle`] if no position is certainly right.
pub(super) fn create(
    text: &str,
    data: &Mapping,
    section: Section,
    entries: &[String],
) -> Result<String, EditError> {
    let offset = |name: &str| {
        let mut entries = data.entries().iter();
        entries.find(|(key, _)| key.text() == name)?.0.offset()
    };
    let is_object = offset("kind").is_some();
    if is_json(text) {
        if is_object {
            return Err(EditError::ScalarStyle);
        }
        return create_in_json(text, data, section, entries).ok_or(EditError::ScalarStyle);
    }
    let end = line_break(text);
    let key = section.key();
    if let Some(kind) = offset("kind").filter(|_| is_object) {
        // An object without data: before its kind, as the API server sorts the keys.
        let (begin, depth) = line_of(text, kind);
        let is_alone = text
            .get(begin..kind)
            .is_some_and(|before| before.trim().is_empty());
        if !is_alone {
            return Err(EditError::ScalarStyle);
        }
        let (deep, depth) = (depth.saturating_add(2), " ".repeat(depth));
        let block = block(deep.saturating_add(2), entries, end);
        let new = format!("{depth}data:{end}{}{key}: |{block}{end}", " ".repeat(deep));
        return Ok(join(text, begin, &new, begin));
    }
    let Some((last, _)) = data.entries().last() else {
        return empty_data(text, section, entries).ok_or(EditError::ScalarStyle);
    };
    let at = last.offset().ok_or(EditError::ScalarStyle)?;
    let (begin, depth) = line_of(text, at);
    if !text
        .get(begin..at)
        .is_some_and(|before| before.trim_matches([' ', '"', '\'']).is_empty())
    {
        return Err(EditError::ScalarStyle);
    }
    let insert = end_of_value(text, begin, depth);
    let before = text.get(..insert).unwrap_or("");
    let glue = if before.ends_with('\n') { "" } else { end };
    let indent = " ".repeat(depth);
    let mut new = format!(
        "{glue}{indent}{key}: |{}",
        block(depth.saturating_add(2), entries, end)
    );
    if glue.is_empty() {
        new.push_str(end);
    }
    Ok(join(text, insert, &new, insert))
}

/// Fills `data: {}`, if it occurs only once.
fn empty_data(text: &str, section: Section, entries: &[String]) -> Option<String> {
    let mut found = text.match_indices("data: {}");
    let (at, matched) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    let (begin, depth) = line_of(text, at);
    if !text.get(begin..at)?.trim().is_empty() {
        return None;
    }
    let (end, deep) = (line_break(text), depth.saturating_add(2));
    let block = block(deep.saturating_add(2), entries, end);
    let new = format!("data:{end}{}{}: |{block}", " ".repeat(deep), section.key());
    Some(join(text, at, &new, at.saturating_add(matched.len())))
}

/// Returns the end of the value whose key is in a line of this depth: the end of the last line of the
/// value that is not empty.
fn end_of_value(text: &str, key_line: usize, depth: usize) -> usize {
    let mut end = key_line;
    let mut at = key_line;
    for (index, line) in text
        .get(key_line..)
        .unwrap_or("")
        .split_inclusive('\n')
        .enumerate()
    {
        let here = line.trim_end();
        let is_item = here.trim_start().starts_with("- ") && spaces(here) == depth;
        if index > 0 && !here.is_empty() && spaces(here) <= depth && !is_item {
            break;
        }
        at = at.saturating_add(line.len());
        if !here.is_empty() {
            end = at;
        }
    }
    end
}

/// Creates a section before the first member of a JSON object, in the same style.
fn create_in_json(
    text: &str,
    data: &Mapping,
    section: Section,
    entries: &[String],
) -> Option<String> {
    let member = format!("{}: {}", quote(section.key()), in_quotes(entries));
    let Some((first, _)) = data.entries().first() else {
        let key = "\"data\"";
        let mut found = text.match_indices(key);
        let (at, _) = found.next()?;
        let after = at.saturating_add(key.len());
        let rest = text
            .get(after..)?
            .trim_start()
            .strip_prefix(':')?
            .trim_start();
        let brace = rest.strip_prefix('{')?;
        let is_sure = brace.trim_start().starts_with('}') && found.next().is_none();
        let open = text.len().checked_sub(brace.len())?;
        return is_sure.then(|| join(text, open, &member, open));
    };
    let at = first.offset()?.checked_sub(1)?;
    quoted_end(text, at)?;
    let before = text.get(..at)?;
    let space = before.get(before.trim_end().len()..)?;
    Some(join(text, at, &format!("{member},{space}"), at))
}

fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('{')
}

/// Writes the lines of a block scalar after its header, without the last line break.
fn block(depth: usize, entries: &[String], end: &str) -> String {
    let indent = " ".repeat(depth);
    entries
        .iter()
        .map(|line| format!("{end}{indent}{line}"))
        .collect()
}

fn in_quotes(entries: &[String]) -> String {
    let lines: String = entries
        .iter()
        .map(|line| format!("{}\\n", escape(line)))
        .collect();
    format!("\"{lines}\"")
}
