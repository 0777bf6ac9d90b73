//! Explains how an identity is resolved, rule by rule.

use std::fmt;

use iam_principal::{ArnPattern, Identity, Kind, Principal};

use crate::edit_distance::{edit_distance, is_far};
use crate::resolve::IdentityMap;
use crate::resolve::backend::BackendKind;
use crate::resolve::resolution::Resolution;
use crate::rules::arn::{fold, strip_path};
use crate::rules::caller::Caller;
use crate::rules::matching::{Match, MatchedOn, Matcher};
use crate::rules::sso_role::sso_key;
use crate::rules::{Decision, Place, RuleRef};

/// The resolution of an identity, with the part that every rule plays in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    resolution: Resolution,
    steps: Vec<Step>,
}

impl Explanation {
    /// Returns the result of [`IdentityMap::resolve`].
    #[must_use]
    pub const fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// Returns every rule of the backends that the map's mode includes, in the order of backends,
    /// sections and entries.
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

/// The part that one rule plays in a resolution.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Step {
    backend: BackendKind,
    backend_index: usize,
    rule: RuleRef,
    place: Place,
    finding: Finding,
}

impl Step {
    /// Returns the backend that has the rule.
    #[must_use]
    pub const fn backend(&self) -> BackendKind {
        self.backend
    }

    /// Returns the index of the backend in [`IdentityMap::backends`].
    #[must_use]
    pub const fn backend_index(&self) -> usize {
        self.backend_index
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

    /// Returns how the rule relates to the identity.
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

/// How a rule relates to an identity.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// It matches, but another rule takes precedence.
    Beaten(RuleRef),
    /// It is for the caller's user id but names another ARN, so the caller is refused.
    Contradicts,
    /// It matches and takes effect. The resolution says whether it yields a user.
    Counts(MatchedOn),
    /// It nearly matches.
    NearMiss(NearMiss),
    /// It was not consulted, because an earlier backend decided.
    NotAsked,
    /// It does not match.
    Other,
}

impl Finding {
    /// Returns a stable code in kebab case.
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
            Self::Beaten(winner) => write!(f, "matches, but {winner} takes precedence"),
            Self::Contradicts => f.write_str("is for the caller's user id, but names another ARN"),
            Self::Counts(on) => write!(f, "matches on the {}, and takes effect", on.as_str()),
            Self::NearMiss(near) => write!(f, "does not match, {near}"),
            Self::NotAsked => f.write_str("not consulted, an earlier backend decided"),
            Self::Other => f.write_str("is for another principal"),
        }
    }
}

/// Why a rule does not match although it nearly does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NearMiss {
    /// It is for another account.
    Account,
    /// It is a pattern, and the case differs.
    Case,
    /// It is for a user of the same name but the caller has a role, or the other way round.
    Kind,
    /// It is for another partition.
    Partition,
    /// It names the role's path, which STS does not report.
    Path,
    /// It names a session of the role.
    Session,
    /// Its name differs in one or two letters.
    Spelling,
    /// It is for a permission set, and the role's name does not end with the suffix that Identity Center
    /// generates; or it names the role of a permission set without that suffix, or with another
    /// suffix.
    Suffix,
    /// It has the caller's ARN but another user id: the principal was created again.
    UserId,
    /// It names a user without its path, or with another path. STS reports the path of a user.
    UserPath,
    /// It contains `*` or `?`, which are literal in an exact rule.
    Wildcard,
}

impl NearMiss {
    /// Returns a stable code in kebab case.
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
            Self::Case => "but would if patterns ignored case",
            Self::Kind => "but would for a role instead of a user, or a user instead of a role",
            Self::Partition => "but would in another partition",
            Self::Path => "but would without the path of the role, which STS does not report",
            Self::Session => "but would if it named the role instead of a session of it",
            Self::Spelling => "but would if one or two letters of the name were different",
            Self::UserPath => "but would with the path of the user, which STS reports",
            Self::Suffix => {
                "but would with the suffix of the caller's role, 16 hexadecimal digits that Identity Center generates"
            }
            Self::UserId => "but would for another user id; the principal was recreated",
            Self::Wildcard => "but would as a pattern; `*` and `?` are literal in it",
        })
    }
}

