//! The findings of the search, and the five ways to add to them: [`State::reach`],
//! [`State::gain`], [`State::gain_everything`], [`State::step`] and [`State::take`].
//!
//! The search goes round by round. The additions of one round are expanded in the next, so steps are
//! ordered by the length of their chains.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use k8s_rbac::{SubjectName, User};

use crate::escalation_paths::capability::{Capability, CapabilityKind};
use crate::escalation_paths::index::{FULL_ACCESS, Holding, PolicyIndex, RoleId, Source};
use crate::escalation_paths::unreached::{Unreached, user_of};
use crate::escalation_paths::{GrantedBy, MAX_ESCALATION_WORK, Scope, Step, Target, Technique};
use crate::permission_set::{Budget, TooLarge};

/// The number of an actor. The first is the user whose search it is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct ActorId(usize);

/// The user whose search it is.
pub(super) const START: ActorId = ActorId(0);

/// A capability that an actor holds, where, and by which grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held<'p> {
    pub(super) capability: Capability<'p>,
    pub(super) role: RoleId,
    pub(super) scope: Scope<'p>,
    pub(super) granted_by: GrantedBy<'p>,
}

impl Held<'_> {
    pub(super) const fn kind(&self) -> CapabilityKind {
        self.capability.kind
    }
}

/// An identity that the search has reached, or several that one request impersonates together.
#[derive(Debug, Default)]
struct Actor<'p> {
    /// The step that reaches it. `None` for the user, and for as long as the step is pending.
    step: Option<usize>,
    /// The step that reaches it, to be recorded once it leads to something.
    pending: Option<Pending<'p>>,
    roles: HashSet<(RoleId, Scope<'p>)>,
    held: BTreeMap<(CapabilityKind, Scope<'p>), Vec<Held<'p>>>,
}

/// A step that is recorded once it leads to something.
#[derive(Debug)]
pub(super) struct Pending<'p> {
    pub(super) target: Target<'p>,
    /// The actor that takes the step.
    pub(super) actor: ActorId,
    pub(super) granted_by: Vec<GrantedBy<'p>>,
}

/// What one actor was given in the last round.
#[derive(Debug)]
pub(super) struct Turn<'p> {
    pub(super) actor: ActorId,
    /// The roles, each with the step that gave it, or that reached the actor.
    pub(super) roles: Vec<(RoleId, Scope<'p>, Option<usize>)>,
    /// Their capabilities.
    pub(super) fresh: Vec<Held<'p>>,
    /// Those of the capabilities that no actor held before, so that they lead to something new.
    pub(super) first: Vec<Held<'p>>,
}

impl<'p> Turn<'p> {
    /// Returns whether the actor was given a capability of one of these kinds.
    pub(super) fn has_any(&self, kinds: &[CapabilityKind]) -> bool {
        self.fresh.iter().any(|held| kinds.contains(&held.kind()))
    }

    /// Lists the new capabilities of a kind.
    pub(super) fn fresh(&self, kind: CapabilityKind) -> impl Iterator<Item = &Held<'p>> {
        self.fresh.iter().filter(move |held| held.kind() == kind)
    }
}

