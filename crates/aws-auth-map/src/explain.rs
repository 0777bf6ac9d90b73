//! Why an identity is the user that it is, rule by rule.

use std::fmt;

use iam_principal::{ArnPattern, Identity, Kind, Principal};

use crate::edit_distance::edit_distance;
use crate::resolve::IdentityMap;
use crate::resolve::backend::BackendKind;
use crate::resolve::resolution::Resolution;
use crate::rules::arn::{fold, strip_path};
use crate::rules::caller::Caller;
use crate::rules::matching::{Match, MatchedOn, Matcher};
use crate::rules::sso_role::sso_key;
use crate::rules::{Decision, Place, RuleRef};

/// What became of an identity, and what every rule had to do with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    resolution: Resolution,
    steps: Vec<Step>,
}

impl Explanation {
    /// Returns what [`IdentityMap::resolve`] says.
    #[must_use]
    pub const fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// Returns every rule of the backends that are asked in the map's mode: backend by backend,
    /// section by section, in the order in which they were written.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the rules that nearly match.
    pub fn near_misses(&self) -> impl Iterator<Item = &Step> {
        let is_near = |step: &&Step| matches!(step.finding, Finding::NearMiss(_));
        self.steps.iter().filter(is_near)
    }
}

/// What a rule had to do with an identity.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Step {
    backend: BackendKind,
    rule: RuleRef,
    place: Place,
    finding: Finding,
}

impl Step {
    /// Returns where the rule comes from.
    #[must_use]
    pub const fn backend(&self) -> BackendKind {
        self.backend
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> RuleRef {
        self.rule
    }

    /// Returns where the rule was written.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Returns what it had to do with the identity.
    #[must_use]
    pub const fn finding(&self) -> Finding {
        self.finding
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}: {}", self.rule, self.backend, self.finding)
    }
}

/// What a rule has to do with an identity.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// It matches, and another one counts.
    Beaten(RuleRef),
    /// It is for the caller's user id, and names another ARN: the caller is refused.
    Contradicts,
    /// It matches and counts. That it yields a user is not said: see the resolution.
    Counts(MatchedOn),
    /// It is for somebody else, but nearly matches.
    NearMiss(NearMiss),
    /// An earlier backend has decided.
    NotAsked,
    /// It is for somebody else.
    Other,
}

impl Finding {
    /// Returns a stable name for it, in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Beaten(_) => "beaten",
            Self::Contradicts => "contradicts",
            Self::Counts(_) => "counts",
            Self::NearMiss(near) => near.code(),
            Self::NotAsked => "not-asked",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beaten(winner) => write!(f, "matches, but {winner} counts"),
            Self::Contradicts => f.write_str("is for the caller's user id, but names another ARN"),
            Self::Counts(on) => write!(f, "matches on the {}, and counts", on.as_str()),
            Self::NearMiss(near) => write!(f, "does not match, {near}"),
            Self::NotAsked => f.write_str("not asked, an earlier backend has decided"),
            Self::Other => f.write_str("is for somebody else"),
        }
    }
}

/// By how little a rule is not for an identity.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NearMiss {
    /// It is for another account.
    Account,
    /// It is a pattern, and the case differs.
    Case,
    /// It is for a user of the same name, and the caller has a role, or the other way round.
    Kind,
    /// It is for another partition.
    Partition,
    /// It names the role's path, which STS never tells.
    Path,
    /// It names a session of the role.
    Session,
    /// Its name is spelled otherwise, by a letter or two.
    Spelling,
    /// It is for a permission set, and the role's name does not end as Identity Center's do.
    Suffix,
    /// The ARN is the caller's and the user id is not: one of the two was made anew.
    UserId,
    /// It names a user without the path, or with another one, which STS does tell.
    UserPath,
    /// `*` and `?` stand for themselves in it.
    Wildcard,
}

impl NearMiss {
    /// Returns a stable name for it, in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Account => "but-for-the-account",
            Self::Case => "but-for-the-case",
            Self::Kind => "but-for-the-kind",
            Self::Partition => "but-for-the-partition",
            Self::Path => "but-for-the-path",
            Self::Session => "but-for-the-session",
            Self::Spelling => "but-for-the-spelling",
            Self::Suffix => "but-for-the-suffix",
            Self::UserPath => "but-for-the-path-of-the-user",
            Self::UserId => "but-for-the-user-id",
            Self::Wildcard => "but-for-the-wildcard",
        }
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "but would for another account",
            Self::Case => "but would if case did not matter in a pattern",
            Self::Kind => "but would for a role instead of a user, or a user instead of a role",
            Self::Partition => "but would in another partition",
            Self::Path => "but would without the path of the role, which STS never tells",
            Self::Session => "but would if it named the role and not a session of it",
            Self::Spelling => "but would if a letter or two of the name were others",
            Self::UserPath => "but would with the path of the user, which STS tells",
            Self::Suffix => {
                "but would if the role's name ended in the 16 hexadecimal digits of Identity Center"
            }
            Self::UserId => "but would for another user id; the principal was made anew",
            Self::Wildcard => "but would as a pattern, in `rolearnLike` or `userarnLike`",
        })
    }
}

