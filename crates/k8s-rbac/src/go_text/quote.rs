//! Text as Go writes it: `%q` of a string, JSON, and an aggregate of errors.

use std::fmt::{self, Display, Formatter, Write};

use crate::go_text::printable::is_printable;

/// Prints a text as Go's `%q` does, as kube-apiserver prints names in its messages.
///
/// Rust's `{:?}` differs in its escapes (`\u{a0}` for `\u00a0`) and in which characters it prints.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Quoted<'a>(pub(crate) &'a str);

impl<'a> Quoted<'a> {
    /// Wraps a text to be printed in double quotes, with unprintable characters escaped.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }
}

impl Display for Quoted<'_> {
    // As Go: strconv/quote.go, appendEscapedRune. A `str` contains no invalid UTF-8, so the branch
    // that writes single bytes is not needed.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                _ => write_printable(f, c)?,
            }
        }
        f.write_char('"')
    }
}

/// Prints a message with its unprintable characters escaped as [`Quoted`] escapes them. Some messages of
/// kube-apiserver contain parts of their input unquoted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a>(pub(crate) &'a str);

impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| write_printable(f, c))
    }
}

fn write_printable(f: &mut Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '\u{7}' => f.write_str("\\a"),
        '\u{8}' => f.write_str("\\b"),
        '\u{c}' => f.write_str("\\f"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\u{b}' => f.write_str("\\v"),
        _ if is_printable(c) => f.write_char(c),
        '\0'..' ' | '\u{7f}' => write!(f, "\\x{:02x}", u32::from(c)),
        '\0'..='\u{ffff}' => write!(f, "\\u{:04x}", u32::from(c)),
        _ => write!(f, "\\U{:08x}", u32::from(c)),
    }
}

/// Prints a list of texts as Go's `%q` does: `["a" "b"]`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct QuotedTexts<'a>(pub(crate) &'a [String]);

impl<'a> QuotedTexts<'a> {
    /// Wraps texts to be printed in brackets, each as [`Quoted`] prints it.
    #[must_use]
    pub const fn new(texts: &'a [String]) -> Self {
        Self(texts)
    }
}

impl Display for QuotedTexts<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        let mut space = "";
        for text in self.0 {
            write!(f, "{space}{}", Quoted(text))?;
            space = " ";
        }
        f.write_char(']')
    }
}

/// Writes a text in JSON as Go's encoder does, which escapes the special characters of HTML and
/// JavaScript.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonText<'a>(pub(crate) &'a str);

impl Display for JsonText<'_> {
    // As Go: encoding/json/encode.go, appendString with escapeHTML.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{c}' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\0'..' ' | '&' | '<' | '>' | '\u{2028}' | '\u{2029}' => {
                    write!(f, "\\u{:04x}", u32::from(c))?;
                }
                _ => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// Writes a list of texts in JSON. An empty list is written like Go's nil.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonTexts<'a, T>(pub(crate) &'a [T]);

impl<T: AsRef<str>> Display for JsonTexts<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.0.split_first() else {
            return f.write_str("null");
        };
        write!(f, "[{}", JsonText(first.as_ref()))?;
        for text in others {
            write!(f, ",{}", JsonText(text.as_ref()))?;
        }
        f.write_char(']')
    }
}

/// Joins messages as kube-apiserver joins errors: each text once, in the order of first
/// occurrence, in brackets if there are several.
///
/// As upstream: apimachinery, pkg/util/errors/errors.go, aggregate.Error.
pub(crate) fn aggregate(messages: impl IntoIterator<Item = String>) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for message in messages {
        if seen.insert(message.clone()) {
            texts.push(message);
        }
    }
    match texts.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Block {
        first: u32,
        last: u32,
        fnv1a: String,
    }

    #[test]
    fn every_character_is_quoted_as_go_quotes_it() {
        let mut report = testkit::Report::new();
        for block in testkit::json_lines::<Block>("testdata/go_quote.jsonl") {
            let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
            for c in (block.first..=block.last).filter_map(char::from_u32) {
                for byte in Quoted(c.encode_utf8(&mut [0; 4])).to_string().bytes() {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
                }
            }
            let name = format!("U+{:04X} to U+{:04X}", block.first, block.last);
            report.check(&name, &format!("{hash:016x}"), &block.fnv1a);
        }
        report.finish();
    }

    #[test]
    fn one_text_is_bare_and_several_are_bracketed_without_repeats() {
        let join = |texts: &[&str]| aggregate(texts.iter().map(|&text| text.to_owned()));
        assert_eq!(join(&[]), "");
        assert_eq!(join(&["a", "a"]), "a");
        assert_eq!(join(&["b", "a", "b"]), "[b, a]");
    }
}
