//! Entries of rules as messages repeat them.

/// How many entries of a list a message repeats. Our choice: a line can be read.
const MAX_LISTED: usize = 8;

/// How many characters of one entry a message repeats. Our choice: the longest names of resources
/// and groups together have some sixty.
const MAX_CHARACTERS: usize = 80;

/// Lists entries, the first of them if they are many.
pub(crate) fn list(entries: &[impl AsRef<str>]) -> String {
    let words = entries.iter().take(MAX_LISTED);
    let words: Vec<String> = words.map(|entry| plain(entry.as_ref())).collect();
    let words = words.join(", ");
    match entries.len().saturating_sub(MAX_LISTED) {
        0 => words,
        more => format!("{words} and {more} more"),
    }
}

/// Writes an entry as it is, or quoted where it is not what entries look like; the start of it, if
/// it is long.
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
