//! The findings of the search, and the five ways to add to them: [`State::reach`],
//! [`State::gain`], [`State::gain_everything`], [`State::step`] and [`State::take`].
//!
//! The search goes round by round. The additions of one round are expanded in the next, so steps are
//! ordered by the length of their chains.

mod lookups;
mod turn;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use foldhash::quality::RandomState;
use k8s_rbac::{SubjectName, User};

pub(super) use self::turn::Turn;
use crate::escalation_paths::goal::GoalTest;
use crate::escalation_paths::held::{Held, HeldSet};
use crate::escalation_paths::index::{Holding, PolicyIndex, Source};
use crate::escalation_paths::role_id::{FULL_ACCESS, RoleId};
use crate::escalation_paths::stop::Stop;
use crate::escalation_paths::unreached::{Unreached, user_of};
use crate::escalation_paths::{GrantedBy, MappingSource, Scope, Step, Target, Technique};
use crate::permission_set::Budget;

/// The number of an actor. The first actor is the user who starts the search.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct ActorId(usize);

/// The user whose search it is.
pub(super) const START: ActorId = ActorId(0);

/// An identity that the search has reached, or several identities that one request impersonates
/// together.
#[derive(Debug, Default)]
struct Actor<'p> {
    /// The step that reaches it. `None` for the user, and for as long as the step is pending.
    step: Option<usize>,
    /// The step that reaches it, to be recorded once it leads to another step.
    pending: Option<Pending<'p>>,
    roles: HashSet<(RoleId, Scope<'p>), RandomState>,
    own: HeldSet<'p>,
    /// The actor's groups that an earlier actor had together: that actor used the permissions that the
    /// groups have together.
    shared: Vec<Rc<SharedGrants<'p>>>,
}

/// The additions to an actor in a round.
#[derive(Debug, Default)]
struct Given<'p> {
    /// The identity whose bindings have to be looked up.
    identity: Option<SubjectName>,
    holdings: Vec<Holding<'p>>,
    /// Capabilities without the roles that they are part of.
    held: Vec<Held<'p>>,
}

/// The roles and capabilities that the bindings of one or several groups give each member.
#[derive(Debug, Default)]
pub(super) struct SharedGrants<'p> {
    held: HeldSet<'p>,
    has_full_access: bool,
}

/// An impersonation of a user with groups. Its step is recorded once it leads to another step.
#[derive(Debug)]
pub(super) struct Pending<'p> {
    pub(super) identity: SubjectName,
    /// The grant that allows impersonating the user.
    pub(super) of_user: GrantedBy<'p>,
    /// The groups, each with its grant. Many users are impersonated with the same groups.
    pub(super) groups: Rc<BTreeMap<String, GrantedBy<'p>>>,
    /// The actor that takes the step.
    pub(super) actor: ActorId,
}

