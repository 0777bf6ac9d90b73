//! A finite list of ARNs that represents every ARN two maps can distinguish.
//!
//! 1. Each ARN that a rule names, in every spelling that patterns distinguish. (An exact rule ignores
//!    case and a pattern does not.)
//! 2. One other ARN for each combination of patterns, permission sets, accounts and reserved prefixes
//!    that an ARN can match.
//!
//! Both are exact, and bounded by [`MAX_STATES`].

use std::collections::{BTreeSet, HashSet};

use iam_principal::{AccountId, Kind, Partition, Principal};

use super::automaton::{Automaton, NfaStates, PatternNfa, TextShape};
use crate::resolve::IdentityMap;
use crate::resolve::backend::Backend;
use crate::rules::arn::{fold, strip_path};
use crate::rules::matching::RulePrincipal;

/// The limit on pattern positions, summed over all visited states. Our choice: a hundred patterns with
/// similar prefixes need a few thousand. 50,000 take about a second.
pub(super) const MAX_STATES: usize = 50_000;

/// The role name in sessions of EC2's Default Host Management Configuration.
pub(super) const EC2_INSTANCE_ROLE: &str = "aws:ec2-instance";

/// An ARN that represents other ARNs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RepresentativeArn {
    /// The canonical ARN.
    pub(super) arn: String,
    /// The ARN as the rule spells it, if a rule names it.
    pub(super) named: Option<String>,
    /// Whether STS can report this ARN.
    pub(super) is_possible: bool,
}

/// Everything by which the two maps distinguish identities.
#[derive(Debug)]
pub(super) struct ArnSpace {
    pub(super) arns: Vec<RepresentativeArn>,
    /// The user ids in rules, with the ARN of the same rule.
    pub(super) user_ids: Vec<(String, Option<String>)>,
    /// Whether `arns` has the ARNs that rules name in every spelling.
    pub(super) has_every_spelling: bool,
    /// Whether `arns` represents every ARN.
    pub(super) is_exhaustive: bool,
}

/// The principals in the rules of both maps.
#[derive(Default)]
struct Named {
    arns: Vec<String>,
    user_ids: BTreeSet<(String, Option<String>)>,
    accounts: BTreeSet<AccountId>,
    sets: Vec<PatternNfa>,
}

impl ArnSpace {
    pub(super) fn of(maps: [&IdentityMap; 2]) -> Self {
        let named = Named::of(maps);
        let mut automaton = Automaton::new(named.sets, MAX_STATES);
        let mut arns = Vec::new();
        let mut folded = BTreeSet::new();
        for arn in &named.arns {
            if folded.insert(fold(arn)) {
                arns.extend(spellings(arn, &mut automaton));
            }
        }
        let has_every_spelling = !automaton.is_exhausted();
        let folded: Vec<String> = folded.into_iter().collect();
        arns.extend(others(&named.accounts, &folded, &mut automaton));
        Self {
            arns,
            user_ids: named.user_ids.into_iter().collect(),
            has_every_spelling,
            is_exhaustive: !automaton.is_exhausted(),
        }
    }
}

impl Named {
    fn of(maps: [&IdentityMap; 2]) -> Self {
        let mut named = Self::default();
        let mut texts = HashSet::new();
        for backend in maps.into_iter().flat_map(IdentityMap::asked) {
            for (_, rule) in backend.rules().iter() {
                named.add(rule.principal(), &mut texts);
            }
            named.add_accounts(backend, &mut texts);
        }
        for map in maps {
            named.accounts.extend(map.scrubbed_accounts());
        }
        named.add_owners();
        named
    }

    fn add(&mut self, principal: RulePrincipal<'_>, texts: &mut HashSet<String>) {
        match principal {
            RulePrincipal::Arn(arn) => self.arns.push(arn.to_owned()),
            RulePrincipal::ArnAndUserId(arn, id) => {
                self.arns.push(arn.to_owned());
                self.user_ids.insert((id.to_owned(), Some(arn.to_owned())));
            }
            RulePrincipal::Pattern(pattern) => {
                if texts.insert(pattern.as_str().to_owned()) {
                    self.sets.push(PatternNfa::pattern(pattern));
                }
            }
            RulePrincipal::Sso(role) => {
                self.accounts.insert(role.account());
                let key = role.key();
                if texts.insert(key.clone()) {
                    self.sets.push(PatternNfa::permission_set(&key));
                }
            }
            RulePrincipal::UserId(id, arn) => {
                // In the form that the rule compares: without a role's path.
                let arn = arn.map(|arn| strip_path(&fold(arn)));
                self.arns.extend(arn.clone());
                self.user_ids.insert((id.to_owned(), arn));
            }
        }
    }

    /// Usernames from `mapAccounts` are ARNs, which may start with a reserved prefix.
    fn add_accounts(&mut self, backend: &Backend, texts: &mut HashSet<String>) {
        let mut accounts = backend.rules().accounts().map(|(_, id)| id).peekable();
        if accounts.peek().is_some() {
            for prefix in &backend.reserved_prefixes {
                if texts.insert(format!("prefix {prefix}")) {
                    self.sets.push(PatternNfa::prefix(prefix));
                }
            }
        }
        self.accounts.extend(accounts);
    }

