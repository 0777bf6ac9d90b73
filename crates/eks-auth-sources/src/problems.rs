//! The problems of one version of a source.

use std::fmt::Display;

/// How many problems of one version are kept: 1,000. Our choice: more than a person reads of one file, and a
/// `ConfigMap` of 1 MiB can have tens of thousands, each with a sentence.
pub const MAX_PROBLEMS: usize = 1_000;

/// The problems of one version of a source, each with its place in the text: the first [`MAX_PROBLEMS`], and how
/// many more there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Problems {
    first: Vec<String>,
    left_out: usize,
}

impl Problems {
    /// No problems.
    pub(crate) const NONE: Self = Self {
        first: Vec::new(),
        left_out: 0,
    };

    pub(crate) fn of(all: &[impl Display]) -> Self {
        let first = all.iter().take(MAX_PROBLEMS);
        Self {
            first: first.map(ToString::to_string).collect(),
            left_out: all.len().saturating_sub(MAX_PROBLEMS),
        }
    }

    /// Returns the first problems, in the order of the text: at most [`MAX_PROBLEMS`].
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.first.iter().map(String::as_str)
    }

    /// Returns how many problems were left out after the first [`MAX_PROBLEMS`].
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Returns how many problems the version has, including the problems that were left out.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.first.len().saturating_add(self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_PROBLEMS, Problems};

    #[test]
    fn beyond_the_limit_problems_are_counted() {
        let texts: Vec<String> = (0..=MAX_PROBLEMS).map(|n| n.to_string()).collect();
        for (given, left_out) in [(0, 0), (MAX_PROBLEMS, 0), (MAX_PROBLEMS + 1, 1)] {
            let problems = Problems::of(&texts[..given]);
            assert_eq!((problems.count(), problems.left_out()), (given, left_out));
            let kept = texts.iter().take(given.min(MAX_PROBLEMS));
            assert!(problems.iter().eq(kept), "{given}");
        }
    }
}
