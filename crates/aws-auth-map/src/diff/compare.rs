//! Resolves every identity that two maps can distinguish in both of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use iam_principal::{Identity, Principal};

use super::arn_space::{self, ArnSpace, RepresentativeArn};
use super::lockout::{self, Lockout};
use super::loose_rules::{LooseRules, loose_rules};
use super::witness::{self, PlaceholderValues, TemplateVocabulary};
use super::{Affected, Change, Diff, DiffSide};
use crate::resolve::IdentityMap;
use crate::resolve::backend::Backend;
use crate::resolve::resolution::Resolution;
use crate::rules::arn::fold;
use crate::rules::caller::{Caller, user_id};
use crate::rules::matching::{Match, RulePrincipal};
use crate::rules::session_name::is_session_name;
use crate::rules::template::{Placeholder, Template};
use crate::rules::{Decision, Found, Rule, RuleRef};

/// The limit on pairs of a user id and an ARN, where a rule by ARN may take precedence over a rule by
/// user id. Our choice: about a second of work.
const MAX_PAIRS: usize = 100_000;

pub(super) struct Comparison<'m> {
    maps: [&'m IdentityMap; 2],
    is_exhaustive: bool,
    changes: BTreeMap<(String, String), Change>,
    administrators: [bool; 2],
    nodes: BTreeMap<String, Affected>,
}

/// The limit on patterns of which samples are compared. Our choice: each sample is compared with every
/// pattern.
const MAX_SAMPLED: usize = 1000;

/// What decides about an identity in a map.
#[derive(Clone, Copy)]
enum Winner<'m> {
    Account(&'m Backend, RuleRef),
    NoRule,
    /// With whether the rule refuses the identity.
    Rule(&'m Backend, RuleRef, &'m Rule, bool),
}

/// How a winner maps identities to users, independent of its spelling in the file.
#[derive(Debug, PartialEq)]
struct Function<'m> {
    /// `None` stands for the canonical ARN.
    username: Option<String>,
    groups: BTreeSet<String>,
    policies: BTreeSet<String>,
    prefixes: BTreeSet<&'m str>,
    group_prefixes: BTreeSet<&'m str>,
    is_scrubbed: bool,
    settings: (bool, bool),
}

impl<'m> Comparison<'m> {
    pub(super) const fn new(old: &'m IdentityMap, new: &'m IdentityMap) -> Self {
        Self {
            maps: [old, new],
            is_exhaustive: true,
            changes: BTreeMap::new(),
            administrators: [false; 2],
            nodes: BTreeMap::new(),
        }
    }

    pub(super) fn diff(mut self) -> Diff {
        let [old, new] = self.maps;
        let space = ArnSpace::of(self.maps);
        self.is_exhaustive = space.is_exhaustive
            || (space.has_every_spelling && LooseRules::of(old) == LooseRules::of(new));
        let ids = UserIds::of(&space, self.maps);
        self.is_exhaustive &= ids.is_exhaustive;
        for representative in &space.arns {
            for id in ids.of_arn(representative) {
                self.compare(representative, id);
            }
        }
        if !self.is_exhaustive {
            self.compare_samples();
        }
        let mut lockouts = Vec::new();
        if self.lose_administrators() {
            lockouts.push(Lockout::NoAdministrator);
        }
        lockouts.extend(self.nodes.into_values().map(Lockout::Nodes));
        Diff {
            changes: self.changes.into_values().collect(),
            lockouts,
            is_exhaustive: self.is_exhaustive,
        }
    }

    /// Compares samples of what each pattern and permission set matches, because their combinations
    /// could not be searched.
    fn compare_samples(&mut self) {
        let user_id = "EXAMPLE";
        for map in self.maps {
            for (_, rule) in loose_rules(map).take(MAX_SAMPLED) {
                for representative in arn_space::samples(rule.principal()) {
                    self.compare(&representative, user_id);
                }
            }
        }
    }

    /// Whether the old map has administrators and the new one has none. If not every caller was
    /// compared, a pattern that may yield an administrator counts for the side that it is on: the old
    /// one has an administrator, and of the new one it is not known that it has none.
    fn lose_administrators(&self) -> bool {
        let may_be = |map| {
            loose_rules(map).any(|(_, rule)| lockout::may_make_administrators(rule).is_some())
        };
        let ([old, new], [had, has]) = (self.maps, self.administrators);
        let is_unknown = !self.is_exhaustive;
        (had || (is_unknown && may_be(old))) && !(has || (is_unknown && may_be(new)))
    }

