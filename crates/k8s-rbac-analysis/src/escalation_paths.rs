//! Privilege escalation: the identities, roles and permissions that a user can obtain.
//!
//! The techniques come from "Privilege escalation risks" in the RBAC good practices of Kubernetes, and
//! from `bind`, `escalate` and `impersonate` in its RBAC reference. Other techniques run code or read
//! credentials as another identity.

mod capability;
mod capability_kind;
mod constrained;
mod goal;
mod groups;
mod held;
mod impersonation;
mod index;
mod mapping_source;
mod mode;
mod role_id;
mod roles;
mod search;
mod state;
mod step;
mod steps;
mod stop;
mod technique;
mod unreached;

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::iter::{once, repeat};
use std::sync::{Arc, OnceLock};

use k8s_rbac::{KubernetesVersion, Policy, SubjectName, User};

use crate::permission_set::TooLarge;

use goal::GoalTest;
use index::PolicyIndex;

pub use goal::Goal;
pub use mapping_source::MappingSource;
pub use step::{ConstrainedRule, GrantedBy, Scope, Step, Target};
pub use technique::Technique;

/// The work that a search may do unless [`EscalationSearch::with_max_work`] says otherwise: the capabilities
/// that it examines, the names that they are limited to, and the identities that they may lead to. Our choice:
/// about two seconds, and fifteen times the work of a search over 20,000 bindings or with 120,000 steps.
pub const MAX_ESCALATION_WORK: usize = 1 << 25;

/// Finds all that a user can obtain on the newest version of Kubernetes: see [`EscalationSearch`].
///
/// # Errors
///
/// [`TooLarge`] when the search takes more than [`MAX_ESCALATION_WORK`]. It has no answer then.
pub fn escalation_paths<'p>(
    policy: &'p Policy,
    user: &User,
) -> Result<EscalationPaths<'p>, TooLarge> {
    EscalationSearch::new(policy, user).paths()
}

/// A search for everything that a user can obtain: by their own permissions, by the permissions of the
/// identities that they reach, and by the roles that they give themselves.
///
/// The result over-approximates: it assumes that the objects a step needs exist (a pod to exec into, a
/// token Secret, the `aws-auth` `ConfigMap`, a controller that reads mappings) and that admission allows the step. Identities that no
/// binding names hold no permissions and are skipped, except each namespace's `default` service account.
/// If one step needs two permissions, they must belong to one identity, or to a user and groups that one
/// request impersonates. After a constrained impersonation, the search follows only the requests that it
/// allows. The search ignores the Node authorizer and other authorizers, and labels that make a role a
/// member of an aggregated role. It also ignores what a constrained impersonation gains if a role of the
/// impersonated user is rewritten, or if the user who starts the search gains a role.
///
/// Steps are ordered by the length of their chains, and each identity and role occurs once. The
/// search ends at full access.
///
/// Time is proportional to the bindings, the rules of all roles, and the steps. Only requests that
/// impersonate a user with groups may take longer, if both hold permissions that are used together: then
/// each such user with each set of groups is a separate search.
#[derive(Clone, Debug)]
pub struct EscalationSearch<'p> {
    policy: &'p Policy,
    user: User,
    version: KubernetesVersion,
    max_work: usize,
    /// What the authenticator does not read.
    unread: Vec<MappingSource>,
    /// Built by the first search.
    index: OnceLock<Arc<PolicyIndex<'p>>>,
}

