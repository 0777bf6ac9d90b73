//! The turns of a round, in which actors take over the roles that they were given.

use std::collections::BTreeMap;
use std::rc::Rc;

use k8s_rbac::SubjectName;

use super::{ActorId, START, SharedGrants, State};
use crate::escalation_paths::capability_kind::CapabilityKind;
use crate::escalation_paths::held::Held;
use crate::escalation_paths::index::{Holding, Source};
use crate::escalation_paths::role_id::RoleId;
use crate::escalation_paths::stop::Stop;
use crate::escalation_paths::unreached::user_of;
use crate::escalation_paths::{GrantedBy, Scope, Target, Technique};

/// The additions to one actor in the last round.
#[derive(Debug)]
pub(in crate::escalation_paths) struct Turn<'p> {
    pub(in crate::escalation_paths) actor: ActorId,
    /// The roles, each with the step that gave it, or that reached the actor.
    pub(in crate::escalation_paths) roles: Vec<(RoleId, Scope<'p>, Option<usize>)>,
    /// The new capabilities of the actor that matter in combination.
    fresh: BTreeMap<CapabilityKind, Vec<Held<'p>>>,
    /// All capabilities of the roles that no actor held before, so that they lead to something new.
    pub(in crate::escalation_paths) first: Vec<Held<'p>>,
}

impl<'p> Turn<'p> {
    fn of(actor: ActorId) -> Self {
        Self {
            actor,
            roles: Vec::new(),
            fresh: BTreeMap::new(),
            first: Vec::new(),
        }
    }

    /// Returns whether the actor was given a capability of one of these kinds.
    pub(in crate::escalation_paths) fn has_any(&self, kinds: &[CapabilityKind]) -> bool {
        kinds.iter().any(|kind| self.fresh.contains_key(kind))
    }

    /// Lists the new capabilities of a kind.
    pub(in crate::escalation_paths) fn fresh(&self, kind: CapabilityKind) -> &[Held<'p>] {
        self.fresh.get(&kind).map_or(&[], Vec::as_slice)
    }
}

