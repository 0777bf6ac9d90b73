//! The fields of a record in the text format.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};

/// Writes fields as the default of `tracing-subscriber` does, but plain text at once and not character by character: a
/// record has twenty fields, and they were a tenth of the CPU time of a review.
#[derive(Debug)]
pub(super) struct TextFields;

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line {
            writer,
            is_empty: true,
            result: Ok(()),
        };
        fields.record(&mut line);
        line.result
    }
}

struct Line<'w> {
    writer: Writer<'w>,
    is_empty: bool,
    result: fmt::Result,
}

impl Line<'_> {
    fn plain(&mut self, name: &str, value: &str) -> fmt::Result {
        self.writer
            .write_str(if self.is_empty { "" } else { " " })?;
        self.writer.write_str(name)?;
        self.writer.write_str("=\"")?;
        self.writer.write_str(value)?;
        self.writer.write_str("\"")
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if !is_plain(value) || field.name() == "message" {
            return self.record_debug(field, &value);
        }
        if self.result.is_ok() {
            self.result = self.plain(field.name(), value);
            self.is_empty = false;
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.result.is_ok() {
            let mut visitor = DefaultVisitor::new(self.writer.by_ref(), self.is_empty);
            visitor.record_debug(field, value);
            self.result = visitor.finish();
            self.is_empty = false;
        }
    }
}

/// Returns whether `Debug` prints a text as it is, between quotation marks.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
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
