//! Colors of text for people.

use anstyle::{AnsiColor, Style};

/// The words that are colored at the start of a line, with the text that follows each.
const WORDS: [(&str, &str, AnsiColor); 13] = [
    ("yes", ":", AnsiColor::Green),
    ("no", ":", AnsiColor::Red),
    ("unknown", ":", AnsiColor::Yellow),
    ("lockout", ":", AnsiColor::Red),
    ("loses", ":", AnsiColor::Red),
    ("loses-permissions", ":", AnsiColor::Red),
    ("no-longer-allowed", ":", AnsiColor::Red),
    ("gains", ":", AnsiColor::Green),
    ("gains-permissions", ":", AnsiColor::Green),
    ("newly-allowed", ":", AnsiColor::Green),
    ("changes", ":", AnsiColor::Yellow),
    ("accepted", ":", AnsiColor::Cyan),
    ("note", ":", AnsiColor::Cyan),
];

/// The severities, which stand before the code of a finding.
const SEVERITIES: [(&str, AnsiColor); 5] = [
    ("critical[", AnsiColor::Red),
    ("high[", AnsiColor::Red),
    ("medium[", AnsiColor::Yellow),
    ("low[", AnsiColor::Blue),
    ("info[", AnsiColor::Cyan),
];

/// Colors the word that says what kind of line each line is. Everything else stays the same byte
/// for byte.
pub(crate) fn colored(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    for (word, after, color) in WORDS {
        if let Some(rest) = line.strip_prefix(word)
            && rest.starts_with(after)
        {
            return format!("{}{rest}", painted(word, color));
        }
    }
    for (word, color) in SEVERITIES {
        // The word stands after the place, or at the start.
        let at = match line.find(&format!(": {word}")) {
            Some(at) => at.saturating_add(2),
            None if line.starts_with(word) => 0,
            None => continue,
        };
        let severity = word.trim_end_matches('[');
        let end = at.saturating_add(severity.len());
        if let (Some(before), Some(after)) = (line.get(..at), line.get(end..)) {
            return format!("{before}{}{after}", painted(severity, color));
        }
    }
    line.to_owned()
}

fn painted(word: &str, color: AnsiColor) -> String {
    let style = Style::new().fg_color(Some(color.into())).bold();
    format!("{style}{word}{style:#}")
}
