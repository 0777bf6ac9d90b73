//! Files of cases, and the report that collects every failure before it fails once.

#![expect(
    clippy::panic,
    reason = "a test helper fails by panicking, with the file's name"
)]

use std::fmt::Write as _;
use std::path::Path;

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
/// If the file cannot be read, holds no case, or a line is not a `T`.
#[must_use]
#[track_caller]
pub fn json_lines<T: DeserializeOwned>(path: impl AsRef<Path>) -> Vec<T> {
    let path = path.as_ref();
    let cases: Vec<T> = text(path)
        .lines()
        .zip(1_usize..)
        .filter(|(line, _)| !line.trim().is_empty() && !line.starts_with("//"))
        .map(|(line, number)| {
            serde_json::from_str(line)
                .unwrap_or_else(|why| panic!("{}:{number}: {why}", path.display()))
        })
        .collect();
    assert!(!cases.is_empty(), "{}: no cases", path.display());
    cases
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

/// Collects what went wrong over many cases, so that one run shows all of it.
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
    /// As said: that is what it is for.
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
