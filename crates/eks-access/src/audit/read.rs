//! Reads logs: one event a line, or documents that contain many.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use serde::de::IgnoredAny;

use super::counts::add;
use super::error::AuditError;
use super::event::{GROUP, Line};
use super::log::{AuditLog, Readable};
use super::rows::{MESSAGE, Rows};
use super::split::{Part, Splitter};
use super::utf16::{ByteOrder, Utf16};

/// The size of one event. Our choice: twice the largest request of the API server (3 MiB), since an event
/// may contain the objects of the request and of the response.
pub const MAX_EVENT_BYTES: usize = 6 << 20;

/// The length of a line that is too long for an event and is skipped. Our choice: a device or an archive of
/// zeros, which never ends a line, ends the reading within a second.
const MAX_SKIPPED: u64 = 64 * (6 << 20);

/// The mark that Windows editors and shells write before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The depth of documents in each other: the message of a log event is a document itself.
const MAX_DEPTH: usize = 3;

impl AuditLog {
    /// Reads a log: JSON lines, `EventList`s, an export of `CloudWatch` Logs (with a time before each event), or the
    /// output of `aws logs tail`, `filter-log-events`, `get-query-results` and subscriptions, in UTF-8 or, with its
    /// byte order mark, UTF-16. `file` names it in [`AuditCounts::places`](super::AuditCounts::places).
    ///
    /// Memory does not depend on the size of the input.
    ///
    /// # Errors
    ///
    /// [`AuditError::Read`]; [`AuditError::EndlessLine`]; [`AuditError::TooLarge`]. The log has no answer then.
    pub fn read(&mut self, file: &str, mut reader: impl BufRead) -> Result<(), AuditError> {
        let mut mark = Vec::new();
        let read = reader.by_ref().take(2).read_to_end(&mut mark);
        read.map_err(|error| AuditError::Read(error.kind()))?;
        match ByteOrder::of(&mark) {
            Some(order) => self.read_utf8(file, BufReader::new(Utf16::new(reader, order))),
            None => self.read_utf8(file, mark.chain(reader)),
        }
    }

    fn read_utf8(&mut self, file: &str, mut reader: impl BufRead) -> Result<(), AuditError> {
        let mut input = Input {
            file,
            number: 0,
            inherited: None,
            rows: Rows::default(),
        };
        let mut line = Vec::new();
        let mut is_first = true;
        loop {
            line.clear();
            let is_whole = read_line(&mut reader, &mut line)?;
            if line.is_empty() {
                return Ok(());
            }
            let start = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| is_first);
            let text = without_time(start.unwrap_or(&line).trim_ascii());
            if text.is_empty() {
                input.number = input.number.saturating_add(1);
                continue;
            }
            if is_first && is_document(text, is_whole, &mut reader)? {
                let rest = start.unwrap_or(&line).chain(reader);
                return self.read_documents(&mut input, rest);
            }
            is_first = false;
            input.number = input.number.saturating_add(1);
            match is_whole {
                true => self.object(&mut input, text, 0)?,
                false => {
                    self.too_long(&input);
                    skip_line(&mut reader, input.number)?;
                }
            }
        }
    }

    fn read_documents(
        &mut self,
        input: &mut Input<'_>,
        mut reader: impl BufRead,
    ) -> Result<(), AuditError> {
        let mut splitter = Splitter::new(MAX_EVENT_BYTES);
        loop {
            let chunk = match reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(AuditError::Read(error.kind())),
            };
            if chunk.is_empty() {
                break;
            }
            let length = chunk.len();
            splitter.read(chunk, |part| self.part(input, &part, 0))?;
            reader.consume(length);
        }
        splitter.end(|part| self.part(input, &part, 0))
    }

    fn part(
        &mut self,
        input: &mut Input<'_>,
        part: &Part<'_>,
        depth: usize,
    ) -> Result<(), AuditError> {
        // Events within one line have the number of the line.
        if depth == 0 && matches!(part, Part::Object(_) | Part::TooLong | Part::Broken) {
            input.number = input.number.saturating_add(1);
        }
        match part {
            Part::Head(head) => {
                input.inherited = inherited(head);
                input.rows = Rows::default();
            }
            Part::Row => input.rows.begin(),
            Part::Matched(matched) if input.rows.is_cut(*matched) => add(&mut self.counts.cut, 1),
            Part::Matched(_) => {}
            Part::Object(text) => self.object(input, text, depth)?,
            Part::TooLong => self.too_long(input),
            Part::Broken => self.unreadable(input),
            Part::Cut => add(&mut self.counts.cut, 1),
        }
        Ok(())
    }

    /// Reads one object: an event, a list of events, or a log event whose message is one of these.
    fn object(
        &mut self,
        input: &mut Input<'_>,
        text: &[u8],
        depth: usize,
    ) -> Result<(), AuditError> {
        if text
            .first()
            .is_some_and(|first| *first != b'{' && *first != b'[')
        {
            match has_event(text) {
                true => self.unreadable(input),
                false => add(&mut self.counts.not_events, 1),
            }
            return Ok(());
        }
        let Ok(mut line) = serde_json::from_slice::<Line<'_>>(text) else {
            // An array of events, or several objects in one line.
            if depth < MAX_DEPTH && is_json(text) {
                return self.parts(input, text, depth);
            }
            self.unreadable(input);
            return Ok(());
        };
        if line.is_list() && line.kind != "Event" && depth < MAX_DEPTH {
            return self.parts(input, text, depth);
        }
        // A column of a result of Logs Insights.
        if !line.field.is_empty() {
            input.rows.column(&line.field);
        }
        let message = match line.field.as_ref() {
            "" => line.message.take(),
            MESSAGE => line.value.take(),
            _ => return Ok(()),
        };
        if let Some(message) = message
            && line.kind.is_empty()
            && depth < MAX_DEPTH
        {
            input.inherited = None;
            return self.object(input, message.0.trim().as_bytes(), depth.saturating_add(1));
        }
        // The items of a list have no version of their own.
        if let Some(version) = &input.inherited
            && line.kind.is_empty()
            && line.api_version.is_empty()
        {
            line.kind = "Event".into();
            line.api_version = version.clone().into();
        }
        if line.kind.is_empty() && has_event(text) {
            // A program that forwards logs has put the event into a field of its own.
            self.unreadable(input);
        } else if self.add(&line)? == Readable::No {
            self.unreadable(input);
        }
        Ok(())
    }

    fn parts(
        &mut self,
        input: &mut Input<'_>,
        text: &[u8],
        depth: usize,
    ) -> Result<(), AuditError> {
        let mut splitter = Splitter::new(MAX_EVENT_BYTES);
        let depth = depth.saturating_add(1);
        splitter.read(text, |part| self.part(input, &part, depth))?;
        input.inherited = None;
        Ok(())
    }

    fn unreadable(&mut self, input: &Input<'_>) {
        add(&mut self.counts.unreadable, 1);
        self.counts.add_place(input.file, input.number);
    }

    fn too_long(&mut self, input: &Input<'_>) {
        add(&mut self.counts.too_long, 1);
        self.counts.add_place(input.file, input.number);
    }
}

