//! No command prints text of a file, of a file's name or of an argument raw.

mod manifests;
mod mapping;

use std::ffi::OsString;

use clap::Parser as _;
use program::output::{self, FAILED};
use serde_json::Value;

use crate::args::{Args, Output};
use crate::print;

/// Texts that a terminal, a log or a CI runner would interpret. The first has to be escaped in every format. The
/// second is plain text in most formats.
const TEXTS: [&str; 2] = [
    "\u{1b}[2J\u{202e}gnp.exe\u{2028}\u{85}\u{9b}31m\u{7}\nlockout: none\r\n::error::b",
    "::error::c##[error]d##vso[x]e",
];

/// The output of a command line.
struct Printed {
    status: u8,
    /// Standard output in the form that was asked for.
    text: String,
    /// The same answer as JSON and as YAML, if the command has data in every form.
    data: Vec<String>,
    /// Standard error.
    aside: String,
}

/// Runs a command line as `main` does.
fn printed(words: &[&str]) -> Printed {
    let words = std::iter::once("eks-access").chain(words.iter().copied());
    let words: Vec<OsString> = words.map(OsString::from).collect();
    let args = match Args::try_parse_from(&words) {
        Ok(args) => args,
        Err(error) => {
            return Printed {
                status: FAILED,
                text: String::new(),
                data: Vec::new(),
                aside: output::error_text(error, words.into_iter().skip(1)),
            };
        }
    };
    let answer = crate::run(&args);
    let in_form = |form| print::text(&answer, form);
    Printed {
        status: answer.status,
        text: in_form(args.common.output),
        data: match answer.data {
            Value::Null => Vec::new(),
            _ => vec![in_form(Output::Json), in_form(Output::Yaml)],
        },
        aside: answer.aside.join("\n"),
    }
}

/// The limit on a line of text, in characters: a name of ten thousand characters is printed a few
/// times at most.
const MAX_LINE: usize = 50_000;

/// Returns the first line of a text for people that a terminal or a CI runner would interpret, or that is longer than
/// the names in it.
fn raw_line(text: &str) -> Option<String> {
    let is_bad = |line: &&str| {
        is_raw(line)
            || line.starts_with("lockout: none")
            || line.contains("##[")
            || line.contains("##vso[")
            || line.chars().count() > MAX_LINE
    };
    text.split('\n').find(is_bad).map(shown)
}

/// Whether a terminal would interpret a line, or a CI runner would take it for a command.
fn is_raw(line: &str) -> bool {
    let is_raw = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    line.trim_start().starts_with("::") || line.contains(is_raw)
}

fn shown(line: &str) -> String {
    format!("{:?}", line.chars().take(200).collect::<String>())
}

/// Runs a command line, and collects the faults of its output.
fn faults(words: &[&str]) -> Vec<String> {
    let printed = printed(words);
    let shown_words: Vec<String> = words
        .iter()
        .map(|word| word.chars().take(60).collect())
        .collect();
    let mut faults = Vec::new();
    if printed.status > crate::LOCKOUT {
        faults.push(format!("{shown_words:?}: status {}", printed.status));
    }
    // Output for other programs has the texts unchanged, in quotes.
    let is_for_programs = matches!(words, ["convert" | "edit", ..]) || words.contains(&"-o");
    let text = if is_for_programs { "" } else { &printed.text };
    if is_for_programs && !matches!(words, ["convert" | "edit", ..]) {
        let raw = printed.text.split('\n').find(|line| is_raw(line));
        faults.extend(raw.map(|line| format!("{shown_words:?}: {}", shown(line))));
    }
    for (stream, text) in [
        ("standard output", text),
        ("standard error", &printed.aside),
    ] {
        if let Some(line) = raw_line(text) {
            faults.push(format!("{shown_words:?}, {stream}: {line}"));
        }
    }
    for text in &printed.data {
        if let Some(line) = text.split('\n').find(|line| is_raw(line)) {
            faults.push(format!("{shown_words:?}, as data: {}", shown(line)));
        }
    }
    if let Some(json) = printed.data.first()
        && serde_json::from_str::<Value>(json).is_err()
    {
        faults.push(format!("{shown_words:?}: not JSON"));
    }
    faults
}
