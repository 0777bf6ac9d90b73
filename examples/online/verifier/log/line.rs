//! A line of the log. Its fields are written one by one, in the format of `tracing-subscriber`.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use printable_text::MAX_PRINTED_CHARS;
use tracing::Level;

use super::printable;
use super::time::write_time;
use crate::settings::LogFormat;

/// Room for a usual record, in bytes. The allocator of glibc returns blocks of up to 1,032 bytes without a lock.
const USUAL_LEN: usize = 1_000;

/// A line that fields are added to.
pub(super) struct Line {
    text: String,
    format: LogFormat,
}

/// The name of a field, with the characters around it in each format.
#[derive(Clone, Copy)]
pub(super) struct Name {
    pub(super) json: &'static str,
    pub(super) text: &'static str,
}

/// Expands to a [`Name`].
macro_rules! name {
    ($name:literal) => {
        crate::log::line::Name {
            json: concat!(",\"", $name, "\":"),
            text: concat!(" ", $name, "="),
        }
    };
}

pub(super) use name;

impl Line {
    /// Begins a line with the time and the message, which has no characters to escape.
    pub(super) fn begin(format: LogFormat, now: SystemTime, level: Level, message: &str) -> Self {
        let mut text = String::with_capacity(USUAL_LEN);
        let (before, between, last) = match format {
            LogFormat::Json => (r#"{"timestamp":""#, r#"","level":""#, r#"","message":""#),
            // The names of the levels have four letters or five.
            LogFormat::Text if level.as_str().len() == 4 => ("", "  ", " "),
            LogFormat::Text => ("", " ", " "),
        };
        text.push_str(before);
        // Text can always be written to a String.
        let _ = write_time(&mut text, now);
        for part in [between, level.as_str(), last, message] {
            text.push_str(part);
        }
        if format == LogFormat::Json {
            text.push('"');
        }
        Self { text, format }
    }

    /// Adds a word of the program, which has no characters to escape.
    pub(super) fn word(&mut self, name: Name, word: &'static str) {
        self.quoted(name, word);
    }

    /// Adds a text that a caller chooses. Characters that a terminal would act on are escaped, and characters
    /// beyond [`MAX_PRINTED_CHARS`] are counted instead.
    pub(super) fn foreign_text(&mut self, name: Name, value: &str) {
        // Most texts are short and plain, and a single pass can tell.
        match value.len() <= MAX_PRINTED_CHARS && is_plain(value) {
            true => self.quoted(name, value),
            false => self.text(name, &printable(value)),
        }
    }

    /// Adds a text of the program, or a text that is already escaped and cut.
    pub(super) fn text(&mut self, name: Name, value: &str) {
        if is_plain(value) {
            return self.quoted(name, value);
        }
        self.name(name);
        // Text can always be written to a String.
        let _ = match self.format {
            LogFormat::Json => write!(self.text, "{}", serde_json::Value::from(value)),
            LogFormat::Text => write!(self.text, "{value:?}"),
        };
    }

    /// Adds an address.
    pub(super) fn address(&mut self, name: Name, address: IpAddr) {
        self.name(name);
        let quote = match self.format {
            LogFormat::Json => "\"",
            LogFormat::Text => "",
        };
        self.text.push_str(quote);
        match address {
            IpAddr::V4(address) => {
                for (number, octet) in address.octets().into_iter().enumerate() {
                    if number > 0 {
                        self.text.push('.');
                    }
                    self.digits(octet);
                }
            }
            IpAddr::V6(address) => {
                // Text can always be written to a String.
                let _ = write!(self.text, "{address}");
            }
        }
        self.text.push_str(quote);
    }

    /// Adds a whole number.
    pub(super) fn number(&mut self, name: Name, value: u64) {
        self.name(name);
        self.digits(value);
    }

    /// Adds a time in milliseconds with the fewest digits: `0.019544`. Multiplying the seconds by
    /// 1,000 would give `0.019544000000000002`.
    pub(super) fn milliseconds(&mut self, name: Name, time: Duration) {
        self.name(name);
        self.digits(time.as_millis());
        self.text.push('.');
        let nanoseconds = time.subsec_nanos() % 1_000_000;
        // A digit before them keeps the zeros in front.
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(nanoseconds.saturating_add(1_000_000));
        match digits.trim_end_matches('0').get(1..) {
            None | Some("") => self.text.push('0'),
            Some(digits) => self.text.push_str(digits),
        }
    }

    /// Ends the line.
    pub(super) fn end(mut self) -> String {
        self.text.push_str(match self.format {
            LogFormat::Json => "}\n",
            LogFormat::Text => "\n",
        });
        self.text
    }

    fn quoted(&mut self, name: Name, plain: &str) {
        self.name(name);
        self.text.push('"');
        self.text.push_str(plain);
        self.text.push('"');
    }

    fn name(&mut self, name: Name) {
        self.text.push_str(match self.format {
            LogFormat::Json => name.json,
            LogFormat::Text => name.text,
        });
    }

    fn digits(&mut self, value: impl itoa::Integer) {
        self.text.push_str(itoa::Buffer::new().format(value));
    }
}

/// Returns whether both formats write a text unchanged, between quotation marks.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
    // `fold` can be vectorized, and `all` cannot.
    text.bytes()
        .fold(true, |plain, byte| plain & is_plain(byte))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_line_has_all_its_fields() {
        let line = |format, level| {
            let mut line = Line::begin(format, UNIX_EPOCH, level, "review");
            line.text(name!("plain"), "a b");
            line.text(name!("other"), "\"\\\n\u{7f}ü");
            line.address(name!("v4"), [127, 0, 0, 1].into());
            line.address(name!("v6"), [0, 0, 0, 0, 0, 0, 0, 1].into());
            line.number(name!("generation"), 7);
            line.milliseconds(name!("took_ms"), Duration::from_nanos(19_544));
            line.end()
        };
        assert_eq!(
            line(LogFormat::Text, Level::WARN),
            "1970-01-01T00:00:00.000000Z  WARN review plain=\"a b\" other=\"\\\"\\\\\\n\\u{7f}ü\" v4=127.0.0.1 \
             v6=::1 generation=7 took_ms=0.019544\n"
        );
        assert_eq!(
            line(LogFormat::Json, Level::ERROR),
            "{\"timestamp\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"ERROR\",\"message\":\"review\",\
             \"plain\":\"a b\",\"other\":\"\\\"\\\\\\n\u{7f}ü\",\"v4\":\"127.0.0.1\",\"v6\":\"::1\",\"generation\":7,\
             \"took_ms\":0.019544}\n"
        );
        let line = line(LogFormat::Text, Level::ERROR);
        assert!(
            line.starts_with("1970-01-01T00:00:00.000000Z ERROR review plain="),
            "{line}"
        );
    }

