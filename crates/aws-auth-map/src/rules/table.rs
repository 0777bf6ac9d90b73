//! The rules of one section, indexed for lookup.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::arn::fold;
use super::caller::Caller;
use super::matching::{Match, Matcher};
use super::rule::Rule;
use super::rule_ref::{Overlap, Place, RuleRef};
use super::section::Section;
use super::sso_role::sso_key;

/// A rule and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) index: usize,
    pub(super) place: Place,
    pub(super) rule: Rule,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    // INVARIANT: the values of the maps and of `patterns` are indices of `rules`.
    user_ids: HashMap<String, usize>,
    exact: HashMap<String, usize>,
    sso: HashMap<String, usize>,
    /// The text of each pattern, used only to detect duplicates.
    pattern_texts: HashMap<String, usize>,
    /// In file order.
    patterns: Vec<usize>,
    // INVARIANT: sorted by index.
    rules: Vec<Written>,
}

impl Table {
    pub(super) const fn len(&self) -> usize {
        self.rules.len()
    }

    /// Returns the index after the index of the last rule.
    pub(super) fn next_index(&self) -> usize {
        self.rules
            .last()
            .map_or(0, |written| written.index.saturating_add(1))
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Written> {
        self.rules.iter()
    }

    /// Adds the rule written at `index`.
    pub(super) fn insert(
        &mut self,
        section: Section,
        index: usize,
        rule: Rule,
        place: Place,
    ) -> Option<Overlap> {
        let at = self.rules.len();
        let (earlier, last_wins) = match rule.matcher() {
            // As in upstream, where these are keys of a Go map, the last wins.
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
        Some(if last_wins {
            Overlap::Replaces(earlier)
        } else {
            Overlap::ShadowedBy(earlier)
        })
    }

    /// Returns the index of a rule for exactly the same principals.
    pub(super) fn same(&self, matcher: &Matcher) -> Option<usize> {
        let at = match matcher {
            Matcher::Exact { arn, .. } => self.exact.get(&fold(arn)),
            Matcher::UserId { user_id, .. } => self.user_ids.get(user_id),
            Matcher::Sso { key, .. } => self.sso.get(key),
            Matcher::Pattern(pattern) => self.pattern_texts.get(pattern.as_str()),
        };
        self.index(*at?)
    }

    /// Returns whether another rule of the table takes effect for exactly the same principals.
    #[cfg(feature = "yaml")]
    pub(super) fn is_replaced(&self, written: &Written) -> bool {
        self.same(written.rule.matcher())
            .is_some_and(|index| index != written.index)
    }

    fn index(&self, at: usize) -> Option<usize> {
        self.rules.get(at).map(|written| written.index)
    }

    /// Returns the rule written at an index.
    pub(super) fn written(&self, index: usize) -> Option<&Written> {
        let at = self.rules.binary_search_by_key(&index, |w| w.index);
        self.rules.get(at.ok()?)
    }

    /// Finds the rule that takes effect for a caller, with its index as written.
    pub(super) fn find(&self, caller: &Caller<'_>) -> Option<(usize, &Rule, Match)> {
        let compare = |at: usize| {
            let Written { index, rule, .. } = self.rules.get(at)?;
            let how = rule.matcher().compare(caller);
            (how != Match::No).then_some((*index, rule, how))
        };
        let by_user_id = || compare(*self.user_ids.get(caller.user_id())?);
        let by_arn = || compare(*self.exact.get(caller.folded_arn())?);
        by_user_id()
            .or_else(by_arn)
            .or_else(|| self.find_loose(caller, compare))
    }

    /// Finds the first matching permission set or pattern.
    fn find_loose<'r>(
        &'r self,
        caller: &Caller<'_>,
        compare: impl Fn(usize) -> Option<(usize, &'r Rule, Match)>,
    ) -> Option<(usize, &'r Rule, Match)> {
        // Most maps have no permission sets, so the role name need not be matched.
        let by_set = (!self.sso.is_empty())
            .then(|| self.sso.get(sso_key(caller.folded_arn())?))
            .flatten()
            .copied();
        self.patterns
            .iter()
            .copied()
            .take_while(|at| by_set.is_none_or(|set| *at < set))
            .find_map(&compare)
            .or_else(|| compare(by_set?))
    }
}