/// Returns whether a text that is no event may have one inside.
fn has_event(text: &[u8]) -> bool {
    let group = GROUP.as_bytes();
    text.windows(group.len()).any(|bytes| bytes == group)
}

/// The position of the reader.
struct Input<'f> {
    file: &'f str,
    /// The number of the line, or of the event in a document.
    number: u64,
    /// The version of the list that the event is in.
    inherited: Option<String>,
    rows: Rows,
}

/// Reads a line with its end. Returns whether it is whole. If the line is too long, its rest stays
/// unread.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, AuditError> {
    // With the end of the line.
    let limit = u64::try_from(MAX_EVENT_BYTES).map_or(u64::MAX, |event| event.saturating_add(1));
    let mut limited = reader.take(limit);
    let read = limited.read_until(b'\n', line);
    read.map_err(|error| AuditError::Read(error.kind()))?;
    Ok(line.last() == Some(&b'\n') || line.len() <= MAX_EVENT_BYTES)
}

fn skip_line(reader: &mut impl BufRead, line: u64) -> Result<(), AuditError> {
    let skipped = reader.take(MAX_SKIPPED).skip_until(b'\n');
    match skipped {
        Err(error) => Err(AuditError::Read(error.kind())),
        Ok(skipped) if u64::try_from(skipped).is_ok_and(|bytes| bytes < MAX_SKIPPED) => Ok(()),
        Ok(_) => Err(AuditError::EndlessLine {
            line,
            limit: MAX_SKIPPED,
        }),
    }
}

/// Removes the time that `CloudWatch` Logs writes before each event of an export, and the name of the stream
/// that `aws logs tail` writes after it. The line does not begin with a blank.
fn without_time(line: &[u8]) -> &[u8] {
    let is_time = |byte: &u8| byte.is_ascii_digit() || b"-+:.TZ".contains(byte);
    let end = line.iter().take_while(|byte| is_time(byte)).count();
    let rest = match line.get(end..) {
        Some(rest) if rest.starts_with(b" ") => rest.trim_ascii_start(),
        _ => return line,
    };
    let stream = rest.iter().take_while(|byte| **byte != b' ').count();
    match rest.get(stream..).map(<[u8]>::trim_ascii_start) {
        Some(event) if event.starts_with(b"{") => event,
        _ => rest,
    }
}

/// Returns whether an input is a document over several lines, from its first line and the byte after
/// it.
fn is_document(
    first: &[u8],
    is_whole: bool,
    reader: &mut impl BufRead,
) -> Result<bool, AuditError> {
    if !first.starts_with(b"{") && !first.starts_with(b"[") {
        return Ok(false);
    }
    if !is_whole {
        return Ok(true);
    }
    if serde_json::from_slice::<IgnoredAny>(first).is_ok() {
        return Ok(false);
    }
    let next = loop {
        match reader.fill_buf() {
            Ok(next) => break next.first().copied(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(AuditError::Read(error.kind())),
        }
    };
    let begins_line = |byte: u8| byte == b'{' || byte.is_ascii_digit();
    let is_short = matches!(first, b"{" | b"[");
    Ok(is_short || next.is_some_and(|byte| !begins_line(byte)))
}

/// Returns whether a text is JSON values, one after the other.
fn is_json(text: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.all(|value| value.is_ok())
}

/// Returns the version of an `EventList` from its beginning. If the keys are sorted, the beginning lacks the
/// kind. `None` for another list.
fn inherited(head: &[u8]) -> Option<String> {
    let whole = [head, b"]}"].concat();
    let line = serde_json::from_slice::<Line<'_>>(&whole).ok()?;
    let is_event_list = matches!(line.kind.as_ref(), "" | "EventList");
    (is_event_list && !line.api_version.is_empty()).then(|| line.api_version.into_owned())
}
