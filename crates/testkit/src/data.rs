//! Files of cases, and a report that collects every failure before it fails once.

#![expect(
    clippy::panic,
    reason = "a test helper fails by panicking, with the file's name"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Reads a whole file of a crate's `testdata/`.
///
/// # Panics
///
/// If the file cannot be read as UTF-8.
#[must_use]
#[track_caller]
pub fn text(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Reads one value from each non-empty line that is not a `//` comment.
///
/// # Panics
///
/// If the file cannot be read, contains no case, or a line is not a `T`.
#[must_use]
#[track_caller]
pub fn json_lines<T: DeserializeOwned>(path: impl AsRef<Path>) -> Vec<T> {
    vectors(path)
        .into_iter()
        .map(|vector| vector.case)
        .collect()
}

/// One line of a file of recorded answers, with the place that a failure names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vector<T> {
    /// The path of the file, as it was given.
    pub file: PathBuf,
    /// The line's number, from 1.
    pub line: usize,
    /// The line itself.
    pub text: String,
    /// The value that the line holds.
    pub case: T,
}

impl<T> Vector<T> {
    /// Returns `FILE:LINE` and the start of the line, for the message of a failure.
    #[must_use]
    pub fn name(&self) -> String {
        let Self {
            file, line, text, ..
        } = self;
        let text = match text.char_indices().nth(MAX_PRINTED_CHARS) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.clone(),
        };
        format!("{}:{line}\n    case {text}", file.display())
    }
}

/// How much of a recorded line a failure prints: one screen. The longest lines have 30,000
/// characters.
const MAX_PRINTED_CHARS: usize = 2000;

/// Reads recorded answers: as [`json_lines`] does, with the place of each.
///
/// # Panics
///
/// If the file cannot be read, contains no case, or a line is not a `T`.
#[must_use]
#[track_caller]
pub fn vectors<T: DeserializeOwned>(path: impl AsRef<Path>) -> Vec<Vector<T>> {
    let path = path.as_ref();
    let vectors: Vec<Vector<T>> = text(path)
        .lines()
        .zip(1_usize..)
        .filter(|(line, _)| !line.trim().is_empty() && !line.starts_with("//"))
        .map(|(text, line)| Vector {
            file: path.to_owned(),
            line,
            text: text.to_owned(),
            case: serde_json::from_str(text)
                .unwrap_or_else(|why| panic!("{}:{line}: {why}", path.display())),
        })
        .collect();
    assert!(!vectors.is_empty(), "{}: no cases", path.display());
    vectors
}

/// Reads a TOML file of cases.
///
/// # Panics
///
/// If the file cannot be read or is not a `T`.
#[must_use]
#[track_caller]
pub fn toml<T: DeserializeOwned>(path: impl AsRef<Path>) -> T {
    let path = path.as_ref();
    toml::from_str(&text(path)).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Collects the failures of many cases, so that one run shows them all.
#[derive(Debug, Default)]
pub struct Report {
    ran: usize,
    failures: Vec<String>,
}

impl Report {
    /// Starts an empty report.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one case, and records it when `got` is not `want`.
    pub fn check<T: PartialEq + std::fmt::Debug>(&mut self, name: &str, got: &T, want: &T) {
        self.ran = self.ran.saturating_add(1);
        if got != want {
            self.failures
                .push(format!("{name}\n    got  {got:?}\n    want {want:?}"));
        }
    }

    /// Fails if any case failed, or if none ran.
    ///
    /// # Panics
    ///
    /// If a case failed or none ran.
    #[track_caller]
    pub fn finish(self) {
        assert!(self.ran > 0, "no case ran");
        let mut list = String::new();
        for failure in &self.failures {
            // Writing to a String cannot fail.
            let _ = writeln!(list, "  {failure}");
        }
        let failed = self.failures.len();
        assert!(
            failed == 0,
            "{failed} of {} cases failed:\n{list}",
            self.ran
        );
    }
}
