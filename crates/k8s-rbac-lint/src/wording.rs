//! Entries of rules and names of objects, as messages print them.

/// The number of entries of a list that a message prints. Our choice, so that the line stays
/// readable.
const MAX_LISTED: usize = 8;

/// The number of characters of one entry that a message prints. Our choice: the longest names of
/// resources and groups together have about sixty.
const MAX_CHARACTERS: usize = 80;

/// Joins entries with commas, up to [`MAX_LISTED`] of them.
pub(crate) fn list(entries: &[impl AsRef<str>]) -> String {
    let shown: Vec<String> = entries
        .iter()
        .take(MAX_LISTED)
        .map(|entry| plain(entry.as_ref()))
        .collect();
    let shown = shown.join(", ");
    match entries.len().saturating_sub(MAX_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Returns at most [`MAX_CHARACTERS`] of an entry, unchanged, or quoted and escaped if it contains
/// characters that are unusual in entries.
pub(crate) fn plain(entry: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-./:*_".contains(c);
    let (start, dots) = match entry.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => (entry.get(..end).unwrap_or_default(), "..."),
        None => (entry, ""),
    };
    if !start.is_empty() && start.chars().all(is_plain) {
        format!("{start}{dots}")
    } else {
        format!("{start:?}{dots}")
    }
}

/// Prints a role as a binding refers to it.
pub(crate) fn role_reference(kind: &str, name: &str) -> String {
    format!("{} {}", plain(kind), plain(name))
}

/// Escapes the characters of a message that a terminal would interpret.
pub(crate) fn escaped(message: &str) -> String {
    let mut escaped = String::new();
    for c in message.chars() {
        // The escape of a printable character has one character, except for quotes and backslashes.
        match matches!(c, '"' | '\'' | '\\') || c.escape_debug().len() == 1 {
            true => escaped.push(c),
            false => escaped.extend(c.escape_debug()),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most messages are escaped already, so no object can show the effect.
    #[test]
    fn only_what_a_terminal_would_act_on_is_escaped() {
        for (message, want) in [
            ("", ""),
            (
                "Invalid value: \"a\\b\": it's é",
                "Invalid value: \"a\\b\": it's é",
            ),
            ("a\u{1b}[2J\nb\tc", r"a\u{1b}[2J\nb\tc"),
            ("a\u{202e}b\u{2028}", r"a\u{202e}b\u{2028}"),
        ] {
            assert_eq!(escaped(message), want);
        }
    }
}
