use std::fmt::Display;

mod mapping;
mod rbac;
mod token;

/// The characters for which a `^` of an input stands, so that a fuzzer can put them anywhere: they erase the
/// screen, reverse the text after them, and begin a line in four ways.
const HOSTILE: &str = "\u{1b}[2J\u{202e}\n\r\u{85}\u{2028}";

/// The same in the escapes of JSON, which YAML has as well.
const ESCAPED: &str = r"\u001b[2J\u202e\n\r\u0085\u2028";

/// Asserts that no part of an input is printed raw.
///
/// The `Display` of each error, problem, finding, explanation and change has no control character, no
/// bidirectional control and no line break, except between the lines of a report. The first byte chooses the
/// readers; the rest is the text. Each `^` of it stands for characters that a terminal interprets.
///
/// # Panics
///
/// If the property does not hold.
pub fn nothing_raw_is_printed(bytes: &[u8]) {
    let Some((&choice, text)) = bytes.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let (raw, escaped) = (text.replace('^', HOSTILE), text.replace('^', ESCAPED));
    match choice % 4 {
        0 => mapping::print(&escaped),
        1 => rbac::print_objects(&escaped),
        2 => rbac::print_questions(&raw),
        _ => token::print(&raw),
    }
}

/// Asserts that a `Display` is one line without control characters.
fn line(printed: impl Display) {
    let printed = printed.to_string();
    assert!(!printed.contains(is_raw), "{printed:?}");
}

/// Asserts that a report of a known number of lines has no other line break and no control character.
fn report(printed: impl Display, lines: usize) {
    let printed = printed.to_string();
    assert!(!printed.replace('\n', "").contains(is_raw), "{printed:?}");
    assert_eq!(printed.lines().count(), lines, "{printed:?}");
}

/// Prints an error; `None` if there is none.
fn error<T, E: Display>(result: Result<T, E>) -> Option<T> {
    result.map_err(line).ok()
}

/// Returns whether a terminal or a log interprets a character: controls, bidirectional controls, and the line
/// and paragraph separators.
fn is_raw(c: char) -> bool {
    let is_bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_bidi || matches!(c, '\u{2028}' | '\u{2029}')
}
