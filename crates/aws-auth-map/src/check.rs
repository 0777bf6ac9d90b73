//! Problems that appear only when all sources of a map are considered together.

use std::error::Error;
use std::fmt;

use iam_principal::{AccountId, ArnPattern, Partition, Principal};

use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::IdentityMap;
use crate::resolve::backend::{AuthenticationMode, Backend, BackendKind};
use crate::rules::arn::fold;
use crate::rules::caller::Caller;
use crate::rules::matching::{Matcher, RulePrincipal};
use crate::rules::template::Template;
use crate::rules::{Rule, RuleRef, Rules};

/// The limit on patterns and permission sets that are compared pairwise, to find one that covers a
/// later one. Our choice. Beyond it some findings are missed, but no finding is false.
const MAX_COMPARED: usize = 512;

/// A problem of a map, with its source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MapProblem {
    backend: Option<BackendKind>,
    problem: Problem,
}

impl MapProblem {
    /// Returns the source. `None` for a problem of the map as a whole.
    #[must_use]
    pub const fn backend(&self) -> Option<BackendKind> {
        self.backend
    }

    /// Returns the problem, with its place in that source's text.
    #[must_use]
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl Error for MapProblem {}

impl fmt::Display for MapProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.backend {
            Some(backend) => write!(f, "{backend}: {}", self.problem),
            None => write!(f, "{}", self.problem.kind()),
        }
    }
}

impl IdentityMap {
    /// Finds problems that the reader of a single source cannot see: rules that never take effect
    /// because an earlier source, a pattern or an account matches the same principals; rules that a
    /// reserved prefix always refuses; accounts, with the access that they give; ARNs of a partition
    /// that most rules do not have; sources that the authentication mode leaves out; and, if the
    /// authentication mode lets nodes join by the rules of this map alone, a map without nodes.
    ///
    /// Every finding is true, but some are missed: only the first 512 patterns are compared, and a rule
    /// covered only by several others together is not found. Two rules of one source for the same
    /// principal are reported by the reader, not here.
    #[must_use]
    pub fn check(&self) -> Vec<MapProblem> {
        let mut found = Vec::new();
        let asked: Vec<&Backend> = self.asked().collect();
        for (at, backend) in asked.iter().enumerate() {
            let before = asked.get(..at).unwrap_or_default();
            for (rule_at, rule) in backend.rules().iter() {
                let covered = covered(before, backend, rule_at, rule);
                let is_reserved = begins_reserved(backend, rule);
                let reserved = is_reserved.then_some(ProblemKind::AlwaysReserved);
                let kinds = covered.into_iter().chain(reserved);
                found.extend(kinds.map(|kind| of_rule(backend, rule_at, kind)));
            }
            let is_arn_reserved = backend
                .reserved_prefixes
                .iter()
                .any(|p| "arn:".starts_with(p));
            for (rule_at, id) in backend.rules().accounts() {
                let by_account = |earlier: &&Backend| {
                    let at = earlier.rules().find_account(id)?;
                    Some(ProblemKind::CoveredByBackend(earlier.kind(), at))
                };
                let covered = before.iter().find_map(by_account);
                let reserved = is_arn_reserved.then_some(ProblemKind::AlwaysReserved);
                let effect = covered.or(reserved).is_none();
                let effect = effect.then_some(ProblemKind::WholeAccount);
                let kinds = covered.into_iter().chain(reserved).chain(effect);
                found.extend(kinds.map(|kind| of_rule(backend, rule_at, kind)));
            }
        }
        found.extend(other_partitions(&asked));
        for backend in self.backends() {
            let is_asked = asked.iter().any(|asked| std::ptr::eq(*asked, backend));
            if !is_asked && !backend.rules().is_empty() {
                let problem = Problem::new(ProblemKind::BackendNotAsked, Location::FILE);
                let backend = Some(backend.kind());
                found.push(MapProblem { backend, problem });
            }
        }
        let is_empty = asked.iter().all(|backend| backend.rules().is_empty());
        if self.decides_about_nodes() && !is_empty && !asked.iter().any(|b| resembles_nodes(b)) {
            let problem = Problem::new(ProblemKind::NoNodes, Location::FILE);
            let backend = None;
            found.push(MapProblem { backend, problem });
        }
        found
    }
}

impl IdentityMap {
    /// Whether nodes can join only by the rules of this map. They can also join by access entries,
    /// and without an authentication mode it is not known whether the cluster has any.
    fn decides_about_nodes(&self) -> bool {
        let has_entries = || {
            self.backends()
                .iter()
                .any(|backend| backend.kind() == BackendKind::AccessEntries)
        };
        match self.authentication_mode() {
            None => false,
            Some(AuthenticationMode::ConfigMap) => true,
            Some(AuthenticationMode::Api | AuthenticationMode::ApiAndConfigMap) => has_entries(),
        }
    }
}

