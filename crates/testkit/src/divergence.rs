//! `testdata/divergences.toml`: every deliberate difference from upstream, one row each.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::data::toml;

/// One deliberate difference from upstream.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Divergence {
    /// The name that tests use: kebab-case, unique in its file.
    pub case: String,
    /// Upstream's behavior, with the source file and function or the observation that shows it.
    pub upstream: String,
    /// Our behavior.
    pub ours: String,
    /// The reason for the difference.
    pub why: String,
}

/// A crate's divergence file, checked in both directions: a case without a row must not differ,
/// and a test must show each row to differ before [`Divergences::finish`] runs.
#[derive(Debug)]
pub struct Divergences {
    rows: Vec<Divergence>,
    shown: RefCell<BTreeSet<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    divergence: Vec<Divergence>,
}

impl Divergences {
    /// Reads a divergence file.
    ///
    /// # Panics
    ///
    /// If the file cannot be read, or a case is listed twice.
    #[must_use]
    #[track_caller]
    pub fn read(path: impl AsRef<Path>) -> Self {
        let rows = toml::<File>(path).divergence;
        let mut names = BTreeSet::new();
        for row in &rows {
            assert!(
                names.insert(row.case.as_str()),
                "divergence `{}` has two rows",
                row.case
            );
        }
        Self {
            rows,
            shown: RefCell::default(),
        }
    }

    /// Leaves out rows that need a feature which is off, so that no test shows them.
    ///
    /// # Panics
    ///
    /// If one of them is not listed.
    #[must_use]
    #[track_caller]
    pub fn without(mut self, cases: &[&str]) -> Self {
        for case in cases {
            let listed = self.rows.len();
            self.rows.retain(|row| row.case != *case);
            assert!(self.rows.len() < listed, "divergence `{case}` has no row");
        }
        self
    }

    /// Returns the rows in file order.
    #[must_use]
    pub fn rows(&self) -> &[Divergence] {
        &self.rows
    }

    /// Compares upstream's result for `case` with ours.
    ///
    /// # Panics
    ///
    /// If they differ and `case` has no row, or if they agree and `case` has a row.
    #[track_caller]
    pub fn compare<T: PartialEq + std::fmt::Debug>(&self, case: &str, upstream: &T, ours: &T) {
        let listed = self.rows.iter().any(|row| row.case == case);
        if upstream == ours {
            assert!(
                !listed,
                "divergence `{case}` has a row, but both return {ours:?}"
            );
        } else {
            assert!(
                listed,
                "`{case}` has no row: upstream returns {upstream:?}, we return {ours:?}"
            );
            self.shown.borrow_mut().insert(case.to_owned());
        }
    }

    /// Fails unless a test showed each row to differ.
    ///
    /// # Panics
    ///
    /// If no test showed a row to differ.
    #[track_caller]
    pub fn finish(self) {
        let shown = self.shown.into_inner();
        let missing: Vec<&str> = self
            .rows
            .iter()
            .map(|row| row.case.as_str())
            .filter(|c| !shown.contains(*c))
            .collect();
        assert!(
            missing.is_empty(),
            "divergences that no test showed: {missing:?}"
        );
    }
}