    fn compare(&mut self, representative: &RepresentativeArn, user_id: &str) {
        let plain = TemplateVocabulary::default().values().0;
        let Some(identity) = plain
            .first()
            .and_then(|values| witness::identity(&representative.arn, user_id, values))
        else {
            return;
        };
        let winners = self.maps.map(|map| Winner::of(map, &identity));
        self.find_administrators(representative, user_id, winners);
        let [old, new] = self.maps;
        let [before, after] = winners;
        if before.function(old, &identity) == after.function(new, &identity) {
            return;
        }
        let (values, is_all) = vocabulary(winners).values();
        let mut shown: Option<Change> = None;
        for values in values {
            let Some(identity) = witness::identity(&representative.arn, user_id, &values) else {
                continue;
            };
            let resolutions = self
                .maps
                .map(|map| map.resolve_instance(&identity, &values.private_dns_name));
            let [before, after] = &resolutions;
            if before.is_alike(after) {
                continue;
            }
            let is_possible = representative.is_possible && is_session_name(&values.session_name);
            if is_possible && lockout::is_node_lost(before, after) {
                let affected = affected(representative, user_id, winners);
                self.nodes.insert(affected.to_string(), affected);
            }
            // A caller that STS can report, and that the old map knew.
            let rank = |change: &Change| (change.is_possible, change.before.is_mapped());
            let is_better = (is_possible, matches!(before, Resolution::Mapped(_)));
            if shown.as_ref().is_none_or(|shown| is_better > rank(shown)) {
                shown = Some(change(
                    representative,
                    identity,
                    values,
                    winners,
                    resolutions,
                    is_possible,
                ));
            }
        }
        self.is_exhaustive &= is_all || shown.is_some();
        if let Some(change) = shown {
            let rules = format!("{:?} {:?}", change.before.rule, change.after.rule);
            let key = (sort_key(&change.affected), rules);
            let rank = |change: &Change| (change.is_possible, change.before.is_mapped());
            let known = self.changes.get(&key);
            if known.is_none_or(|known| rank(&change) > rank(known)) {
                self.changes.insert(key, change);
            }
        }
    }

    fn find_administrators(
        &mut self,
        representative: &RepresentativeArn,
        user_id: &str,
        winners: [Winner<'_>; 2],
    ) {
        if !representative.is_possible {
            return;
        }
        // aws-iam-authenticator maps some entries that are refused here. A user that the cluster lets in
        // today can be locked out by the change.
        let [old, _] = winners;
        if let Winner::Rule(_, _, rule, true) = old
            && lockout::has_upstream_administrators(rule)
        {
            self.administrators[0] = true;
        }
        let sides = self.maps.iter().zip(winners).zip(&mut self.administrators);
        for ((map, winner), is_found) in sides {
            let Winner::Rule(_, _, rule, false) = winner else {
                continue;
            };
            if *is_found {
                continue;
            }
            let Some(sessions) = lockout::may_make_administrators(rule) else {
                continue;
            };
            let (mut values, _) = vocabulary([winner; 2]).values();
            if let Some(first) = values.first().cloned() {
                values.extend(sessions.into_iter().map(|session_name| PlaceholderValues {
                    session_name,
                    ..first.clone()
                }));
            }
            let is_one = |values: &PlaceholderValues| {
                is_session_name(&values.session_name)
                    && witness::identity(&representative.arn, user_id, values).is_some_and(
                        |identity| {
                            let name = &values.private_dns_name;
                            lockout::is_administrator(&map.resolve_instance(&identity, name))
                        },
                    )
            };
            *is_found = values.iter().any(is_one);
        }
    }
}

fn change(
    representative: &RepresentativeArn,
    identity: Identity,
    values: PlaceholderValues,
    winners: [Winner<'_>; 2],
    resolutions: [Resolution; 2],
    is_possible: bool,
) -> Change {
    let affected = affected(representative, user_id(&identity), winners);
    let ([old, new], [before, after]) = (winners, resolutions);
    Change {
        affected,
        before: old.side(before),
        after: new.side(after),
        private_dns_name: values.private_dns_name,
        identity,
        is_possible,
    }
}

impl<'m> Winner<'m> {
    fn of(map: &'m IdentityMap, identity: &Identity) -> Self {
        let caller = Caller::new(identity);
        for backend in map.asked() {
            match map.decide(backend, &caller, identity) {
                None => {}
                Some(Decision::Rule(Found { at, rule, how })) => {
                    let refuses = how == Match::Contradiction || rule.is_refusing();
                    return Self::Rule(backend, at, rule, refuses);
                }
                Some(Decision::Account(at)) => return Self::Account(backend, at),
                Some(Decision::Unreadable(..)) => return Self::NoRule,
            }
        }
        Self::NoRule
    }

    const fn backend(self) -> Option<&'m Backend> {
        match self {
            Self::Account(backend, _) | Self::Rule(backend, ..) => Some(backend),
            Self::NoRule => None,
        }
    }

    const fn rule(self) -> Option<&'m Rule> {
        match self {
            Self::Rule(_, _, rule, _) => Some(rule),
            Self::Account(..) | Self::NoRule => None,
        }
    }