/// The highest number of letters in which a misspelled name differs. Our choice.
const MAX_DISTANCE: usize = 2;

/// The beginning of the name of a role of Identity Center, folded.
const PERMISSION_SET: &str = "awsreservedsso_";

impl IdentityMap {
    /// Explains how every rule relates to an identity. The cost is proportional to the number of rules,
    /// unlike the cost of [`resolve`](Self::resolve).
    #[must_use]
    pub fn explain(&self, identity: &Identity) -> Explanation {
        let caller = Caller::new(identity);
        let mut steps = Vec::new();
        let mut is_decided = false;
        for (backend_index, backend) in self.asked_with_index() {
            let rules = backend.rules();
            let decision = self.decide(backend, &caller, identity);
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
                    backend_index,
                    rule,
                    place,
                    finding,
                });
            };
            for (at, rule) in rules.iter() {
                add(at, finding_of(rule.matcher(), at, winner, &caller));
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

fn finding_of(
    matcher: &Matcher,
    at: RuleRef,
    winner: Option<RuleRef>,
    caller: &Caller<'_>,
) -> Finding {
    match (matcher.compare(caller), winner) {
        (Match::No, _) => near_miss(matcher, caller).map_or(Finding::Other, Finding::NearMiss),
        (_, Some(winner)) if winner != at => Finding::Beaten(winner),
        (Match::Yes(on), _) => Finding::Counts(on),
        (Match::Contradiction, _) => Finding::Contradicts,
    }
}

/// Returns the single difference that keeps a rule from matching. `None` if there are several.
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
        Matcher::Exact { arn: rule, .. } if is_another_name(rule, arn) => None,
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

/// Returns whether the ARN of a rule has a name that is too different from the caller's for a typing error. This check
/// only saves calls of [`arns`], which take most of the time for a long list of rules.
fn is_another_name(rule: &str, caller: &str) -> bool {
    let name = |arn: &str| arn.rfind('/').map_or(0, |at| at.saturating_add(1));
    let (of_rule, of_caller) = (name(rule), name(caller));
    let (Some(of_rule), Some(of_caller)) = (rule.get(of_rule..), caller.get(of_caller..)) else {
        return false;
    };
    let is_of_iam = rule
        .split(':')
        .nth(2)
        .is_some_and(|service| service.eq_ignore_ascii_case("iam"));
    is_of_iam
        && !of_caller.starts_with(PERMISSION_SET)
        && !rule.contains(['*', '?'])
        && is_far(of_rule.as_bytes(), of_caller.as_bytes(), MAX_DISTANCE)
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
    if differs.iter().all(|(differs, _)| !differs)
        && rule.kind() == Kind::Role
        && is_same_permission_set(rule.name(), caller.name())
    {
        return Some(NearMiss::Suffix);
    }
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

/// Whether two folded names of roles are for one permission set, with different suffixes or without a
/// suffix. Identity Center creates the role anew, with another suffix, when the permission set is
/// assigned to the account again.
fn is_same_permission_set(rule: &str, caller: &str) -> bool {
    let set = |name: &str| -> Option<String> {
        let rest = name.strip_prefix(PERMISSION_SET)?;
        let is_suffix =
            |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(match rest.rsplit_once('_') {
            Some((set, suffix)) if is_suffix(suffix) => set.to_owned(),
            _ => rest.to_owned(),
        })
    };
    set(rule).is_some_and(|of_rule| set(caller) == Some(of_rule))
}

/// Whether two names differ in one or two letters. The limit is lower for short names.
fn is_misspelled(name: &str, meant: &str) -> bool {
    let allowed = match meant.len() {
        0..4 => 0,
        4..8 => 1,
        _ => MAX_DISTANCE,
    };
    // The distance is at least the difference of the lengths.
    name.len().abs_diff(meant.len()) <= allowed
        && edit_distance(name.as_bytes(), meant.as_bytes()) <= allowed
}