impl<'p> State<'p, '_> {
    /// Takes the roles given in the last round. An actor with full access to the cluster gets no turn,
    /// because it cannot obtain more.
    ///
    /// # Errors
    ///
    /// [`Stop`] if the budget is spent, or a step meets the goal.
    pub(in crate::escalation_paths) fn take(&mut self) -> Result<Vec<Turn<'p>>, Stop> {
        let mut turns = Vec::new();
        for (id, given) in std::mem::take(&mut self.given) {
            let mut holdings = given.holdings;
            if let Some(identity) = given.identity {
                holdings.extend(self.holdings_of(id, &identity)?);
            }
            let mut turn = Turn::of(id);
            for held in given.held {
                self.spend(held.work())?;
                self.take_part(&mut turn, held);
                turn.first.push(held);
            }
            let mut full_access = None;
            for holding in &holdings {
                self.spend(1)?;
                full_access = full_access.or(self.take_role(&mut turn, holding)?);
            }
            if let Some(granted_by) = full_access {
                if !std::mem::replace(&mut self.is_full_access_found, true) {
                    let target = Target::Everything(Scope::Cluster);
                    self.step(target, id, Technique::Hold, &[granted_by]);
                }
                continue;
            }
            let actor = self.actors.get(id.0);
            if actor.is_some_and(|actor| !actor.shared.iter().any(|one| one.has_full_access)) {
                turns.push(turn);
            }
        }
        Ok(turns)
    }

    /// Finds the roles of an identity. The first identity with the same groups takes the roles of
    /// these groups, and the other identities share them.
    fn holdings_of(
        &mut self,
        id: ActorId,
        identity: &SubjectName,
    ) -> Result<Vec<Holding<'p>>, Stop> {
        let user = user_of(identity);
        let is_own = |group: &String| matches!(identity, SubjectName::Group(own) if own == group);
        let is_bound = |group: &String| self.index.is_bound(&SubjectName::Group(group.clone()));
        let groups = user
            .groups
            .iter()
            .filter(|group| !is_own(group) && is_bound(group));
        let groups: Vec<String> = groups.cloned().collect();
        if self.group_sets.insert(groups.clone()) {
            return Ok(self.index.holdings(&user));
        }
        let mut shared = Vec::new();
        for group in groups {
            shared.push(self.shared_by(group)?);
        }
        if let Some(actor) = self.actors.get_mut(id.0) {
            actor.shared = shared;
        }
        Ok(self.index.own_holdings(identity).collect())
    }

    fn shared_by(&mut self, group: String) -> Result<Rc<SharedGrants<'p>>, Stop> {
        if let Some(shared) = self.shared.get(&group) {
            return Ok(Rc::clone(shared));
        }
        let identity = SubjectName::Group(group.clone());
        let holdings: Vec<Holding<'p>> = self.index.own_holdings(&identity).collect();
        let shared = Rc::new(self.share(&holdings)?);
        self.shared.insert(group, Rc::clone(&shared));
        Ok(shared)
    }

    /// Collects the permissions of roles that matter in combination with others.
    pub(in crate::escalation_paths) fn share(
        &mut self,
        holdings: &[Holding<'p>],
    ) -> Result<SharedGrants<'p>, Stop> {
        let mut shared = SharedGrants::default();
        for holding in holdings {
            let Some(role) = self.index.role(holding.role) else {
                continue;
            };
            shared.has_full_access |= role.full_access.is_some() && holding.scope == Scope::Cluster;
            let mut work = 1_usize;
            for capability in &role.parts {
                if let Some(held) = self.index.held(holding, capability) {
                    work = work.saturating_add(held.work());
                    shared.held.add(held);
                }
            }
            self.spend(work)?;
        }
        Ok(shared)
    }

    /// Gives an actor a role. Returns the grant of full access to the cluster, if the role has it.
    fn take_role(
        &mut self,
        turn: &mut Turn<'p>,
        holding: &Holding<'p>,
    ) -> Result<Option<GrantedBy<'p>>, Stop> {
        let Holding {
            role: id,
            scope,
            source,
        } = *holding;
        let step = match source {
            Source::Binding(..) => self.step_of(turn.actor),
            Source::Step(step) => Some(step),
        };
        let (Some(actor), Some(role)) = (self.actors.get_mut(turn.actor.0), self.index.role(id))
        else {
            return Ok(None);
        };
        if !actor.roles.insert((id, scope)) {
            return Ok(None);
        }
        turn.roles.push((id, scope, step));
        let mut work = 0_usize;
        if !role.capabilities.is_empty() && self.used.insert((id, scope)) {
            work = work.saturating_add(role.capabilities.len());
            let held = role.capabilities.iter();
            turn.first
                .extend(held.filter_map(|one| self.index.held(holding, one)));
        }
        for capability in &role.parts {
            let Some(held) = self.index.held(holding, capability) else {
                continue;
            };
            work = work.saturating_add(held.work());
            if actor.own.add(held) {
                turn.fresh.entry(held.kind()).or_default().push(held);
            }
        }
        let mut full_access = None;
        if let Some(capability) = &role.full_access {
            if turn.actor == START {
                self.full_access.insert(scope);
            }
            if scope == Scope::Cluster {
                full_access = self.index.granted_by(holding, capability);
            }
        }
        self.spend(work)?;
        Ok(full_access)
    }

    /// Gives an actor a capability for its combinations with others.
    fn take_part(&mut self, turn: &mut Turn<'p>, held: Held<'p>) {
        if let Some(actor) = self.actors.get_mut(turn.actor.0)
            && held.kind().is_part()
            && actor.own.add(held)
        {
            turn.fresh.entry(held.kind()).or_default().push(held);
        }
    }
}