/// The result of a search for a goal.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is a chain, or there is none"
)]
pub enum Sought<'p> {
    /// One shortest chain of steps. It has none if the user meets the goal already.
    Found(EscalationPaths<'p>),
    /// There is no chain. These are all steps, as [`EscalationSearch::paths`] finds them.
    NotFound(EscalationPaths<'p>),
}

impl<'p> EscalationSearch<'p> {
    /// Builds a search for the newest version of Kubernetes.
    #[must_use]
    pub fn new(policy: &'p Policy, user: &User) -> Self {
        Self {
            policy,
            user: user.clone(),
            version: KubernetesVersion::default(),
            max_work: MAX_ESCALATION_WORK,
            unread: Vec::new(),
            index: OnceLock::new(),
        }
    }

    /// Builds a search for another user. It shares the index of the policy; building the index takes as long as most
    /// searches.
    #[must_use]
    pub fn for_user(&self, user: &User) -> Self {
        self.index();
        Self {
            user: user.clone(),
            ..self.clone()
        }
    }

    /// Sets the limit instead of [`MAX_ESCALATION_WORK`].
    #[must_use]
    pub const fn with_max_work(mut self, max_work: usize) -> Self {
        self.max_work = max_work;
        self
    }

    /// Searches a cluster of this version: up to 1.34, `get` is enough to exec into a pod; from 1.36 on,
    /// there are constrained impersonation and `MutatingAdmissionPolicy`.
    #[must_use]
    pub fn on_version(mut self, version: KubernetesVersion) -> Self {
        self.version = version;
        self.index = OnceLock::new();
        self
    }

    /// Searches a cluster whose authenticator does not read this source, so that no step leads through it. Amazon EKS
    /// does not read the `ConfigMap` in the authentication mode `API`, for example. By default every source is read.
    #[must_use]
    pub fn without_mapping_source(mut self, source: MappingSource) -> Self {
        self.unread.push(source);
        self
    }

    fn index(&self) -> &Arc<PolicyIndex<'p>> {
        let build = || Arc::new(PolicyIndex::new(self.policy, self.version.minor()));
        self.index.get_or_init(build)
    }

    /// Finds all that the user can obtain.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] when the search would exceed its limit. It has no answer then.
    pub fn paths(&self) -> Result<EscalationPaths<'p>, TooLarge> {
        let (steps, _) = search::search(self, None)?;
        Ok(EscalationPaths {
            user: SubjectName::User(self.user.name.clone()),
            steps,
        })
    }

    /// Finds one shortest chain of steps to a goal. `None` if the search finds no chain; without steps if
    /// the user meets the goal already. [`EscalationPaths::unsearched`] of [`paths`](Self::paths) lists the
    /// steps that the search did not follow.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] when the search would exceed its limit. It has no answer then.
    pub fn path_to(&self, goal: &Goal<'_>) -> Result<Option<EscalationPaths<'p>>, TooLarge> {
        Ok(match self.seek(goal)? {
            Sought::Found(path) => Some(path),
            Sought::NotFound(_) => None,
        })
    }

    /// Finds one shortest chain of steps to a goal or, if there is none, all that the user can obtain.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] when the search would exceed its limit. It has no answer then.
    pub fn seek(&self, goal: &Goal<'_>) -> Result<Sought<'p>, TooLarge> {
        let user = SubjectName::User(self.user.name.clone());
        if goal.is_met_by(self.policy, &self.user) {
            return Ok(Sought::Found(EscalationPaths {
                user,
                steps: Vec::new(),
            }));
        }
        let test = GoalTest::new(goal, self.policy);
        let (steps, found) = search::search(self, Some(test))?;
        let Some(at) = found else {
            return Ok(Sought::NotFound(EscalationPaths { user, steps }));
        };
        let numbers: Vec<usize> = chain(&steps, at).into_iter().collect();
        let renumbered = |number: usize| numbers.binary_search(&number).unwrap_or_default();
        let chosen = numbers.iter().filter_map(|number| steps.get(*number));
        let steps = chosen.map(|step| step.renumbered(renumbered)).collect();
        Ok(Sought::Found(EscalationPaths { user, steps }))
    }
}

/// Lists a step and all steps that it depends on, by number.
fn chain(steps: &[Step<'_>], at: usize) -> BTreeSet<usize> {
    let mut chain = BTreeSet::new();
    let mut next = vec![at];
    while let Some(at) = next.pop() {
        if chain.insert(at) {
            next.extend(steps.get(at).into_iter().flat_map(Step::after));
        }
    }
    chain
}

/// From this number on, similar steps after the first are printed in one line. Our choice: three lines are read
/// at a glance, but a role in `kube-system` leads to fifty accounts of controllers.
const MIN_FOLDED: usize = 4;

/// Everything that a user can obtain. Prints as terminated lines. Similar steps of one identity are printed in
/// one line, after the first of them.
#[derive(Clone, Debug, PartialEq)]
pub struct EscalationPaths<'p> {
    user: SubjectName,
    // INVARIANT: a step comes after the steps that it depends on.
    steps: Vec<Step<'p>>,
}

impl<'p> EscalationPaths<'p> {
    /// Returns the user.
    #[must_use]
    pub const fn user(&self) -> &SubjectName {
        &self.user
    }

    /// Returns the steps.
    #[must_use]
    pub fn steps(&self) -> &[Step<'p>] {
        &self.steps
    }

    /// Returns the step to full access: to the group `system:masters`, or to all verbs on all resources
    /// of the cluster. `None` if the user cannot obtain it.
    #[must_use]
    pub fn to_everything(&self) -> Option<&Step<'p>> {
        self.steps.iter().find(|step| step.target().is_everything())
    }

    /// Returns the steps that may lead to more than the search found: constrained impersonations of nodes,
    /// whose permissions come mostly from the Node authorizer.
    pub fn unsearched(&self) -> impl Iterator<Item = &Step<'p>> {
        self.steps.iter().filter(|step| step.is_unsearched())
    }

    /// Returns the chain of steps that leads to a step, which is given by its number from zero and is
    /// the last of the chain. Empty if there is no such step.
    #[must_use]
    pub fn path(&self, number: usize) -> Vec<&Step<'p>> {
        let chain = chain(&self.steps, number);
        chain
            .into_iter()
            .filter_map(|number| self.steps.get(number))
            .collect()
    }

    /// Returns the identity that takes a step.
    #[must_use]
    pub fn actor(&self, step: &Step<'p>) -> &SubjectName {
        let target = step
            .actor()
            .and_then(|at| self.steps.get(at))
            .map(Step::target);
        match target {
            Some(
                Target::ConstrainedIdentity { identity, .. }
                | Target::Subject(identity)
                | Target::UserWithGroups { identity, .. },
            ) => identity,
            _ => &self.user,
        }
    }
}

impl Display for EscalationPaths<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut number = 0_usize;
        for alike in self.steps.chunk_by(Step::is_like) {
            let (printed, folded) = match alike {
                [first, folded @ ..] if folded.len() >= MIN_FOLDED => {
                    (std::slice::from_ref(first), folded)
                }
                alike => (alike, &[][..]),
            };
            for step in printed {
                number = number.saturating_add(1);
                writeln!(f, "{number}. {} {step}", self.actor(step))?;
            }
            if !folded.is_empty() {
                let last = number.saturating_add(folded.len());
                write!(f, "{} to {last}. ", number.saturating_add(1))?;
                write!(f, "{} more in the same way:", folded.len())?;
                let identities = folded.iter().filter_map(Step::identity);
                for (identity, comma) in identities.zip(once("").chain(repeat(","))) {
                    write!(f, "{comma} {identity}")?;
                }
                writeln!(f)?;
                number = last;
            }
        }
        if self.unsearched().next().is_some() {
            writeln!(
                f,
                "not searched: what the Node authorizer allows a node that is impersonated"
            )?;
        }
        if let Some(step) = self.to_everything() {
            writeln!(
                f,
                "{} can obtain full access to the cluster: {}",
                self.user,
                step.target()
            )?;
        }
        Ok(())
    }
}
