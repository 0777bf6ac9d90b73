//! Names that a template may render as, and names that may be meant.

use std::collections::BTreeMap;

use aws_auth_map::Template;

use crate::near;

/// The greatest difference between a name and the name that may be meant: two characters in a name of
/// four or more. Our choice.
const MAX_DISTANCE: usize = 2;

/// The limit on pairs of names that are compared. Our choice: this takes less than a second.
const MAX_COMPARED: usize = 100_000;

/// The names that a template may render as. Each placeholder may be any text; a template without placeholders is
/// its own text.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Shape {
    /// The text before the first placeholder.
    pub(super) begin: String,
    /// `None` without placeholders.
    rest: Option<Rest>,
}

#[derive(Debug, Eq, PartialEq)]
struct Rest {
    /// The texts between placeholders.
    parts: Vec<String>,
    end: String,
}

impl Shape {
    pub(super) fn of(template: &Template) -> Self {
        let mut source = template.source();
        for (placeholder, _) in template.placeholders() {
            for (open, close) in [("{{", "}}"), ("<<", ">>")] {
                source = source.replace(&format!("{open}{}{close}", placeholder.name()), "\0");
            }
        }
        let is_fixed = template.placeholders().next().is_none();
        let Some((begin, rest)) = source.split_once('\0').filter(|_| !is_fixed) else {
            return Self {
                begin: source,
                rest: None,
            };
        };
        let (middle, end) = rest.rsplit_once('\0').unwrap_or(("", rest));
        let parts = middle.split('\0').filter(|part| !part.is_empty());
        Self {
            begin: begin.to_owned(),
            rest: Some(Rest {
                parts: parts.map(str::to_owned).collect(),
                end: end.to_owned(),
            }),
        }
    }

    pub(super) fn fits(&self, name: &str) -> bool {
        let after = name.strip_prefix(&self.begin);
        let Some(rest) = &self.rest else {
            return after == Some("");
        };
        let inner = after.and_then(|name| name.strip_suffix(&rest.end));
        let mut parts = rest.parts.iter();
        inner.is_some_and(|inner| {
            !inner.is_empty()
                && parts
                    .try_fold(inner, |left, part| Some(left.split_once(part)?.1))
                    .is_some()
        })
    }

    /// Returns the names of a table that fit, in their order.
    pub(super) fn among<'t, T>(
        &self,
        table: &'t BTreeMap<String, T>,
    ) -> impl Iterator<Item = (&'t String, &'t T)> {
        let from = table.range(self.begin.clone()..);
        from.take_while(|(name, _)| name.starts_with(&self.begin))
            .filter(|(name, _)| self.fits(name))
    }
}

/// A name, and its text in small letters.
pub(in crate::check) struct FoldedName<'n> {
    name: &'n str,
    folded: String,
}

impl<'n> FoldedName<'n> {
    /// Folds names, so that other names can be compared with them.
    pub(in crate::check) fn of_all(names: impl Iterator<Item = &'n str>) -> Vec<Self> {
        let names = names.take(MAX_COMPARED);
        names
            .filter(|name| !name.starts_with("system:"))
            .map(|name| Self {
                name,
                folded: name.to_lowercase(),
            })
            .collect()
    }
}

/// Returns the name that is nearest to a mistyped name.
pub(in crate::check) fn nearest<'n>(name: &str, names: &[FoldedName<'n>]) -> Option<&'n str> {
    if name.len() < 4 {
        return None;
    }
    // Case does not count.
    let folded = name.to_lowercase();
    let is_same = |a: char, b: char| a == b;
    names
        .iter()
        .filter(|other| other.name != name && other.name.len().abs_diff(name.len()) <= MAX_DISTANCE)
        .filter_map(|other| {
            let pair = (folded.as_str(), other.folded.as_str());
            let distance = near::distance_within(MAX_DISTANCE, pair, is_same, strsim::levenshtein)?;
            Some((distance, other.name))
        })
        .min()
        .map(|(_, other)| other)
}
