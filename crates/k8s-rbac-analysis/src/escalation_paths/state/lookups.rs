//! The capabilities of an actor and of its groups.

use std::collections::BTreeSet;

use super::{ActorId, State};
use crate::escalation_paths::Scope;
use crate::escalation_paths::capability_kind::CapabilityKind;
use crate::escalation_paths::held::{Held, HeldSet};

impl<'p> State<'p, '_> {
    fn sets(&self, actor: ActorId) -> impl Iterator<Item = &HeldSet<'p>> {
        self.actors.get(actor.0).into_iter().flat_map(|actor| {
            let shared = actor.shared.iter().map(|shared| &shared.held);
            std::iter::once(&actor.own).chain(shared)
        })
    }

    /// Lists the capabilities of a kind that an actor holds in exactly a scope.
    pub(in crate::escalation_paths) fn held_in(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
        scope: Scope<'p>,
    ) -> impl Iterator<Item = &Held<'p>> {
        self.sets(actor)
            .flat_map(move |set| set.in_scope(kind, scope))
    }

    /// Finds the first capability of a kind that an actor holds in exactly a scope.
    pub(in crate::escalation_paths) fn first_in(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
        scope: Scope<'p>,
    ) -> Option<Held<'p>> {
        self.held_in(actor, kind, scope).next().copied()
    }

    /// Finds a capability of a kind that an actor holds in exactly a scope for an object.
    pub(in crate::escalation_paths) fn named(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
        scope: Scope<'p>,
        name: &str,
    ) -> Option<Held<'p>> {
        self.sets(actor)
            .find_map(|set| set.named(kind, scope, name))
            .copied()
    }

    /// Lists the capabilities of a kind that an actor holds, the widest scope of each set first.
    pub(in crate::escalation_paths) fn held(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
    ) -> impl Iterator<Item = &Held<'p>> {
        self.sets(actor)
            .flat_map(move |set| set.of_kind(kind))
            .flat_map(|(_, held)| held)
    }

    /// Lists the scopes in which an actor holds a kind of capability, the widest first.
    pub(in crate::escalation_paths) fn scopes(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
    ) -> BTreeSet<Scope<'p>> {
        let sets = self.sets(actor);
        sets.flat_map(|set| set.of_kind(kind).map(|(scope, _)| scope))
            .collect()
    }

    /// Finds a capability of a kind that an actor holds in a scope or a wider scope.
    pub(in crate::escalation_paths) fn covering(
        &self,
        actor: ActorId,
        kind: CapabilityKind,
        scope: Scope<'p>,
    ) -> Option<Held<'p>> {
        scope
            .wider()
            .find_map(|wider| self.first_in(actor, kind, wider))
    }
}