/// Finds rules of a partition that most rules do not have. All callers of a cluster are in one
/// partition: the STS of another partition does not know their keys.
fn other_partitions(asked: &[&Backend]) -> Vec<MapProblem> {
    let rules: Vec<(&Backend, RuleRef, Partition)> = asked
        .iter()
        .flat_map(|backend| {
            let of_rule = |(at, rule)| Some((*backend, at, partition_of(rule)?));
            backend.rules().iter().filter_map(of_rule)
        })
        .collect();
    // In the order in which they occur, so that the first partition wins if several have the same
    // number of rules.
    let mut counts: Vec<(Partition, usize)> = Vec::new();
    for (_, _, partition) in rules.iter().copied() {
        match counts.iter_mut().find(|(known, _)| *known == partition) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counts.push((partition, 1)),
        }
    }
    let Some((most, _)) = counts.iter().rev().max_by_key(|(_, count)| *count).copied() else {
        return Vec::new();
    };
    rules
        .into_iter()
        .filter(|(_, _, partition)| *partition != most)
        .map(|(backend, at, _)| of_rule(backend, at, ProblemKind::OtherPartition(most)))
        .collect()
}

fn partition_of(rule: &Rule) -> Option<Partition> {
    match rule.principal() {
        RulePrincipal::Arn(arn)
        | RulePrincipal::ArnAndUserId(arn, _)
        | RulePrincipal::UserId(_, Some(arn)) => Principal::parse(&fold(arn))
            .ok()
            .map(|principal| principal.partition()),
        RulePrincipal::Sso(role) => Some(role.partition()),
        RulePrincipal::Pattern(_) | RulePrincipal::UserId(_, None) => None,
    }
}

/// Whether a backend has a rule that is for nodes, or was meant for nodes: a misspelled rule is
/// reported separately.
fn resembles_nodes(backend: &Backend) -> bool {
    let names_nodes = |name: &Template| name.source().to_ascii_lowercase().contains("system:node");
    backend.rules().iter().any(|(_, rule)| {
        rule.is_refusing() || names_nodes(rule.username()) || rule.groups().iter().any(names_nodes)
    }) || backend.rules().unreadable().next().is_some()
}

pub(crate) fn of_rule(backend: &Backend, at: RuleRef, kind: ProblemKind) -> MapProblem {
    let place = backend.rules().place(at);
    let location = Location::section_of(at.section()).entry(at.index());
    MapProblem {
        backend: Some(backend.kind()),
        problem: Problem::new(kind, location).on(place.line(), place.column()),
    }
}

/// Whether the literal text before the first placeholder already starts with a reserved prefix.
fn begins_reserved(backend: &Backend, rule: &Rule) -> bool {
    let begins = |template: &Template, prefixes: &[String]| {
        let (literal, _) = template.text_around(|_| true);
        prefixes
            .iter()
            .any(|prefix| literal.starts_with(prefix.as_str()))
    };
    let is_group = |group: &Template| begins(group, &backend.reserved_group_prefixes);
    begins(rule.username(), &backend.reserved_prefixes) || rule.groups().iter().any(is_group)
}

/// Finds an earlier rule or account that matches everyone this rule matches.
fn covered(before: &[&Backend], own: &Backend, at: RuleRef, rule: &Rule) -> Option<ProblemKind> {
    let by_backend = |earlier: &&Backend| {
        let rules = earlier.rules();
        let rule_at = match RuleScope::of(rule.matcher())? {
            RuleScope::One(caller, _) => rules.find(&caller).map(|found| found.at),
            RuleScope::Many(..) => first_covering(rules, rule),
        };
        let account = || rules.find_account(RuleScope::of(rule.matcher())?.account()?);
        let earlier_at = rule_at.or_else(account)?;
        Some(ProblemKind::CoveredByBackend(earlier.kind(), earlier_at))
    };
    before.iter().find_map(by_backend).or_else(|| {
        let rules = own.rules();
        let winner = match RuleScope::of(rule.matcher())? {
            RuleScope::One(caller, _) => rules.find(&caller)?.at,
            // The rule covers itself, so no rule behind it is found.
            RuleScope::Many(..) => first_covering(rules, rule)?,
        };
        // The reader reports two exact rules, or two rules for one permission set.
        let is_same = |winner: &Rule| {
            std::mem::discriminant(winner.matcher()) == std::mem::discriminant(rule.matcher())
                && !matches!(winner.matcher(), Matcher::Pattern(_))
        };
        let is_reported = winner == at || rules.rule(winner).is_some_and(is_same);
        (!is_reported).then_some(ProblemKind::Covered(winner))
    })
}

