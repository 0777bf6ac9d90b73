//! Locates the lines of a section in the whole text.

use std::ops::Range;

use bounded_yaml::{Mapping, Node};

use super::EditError;
use super::style::spaces;
use crate::quoted_text::escape;
use crate::rules::Section;

/// A section in the text.
pub(super) enum Found {
    /// A section without entries, whose value is this range of the text.
    Empty(Range<usize>),
    /// A section with entries.
    Lines(Lines),
    /// No such section.
    Missing,
}

/// The lines of a list, each with its range in the text.
pub(super) struct Lines {
    frame: Frame,
    lines: Vec<Line>,
    /// The indexes of lines at which an entry starts.
    begins: Vec<usize>,
}

struct Line {
    /// The line as the list's reader sees it, without the line break.
    text: String,
    /// The whole line in the text, with the line break if there is one.
    at: Range<usize>,
    has_break: bool,
}

/// How the lines of the list are embedded in the text.
enum Frame {
    /// As lines of the text, indented by this many spaces.
    Indented(usize, &'static str),
    /// As lines of the text.
    Native(&'static str),
    /// With escapes, in double quotes in a single line.
    Quoted,
}

/// The lines of one entry.
pub(super) type EntryLines = Range<usize>;

/// Finds a section.
///
/// # Errors
///
/// In this order: [`EditError::ScalarStyle`], [`EditError::FlowStyle`].
pub(super) fn find(text: &str, data: &Mapping, section: Section) -> Result<Found, EditError> {
    let mut entries = data.entries().iter();
    let Some((key, value)) = entries.find(|(key, _)| key.text() == section.key()) else {
        return Ok(Found::Missing);
    };
    let at = key.offset().ok_or(EditError::ScalarStyle)?;
    let after_key = at.saturating_add(key.text().len());
    let colon = value_begin(text, after_key).ok_or(EditError::ScalarStyle)?;
    let rest = text.get(colon..).unwrap_or("");
    let begin = colon.saturating_add(
        rest.len()
            .saturating_sub(rest.trim_start_matches(' ').len()),
    );
    let rest = text.get(begin..).unwrap_or("");
    let line_end = |from: usize| {
        let rest = text.get(from..).unwrap_or("");
        from.saturating_add(rest.find('\n').unwrap_or(rest.len()))
    };
    match (value, rest.chars().next()) {
        // `|` and its indicators.
        (Node::Scalar(scalar), Some('|')) => {
            let (_, parent) = line_of(text, at);
            let lines = Lines::of_block(text, line_end(begin), parent);
            if !lines.matches_text(scalar.text()) {
                return Err(EditError::ScalarStyle);
            }
            Ok(if scalar.text().trim().is_empty() {
                Found::Empty(begin..line_end(begin))
            } else {
                Found::Lines(lines.with_entries()?)
            })
        }
        (Node::Scalar(scalar), Some('"')) => {
            let end = quoted_end(text, begin).ok_or(EditError::ScalarStyle)?;
            if is_empty_section(scalar.text()) {
                return Ok(Found::Empty(begin..end));
            }
            let lines = Lines::of_quoted(text, begin..end);
            let lines = lines.filter(|lines| lines.matches_text(scalar.text()));
            Ok(Found::Lines(
                lines.ok_or(EditError::ScalarStyle)?.with_entries()?,
            ))
        }
        (Node::Scalar(scalar), Some('\'' | '[' | '`')) if is_empty_section(scalar.text()) => {
            let line = text.get(begin..line_end(begin)).unwrap_or("");
            // The rest of the line can only be a comment or the end of a flow mapping.
            let end = line.find(['#', ',', '}']).unwrap_or(line.len());
            let value = line.get(..end).unwrap_or("").trim_end();
            Ok(Found::Empty(begin..begin.saturating_add(value.len())))
        }
        (Node::Scalar(_), _) => Err(EditError::ScalarStyle),
        (Node::Sequence(entries), Some('[')) => match rest.strip_prefix("[]") {
            Some(_) if entries.is_empty() => Ok(Found::Empty(begin..begin.saturating_add(2))),
            _ => Err(EditError::FlowStyle),
        },
        (Node::Sequence(_), Some('\n' | '\r' | '#')) => {
            let (_, parent) = line_of(text, at);
            Ok(Found::Lines(
                Lines::of_list(text, line_end(begin), parent).with_entries()?,
            ))
        }
        (Node::Null, _) => {
            let line = text.get(begin..line_end(begin)).unwrap_or("");
            let word = line.split(['#', ',', '}', ' ', '\r']).next().unwrap_or("");
            Ok(Found::Empty(begin..begin.saturating_add(word.len())))
        }
        (Node::Mapping(_) | Node::Sequence(_), _) => Err(EditError::ScalarStyle),
    }
}

/// Whether a text is one of the spellings of an empty section.
fn is_empty_section(text: &str) -> bool {
    matches!(text.trim(), "" | "[]" | "''" | "\"\"" | "``")
}

/// Returns the offset after the colon of a key that ends at `at`, quoted or not.
fn value_begin(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let unquoted = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let after = unquoted.trim_start().strip_prefix(':')?;
    Some(text.len().saturating_sub(after.len()))
}

/// Returns the start of the line of an offset, and its indentation. A dash before a key counts as a
/// space.
pub(super) fn line_of(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or("");
    let begin = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let line = text.get(begin..).and_then(|rest| rest.split('\n').next());
    (begin, spaces(&line.unwrap_or("").replacen("- ", "  ", 1)))
}

/// Returns the offset after the closing quote.
pub(super) fn quoted_end(text: &str, begin: usize) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(begin.saturating_add(1)) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at.saturating_add(1)),
            _ => {}
        }
    }
    None
}