impl IdentityMap {
    /// Tells what every rule has to do with an identity. The cost is in proportion to the number of
    /// rules, unlike that of [`resolve`](Self::resolve).
    #[must_use]
    pub fn explain(&self, identity: &Identity) -> Explanation {
        let caller = Caller::new(identity);
        let mut steps = Vec::new();
        let mut is_decided = false;
        for backend in self.asked() {
            let rules = backend.rules();
            let decision = rules.decide(&caller, identity.account());
            let winner = decision.and_then(|decision| match decision {
                Decision::Rule(found) => Some(found.at),
                Decision::Account(at) => Some(at),
                Decision::Unreadable(..) => None,
            });
            let mut add = |rule, finding| {
                let finding = if is_decided {
                    Finding::NotAsked
                } else {
                    finding
                };
                let backend = backend.kind();
                let place = rules.place(rule);
                steps.push(Step {
                    backend,
                    rule,
                    place,
                    finding,
                });
            };
            for (at, rule) in rules.iter() {
                add(at, judge(rule.matcher(), at, winner, &caller));
            }
            for (at, id) in rules.accounts() {
                let finding = if id != identity.account() {
                    Finding::Other
                } else if let Some(winner) = winner.filter(|winner| *winner != at) {
                    Finding::Beaten(winner)
                } else {
                    Finding::Counts(MatchedOn::Account)
                };
                add(at, finding);
            }
            is_decided |= decision.is_some();
        }
        Explanation {
            resolution: self.resolve(identity),
            steps,
        }
    }
}

fn judge(matcher: &Matcher, at: RuleRef, winner: Option<RuleRef>, caller: &Caller<'_>) -> Finding {
    match (matcher.compare(caller), winner) {
        (Match::No, _) => near_miss(matcher, caller).map_or(Finding::Other, Finding::NearMiss),
        (_, Some(winner)) if winner != at => Finding::Beaten(winner),
        (Match::Yes(on), _) => Finding::Counts(on),
        (Match::Contradiction, _) => Finding::Contradicts,
    }
}

/// Finds out whether changing one thing would make a rule match.
fn near_miss(matcher: &Matcher, caller: &Caller<'_>) -> Option<NearMiss> {
    let arn = caller.folded_arn();
    match matcher {
        Matcher::Exact { arn: rule, .. } if rule.eq_ignore_ascii_case(arn) => {
            Some(NearMiss::UserId)
        }
        Matcher::UserId {
            arn: Some((_, rule)),
            ..
        } if rule == arn => Some(NearMiss::UserId),
        Matcher::UserId { .. } => None,
        Matcher::Exact { arn: rule, .. } => arns(&fold(rule), arn),
        Matcher::Pattern(pattern) => {
            let folded = ArnPattern::parse(&fold(pattern.as_str())).ok()?;
            folded.matches(arn).then_some(NearMiss::Case)
        }
        Matcher::Sso { key, .. } => {
            if arn
                .strip_prefix(key.as_str())
                .is_some_and(|rest| rest.starts_with('_'))
            {
                return Some(NearMiss::Suffix);
            }
            arns(key, sso_key(arn)?)
        }
    }
}

/// Compares two folded ARNs that differ.
fn arns(rule: &str, caller: &str) -> Option<NearMiss> {
    if strip_path(rule) == caller {
        return Some(NearMiss::Path);
    }
    let is_pattern = rule.contains(['*', '?']);
    if is_pattern && ArnPattern::parse(rule).is_ok_and(|pattern| pattern.matches(caller)) {
        return Some(NearMiss::Wildcard);
    }
    let (rule, caller) = (Principal::parse(rule).ok()?, Principal::parse(caller).ok()?);
    if rule.kind() == Kind::AssumedRole {
        return (rule.canonical() == caller.arn().to_string()).then_some(NearMiss::Session);
    }
    let differs = [
        (rule.account() != caller.account(), NearMiss::Account),
        (rule.partition() != caller.partition(), NearMiss::Partition),
        (rule.kind() != caller.kind(), NearMiss::Kind),
    ];
    let is_same_name = rule.name() == caller.name();
    let is_same_path = rule.path() == caller.path();
    let mut differs = differs.into_iter().filter(|(differs, _)| *differs);
    match (is_same_name && is_same_path, differs.next(), differs.next()) {
        (true, Some((_, near)), None) => Some(near),
        (false, None, _) if is_same_name && rule.kind() == Kind::User => Some(NearMiss::UserPath),
        (false, None, _) if is_same_path && is_misspelled(rule.name(), caller.name()) => {
            Some(NearMiss::Spelling)
        }
        _ => None,
    }
}

/// Whether a name is another with a letter or two changed, which of a short name makes another.
fn is_misspelled(name: &str, meant: &str) -> bool {
    let allowed = match meant.len() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    // Two names whose lengths differ by more need no comparing.
    name.len().abs_diff(meant.len()) <= allowed
        && edit_distance(name.as_bytes(), meant.as_bytes()) <= allowed
}
