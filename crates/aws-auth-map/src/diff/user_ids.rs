//! The user ids that are tried in the search for a difference between two maps.

use std::collections::{BTreeSet, HashMap};

use iam_principal::Principal;

use super::arn_space::{ArnSpace, RepresentativeArn};
use super::witness;
use crate::resolve::IdentityMap;
use crate::rules::arn::fold;
use crate::rules::matching::RulePrincipal;

/// The limit on pairs of a user id and an ARN, which are tried if a rule by ARN may take precedence
/// over a rule by user id. Our choice: about a second of work.
const MAX_PAIRS: usize = 100_000;

/// The user ids to try with each ARN.
pub(super) struct UserIds {
    fresh: String,
    /// By the folded ARN that a rule names along with the user id.
    with_arn: HashMap<String, Vec<String>>,
    /// To be tried with every ARN, because a rule by ARN may take precedence.
    everywhere: Vec<String>,
    /// To be tried only with ARNs that no rule names.
    elsewhere: Vec<String>,
    pub(super) is_exhaustive: bool,
}

impl UserIds {
    pub(super) fn of(space: &ArnSpace, maps: [&IdentityMap; 2]) -> Self {
        let is_known = |id: &String| space.user_ids.iter().any(|(known, _)| known == id);
        let mut number = 0_usize;
        // An id that a role can have, and a user, too.
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

    pub(super) fn of_arn<'i>(&'i self, representative: &RepresentativeArn) -> BTreeSet<&'i str> {
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
    // Whether an earlier section has rules by ARN, and whether this section has.
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
