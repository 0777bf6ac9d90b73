//! The differences between the permissions of users under two policies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Display, Formatter};

use k8s_rbac::{BindingView, Policy, PolicyRule, SubjectName};

use crate::permission_set::{
    Budget, MAX_PERMISSIONS, PermissionSet, ScopedPermission, TooLarge, Vocabulary,
};
use crate::role_key::RoleKey;
use crate::scoped_rule::{ScopedRule, merge};

/// The number of words of rules that a comparison may read, once for permissions and once for rules. Our
/// choice: this takes a few seconds. A
/// change to `view` where 100,000 bindings grant it takes less than a quarter of that.
pub const MAX_DIFF_STEPS: usize = 1 << 28;

/// Finds the permissions that each user and group gains and loses from `before` to `after`.
///
/// Only effective permissions count: other names, other bindings or rules written in another way are not
/// a difference. The decisions of [`Policy::rbac`] are compared, for requests as
/// [`permissions`](crate::permissions()) describes them. If the result is empty, every user in any set of
/// groups may do the same under both policies. The reverse holds unless a change is [by
/// rule](Change::is_by_rule).
///
/// Subjects with the same roles before and after are skipped. For other subjects, the time is
/// proportional to the size of their rules. If the rules of a subject that are not in both policies
/// expand to more than [`MAX_PERMISSIONS`] permissions, or the comparison would take more than
/// [`MAX_DIFF_STEPS`], rules are compared instead of permissions.
///
/// # Errors
///
/// [`TooLarge`] if comparing rules would take more than [`MAX_DIFF_STEPS`] as well.
pub fn diff<'p>(before: &'p Policy, after: &'p Policy) -> Result<PolicyDiff<'p>, TooLarge> {
    let mut numbers = Numbers::default();
    let (before, after) = (given(before, &mut numbers), given(after, &mut numbers));
    let mut steps = Budget::new(MAX_DIFF_STEPS);
    let mut steps_by_rule = Budget::new(MAX_DIFF_STEPS);
    let mut changes = Vec::new();
    let nothing = Given::default();
    let identities: BTreeSet<&SubjectName> = before.keys().chain(after.keys()).collect();
    for identity in identities {
        let before = before.get(identity).unwrap_or(&nothing);
        let after = after.get(identity).unwrap_or(&nothing);
        if before == after {
            continue;
        }
        let before = numbers.rules_of(before, &mut steps_by_rule)?;
        let after = numbers.rules_of(after, &mut steps_by_rule)?;
        let permissions = beyond(&after, &before, &mut steps)
            .and_then(|gained| Ok((gained, beyond(&before, &after, &mut steps)?)));
        let change = match permissions {
            Ok((gained, lost)) => Change {
                identity: identity.clone(),
                gained_rules: merge(&gained),
                lost_rules: merge(&lost),
                gained,
                lost,
                is_by_rule: false,
            },
            Err(TooLarge { .. }) => Change {
                identity: identity.clone(),
                gained_rules: rules_beyond(&after, &before, &mut steps_by_rule)?,
                lost_rules: rules_beyond(&before, &after, &mut steps_by_rule)?,
                gained: Vec::new(),
                lost: Vec::new(),
                is_by_rule: true,
            },
        };
        if !change.gained_rules.is_empty() || !change.lost_rules.is_empty() {
            changes.push(change);
        }
    }
    Ok(PolicyDiff { changes })
}

/// The roles of a subject, by number, each with its scope.
type Given<'p> = BTreeSet<(Option<&'p str>, usize)>;

/// The rules of a subject, each with its scope.
type Rules<'p> = BTreeMap<(Option<&'p str>, usize), &'p PolicyRule>;

fn given<'p>(policy: &'p Policy, numbers: &mut Numbers<'p>) -> BTreeMap<SubjectName, Given<'p>> {
    let mut given: BTreeMap<SubjectName, Given<'p>> = BTreeMap::new();
    let mut roles: HashMap<RoleKey<'p>, usize> = HashMap::new();
    for binding in policy.bindings().filter(BindingView::is_in_effect) {
        let Some(rules) = binding.rules() else {
            continue;
        };
        let namespace = binding.namespace();
        let role = *roles
            .entry(RoleKey::of(&binding))
            .or_insert_with(|| numbers.role(rules));
        for subject in binding.subjects() {
            if let Some(identity) = SubjectName::of(&subject, namespace) {
                given.entry(identity).or_default().insert((namespace, role));
            }
        }
    }
    given
}

/// Numbers for roles and rules: the same number means the same text, in either policy.
#[derive(Default)]
struct Numbers<'p> {
    roles: HashMap<&'p [PolicyRule], usize>,
    rules_of_roles: Vec<Vec<(usize, &'p PolicyRule)>>,
    rules: HashMap<&'p PolicyRule, usize>,
}

impl<'p> Numbers<'p> {
    fn role(&mut self, rules: &'p [PolicyRule]) -> usize {
        match self.roles.get(rules) {
            Some(&number) => number,
            None => {
                let number = self.rules_of_roles.len();
                self.roles.insert(rules, number);
                let numbered = rules.iter().map(|rule| {
                    let next = self.rules.len();
                    (*self.rules.entry(rule).or_insert(next), rule)
                });
                self.rules_of_roles.push(numbered.collect());
                number
            }
        }
    }

