//! The rules of one section, and how the one for a caller is found among them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Overlap, Place, Rule, RuleRef, Section};
use crate::rules::matching::{Caller, Match, Matcher, fold, sso_key};

/// A rule as it was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) index: usize,
    pub(super) place: Place,
    pub(super) rule: Rule,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    // INVARIANT: what the maps and `patterns` hold are indices of `rules`.
    user_ids: HashMap<String, usize>,
    exact: HashMap<String, usize>,
    sso: HashMap<String, usize>,
    /// The text of each pattern, which only tells duplicates.
    pattern_texts: HashMap<String, usize>,
    /// In the order of the file.
    patterns: Vec<usize>,
    // INVARIANT: in the order of their indices.
    rules: Vec<Written>,
}

impl Table {
    pub(super) const fn len(&self) -> usize {
        self.rules.len()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Written> {
        self.rules.iter()
    }

    /// Adds a rule, which was written at `index`.
    pub(super) fn insert(
        &mut self,
        section: Section,
        index: usize,
        rule: Rule,
        place: Place,
    ) -> Option<Overlap> {
        let at = self.rules.len();
        let (earlier, is_last_to_win) = match rule.matcher() {
            // As upstream, where these are keys of a Go map: the last wins.
            Matcher::Exact { arn, .. } => (self.exact.insert(fold(arn), at), true),
            Matcher::Sso { key, .. } => (self.sso.insert(key.clone(), at), true),
            Matcher::UserId { user_id, .. } => (self.user_ids.insert(user_id.clone(), at), true),
            Matcher::Pattern(pattern) => match self.pattern_texts.entry(pattern.as_str().into()) {
                Entry::Occupied(earlier) => (Some(*earlier.get()), false),
                Entry::Vacant(entry) => {
                    entry.insert(at);
                    self.patterns.push(at);
                    (None, false)
                }
            },
        };
        let earlier = earlier.and_then(|at| self.index(at));
        self.rules.push(Written { index, place, rule });
        let earlier = RuleRef::new(section, earlier?);
        Some(if is_last_to_win {
            Overlap::Replaces(earlier)
        } else {
            Overlap::ShadowedBy(earlier)
        })
    }

    /// Returns the index of a rule for just the same.
    pub(super) fn same(&self, matcher: &Matcher) -> Option<usize> {
        let at = match matcher {
            Matcher::Exact { arn, .. } => self.exact.get(&fold(arn)),
            Matcher::UserId { user_id, .. } => self.user_ids.get(user_id),
            Matcher::Sso { key, .. } => self.sso.get(key),
            Matcher::Pattern(pattern) => self.pattern_texts.get(pattern.as_str()),
        };
        self.index(*at?)
    }

    fn index(&self, at: usize) -> Option<usize> {
        self.rules.get(at).map(|written| written.index)
    }

    /// Returns the rule that was written at an index.
    pub(super) fn written(&self, index: usize) -> Option<&Written> {
        let at = self.rules.binary_search_by_key(&index, |w| w.index);
        self.rules.get(at.ok()?)
    }

    /// Finds the rule that speaks of a caller, with its index as written.
    pub(super) fn find(&self, caller: &Caller<'_>) -> Option<(usize, &Rule, Match)> {
        let speaks = |at: usize| {
            let Written { index, rule, .. } = self.rules.get(at)?;
            let how = rule.matcher().meet(caller);
            (how != Match::No).then_some((*index, rule, how))
        };
        let by_user_id = || speaks(*self.user_ids.get(caller.user_id())?);
        let by_arn = || speaks(*self.exact.get(caller.folded_arn())?);
        by_user_id()
            .or_else(by_arn)
            .or_else(|| self.find_loose(caller, speaks))
    }

    /// Of permission sets and patterns the first.
    fn find_loose<'r>(
        &'r self,
        caller: &Caller<'_>,
        speaks: impl Fn(usize) -> Option<(usize, &'r Rule, Match)>,
    ) -> Option<(usize, &'r Rule, Match)> {
        // Most maps have no permission set, and need no look at the shape of the name.
        let by_set = (!self.sso.is_empty())
            .then(|| self.sso.get(sso_key(caller.folded_arn())?))
            .flatten()
            .copied();
        let before_set = |at: &&usize| by_set.is_none_or(|set| **at < set);
        let patterns = self.patterns.iter().take_while(before_set);
        patterns
            .copied()
            .find_map(&speaks)
            .or_else(|| speaks(by_set?))
    }
}