impl Lines {
    /// Returns the lines after the header that are indented more than `parent`. The header ends at
    /// offset `header`.
    fn of_block(text: &str, header: usize, parent: usize) -> Self {
        let mut lines = Self::following(text, header);
        let deep = |line: &Line| spaces(&line.text) > parent || line.text.trim().is_empty();
        let end = lines.iter().position(|line| !deep(line));
        lines.truncate(end.unwrap_or(lines.len()));
        let full = lines.iter().find(|line| !line.text.trim().is_empty());
        let depth = full.map_or(0, |line| spaces(&line.text));
        for line in &mut lines {
            line.text = line.text.get(depth..).unwrap_or("").to_owned();
        }
        Self::new(Frame::Indented(depth, line_break(text)), lines)
    }

    /// Returns the lines of a list that is not in a scalar.
    fn of_list(text: &str, header: usize, parent: usize) -> Self {
        let mut lines = Self::following(text, header);
        let is_void = |line: &Line| {
            let text = line.text.trim_start();
            text.is_empty() || text.starts_with('#')
        };
        let first = lines.iter().find(|line| !is_void(line));
        let depth = first.map_or(parent, |line| spaces(&line.text));
        let end = lines.iter().position(|line| {
            let (here, text) = (spaces(&line.text), line.text.trim_start());
            !is_void(line) && (here < depth || (here == depth && !is_dash(text) && text != "[]"))
        });
        lines.truncate(end.unwrap_or(lines.len()));
        Self::new(Frame::Native(line_break(text)), lines)
    }

    fn following(text: &str, header: usize) -> Vec<Line> {
        let mut at = header.saturating_add(1).min(text.len());
        let mut lines = Vec::new();
        for whole in text.get(at..).unwrap_or("").split_inclusive('\n') {
            let end = at.saturating_add(whole.len());
            let line = whole.strip_suffix('\n').unwrap_or(whole);
            lines.push(Line {
                text: line.strip_suffix('\r').unwrap_or(line).to_owned(),
                at: at..end,
                has_break: whole.ends_with('\n'),
            });
            at = end;
        }
        lines
    }

