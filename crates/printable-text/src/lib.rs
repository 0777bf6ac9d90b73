#![doc = include_str!("../README.md")]

use std::error::Error;
use std::fmt::{self, Display, Formatter, Write};
use std::iter::successors;

/// The number of characters that a [`Printable`] prints before it cuts the text.
///
/// Our choice: an IAM ARN has up to 2,048 characters in theory, but a role's name, path and session name
/// together have at most 640 (IAM and STS quotas), and names in Kubernetes at most 253.
pub const MAX_PRINTED_CHARS: usize = 1024;

/// Untrusted text whose [`Display`] is one line without control characters.
///
/// Two different texts of at most [`MAX_PRINTED_CHARS`] characters never print alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "nothing is printed until it is formatted"]
pub struct Printable<'a> {
    text: &'a str,
}

impl<'a> Printable<'a> {
    /// Wraps a text. Nothing is copied.
    pub const fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// Returns the text if it is at most [`MAX_PRINTED_CHARS`] bytes of ASCII that are printed unchanged. Nearly every
    /// text is. `None` for any other text, even if it would be printed unchanged.
    #[must_use]
    pub fn plain(self) -> Option<&'a str> {
        is_plain(self.text).then_some(self.text)
    }
}

impl<'a> From<&'a str> for Printable<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text)
    }
}

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(plain) = self.plain() {
            return f.write_str(plain);
        }
        let indent = self.text.len().saturating_sub(self.text.trim_start().len());
        let is_command = self.text.trim_start().starts_with("::");
        let mut before = None;
        for (at, c) in self.text.char_indices().take(MAX_PRINTED_CHARS) {
            if (is_command && at == indent) || (c == '#' && before == Some('#')) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                write_escaped(f, c, before.is_none())?;
            }
            before = Some(c);
        }
        match self.text.chars().skip(MAX_PRINTED_CHARS).count() {
            0 => Ok(()),
            1 => f.write_str("… (1 more character)"),
            more => write!(f, "… ({more} more characters)"),
        }
    }
}

/// Returns whether a text is short and has only ASCII that is printed unchanged. Nearly every text is so.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'\\') & (byte != b'#');
    text.len() <= MAX_PRINTED_CHARS
        // `fold` instead of `all`, to be vectorized.
        && text.bytes().fold(true, |plain, byte| plain & is_plain(byte))
        && !text.trim_start().starts_with("::")
}

/// An error and its causes. Its [`Display`] is one line, escaped like a [`Printable`]: `outer: inner:
/// innermost`.
///
/// A cause is left out if the text before it already contains it: many errors repeat their cause in
/// their own message.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is printed until it is formatted"]
pub struct Causes<'e> {
    error: &'e (dyn Error + 'static),
}

impl<'e> Causes<'e> {
    /// Wraps an error.
    pub const fn new(error: &'e (dyn Error + 'static)) -> Self {
        Self { error }
    }
}

impl Display for Causes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut text = self.error.to_string();
        for cause in successors(self.error.source(), |&cause| cause.source()) {
            let cause = cause.to_string();
            if !text.contains(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
        }
        Printable::new(&text).fmt(f)
    }
}

/// Writes a character, escaped where the standard library would escape it inside a text.
fn write_escaped(f: &mut Formatter<'_>, c: char, is_first: bool) -> fmt::Result {
    if matches!(c, '"' | '\'') {
        return f.write_char(c);
    }
    let mut pair = String::with_capacity(8);
    if !is_first {
        // `escape_debug` escapes a combining mark only where no character stands before it.
        pair.push('a');
    }
    pair.push(c);
    for escaped in pair.escape_debug().skip(usize::from(!is_first)) {
        f.write_char(escaped)?;
    }
    Ok(())
}
