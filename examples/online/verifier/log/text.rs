//! The fields of a record in the text format.

use std::fmt::{self, Debug, Write as _};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};

/// Writes fields as the default of `tracing-subscriber` does, but plain text at once and not character by character: a
/// record has twenty fields, and they were a tenth of the CPU time of a review.
#[derive(Debug)]
pub(super) struct TextFields;

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line {
            text: String::with_capacity(USUAL_LEN),
            result: Ok(()),
        };
        fields.record(&mut line);
        line.result?;
        writer.write_str(&line.text)
    }
}

/// The length of a usual record in bytes.
const USUAL_LEN: usize = 1_024;

/// The fields so far. They are not written to a [`Writer`] one by one: each write is three calls.
struct Line {
    text: String,
    result: fmt::Result,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            return self.record_debug(field, &format_args!("{value}"));
        }
        if !is_plain(value) {
            return self.record_debug(field, &value);
        }
        self.name(field);
        for part in ["\"", value, "\""] {
            self.text.push_str(part);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.result.is_err() {
            return;
        }
        if field.name() == "message" {
            // Only it is escaped, and has no name.
            let is_first = self.text.is_empty();
            let mut visitor = DefaultVisitor::new(Writer::new(&mut self.text), is_first);
            visitor.record_debug(field, value);
            self.result = visitor.finish();
            return;
        }
        self.name(field);
        self.result = write!(self.text, "{value:?}");
    }
}

impl Line {
    fn name(&mut self, field: &Field) {
        let between = if self.text.is_empty() { "" } else { " " };
        for part in [between, field.name(), "="] {
            self.text.push_str(part);
        }
    }
}

/// Returns whether `Debug` prints a text as it is, between quotation marks.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
    // `fold` instead of `all`, to be vectorized.
    text.bytes()
        .fold(true, |plain, byte| plain & is_plain(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_is_printed_as_it_is() {
        for code in 0..=0x2_ff {
            let text = format!("a{}", char::from_u32(code).unwrap());
            let is_unchanged = format!("{text:?}") == format!("\"{text}\"");
            assert!(!is_plain(&text) || is_unchanged, "{text:?}");
            assert_eq!(is_plain(&text), is_unchanged && text.is_ascii(), "{text:?}");
        }
    }
}