    /// Adds principals whose user id follows from their ARN: an account's root, EC2's default host
    /// management and federated users.
    fn add_owners(&mut self) {
        for (id, _) in &self.user_ids {
            let (account, name) = id.split_once(':').unwrap_or((id, ""));
            let Ok(account) = AccountId::parse(account) else {
                continue;
            };
            self.accounts.insert(account);
            self.arns
                .extend(Partition::ALL.into_iter().map(|partition| match name {
                    "" => format!("arn:{partition}:iam::{account}:role/{EC2_INSTANCE_ROLE}"),
                    name => format!("arn:{partition}:sts::{account}:federated-user/{name}"),
                }));
        }
    }
}

/// Returns some of the ARNs that a pattern or permission set matches. They are used if there are
/// too many combinations of patterns to find an ARN for each.
pub(super) fn samples(principal: RulePrincipal<'_>) -> Vec<RepresentativeArn> {
    let pattern = match principal {
        RulePrincipal::Pattern(pattern) => pattern.as_str().to_owned(),
        RulePrincipal::Sso(role) => role.pattern(),
        RulePrincipal::Arn(_) | RulePrincipal::ArnAndUserId(..) | RulePrincipal::UserId(..) => {
            return Vec::new();
        }
    };
    let mut parts = pattern.splitn(6, ':');
    let mut field = |wildcard: &str| parts.next().unwrap_or("").replace('*', wildcard);
    let (arn, partition, service, region) = (field(""), field("aws"), field("iam"), field(""));
    let account = field("111122223333").replace('?', "0");
    let resource = field("*");
    let mut samples = Vec::new();
    for letter in ["x", "a", "b", "0", "f", "q"] {
        for run in ["", letter] {
            let resource = resource.replace('*', run).replace('?', letter);
            let arn = format!("{arn}:{partition}:{service}:{region}:{account}:{resource}");
            samples.extend(Principal::parse(&arn).is_ok().then(|| RepresentativeArn {
                is_possible: is_possible(&arn),
                named: None,
                arn,
            }));
        }
    }
    samples
}

/// Returns the ARN that a rule names in every spelling that patterns distinguish.
fn spellings(written: &str, automaton: &mut Automaton) -> Vec<RepresentativeArn> {
    let Some(canonical) = canonical_case(written) else {
        return Vec::new();
    };
    let representative = |arn: String| RepresentativeArn {
        is_possible: is_possible(&arn),
        named: Some(written.to_owned()),
        arn,
    };
    let at = canonical
        .find('/')
        .map_or(canonical.len(), |at| at.saturating_add(1));
    let (begin, name) = canonical.split_at_checked(at).unwrap_or((&canonical, ""));
    if automaton.after(begin).is_empty() {
        return vec![representative(canonical)];
    }
    let shape = Spellings(name.bytes().collect());
    let mut seen = HashSet::new();
    let found = automaton.combinations(begin, &shape, &[], &mut seen);
    found.into_iter().map(representative).collect()
}

/// Converts a rule's ARN to the form that STS would report, keeping the name's case. `None` if no
/// caller can have that ARN.
pub(crate) fn canonical_case(written: &str) -> Option<String> {
    let folded = fold(written);
    let principal = Principal::parse(&folded).ok()?;
    if principal.kind() == Kind::AssumedRole {
        return None;
    }
    let at = folded
        .find('/')
        .map_or(folded.len(), |at| at.saturating_add(1));
    Some(format!("{}{}", folded.get(..at)?, written.get(at..)?))
}

/// Returns one ARN for each combination of patterns, permission sets, accounts and prefixes, among the
/// ARNs that no rule names.
fn others(
    accounts: &BTreeSet<AccountId>,
    except: &[String],
    automaton: &mut Automaton,
) -> Vec<RepresentativeArn> {
    let mut arns = Vec::new();
    let mut seen_partitions: Vec<NfaStates> = Vec::new();
    for partition in Partition::ALL {
        // Partitions that no pattern distinguishes are alike, unless a rule names an ARN in one of
        // them.
        let begin = format!("arn:{partition}:");
        let alive = automaton.after(&begin);
        if beginning(except, &begin).is_empty() {
            if seen_partitions.contains(&alive) {
                continue;
            }
            seen_partitions.push(alive);
        }
        for kind in [Kind::Role, Kind::User, Kind::Root, Kind::FederatedUser] {
            others_of(partition, kind, accounts, except, automaton, &mut arns);
        }
    }
    arns
}

/// Returns the texts of a sorted list that start with `begin`.
fn beginning<'l>(list: &'l [String], begin: &str) -> &'l [String] {
    let from = list.partition_point(|text| text.as_str() < begin);
    let rest = list.get(from..).unwrap_or_default();
    let count = rest.partition_point(|text| text.starts_with(begin));
    rest.get(..count).unwrap_or_default()
}