/// The principals that a rule matches: a single principal, or all principals that a pattern
/// describes.
enum RuleScope<'r> {
    One(Caller<'r>, Option<AccountId>),
    Many(String, Option<AccountId>),
}

impl<'r> RuleScope<'r> {
    fn of(matcher: &'r Matcher) -> Option<Self> {
        let account = |arn: &str| {
            let part = arn.split(':').nth(4)?;
            AccountId::parse(part).ok()
        };
        Some(match matcher {
            Matcher::Exact { arn, user_id } => {
                let caller = Caller::of_arn(arn, user_id.as_deref().unwrap_or(""));
                // No caller has this ARN, so no rule needs to cover it.
                Principal::parse(caller.folded_arn()).ok()?;
                Self::One(caller, account(arn))
            }
            Matcher::UserId { user_id, arn } => {
                let arn = arn.as_ref().map_or("", |(arn, _)| arn.as_str());
                Self::One(Caller::of_arn(arn, user_id), account(arn))
            }
            Matcher::Pattern(pattern) => {
                Self::Many(pattern.as_str().to_owned(), account(pattern.as_str()))
            }
            Matcher::Sso { role, .. } => Self::Many(role.pattern(), Some(role.account())),
        })
    }

    const fn account(&self) -> Option<AccountId> {
        match self {
            Self::One(_, account) | Self::Many(_, account) => *account,
        }
    }
}

/// Returns the first pattern or permission set that matches every principal of a rule.
fn first_covering(rules: &Rules, rule: &Rule) -> Option<RuleRef> {
    let mut loose = rules.iter().filter(|(_, r)| is_loose(r)).take(MAX_COMPARED);
    let (at, _) = loose.find(|(_, earlier)| covers(earlier, rule))?;
    Some(at)
}

fn is_loose(rule: &Rule) -> bool {
    matches!(rule.matcher(), Matcher::Pattern(_) | Matcher::Sso { .. })
}

/// Whether the earlier pattern or permission set matches every principal that the later one
/// matches.
fn covers(earlier: &Rule, later: &Rule) -> bool {
    match (earlier.matcher(), later.matcher()) {
        (Matcher::Sso { key, .. }, Matcher::Sso { key: other, .. }) => key == other,
        (Matcher::Pattern(pattern), later) => match RuleScope::of(later) {
            Some(RuleScope::Many(text, _)) => covers_pattern(pattern, &text),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a pattern matches every text that the other pattern matches. It does if it matches two
/// variants of the other pattern: in one, nothing replaces each `*`; in the other, a run that is
/// longer than the pattern replaces it, of a character that occurs in neither pattern.
fn covers_pattern(pattern: &ArnPattern, other: &str) -> bool {
    let one = other.replace('?', "\u{2}");
    let run = "\u{1}".repeat(pattern.as_str().len().saturating_add(1));
    pattern.matches(&one.replace('*', "")) && pattern.matches(&one.replace('*', &run))
}

#[cfg(test)]
mod tests {
    use super::covers_pattern;
    use iam_principal::ArnPattern;

    #[test]
    fn a_pattern_covers_another_if_it_matches_every_text_of_the_other() {
        let arn = |resource: &str| format!("arn:aws:iam::111122223333:{resource}");
        for (pattern, other, want) in [
            ("role/*", "role/dev-*", true),
            ("role/dev-*", "role/*", false),
            ("role/*", "role/*", true),
            ("role/?*", "role/*", false),
            ("role/*", "role/?", true),
            ("role/?", "role/*", false),
            ("role/??", "role/?", false),
            ("role/d?v", "role/dev", true),
            ("role/dev", "role/d?v", false),
            ("role/*-ro", "role/dev-*-ro", true),
            ("role/*a*", "role/*b*", false),
            ("*", "role/*", true),
        ] {
            let parsed = ArnPattern::parse(&arn(pattern)).expect("a pattern");
            assert_eq!(
                covers_pattern(&parsed, &arn(other)),
                want,
                "{pattern} {other}"
            );
        }
        let all = ArnPattern::parse("arn:aws:iam::*:role/*").expect("a pattern");
        assert!(covers_pattern(&all, &arn("role/x*")));
        assert!(!covers_pattern(&all, "arn:*:iam::111122223333:role/x"));
    }
}
