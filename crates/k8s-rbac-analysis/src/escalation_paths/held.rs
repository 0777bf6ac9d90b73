//! The capabilities that an actor holds, by kind and scope. Capabilities that add nothing are left
//! out.

use std::collections::{BTreeMap, HashMap};

use crate::escalation_paths::capability::Capability;
use crate::escalation_paths::capability_kind::{CapabilityKind, NamesUsed};
use crate::escalation_paths::role_id::RoleId;
use crate::escalation_paths::{GrantedBy, Scope};

/// A capability that an actor holds, with its scope and grant.
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

    /// Returns the work of adding it to a [`HeldSet`].
    pub(super) const fn work(&self) -> usize {
        match self.kind().names_used() {
            NamesUsed::Always => self.capability.names.len().saturating_add(1),
            NamesUsed::Never | NamesUsed::WithRule => 1,
        }
    }

    /// Returns whether it applies to every object.
    pub(super) const fn is_unlimited(&self) -> bool {
        self.capability.names.is_empty()
    }
}

/// Some capabilities, by kind and scope.
#[derive(Debug, Default)]
pub(super) struct HeldSet<'p> {
    buckets: BTreeMap<(CapabilityKind, Scope<'p>), Bucket<'p>>,
}

/// The capabilities of one kind in one scope.
#[derive(Debug, Default)]
struct Bucket<'p> {
    // INVARIANT: each capability allows a request that the earlier ones do not allow.
    all: Vec<Held<'p>>,
    /// The first capability that applies to every object.
    unlimited: Option<Held<'p>>,
    /// For each name, the first of the capabilities that are limited to names.
    by_name: HashMap<&'p str, Held<'p>>,
}

impl<'p> Bucket<'p> {
    /// Adds a capability. Returns whether it allows a request that the other capabilities do not
    /// allow.
    fn add(&mut self, held: Held<'p>) -> bool {
        let is_new = match held.kind().names_used() {
            NamesUsed::Never => self.all.is_empty(),
            NamesUsed::WithRule => true,
            NamesUsed::Always => self.add_names(held),
        };
        if is_new {
            self.all.push(held);
        }
        is_new
    }

    fn add_names(&mut self, held: Held<'p>) -> bool {
        if self.unlimited.is_some() {
            return false;
        }
        if held.is_unlimited() {
            self.unlimited = Some(held);
            return true;
        }
        let mut is_new = false;
        for name in held.capability.names {
            self.by_name.entry(name).or_insert_with(|| {
                is_new = true;
                held
            });
        }
        is_new
    }
}

impl<'p> HeldSet<'p> {
    /// Adds a capability. Returns whether it allows a request that others of its kind and scope do not
    /// allow.
    pub(super) fn add(&mut self, held: Held<'p>) -> bool {
        let bucket = self.buckets.entry((held.kind(), held.scope)).or_default();
        bucket.add(held)
    }

    /// Lists the capabilities of a kind in exactly a scope.
    pub(super) fn in_scope(&self, kind: CapabilityKind, scope: Scope<'p>) -> &[Held<'p>] {
        let bucket = self.buckets.get(&(kind, scope));
        bucket.map_or(&[], |bucket| &bucket.all)
    }

    /// Finds the capability of a kind in exactly a scope that applies to an object.
    pub(super) fn named(
        &self,
        kind: CapabilityKind,
        scope: Scope<'p>,
        name: &str,
    ) -> Option<&Held<'p>> {
        let bucket = self.buckets.get(&(kind, scope))?;
        bucket
            .unlimited
            .as_ref()
            .or_else(|| bucket.by_name.get(name))
    }

    /// Lists the scopes of a kind, each with its capabilities, the widest first.
    pub(super) fn of_kind(
        &self,
        kind: CapabilityKind,
    ) -> impl Iterator<Item = (Scope<'p>, &[Held<'p>])> {
        self.buckets
            .range((kind, Scope::Cluster)..)
            .take_while(move |((own, _), _)| *own == kind)
            .map(|((_, scope), bucket)| (*scope, bucket.all.as_slice()))
    }
}