    /// Returns the lines in double quotes. `None` if the quotes span several lines of the text.
    fn of_quoted(text: &str, quoted: Range<usize>) -> Option<Self> {
        let begin = quoted.start.saturating_add(1);
        let end = quoted.end.checked_sub(1)?;
        let inner = text.get(begin..end)?;
        if inner.contains('\n') {
            return None;
        }
        let mut lines = Vec::new();
        let mut at = begin;
        let mut rest = inner;
        while !rest.is_empty() {
            let (line, has_break, length) = unescape_line(rest)?;
            let end = at.saturating_add(length);
            lines.push(Line {
                text: line,
                at: at..end,
                has_break,
            });
            at = end;
            rest = rest.get(length..)?;
        }
        Some(Self::new(Frame::Quoted, lines))
    }

    const fn new(frame: Frame, lines: Vec<Line>) -> Self {
        Self {
            frame,
            lines,
            begins: Vec::new(),
        }
    }

    /// Whether these are the lines of a text, except for line breaks at its end.
    fn matches_text(&self, text: &str) -> bool {
        let mut wanted = text.trim_end().split('\n');
        let lines = self.lines.iter().map(|line| line.text.as_str());
        let mut lines = lines.take(wanted.clone().count());
        let is_same = |line: &str| {
            wanted
                .next()
                .is_some_and(|text| text.trim_end() == line.trim_end())
        };
        lines.all(is_same) && wanted.next().is_none()
    }

    fn with_entries(mut self) -> Result<Self, EditError> {
        let is_void = |text: &str| text.is_empty() || text.starts_with('#') || text == "---";
        let full = self.lines.iter().map(|line| line.text.as_str());
        let first = full.clone().find(|line| !is_void(line.trim()));
        match first.map(str::trim) {
            Some("[]") => return Ok(self),
            Some(text) if text.starts_with(['[', '{']) => return Err(EditError::FlowStyle),
            Some(text) if !is_dash(text) => return Err(EditError::ScalarStyle),
            _ => {}
        }
        let depth = first.map_or(0, spaces);
        let is_begin = |line: &str| spaces(line) == depth && is_dash(line.trim_start());
        let begins = full.enumerate().filter(|(_, line)| is_begin(line));
        self.begins = begins.map(|(index, _)| index).collect();
        Ok(self)
    }

    /// Returns the lines of an entry, without the comments and empty lines after it.
    ///
    /// # Errors
    ///
    /// [`EditError::NoSuchEntry`].
    pub(super) fn entry(&self, index: usize) -> Result<EntryLines, EditError> {
        let begin = *self.begins.get(index).ok_or(EditError::NoSuchEntry)?;
        let next = self.begins.get(index.saturating_add(1)).copied();
        let next = next.unwrap_or(self.lines.len());
        let is_full = |index: &usize| {
            self.lines.get(*index).is_some_and(|line| {
                let text = line.text.trim();
                !text.is_empty() && !text.starts_with('#') && text != "..."
            })
        };
        let last = (begin..next).rev().find(is_full).unwrap_or(begin);
        Ok(begin..last.saturating_add(1))
    }

    pub(super) fn last_entry(&self) -> Option<EntryLines> {
        self.entry(self.begins.len().checked_sub(1)?).ok()
    }

    /// Removes the lines of an entry. If it is the only entry, `[]` replaces it, because a list
    /// without entries has no other spelling.
    pub(super) fn remove(&self, text: &str, entry: &EntryLines) -> String {
        if self.begins != [entry.start] {
            return self.splice(text, entry, &[]);
        }
        let begin = self.lines.get(entry.start);
        let depth = begin.map_or(0, |line| spaces(&line.text));
        let depth = match self.frame {
            Frame::Indented(..) | Frame::Quoted => depth,
            // A list can have the indentation of its key; brackets cannot.
            Frame::Native(_) => depth.saturating_add(2),
        };
        self.splice(text, entry, &[format!("{}[]", " ".repeat(depth))])
    }

