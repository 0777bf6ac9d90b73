//! `testdata/divergences.toml`: every deliberate difference from upstream, one row each.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::data::toml;

/// One row: a case, what upstream does with it, what we do, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Divergence {
    /// The name that tests use, in kebab-case; unique in its file.
    pub case: String,
    /// What upstream does, and where that is to be seen.
    pub upstream: String,
    /// What we do.
    pub ours: String,
    /// Why we part.
    pub why: String,
}

/// A crate's divergence file, tight in both directions: a case that is not listed may not differ,
/// and a listed case must have been shown to differ by the time [`Divergences::finish`] runs.
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
    /// If it cannot be read, or a case is listed twice.
    #[must_use]
    #[track_caller]
    pub fn read(path: impl AsRef<Path>) -> Self {
        let rows = toml::<File>(path).divergence;
        let mut names = BTreeSet::new();
        for row in &rows {
            assert!(
                names.insert(row.case.as_str()),
                "divergence `{}` is listed twice",
                row.case
            );
        }
        Self {
            rows,
            shown: RefCell::default(),
        }
    }

    /// Returns the rows, in the order of the file.
    #[must_use]
    pub fn rows(&self) -> &[Divergence] {
        &self.rows
    }

    /// Records that `case` was run, with what upstream gives and what we give.
    ///
    /// # Panics
    ///
    /// If the two differ and the case is not listed, or agree although it is.
    #[track_caller]
    pub fn compare<T: PartialEq + std::fmt::Debug>(&self, case: &str, upstream: &T, ours: &T) {
        let listed = self.rows.iter().any(|row| row.case == case);
        if upstream == ours {
            assert!(
                !listed,
                "divergence `{case}` is listed, but both give {ours:?}"
            );
        } else {
            assert!(
                listed,
                "`{case}`: upstream gives {upstream:?}, we give {ours:?}, no row"
            );
            self.shown.borrow_mut().insert(case.to_owned());
        }
    }

    /// Fails unless every listed case was shown to differ.
    ///
    /// # Panics
    ///
    /// As said: that is what it is for.
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
