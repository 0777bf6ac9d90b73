//! Why: every grant of a request, what nearly allowed it, and what misleads.

mod misplaced;
mod near_miss;
mod note;
mod subject;

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use k8s_rbac::{BindingGrant, Policy, PolicyRule, Request, Unresolved, User};

pub use misplaced::{MisplacedBinding, is_of_default_policy};
pub use near_miss::{NearMiss, Part, Trap};
pub use note::Note;

use crate::explain::near_miss::Failed;

/// How many grants an explanation lists, and how many near misses. Our choice: more than anybody
/// reads, and a role of 100,000 rules in 100,000 bindings has ten thousand million.
pub const MAX_LISTED: usize = 10_000;

/// Explains a decision: all that allows the request, and all that would if one thing about it
/// were another.
///
/// This looks at every binding there is, in the order of the walk, namespaces by name, and at
/// every rule of the roles that have to do with the user once: it is for people, not for
/// deciding.
#[must_use]
pub fn explain<'p>(policy: &'p Policy, user: &User, request: &Request<'_>) -> Explanation<'p> {
    let mut explanation = Explanation {
        notes: note::notes(user, request),
        grants: Vec::new(),
        near_misses: Vec::new(),
        unresolved: Vec::new(),
        misplaced: Vec::new(),
        is_cut: false,
    };
    let mut judged = Judged::default();
    for binding in policy.bindings() {
        let is_asked = match binding.namespace() {
            None => true,
            Some(namespace) => !namespace.is_empty() && request.namespace() == Some(namespace),
        };
        let own = binding.subject_for(user);
        let Some(rules) = binding.rules() else {
            if own.is_some() {
                explanation
                    .misplaced
                    .extend(MisplacedBinding::find(policy, &binding));
            }
            if is_asked && own.is_some() {
                explanation.unresolved.extend(binding.unresolved());
            }
            continue;
        };
        let (subject, of_binding) = match own {
            Some(subject) if is_asked => (subject, None),
            Some(subject) => (subject, Some(near_miss::of_scope(request))),
            None => match subject::mistaken(&binding, user) {
                Some((subject, trap)) if is_asked => (subject, Some((Part::Subject, Some(trap)))),
                _ => continue,
            },
        };
        for &(number, of_rule) in judged.of(rules, request) {
            let Some(rule) = rules.get(number) else {
                continue;
            };
            let grant = binding.grant(subject, rule);
            match (of_binding, of_rule) {
                (None, None) => explanation.add_grant(grant),
                (Some((part, trap)), None) | (None, Some((part, trap))) => {
                    explanation.add_near_miss(NearMiss::new(grant, part, trap));
                }
                (Some(_), Some(_)) => {}
            }
        }
    }
    explanation
}

/// The rules of roles that allow a request or nearly do, by where the rules are kept: many bindings
/// give one role.
#[derive(Default)]
struct Judged(HashMap<(*const PolicyRule, usize), Near>);

/// The numbers of rules that allow a request, or of which this fails.
type Near = Vec<(usize, Option<Failed>)>;

impl Judged {
    fn of(&mut self, rules: &[PolicyRule], request: &Request<'_>) -> &Near {
        self.0
            .entry((rules.as_ptr(), rules.len()))
            .or_insert_with(|| {
                let rules = rules.iter().enumerate();
                let judged = rules.map(|(number, rule)| (number, near_miss::judge(rule, request)));
                judged
                    .filter_map(|(number, judged)| Some((number, judged.ok()?)))
                    .collect()
            })
    }
}

/// All that allows a request, and all that nearly does. Prints as lines, each ended: the near misses
/// where there is no grant.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'p> {
    notes: Vec<Note>,
    grants: Vec<BindingGrant<'p>>,
    near_misses: Vec<NearMiss<'p>>,
    unresolved: Vec<Unresolved<'p>>,
    misplaced: Vec<MisplacedBinding<'p>>,
    is_cut: bool,
}

impl<'p> Explanation<'p> {
    /// Returns what is to be known about the user and the request, whatever the policy says.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Returns every grant, rule by rule. The first is the one that
    /// [`Response::reason`](k8s_rbac::Response::reason) names.
    #[must_use]
    pub fn grants(&self) -> &[BindingGrant<'p>] {
        &self.grants
    }

    /// Returns the rules that fail in one part only.
    #[must_use]
    pub fn near_misses(&self) -> &[NearMiss<'p>] {
        &self.near_misses
    }

    /// Returns the roles that bindings of this user refer to and that are not there.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }

    /// Returns the `RoleBinding`s that name the user and whose `Role` is in another namespace, whatever
    /// namespace the request is about.
    #[must_use]
    pub fn misplaced(&self) -> &[MisplacedBinding<'p>] {
        &self.misplaced
    }

    /// Says whether there are more grants or near misses than the [`MAX_LISTED`] first.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn add_grant(&mut self, grant: BindingGrant<'p>) {
        if self.grants.len() < MAX_LISTED {
            self.grants.push(grant);
        } else {
            self.is_cut = true;
        }
    }

    fn add_near_miss(&mut self, miss: NearMiss<'p>) {
        if self.near_misses.len() < MAX_LISTED {
            self.near_misses.push(miss);
        } else {
            self.is_cut = true;
        }
    }
}

impl Display for Explanation<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for grant in &self.grants {
            writeln!(f, "allowed by {grant}: {}", grant.rule())?;
        }
        for unresolved in &self.unresolved {
            let binding = unresolved.binding();
            match is_of_default_policy(unresolved) {
                true => writeln!(
                    f,
                    "not loaded: {binding}: {unresolved}, a role of the default policy"
                )?,
                false => writeln!(f, "dangling: {binding}: {unresolved}")?,
            }
        }
        // Where it is allowed, they are of no interest.
        let misses = self.near_misses.iter().filter(|_| self.grants.is_empty());
        for miss in misses {
            writeln!(f, "nearly by {miss}")?;
        }
        let misplaced = self.misplaced.iter().filter(|_| self.grants.is_empty());
        for misplaced in misplaced {
            writeln!(f, "nearly by {misplaced}")?;
        }
        if self.is_cut {
            writeln!(f, "and more than {MAX_LISTED} others")?;
        }
        Ok(())
    }
}