    /// Removes the lines of several entries, in ascending order. At least one entry of the section
    /// must stay.
    pub(super) fn remove_all(&self, text: &str, entries: &[EntryLines]) -> String {
        let mut kept = String::with_capacity(text.len());
        let mut at = 0_usize;
        for entry in entries {
            let lines = self.lines.get(entry.clone()).unwrap_or_default();
            let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
                continue;
            };
            kept.push_str(text.get(at..first.at.start).unwrap_or_default());
            at = last.at.end;
        }
        kept.push_str(text.get(at..).unwrap_or_default());
        kept
    }

    pub(super) fn texts(&self, entry: &EntryLines) -> Vec<String> {
        let lines = self.lines.get(entry.clone()).unwrap_or_default();
        lines.iter().map(|line| line.text.clone()).collect()
    }

    /// Replaces the lines of an entry.
    pub(super) fn splice(&self, text: &str, entry: &EntryLines, new: &[String]) -> String {
        let lines = self.lines.get(entry.clone()).unwrap_or_default();
        let begin = lines.first().map_or(text.len(), |line| line.at.start);
        let end = lines.last().map_or(text.len(), |line| line.at.end);
        let has_break = lines.last().is_none_or(|line| line.has_break);
        let mut written = self.write(new);
        if !has_break {
            // The last line of the text has no line break before or after the edit.
            let kept = written.len().saturating_sub(self.line_break().len());
            written.truncate(kept);
        }
        join(text, begin, &written, end)
    }

    /// Inserts lines after an entry.
    pub(super) fn insert_after(&self, text: &str, entry: &EntryLines, new: &[String]) -> String {
        let last = entry
            .end
            .checked_sub(1)
            .and_then(|last| self.lines.get(last));
        let at = last.map_or(text.len(), |line| line.at.end);
        let mut written = self.write(new);
        if last.is_some_and(|line| !line.has_break) {
            let kept = written.len().saturating_sub(self.line_break().len());
            written.truncate(kept);
            written.insert_str(0, self.line_break());
        }
        join(text, at, &written, at)
    }

    /// Replaces an empty list with lines.
    pub(super) fn fill(&self, text: &str, new: &[String]) -> String {
        let is_list = |line: &Line| line.text.trim() == "[]";
        let Some(at) = self.lines.iter().position(is_list) else {
            return text.to_owned();
        };
        let depth = self.lines.get(at).map_or(0, |line| spaces(&line.text));
        let new: Vec<String> = new.iter().map(|line| " ".repeat(depth) + line).collect();
        self.splice(text, &(at..at.saturating_add(1)), &new)
    }

    fn write(&self, lines: &[String]) -> String {
        let write = |line: &String| match self.frame {
            Frame::Indented(depth, end) => format!("{}{line}{end}", " ".repeat(depth)),
            Frame::Native(end) => format!("{line}{end}"),
            Frame::Quoted => format!("{}\\n", escape(line)),
        };
        lines.iter().map(write).collect()
    }

    const fn line_break(&self) -> &'static str {
        match self.frame {
            Frame::Indented(_, end) | Frame::Native(end) => end,
            Frame::Quoted => "\\n",
        }
    }
}

/// Replaces a range of a text.
pub(super) fn join(text: &str, begin: usize, new: &str, end: usize) -> String {
    let before = text.get(..begin).unwrap_or("");
    let after = text.get(end..).unwrap_or("");
    [before, new, after].concat()
}

pub(super) fn line_break(text: &str) -> &'static str {
    let first = text.split_inclusive('\n').next().unwrap_or("");
    if first.ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}

fn is_dash(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// Reads up to the first escaped line break. Returns the unescaped text, whether there was a line
/// break, and the length as written. `None` if there is an escape that JSON does not have.
fn unescape_line(quoted: &str) -> Option<(String, bool, usize)> {
    let mut text = String::new();
    let mut rest = quoted;
    loop {
        let Some(at) = rest.find('\\') else {
            text.push_str(rest);
            return Some((text, false, quoted.len()));
        };
        text.push_str(rest.get(..at)?);
        rest = rest.get(at.saturating_add(1)..)?;
        let escape = rest.chars().next()?;
        rest = rest.get(escape.len_utf8()..)?;
        match escape {
            'n' => return Some((text, true, quoted.len().checked_sub(rest.len())?)),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '"' | '\\' | '/' => text.push(escape),
            'u' => {
                let (digits, after) = rest.split_at_checked(4)?;
                text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                rest = after;
            }
            _ => return None,
        }
    }
}