/// The state of the search.
pub(super) struct State<'p> {
    pub(super) index: PolicyIndex<'p>,
    budget: Budget,
    steps: Vec<Step<'p>>,
    actors: Vec<Actor<'p>>,
    /// The roles given in this round, by actor.
    given: BTreeMap<ActorId, Vec<Holding<'p>>>,
    /// The roles whose capabilities have been expanded, each with its scope.
    used: HashSet<(RoleId, Scope<'p>)>,
    pub(super) unreached: Unreached,
    /// The actors that act with the roles of the user: the user, and each that impersonates the user
    /// together with groups.
    followers: Vec<ActorId>,
    /// The roles that the user gained by steps.
    gained: HashSet<(RoleId, Scope<'p>)>,
    /// The scopes in which the user has full access.
    full_access: BTreeSet<Scope<'p>>,
    /// Whether a step says that some identity has full access to the cluster.
    is_full_access_found: bool,
    /// The targets that are recorded once, for the first actor that reaches them.
    seen: HashSet<Target<'p>>,
    /// The actors that act for several identities, by these.
    together: HashMap<(SubjectName, Vec<String>), ActorId>,
}

impl<'p> State<'p> {
    pub(super) fn new(index: PolicyIndex<'p>) -> Self {
        Self {
            unreached: Unreached::new(index.identities()),
            index,
            budget: Budget::new(MAX_ESCALATION_WORK),
            steps: Vec::new(),
            actors: Vec::new(),
            given: BTreeMap::new(),
            used: HashSet::new(),
            followers: Vec::new(),
            gained: HashSet::new(),
            full_access: BTreeSet::new(),
            is_full_access_found: false,
            seen: HashSet::new(),
            together: HashMap::new(),
        }
    }

    /// Counts work.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] when there was more than [`MAX_ESCALATION_WORK`].
    pub(super) const fn spend(&mut self, work: usize) -> Result<(), TooLarge> {
        self.budget.spend(work)
    }

    /// Returns the steps so far.
    pub(super) fn steps(&self) -> &[Step<'p>] {
        &self.steps
    }

    /// Returns the steps.
    pub(super) fn into_steps(self) -> Vec<Step<'p>> {
        self.steps
    }

    /// Enters the user whose search it is.
    pub(super) fn start(&mut self, user: &User) {
        self.unreached.remove(&SubjectName::User(user.name.clone()));
        let actor = self.enter(user, None);
        self.followers.push(actor);
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
        let user = user_of(&identity);
        let target = Target::Subject(identity);
        let has_everything = target.is_everything();
        let step = self.step(target, actor, technique, granted_by);
        // A member of the privileged group cannot obtain more.
        if !has_everything {
            self.enter(&user, Some(step));
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
            .map(|role| (role.kind, role.name, role.rules, role.is_full_access))
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

    /// Gives the user full access in a scope, unless they have it, or the search knows an identity that
    /// has it in the whole cluster.
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

    /// Records a step, and the pending one that reaches its actor. Returns its number.
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
            target,
            actor: by,
            granted_by,
        }) = pending
        {
            let step = self.step(target, by, Technique::Impersonate, &granted_by);
            if let Some(actor) = self.actors.get_mut(actor.0) {
                actor.step = Some(step);
            }
        }
        let number = self.steps.len();
        self.steps.push(Step {
            target,
            actor: self.actors.get(actor.0).and_then(|actor| actor.step),
            technique,
            granted_by: granted_by.to_vec(),
        });
        number
    }

    /// Records a step to a target that is not an identity or a role, unless it was reached before.
    pub(super) fn note(
        &mut self,
        target: Target<'p>,
        actor: ActorId,
        technique: Technique,
        granted_by: &[GrantedBy<'p>],
    ) {
        if self.seen.insert(target.clone()) {
            self.step(target, actor, technique, granted_by);
        }
    }

    /// Takes the roles given in the last round. An actor with full access to the cluster gets no turn,
    /// because it cannot obtain more.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if the budget is spent.
    pub(super) fn take(&mut self) -> Result<Vec<Turn<'p>>, TooLarge> {
        let mut turns = Vec::new();
        for (id, holdings) in std::mem::take(&mut self.given) {
            let mut turn = Turn {
                actor: id,
                roles: Vec::new(),
                fresh: Vec::new(),
                first: Vec::new(),
            };
            let mut full_access = None;
            for holding in holdings {
                let Holding {
                    role,
                    scope,
                    source,
                } = holding;
                let is_new = self
                    .actors
                    .get_mut(id.0)
                    .is_some_and(|own| own.roles.insert((role, scope)));
                let Some(capabilities) = self.index.role(role).map(|role| &role.capabilities)
                else {
                    continue;
                };
                if !is_new {
                    continue;
                }
                let step = match source {
                    Source::Binding(..) => self.step_of(id),
                    Source::Step(step) => Some(step),
                };
                turn.roles.push((role, scope, step));
                self.budget.spend(capabilities.len().saturating_add(1))?;
                let is_first = !capabilities.is_empty() && self.used.insert((role, scope));
                for capability in capabilities {
                    let Some(granted_by) = self.index.granted_by(&holding, capability) else {
                        continue;
                    };
                    let held = Held {
                        capability: *capability,
                        role,
                        scope,
                        granted_by,
                    };
                    if held.kind() == CapabilityKind::Everything {
                        if id == START {
                            self.full_access.insert(scope);
                        }
                        if scope == Scope::Cluster {
                            full_access = full_access.or(Some(granted_by));
                        }
                    }
                    if is_first {
                        turn.first.push(held);
                    }
                    turn.fresh.push(held);
                }
            }
            if let Some(granted_by) = full_access {
                if !std::mem::replace(&mut self.is_full_access_found, true) {
                    self.step(
                        Target::Everything(Scope::Cluster),
                        id,
                        Technique::Hold,
                        &[granted_by],
                    );
                }
                continue;
            }
            if let Some(actor) = self.actors.get_mut(id.0) {
                for held in &turn.fresh {
                    actor
                        .held
                        .entry((held.kind(), held.scope))
                        .or_default()
                        .push(*held);
                }
            }
            turns.push(turn);
        }
        Ok(turns)
    }

    /// Enters an actor that acts for several identities of one request, unless it was entered before.
    /// Its step is recorded once it leads to something.
    pub(super) fn enter_together(
        &mut self,
        identity: &SubjectName,
        groups: &[String],
        pending: impl FnOnce() -> Pending<'p>,
        holdings: impl FnOnce(&Self) -> Vec<Holding<'p>>,
        is_start: bool,
    ) {
        let key = (identity.clone(), groups.to_vec());
        let id = ActorId(self.actors.len());
        if self.together.contains_key(&key) {
            return;
        }
        self.together.insert(key, id);
        self.given.insert(id, holdings(self));
        self.actors.push(Actor {
            pending: Some(pending()),
            ..Actor::default()
        });
        if is_start {
            self.followers.push(id);
        }
    }

    /// Lists the roles that the user gained by steps, as far as they matter in combination with others.
    pub(super) fn gained_parts(&self) -> Vec<Holding<'p>> {
        let Some(start) = self.actors.get(START.0) else {
            return Vec::new();
        };
        let held = start
            .held
            .values()
            .flatten()
            .filter(|held| self.index.has_parts(held.role));
        let gained = held.filter_map(|held| match held.granted_by {
            GrantedBy::Gained { step } => Some(Holding {
                role: held.role,
                scope: held.scope,
                source: Source::Step(step),
            }),
            GrantedBy::Grant(_) => None,
        });
        gained.collect()
    }

    fn give_user(&mut self, holding: Holding<'p>) {
        for &actor in &self.followers {
            if actor == START || self.index.has_parts(holding.role) {
                self.given.entry(actor).or_default().push(holding);
            }
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
        let holdings = self.index.holdings(user);
        self.given.insert(id, holdings);
        id
    }

    /// Returns the step that reached an actor.
    pub(super) fn step_of(&self, actor: ActorId) -> Option<usize> {
        self.actors.get(actor.0)?.step
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

    /// Lists the capabilities of a kind that an actor holds in exactly a scope.
    pub(super) fn held_in(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
        scope: Scope<'p>,
    ) -> &[Held<'p>] {
        let held = self
            .actors
            .get(actor.0)
            .and_then(|actor| actor.held.get(&(kind, scope)));
        held.map_or(&[], Vec::as_slice)
    }

    /// Lists the capabilities of a kind that an actor holds, the widest scope first.
    pub(super) fn held(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
    ) -> impl Iterator<Item = &Held<'p>> {
        let bounds = (kind, Scope::Cluster)..;
        let held = self
            .actors
            .get(actor.0)
            .map(|actor| actor.held.range(bounds));
        let held = held.into_iter().flatten();
        held.take_while(move |((own, _), _)| *own == kind)
            .flat_map(|(_, held)| held)
    }

    /// Lists the scopes in which an actor holds a kind of capability, the widest first.
    pub(super) fn scopes(&self, actor: ActorId, kind: CapabilityKind) -> Vec<Scope<'p>> {
        let bounds = (kind, Scope::Cluster)..;
        let held = self
            .actors
            .get(actor.0)
            .map(|actor| actor.held.range(bounds));
        let held = held.into_iter().flatten();
        held.take_while(|((own, _), _)| *own == kind)
            .map(|((_, scope), _)| *scope)
            .collect()
    }

    /// Finds a capability of a kind that an actor holds in a scope or a wider one.
    pub(super) fn covering(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
        scope: Scope<'p>,
    ) -> Option<&Held<'p>> {
        scope
            .wider()
            .find_map(|wider| self.held_in(actor, kind, wider).first())
    }
}