    fn rules_of(&self, given: &Given<'p>, steps: &mut Budget) -> Result<Rules<'p>, TooLarge> {
        let mut rules = Rules::new();
        for &(namespace, role) in given {
            for &(number, rule) in self.rules_of_roles.get(role).into_iter().flatten() {
                steps.spend(1)?;
                rules.insert((namespace, number), rule);
            }
        }
        Ok(rules)
    }
}

/// Finds the permissions of some rules that other rules do not cover.
fn beyond<'p>(
    rules: &Rules<'p>,
    others: &Rules<'p>,
    steps: &mut Budget,
) -> Result<Vec<ScopedPermission<'p>>, TooLarge> {
    let mut atoms = PermissionSet::default();
    let mut budget = Budget::new(MAX_PERMISSIONS);
    for (at, rule) in rules {
        if !others.contains_key(at) {
            steps.spend(size(rule))?;
            atoms.add(at.0, rule, &mut budget)?;
        }
    }
    // A rule on both sides is left out: the other side covers it completely.
    let greatest = atoms.greatest();
    let words = Vocabulary::of(&greatest);
    let places: BTreeSet<Option<&str>> = greatest.iter().map(ScopedPermission::namespace).collect();
    let mut held = PermissionSet::default();
    for (&(namespace, _), rule) in others {
        let is_near = !greatest.is_empty() && (namespace.is_none() || places.contains(&namespace));
        if is_near {
            steps.spend(size(rule))?;
            held.add_about(&words, namespace, rule, &mut budget)?;
        }
    }
    Ok(greatest
        .into_iter()
        .filter(|atom| !held.cover(atom))
        .collect())
}

/// Finds the rules that no single other rule in their scope covers completely.
fn rules_beyond<'p>(
    rules: &Rules<'p>,
    others: &Rules<'p>,
    steps: &mut Budget,
) -> Result<Vec<ScopedRule<'p>>, TooLarge> {
    let mut beyond = Vec::new();
    for (at, rule) in rules {
        if others.contains_key(at) {
            continue;
        }
        let namespace = at.0;
        let mut parts = ScopedRule::of_rule(namespace, rule);
        let scopes = std::iter::once(None).chain(namespace.map(Some));
        for scope in scopes {
            for (_, other) in others.range((scope, 0)..=(scope, usize::MAX)) {
                if parts.is_empty() {
                    break;
                }
                steps.spend(cost(rule, other))?;
                parts.retain(|part| !part.is_covered_by(other));
            }
        }
        beyond.extend(parts);
    }
    beyond.sort_unstable();
    beyond.dedup();
    Ok(beyond)
}

fn size(rule: &PolicyRule) -> usize {
    let lens = lists(rule).into_iter().map(<[String]>::len);
    lens.fold(1, usize::saturating_add)
}

/// Returns how many entries have to be compared to compare two rules.
fn cost(rule: &PolicyRule, other: &PolicyRule) -> usize {
    let pairs = lists(rule).into_iter().zip(lists(other));
    pairs
        .map(|(one, other)| one.len().saturating_mul(other.len()))
        .fold(1, usize::saturating_add)
}

fn lists(rule: &PolicyRule) -> [&[String]; 5] {
    [
        &rule.verbs,
        &rule.api_groups,
        &rule.resources,
        &rule.resource_names,
        &rule.non_resource_urls,
    ]
}

/// The differences between two policies. Prints as terminated lines: `newly allowed: Group "devs":
/// delete secrets in namespace "prod"`.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDiff<'p> {
    changes: Vec<Change<'p>>,
}

impl<'p> PolicyDiff<'p> {
    /// Returns the changes, groups first, each by name.
    #[must_use]
    pub fn changes(&self) -> &[Change<'p>] {
        &self.changes
    }

    /// Returns whether all users may do the same under both policies.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Display for PolicyDiff<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            let words = match change.is_by_rule {
                false => ["newly allowed", "no longer allowed"],
                true => ["perhaps newly allowed", "perhaps no longer allowed"],
            };
            for (word, rules) in words
                .into_iter()
                .zip([&change.gained_rules, &change.lost_rules])
            {
                for rule in rules {
                    writeln!(f, "{word}: {}: {rule}", change.identity)?;
                }
            }
        }
        Ok(())
    }
}

/// The changes for one user or group.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<'p> {
    identity: SubjectName,
    gained: Vec<ScopedPermission<'p>>,
    lost: Vec<ScopedPermission<'p>>,
    gained_rules: Vec<ScopedRule<'p>>,
    lost_rules: Vec<ScopedRule<'p>>,
    is_by_rule: bool,
}

impl<'p> Change<'p> {
    /// Returns the user or group.
    #[must_use]
    pub const fn identity(&self) -> &SubjectName {
        &self.identity
    }

    /// Returns whether rules were compared, because they have too many permissions. No single rule
    /// on the other side covers a listed rule completely, but several together may.
    #[must_use]
    pub const fn is_by_rule(&self) -> bool {
        self.is_by_rule
    }

    /// Returns the gained permissions: permissions of the new normal form that no earlier
    /// permission covers. Empty if rules were compared.
    #[must_use]
    pub fn gained(&self) -> &[ScopedPermission<'p>] {
        &self.gained
    }

    /// Returns the lost permissions: permissions of the old normal form that no later permission
    /// covers. Empty if rules were compared.
    #[must_use]
    pub fn lost(&self) -> &[ScopedPermission<'p>] {
        &self.lost
    }

    /// Returns the gained permissions, merged into few rules.
    #[must_use]
    pub fn gained_rules(&self) -> &[ScopedRule<'p>] {
        &self.gained_rules
    }

    /// Returns the lost permissions, merged into few rules.
    #[must_use]
    pub fn lost_rules(&self) -> &[ScopedRule<'p>] {
        &self.lost_rules
    }
}