    #[test]
    fn a_plain_text_is_the_same_in_both_formats() {
        for code in 0..=0x2_ff {
            let text = format!("a{}", char::from_u32(code).unwrap());
            let quoted = format!("\"{text}\"");
            let is_unchanged =
                format!("{text:?}") == quoted && serde_json::to_string(&text).unwrap() == quoted;
            assert_eq!(is_plain(&text), is_unchanged && text.is_ascii(), "{text:?}");
        }
    }

    #[test]
    fn a_long_text_of_a_caller_is_cut() {
        let written = |text: &str| {
            let mut line = Line::begin(LogFormat::Text, UNIX_EPOCH, Level::INFO, "review");
            line.foreign_text(name!("t"), text);
            line.end().split_once(" t=").unwrap().1.to_owned()
        };
        let longest = "a".repeat(MAX_PRINTED_CHARS);
        assert_eq!(written(&longest), format!("\"{longest}\"\n"));
        let cut = written(&format!("{longest}bc"));
        assert_eq!(cut, format!("\"{longest}… (2 more characters)\"\n"));
    }

    #[test]
    fn milliseconds_are_written_as_a_number_with_a_point_is() {
        for nanoseconds in [
            0,
            100,
            999,
            1_000,
            19_544,
            100_000,
            999_999,
            1_000_000,
            1_000_001,
            1_500_000,
            20_000_000,
            10_000_000_000,
            86_400_000_000_001,
        ] {
            let time = Duration::from_nanos(nanoseconds);
            let mut line = Line::begin(LogFormat::Text, UNIX_EPOCH, Level::INFO, "review");
            line.milliseconds(name!("t"), time);
            let number = time.div_duration_f64(Duration::from_millis(1));
            assert!(
                line.end().ends_with(&format!(" t={number:?}\n")),
                "{time:?}"
            );
        }
    }
}