/// The state of the search.
pub(super) struct State<'p, 'g> {
    pub(super) index: Arc<PolicyIndex<'p>>,
    goal: Option<GoalTest<'g>>,
    /// The step that meets the goal.
    goal_step: Option<usize>,
    budget: Budget,
    /// The user whose search it is.
    start: SubjectName,
    steps: Vec<Step<'p>>,
    actors: Vec<Actor<'p>>,
    /// The additions to actors in this round.
    given: BTreeMap<ActorId, Given<'p>>,
    /// The sets of groups that some actor is a member of.
    group_sets: HashSet<Vec<String>>,
    shared: HashMap<String, Rc<SharedGrants<'p>>>,
    /// The roles whose capabilities have been expanded, each with its scope.
    used: HashSet<(RoleId, Scope<'p>), RandomState>,
    pub(super) unreached: Unreached,
    /// The sources of mappings that the authenticator does not read.
    pub(super) unread: Vec<MappingSource>,
    /// The actors that act with the roles of the user: the user, and each actor that impersonates
    /// the user together with groups.
    followers: Vec<ActorId>,
    /// The roles that the user gained by steps.
    gained: HashSet<(RoleId, Scope<'p>), RandomState>,
    /// The gained roles that matter in combination with others.
    gained_parts: Vec<Holding<'p>>,
    /// The scopes in which the user has full access.
    full_access: BTreeSet<Scope<'p>>,
    /// Whether a step says that some identity has full access to the cluster.
    is_full_access_found: bool,
    /// The targets that are recorded once, for the first actor that reaches them.
    seen: HashSet<Target<'p>>,
}

impl<'p, 'g> State<'p, 'g> {
    pub(super) fn new(
        index: Arc<PolicyIndex<'p>>,
        start: &str,
        budget: Budget,
        goal: Option<GoalTest<'g>>,
    ) -> Self {
        Self {
            unreached: Unreached::new(index.identities()),
            unread: Vec::new(),
            index,
            goal,
            goal_step: None,
            budget,
            start: SubjectName::User(start.to_owned()),
            steps: Vec::new(),
            actors: Vec::new(),
            given: BTreeMap::new(),
            group_sets: HashSet::new(),
            shared: HashMap::new(),
            used: HashSet::default(),
            followers: Vec::new(),
            gained: HashSet::default(),
            gained_parts: Vec::new(),
            full_access: BTreeSet::new(),
            is_full_access_found: false,
            seen: HashSet::new(),
        }
    }

    /// Counts work.
    ///
    /// # Errors
    ///
    /// [`Stop`] if the budget is spent, or a step meets the goal.
    pub(super) const fn spend(&mut self, work: usize) -> Result<(), Stop> {
        if self.goal_step.is_some() {
            return Err(Stop::GoalMet);
        }
        match self.budget.spend(work) {
            Ok(()) => Ok(()),
            Err(too_large) => Err(Stop::TooLarge(too_large)),
        }
    }

    /// Returns the steps, and the number of the first step that meets the goal.
    pub(super) fn into_steps(self) -> (Vec<Step<'p>>, Option<usize>) {
        (self.steps, self.goal_step)
    }

    /// Enters the user who starts the search.
    pub(super) fn start(&mut self, user: &User) {
        self.unreached.remove(&SubjectName::User(user.name.clone()));
        let actor = self.enter(user, None);
        self.followers.push(actor);
        let holdings = self.index.holdings(user);
        self.given.entry(actor).or_default().holdings = holdings;
    }

    /// Reaches an identity, unless it was reached before.
    pub(super) fn reach(
        &mut self,
        identity: SubjectName,
        actor: ActorId,
        technique: Technique,
        granted_by: &[GrantedBy<'p>],
    ) {
        if !self.unreached.remove(&identity) {
            return;
        }
        let target = Target::Subject(identity.clone());
        let has_everything = target.is_everything();
        let step = self.step(target, actor, technique, granted_by);
        // A member of the privileged group cannot obtain more.
        if !has_everything {
            let actor = self.enter(&user_of(&identity), Some(step));
            self.given.entry(actor).or_default().identity = Some(identity);
        }
    }

    /// Gives the user a role, unless they hold it there or have full access.
    pub(super) fn gain(
        &mut self,
        role: RoleId,
        scope: Scope<'p>,
        actor: ActorId,
        granted_by: &[GrantedBy<'p>],
    ) {
        let Some((kind, name, rules, is_full_access)) = self
            .index
            .role(role)
            .map(|role| (role.kind, role.name, role.rules, role.full_access.is_some()))
        else {
            return;
        };
        if scope.wider().any(|wider| self.user_holds(role, wider)) || self.has_full_access(scope) {
            return;
        }
        let target = Target::Role {
            kind,
            name,
            rules,
            scope,
        };
        let step = self.step(target, actor, Technique::Bind, granted_by);
        self.gained.insert((role, scope));
        if is_full_access {
            self.full_access.insert(scope);
        }
        self.give_user(Holding {
            role,
            scope,
            source: Source::Step(step),
        });
    }

    /// Gives the user full access in a scope, unless they already have it, or the search knows an
    /// identity with full access to the whole cluster.
    pub(super) fn gain_everything(
        &mut self,
        scope: Scope<'p>,
        actor: ActorId,
        technique: Technique,
        granted_by: &[GrantedBy<'p>],
    ) {
        let is_found = scope == Scope::Cluster && self.is_full_access_found;
        if is_found || self.has_full_access(scope) {
            return;
        }
        let step = self.step(Target::Everything(scope), actor, technique, granted_by);
        self.full_access.insert(scope);
        match scope {
            Scope::Cluster => self.is_full_access_found = true,
            Scope::EveryNamespace | Scope::Namespace(_) => {
                self.give_user(Holding {
                    role: FULL_ACCESS,
                    scope,
                    source: Source::Step(step),
                });
            }
        }
    }

    /// Records a step, and the pending step that reaches its actor. Returns its number.
    pub(super) fn step(
        &mut self,
        target: Target<'p>,
        actor: ActorId,
        technique: Technique,
        granted_by: &[GrantedBy<'p>],
    ) -> usize {
        let pending = self
            .actors
            .get_mut(actor.0)
            .and_then(|actor| actor.pending.take());
        if let Some(Pending {
            identity,
            of_user,
            groups,
            actor: by,
        }) = pending
        {
            let target = Target::UserWithGroups {
                identity,
                groups: groups.keys().cloned().collect(),
            };
            let granted_by: Vec<GrantedBy<'p>> = std::iter::once(of_user)
                .chain(groups.values().copied())
                .collect();
            let step = self.step(target, by, Technique::Impersonate, &granted_by);
            if let Some(actor) = self.actors.get_mut(actor.0) {
                actor.step = Some(step);
            }
        }
        let number = self.steps.len();
        if self.goal_step.is_none() && self.goal.as_ref().is_some_and(|goal| goal.is_met(&target)) {
            self.goal_step = Some(number);
        }
        self.steps.push(Step {
            target,
            actor: self.actors.get(actor.0).and_then(|actor| actor.step),
            technique,
            granted_by: granted_by.to_vec(),
        });
        number
    }

    /// Records a step to a target that is not an identity or a role, unless it was reached before. Returns its
    /// number.
    pub(super) fn note(
        &mut self,
        target: Target<'p>,
        actor: ActorId,
        technique: Technique,
        granted_by: &[GrantedBy<'p>],
    ) -> Option<usize> {
        let is_new = self.seen.insert(target.clone());
        is_new.then(|| self.step(target, actor, technique, granted_by))
    }

    /// Enters an actor that acts as another identity for some requests only, with the capabilities of
    /// these requests.
    pub(super) fn enter_constrained(&mut self, step: usize, held: Vec<Held<'p>>) {
        let id = ActorId(self.actors.len());
        self.given.entry(id).or_default().held = held;
        self.actors.push(Actor {
            step: Some(step),
            ..Actor::default()
        });
    }

    /// Enters an actor that acts for several identities of one request. Its step is recorded once it
    /// leads to another step.
    pub(super) fn enter_together(
        &mut self,
        pending: Pending<'p>,
        holdings: Vec<Holding<'p>>,
        shared: Rc<SharedGrants<'p>>,
        is_start: bool,
    ) {
        let id = ActorId(self.actors.len());
        self.given.entry(id).or_default().holdings = holdings;
        self.actors.push(Actor {
            pending: Some(pending),
            shared: vec![shared],
            ..Actor::default()
        });
        if is_start {
            self.followers.push(id);
        }
    }

    /// Lists the roles that the user gained by steps and that matter in combination with others.
    pub(super) fn gained_parts(&self) -> &[Holding<'p>] {
        &self.gained_parts
    }

    fn give_user(&mut self, holding: Holding<'p>) {
        let has_parts = self.index.has_parts(holding.role);
        for &actor in &self.followers {
            if actor == START || has_parts {
                self.given.entry(actor).or_default().holdings.push(holding);
            }
        }
        if has_parts {
            self.gained_parts.push(holding);
        }
    }

    fn enter(&mut self, user: &User, step: Option<usize>) -> ActorId {
        for group in &user.groups {
            self.unreached.remove(&SubjectName::Group(group.clone()));
        }
        let id = ActorId(self.actors.len());
        self.actors.push(Actor {
            step,
            ..Actor::default()
        });
        id
    }

    /// Returns the step that reached an actor.
    pub(super) fn step_of(&self, actor: ActorId) -> Option<usize> {
        self.actors.get(actor.0)?.step
    }

    /// Returns whether an actor is a service account.
    pub(super) fn is_service_account(&self, actor: ActorId) -> bool {
        let identity = match self.step_of(actor).and_then(|step| self.steps.get(step)) {
            Some(step) => match &step.target {
                Target::Subject(identity) => identity,
                _ => return false,
            },
            None if actor == START => &self.start,
            None => return false,
        };
        identity.as_service_account().is_some()
    }

    /// Returns whether the user holds a role, by a binding or by a step.
    fn user_holds(&self, role: RoleId, scope: Scope<'p>) -> bool {
        let is_bound = |start: &Actor<'p>| start.roles.contains(&(role, scope));
        self.gained.contains(&(role, scope)) || self.actors.get(START.0).is_some_and(is_bound)
    }

    /// Returns whether the user has full access in a scope.
    pub(super) fn has_full_access(&self, scope: Scope<'p>) -> bool {
        scope.wider().any(|wider| self.full_access.contains(&wider))
    }
}
