//! What is wrong with the sources of a map together, though each may be good alone.

use std::fmt;

use iam_principal::{AccountId, ArnPattern, Principal};

use crate::names::{NODE_PREFIX, NODES};
use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::IdentityMap;
use crate::resolve::backend::{Backend, BackendKind};
use crate::rules::caller::Caller;
use crate::rules::matching::Matcher;
use crate::rules::template::Template;
use crate::rules::{Rule, RuleRef};

/// Among how many patterns and permission sets one is looked for that covers a later one: every two
/// are compared. Our choice; a map with more is still answered, and nothing false is said of it.
const MAX_COMPARED: usize = 512;

/// A problem of a map, and of which source it speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MapProblem {
    backend: Option<BackendKind>,
    problem: Problem,
}

impl MapProblem {
    /// Returns the source; none if it is the map as a whole.
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

impl fmt::Display for MapProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.backend {
            Some(backend) => write!(f, "{backend}: {}", self.problem),
            None => write!(f, "{}", self.problem.kind()),
        }
    }
}

impl IdentityMap {
    /// Finds what the readers of single sources cannot see: rules that are never asked because an
    /// earlier source, a pattern or an account covers them, rules that a reserved prefix refuses
    /// always, sources that the authentication mode leaves out, and that nobody is a node.
    ///
    /// What is said is so, but not all is found: of patterns only the first 512 are compared, and
    /// what several of them cover only together is not looked for. Two rules of one source for just
    /// the same principal are the reader's to tell, and not told again.
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
                let kinds = covered.into_iter().chain(reserved);
                found.extend(kinds.map(|kind| of_rule(backend, rule_at, kind)));
            }
        }
        for backend in self.backends() {
            let is_asked = asked.iter().any(|asked| std::ptr::eq(*asked, backend));
            if !is_asked && !backend.rules().is_empty() {
                let problem = Problem::new(ProblemKind::BackendNotAsked, Location::FILE);
                let backend = Some(backend.kind());
                found.push(MapProblem { backend, problem });
            }
        }
        let is_node = |(_, rule): (RuleRef, &Rule)| makes_nodes(rule);
        let has_nodes = asked.iter().any(|b| b.rules().iter().any(is_node));
        if !has_nodes && asked.iter().any(|backend| !backend.rules().is_empty()) {
            let problem = Problem::new(ProblemKind::NoNodes, Location::FILE);
            let backend = None;
            found.push(MapProblem { backend, problem });
        }
        found
    }
}

pub(crate) fn of_rule(backend: &Backend, at: RuleRef, kind: ProblemKind) -> MapProblem {
    let place = backend.rules().place(at);
    let location = Location::section_of(at.section()).entry(at.index());
    MapProblem {
        backend: Some(backend.kind()),
        problem: Problem::new(kind, location).on(place.line(), place.column()),
    }
}

/// Whether whoever a rule is for becomes a node that Kubernetes takes for one.
pub(crate) fn makes_nodes(rule: &Rule) -> bool {
    let is_nodes = |group: &Template| group.to_string() == NODES;
    rule.username().to_string().starts_with(NODE_PREFIX) && rule.groups().iter().any(is_nodes)
}

/// Whether every name or a group that a rule yields begins with a reserved prefix: what is written
/// before the first placeholder already does.
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

/// Finds the rule, or the account, that is asked before a rule and speaks of everybody of whom that
/// does.
fn covered(before: &[&Backend], own: &Backend, at: RuleRef, rule: &Rule) -> Option<ProblemKind> {
    let by_backend = |earlier: &&Backend| {
        let rules = earlier.rules();
        let rule_at = match Whom::of(rule.matcher())? {
            Whom::One(caller, _) => rules.find(&caller).map(|found| found.at),
            Whom::Many(..) => {
                let mut loose = rules.iter().filter(|(_, r)| is_loose(r)).take(MAX_COMPARED);
                loose
                    .find(|(_, earlier)| covers(earlier, rule))
                    .map(|(at, _)| at)
            }
        };
        let account = || rules.find_account(Whom::of(rule.matcher())?.account()?);
        let earlier_at = rule_at.or_else(account)?;
        Some(ProblemKind::CoveredByBackend(earlier.kind(), earlier_at))
    };
    before.iter().find_map(by_backend).or_else(|| {
        let rules = own.rules();
        let winner = match Whom::of(rule.matcher())? {
            Whom::One(caller, _) => rules.find(&caller)?.at,
            Whom::Many(..) => {
                let is_before = |(earlier, r): &(RuleRef, &Rule)| *earlier < at && is_loose(r);
                let mut loose = rules.iter().filter(is_before).take(MAX_COMPARED);
                loose.find(|(_, earlier)| covers(earlier, rule))?.0
            }
        };
        // Two exact rules, or two for one permission set, have been told of by the reader.
        let is_same = |winner: &Rule| {
            std::mem::discriminant(winner.matcher()) == std::mem::discriminant(rule.matcher())
                && !matches!(winner.matcher(), Matcher::Pattern(_))
        };
        let is_told = winner == at || rules.rule(winner).is_some_and(is_same);
        (!is_told).then_some(ProblemKind::Covered(winner))
    })
}

/// Of whom a rule speaks: of one principal, or of many that a pattern describes.
enum Whom<'r> {
    One(Caller<'r>, Option<AccountId>),
    Many(String, Option<AccountId>),
}

impl<'r> Whom<'r> {
    fn of(matcher: &'r Matcher) -> Option<Self> {
        let account = |arn: &str| {
            let part = arn.split(':').nth(4)?;
            AccountId::parse(part).ok()
        };
        Some(match matcher {
            Matcher::Exact { arn, user_id } => {
                let caller = Caller::of_arn(arn, user_id.as_deref().unwrap_or(""));
                // What no caller is called needs nobody to cover it.
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

fn is_loose(rule: &Rule) -> bool {
    matches!(rule.matcher(), Matcher::Pattern(_) | Matcher::Sso { .. })
}

/// Whether a pattern, or a permission set, speaks of everybody of whom another does.
fn covers(earlier: &Rule, later: &Rule) -> bool {
    match (earlier.matcher(), later.matcher()) {
        (Matcher::Sso { key, .. }, Matcher::Sso { key: other, .. }) => key == other,
        (Matcher::Pattern(pattern), later) => match Whom::of(later) {
            Some(Whom::Many(text, _)) => covers_pattern(pattern, &text),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a pattern matches whatever another does: it matches it with nothing in the place of each
/// of its stars, and with more than it has single places for, of characters that nobody writes.
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
    fn a_pattern_covers_another_if_it_matches_whatever_that_does() {
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