    /// Returns how it maps identities to users. `None` if it yields no user.
    fn function(self, map: &IdentityMap, identity: &Identity) -> Option<Function<'m>> {
        let (backend, rule) = match self {
            Self::NoRule | Self::Rule(.., true) => return None,
            Self::Account(backend, _) => (backend, None),
            Self::Rule(backend, _, rule, false) => (backend, Some(rule)),
        };
        let borrowed = |prefixes: &'m [String]| prefixes.iter().map(String::as_str).collect();
        Some(Function {
            username: rule.map(|rule| rule.username().source()),
            groups: rule
                .map_or(&[][..], Rule::groups)
                .iter()
                .map(Template::source)
                .collect(),
            policies: rule
                .map_or(&[][..], Rule::access_policies)
                .iter()
                .map(|policy| format!("{policy:?}"))
                .collect(),
            prefixes: borrowed(&backend.reserved_prefixes),
            group_prefixes: borrowed(&backend.reserved_group_prefixes),
            is_scrubbed: map.scrubs(identity.account()),
            settings: map.template_settings(),
        })
    }

    fn side(self, resolution: Resolution) -> DiffSide {
        let (rule, username, groups) = match self {
            Self::NoRule => (None, String::new(), Vec::new()),
            Self::Account(backend, at) => {
                let username = resolution.user().map(|user| user.username().to_owned());
                (
                    Some((backend.kind(), at)),
                    username.unwrap_or_default(),
                    Vec::new(),
                )
            }
            Self::Rule(backend, at, rule, _) => (
                Some((backend.kind(), at)),
                rule.username().source(),
                rule.groups().iter().map(Template::source).collect(),
            ),
        };
        DiffSide {
            rule,
            username,
            groups,
            resolution,
        }
    }
}

/// Collects the texts, placeholders and prefixes of both winners.
fn vocabulary<'m>(winners: [Winner<'m>; 2]) -> TemplateVocabulary<'m> {
    let mut words = TemplateVocabulary::default();
    for winner in winners {
        for template in winner
            .rule()
            .into_iter()
            .flat_map(|rule| std::iter::once(rule.username()).chain(rule.groups()))
        {
            words.texts.push(template.source());
            let placeholders: Vec<Placeholder> =
                template.placeholders().map(|(name, _)| name).collect();
            let kinds = [
                [Placeholder::SessionName, Placeholder::SessionNameRaw].as_slice(),
                &[Placeholder::AccessKeyId],
                &[Placeholder::Ec2PrivateDnsName],
            ];
            let has = |kind: &&[Placeholder]| kind.iter().any(|name| placeholders.contains(name));
            words.is_mixed |= kinds.iter().filter(|kind| has(kind)).count() > 1;
            words.placeholders.extend(placeholders);
        }
        if let Some(backend) = winner.backend() {
            let prefixes = backend.reserved_prefixes.iter();
            let prefixes = prefixes.chain(&backend.reserved_group_prefixes);
            words.prefixes.extend(prefixes.map(String::as_str));
        }
    }
    words
        .texts
        .extend(words.prefixes.iter().map(|prefix| (*prefix).to_owned()));
    words
}

