//! Resolves every identity that two maps can distinguish, in both maps.

use std::collections::BTreeMap;

use iam_principal::{Identity, Principal};

use super::arn_space::{self, ArnSpace, RepresentativeArn};
use super::lockout::{self, Lockout};
use super::loose_rules::{LooseRules, loose_rules};
use super::user_ids::UserIds;
use super::winner::{Winner, vocabulary};
use super::witness::{self, PlaceholderValues, TemplateVocabulary};
use super::{Affected, Change, Diff};
use crate::resolve::IdentityMap;
use crate::resolve::resolution::Resolution;
use crate::rules::Rule;
use crate::rules::caller::user_id;
use crate::rules::matching::RulePrincipal;
use crate::rules::session_name::is_session_name;

pub(super) struct Comparison<'m> {
    maps: [&'m IdentityMap; 2],
    is_exhaustive: bool,
    changes: BTreeMap<(String, String), Change>,
    administrators: [bool; 2],
    nodes: BTreeMap<String, Affected>,
}

/// The limit on patterns whose samples are compared. Our choice: each sample is compared with every
/// pattern.
const MAX_SAMPLED: usize = 1000;

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

    /// Compares samples of the ARNs that each pattern and permission set matches, because there
    /// were too many combinations to search.
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

    /// Whether the old map has administrators and the new map has none. If not every caller was
    /// compared, a pattern that may yield an administrator counts as an administrator of its map. So
    /// the old map may have had one, and the new map is not known to have lost the last.
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
        // aws-iam-authenticator maps some entries that are refused here. The change can lock out a user
        // whom the cluster lets in today.
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

/// Returns the callers affected by a difference, as the new rule names them, or else as the old
/// rule does.
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