fn others_of(
    partition: Partition,
    kind: Kind,
    named: &BTreeSet<AccountId>,
    except: &[String],
    automaton: &mut Automaton,
    arns: &mut Vec<RepresentativeArn>,
) {
    let service = match kind {
        Kind::AssumedRole | Kind::FederatedUser => "sts",
        Kind::Role | Kind::Root | Kind::User => "iam",
    };
    let begin = format!("arn:{partition}:{service}::");
    let mut known: BTreeSet<String> = named.iter().map(|id| format!("{begin}{id}")).collect();
    // Perhaps a pattern matches only excluded ARNs in an account.
    for arn in beginning(except, &begin) {
        let account = arn.get(..begin.len().saturating_add(12)).unwrap_or("");
        if !automaton.after(account).is_empty() {
            known.insert(account.to_owned());
        }
    }
    let known: Vec<String> = known.into_iter().collect();
    let mut accounts = automaton.continuations(&begin, &TwelveDigits, &known);
    accounts.extend(known);
    for account in accounts {
        let begin = match kind {
            Kind::Root => format!("{account}:root"),
            _ => format!("{account}:{kind}/"),
        };
        let mut seen = HashSet::new();
        for letters in [Letters::Possible, Letters::Any] {
            let shape = Names { kind, letters };
            let found = automaton.combinations(&begin, &shape, except, &mut seen);
            arns.extend(found.into_iter().map(|arn| RepresentativeArn {
                is_possible: is_possible(&arn),
                named: None,
                arn,
            }));
        }
    }
}

/// Whether STS can report a caller with this canonical ARN: a role has no path, and names have the
/// characters that IAM allows (IAM API, `CreateRole`, `CreateUser`; STS API,
/// `GetFederationToken`).
fn is_possible(arn: &str) -> bool {
    Principal::parse(arn).is_ok_and(|principal| {
        let is_path = |path: &str| path.bytes().all(|b| is_name(b) || b == b'/');
        match principal.kind() {
            Kind::Role => {
                let is_name = principal.name().bytes().all(is_name);
                principal.path().is_empty() && (is_name || principal.name() == EC2_INSTANCE_ROLE)
            }
            Kind::User => is_path(principal.path()) && principal.name().bytes().all(is_name),
            Kind::FederatedUser => principal.name().bytes().all(is_name),
            Kind::AssumedRole | Kind::Root => true,
        }
    })
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'=' | b',' | b'.' | b'@' | b'-')
}

/// A text in every combination of upper and lower case.
struct Spellings(Vec<u8>);

impl TextShape for Spellings {
    fn next(&self, state: usize) -> Vec<(u8, usize)> {
        let Some(byte) = self.0.get(state).copied() else {
            return Vec::new();
        };
        let next = state.saturating_add(1);
        let other = if byte.is_ascii_lowercase() {
            byte.to_ascii_uppercase()
        } else {
            byte.to_ascii_lowercase()
        };
        let mut spellings = vec![(byte, next)];
        spellings.extend((other != byte).then_some((other, next)));
        spellings
    }

    fn may_end(&self, state: usize) -> bool {
        state == self.0.len()
    }
}

struct TwelveDigits;

impl TextShape for TwelveDigits {
    fn next(&self, state: usize) -> Vec<(u8, usize)> {
        let digits = (state < 12).then_some(b'0'..=b'9');
        let next = state.saturating_add(1);
        digits
            .into_iter()
            .flatten()
            .map(|digit| (digit, next))
            .collect()
    }

    fn may_end(&self, state: usize) -> bool {
        state == 12
    }
}

#[derive(Clone, Copy)]
enum Letters {
    /// The characters that IAM allows in a name.
    Possible,
    /// All characters that an ARN may contain.
    Any,
}

/// The text that can follow `role/`, `user/`, `root` and `federated-user/`.
struct Names {
    kind: Kind,
    letters: Letters,
}

const BEGIN: usize = 0;
const IN_NAME: usize = 1;
const AFTER_SLASH: usize = 2;

impl TextShape for Names {
    fn next(&self, state: usize) -> Vec<(u8, usize)> {
        if self.kind == Kind::Root {
            return Vec::new();
        }
        let is_allowed = |byte: &u8| match self.letters {
            Letters::Possible => is_name(*byte),
            Letters::Any => *byte != b'/',
        };
        // An ordinary letter first, because users see the first text that is found.
        let letters = std::iter::once(b'x').chain(b'!'..=b'~').filter(is_allowed);
        let mut next: Vec<(u8, usize)> = letters.map(|byte| (byte, IN_NAME)).collect();
        let slash = match (self.kind, self.letters) {
            (Kind::User, _) | (Kind::Role, Letters::Any) if state == IN_NAME => Some(AFTER_SLASH),
            (Kind::FederatedUser, Letters::Any) => Some(IN_NAME),
            _ => None,
        };
        next.extend(slash.map(|state| (b'/', state)));
        next
    }

    fn may_end(&self, state: usize) -> bool {
        match self.kind {
            Kind::Root => state == BEGIN,
            _ => state == IN_NAME,
        }
    }
}