/// Returns the callers affected by a difference, as the new rule names them, or else the old one.
fn affected(
    representative: &RepresentativeArn,
    user_id: &str,
    winners: [Winner<'_>; 2],
) -> Affected {
    let [old, new] = winners;
    let principals = [new, old].map(|winner| winner.rule().map(Rule::principal));
    for principal in principals.into_iter().flatten() {
        match principal {
            RulePrincipal::UserId(id, _) => return Affected::UserId(id.to_owned()),
            RulePrincipal::ArnAndUserId(arn, id) if id == user_id => {
                return Affected::ArnAndUserId(arn.to_owned(), id.to_owned());
            }
            _ => {}
        }
    }
    if let Some(arn) = &representative.named {
        return Affected::Arn(arn.clone());
    }
    for principal in principals.into_iter().flatten() {
        match principal {
            RulePrincipal::Pattern(pattern) => {
                return Affected::Pattern(pattern.as_str().to_owned());
            }
            RulePrincipal::Sso(role) => return Affected::PermissionSet(role.clone()),
            _ => {}
        }
    }
    match Principal::parse(&representative.arn) {
        Ok(principal) => Affected::Account(principal.account()),
        Err(_) => Affected::Arn(representative.arn.clone()),
    }
}

fn sort_key(affected: &Affected) -> String {
    let kind = match affected {
        Affected::Account(_) => 'a',
        Affected::Arn(_) => 'b',
        Affected::ArnAndUserId(..) => 'c',
        Affected::Pattern(_) => 'd',
        Affected::PermissionSet(_) => 'e',
        Affected::UserId(_) => 'f',
    };
    format!("{kind}{affected}")
}

/// The user ids to try with each ARN.
struct UserIds {
    fresh: String,
    /// By the folded ARN that a rule names along with the user id.
    with_arn: HashMap<String, Vec<String>>,
    /// To be tried with every ARN, because a rule by ARN may take precedence.
    everywhere: Vec<String>,
    /// To be tried only with ARNs that no rule names.
    elsewhere: Vec<String>,
    is_exhaustive: bool,
}

impl UserIds {
    fn of(space: &ArnSpace, maps: [&IdentityMap; 2]) -> Self {
        let is_known = |id: &String| space.user_ids.iter().any(|(known, _)| known == id);
        let mut number = 0_usize;
        // An id that can be both a role's and a user's.
        let mut fresh = "EXAMPLE".to_owned();
        while is_known(&fresh) {
            number = number.saturating_add(1);
            fresh = format!("EXAMPLE{number}");
        }
        let mut with_arn: HashMap<String, Vec<String>> = HashMap::new();
        for (id, arn) in &space.user_ids {
            if let Some(arn) = arn {
                with_arn.entry(fold(arn)).or_default().push(id.clone());
            }
        }
        let asked = maps.map(user_ids);
        let is_first = asked.iter().all(|(_, is_first)| *is_first);
        let [(old, _), (new, _)] = &asked;
        let (everywhere, elsewhere): (Vec<&str>, Vec<&str>) = old
            .union(new)
            .copied()
            .partition(|id| !(is_first && old.contains(id) && new.contains(id)));
        let pairs = everywhere.len().saturating_mul(space.arns.len());
        let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect();
        Self {
            fresh,
            with_arn,
            everywhere: owned(if pairs <= MAX_PAIRS {
                everywhere
            } else {
                Vec::new()
            }),
            elsewhere: owned(elsewhere),
            is_exhaustive: pairs <= MAX_PAIRS,
        }
    }

    fn of_arn<'i>(&'i self, representative: &RepresentativeArn) -> BTreeSet<&'i str> {
        let mut ids = BTreeSet::from([self.fresh.as_str()]);
        if Principal::parse(&representative.arn).is_ok_and(|p| witness::user_id_of(&p).is_some()) {
            return ids;
        }
        let with_arn = self.with_arn.get(&fold(&representative.arn));
        ids.extend(with_arn.into_iter().flatten().map(String::as_str));
        ids.extend(self.everywhere.iter().map(String::as_str));
        if representative.named.is_none() {
            ids.extend(self.elsewhere.iter().map(String::as_str));
        }
        ids
    }
}

/// Returns the user ids in the rules of a map, and whether rules by user id all precede rules by ARN.
fn user_ids(map: &IdentityMap) -> (BTreeSet<&str>, bool) {
    let mut ids = BTreeSet::new();
    let mut is_first = true;
    // Whether an earlier section, and this one, have rules by ARN.
    let (mut earlier, mut here) = (false, false);
    let mut section = None;
    for (index, backend) in map.asked().enumerate() {
        for (at, rule) in backend.rules().iter() {
            if section != Some((index, at.section())) {
                section = Some((index, at.section()));
                earlier |= here;
                here = false;
            }
            match rule.principal() {
                RulePrincipal::UserId(id, _) => {
                    ids.insert(id);
                    is_first &= !earlier;
                }
                _ => here = true,
            }
        }
        here |= backend.rules().accounts().next().is_some();
    }
    (ids, is_first)
}
