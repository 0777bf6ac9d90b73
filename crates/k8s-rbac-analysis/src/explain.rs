//! Explains a decision: every grant of a request, the near misses, and likely misunderstandings.

mod misplaced;
mod near_miss;
mod note;
mod subject;

use std::collections::{BTreeSet, HashMap};
use std::fmt::{self, Display, Formatter};

use k8s_rbac::{
    BindingGrant, BindingView, Policy, PolicyRule, Request, ServiceAccount, SubjectName,
    Unresolved, User,
};

pub use misplaced::{MisplacedBinding, is_of_default_policy};
pub use near_miss::{NearMiss, Part, Trap};
pub use note::{Note, notes};

use crate::explain::near_miss::Failed;
use crate::role_key::RoleKey;

/// The largest number of grants and of near misses that an explanation lists. Our choice: more than
/// a person reads. A role of 100,000 rules in 100,000 bindings has ten thousand million grants.
pub const MAX_LISTED: usize = 10_000;

/// Explains a decision: every rule that allows the request, and every rule that would if one part of
/// it were different.
///
/// This reads every binding, in walk order with namespaces by name, and every rule of the user's
/// roles once. It is for human readers, not for deciding. An [`Explainer`] explains many decisions.
#[must_use]
pub fn explain<'p>(policy: &'p Policy, user: &User, request: &Request<'_>) -> Explanation<'p> {
    explain_by(policy, policy.bindings(), user, request)
}

/// Explains many decisions of one policy. Each explanation reads only the bindings that name the user or a group, in
/// any case.
#[derive(Clone, Debug)]
pub struct Explainer<'p> {
    policy: &'p Policy,
    bindings: Vec<BindingView<'p>>,
    /// The indices of the bindings that name a subject, in order, by its name in small letters.
    by_name: HashMap<String, Vec<usize>>,
}

impl<'p> Explainer<'p> {
    /// Reads the subjects of a policy.
    #[must_use]
    pub fn new(policy: &'p Policy) -> Self {
        let bindings: Vec<BindingView<'p>> = policy.bindings().collect();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, binding) in bindings.iter().enumerate() {
            for subject in binding.subjects() {
                let mut add = |name: &str| {
                    let numbers = by_name.entry(name.to_ascii_lowercase()).or_default();
                    if numbers.last() != Some(&number) {
                        numbers.push(number);
                    }
                };
                add(subject.name);
                match SubjectName::of(&subject, binding.namespace()) {
                    Some(SubjectName::User(name) | SubjectName::Group(name)) => add(&name),
                    None => {}
                }
            }
        }
        Self {
            policy,
            bindings,
            by_name,
        }
    }

    /// Explains a decision as [`explain`] does.
    #[must_use]
    pub fn explain(&self, user: &User, request: &Request<'_>) -> Explanation<'p> {
        let account = ServiceAccount::parse(&user.name);
        let names = std::iter::once(user.name.as_str())
            .chain(account.iter().map(ServiceAccount::name))
            .chain(user.groups.iter().map(String::as_str));
        let numbers: BTreeSet<usize> = names
            .filter_map(|name| self.by_name.get(&name.to_ascii_lowercase()))
            .flatten()
            .copied()
            .collect();
        let bindings = numbers
            .into_iter()
            .filter_map(|number| self.bindings.get(number).copied());
        explain_by(self.policy, bindings, user, request)
    }
}

/// Explains a decision by the bindings that name the user or a group, and perhaps others.
fn explain_by<'p>(
    policy: &'p Policy,
    bindings: impl Iterator<Item = BindingView<'p>>,
    user: &User,
    request: &Request<'_>,
) -> Explanation<'p> {
    let mut explanation = Explanation {
        notes: notes(user, request),
        grants: Vec::new(),
        near_misses: Vec::new(),
        unresolved: Vec::new(),
        misplaced: Vec::new(),
        is_cut: false,
    };
    let mut judged = Judged::default();
    for binding in bindings {
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
        for &(number, of_rule) in judged.of(RoleKey::of(&binding), rules, request) {
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

/// The rules of roles that allow a request or nearly allow it, by role.
#[derive(Default)]
struct Judged<'p>(HashMap<RoleKey<'p>, Near>);

/// The indices of the rules that allow a request, or fail in one part.
type Near = Vec<(usize, Option<Failed>)>;

impl<'p> Judged<'p> {
    fn of(&mut self, role: RoleKey<'p>, rules: &[PolicyRule], request: &Request<'_>) -> &Near {
        self.0.entry(role).or_insert_with(|| {
            rules
                .iter()
                .enumerate()
                .filter_map(|(number, rule)| Some((number, near_miss::judge(rule, request).ok()?)))
                .collect()
        })
    }
}

/// The grants and near misses of a request. Prints as terminated lines, the near misses only if
/// there is no grant.
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
    /// Returns notes about the user and the request that do not depend on the policy.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Returns every grant, rule by rule. [`Response::reason`](k8s_rbac::Response::reason) names
    /// the first.
    #[must_use]
    pub fn grants(&self) -> &[BindingGrant<'p>] {
        &self.grants
    }

    /// Returns the rules that fail in one part only.
    #[must_use]
    pub fn near_misses(&self) -> &[NearMiss<'p>] {
        &self.near_misses
    }

    /// Returns the roles that do not exist although bindings of this user refer to them.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }

    /// Returns the `RoleBinding`s of the user whose `Role` is in another namespace, for any namespace
    /// of the request.
    #[must_use]
    pub fn misplaced(&self) -> &[MisplacedBinding<'p>] {
        &self.misplaced
    }

    /// Returns whether there are more grants or near misses than [`MAX_LISTED`].
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
        // If the request is allowed, near misses are of no interest.
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
