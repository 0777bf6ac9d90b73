//! Steps that give the user a role: `bind` with writing bindings, and `escalate` with writing roles.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::escalation_paths::capability_kind::CapabilityKind as Kind;
use crate::escalation_paths::held::Held;
use crate::escalation_paths::role_id::RoleId;
use crate::escalation_paths::state::{ActorId, State, Turn};
use crate::escalation_paths::stop::Stop;
use crate::escalation_paths::{GrantedBy, Scope, Technique};

/// The capabilities that concern roles of one kind.
#[derive(Debug)]
struct Kinds {
    bind: Kind,
    create: Kind,
    escalate: Kind,
    update: Kind,
    is_cluster: bool,
}

const CLUSTER_ROLES: Kinds = Kinds {
    bind: Kind::BindClusterRoles,
    create: Kind::CreateClusterRoles,
    escalate: Kind::EscalateClusterRoles,
    update: Kind::UpdateClusterRoles,
    is_cluster: true,
};
const ROLES: Kinds = Kinds {
    bind: Kind::BindRoles,
    create: Kind::CreateRoles,
    escalate: Kind::EscalateRoles,
    update: Kind::UpdateRoles,
    is_cluster: false,
};

/// Whether the permission is about `ClusterRole`s; the role and the number of the rule with `bind`,
/// if it limits names; and the scope of the bindings.
type Bound<'p> = (bool, Option<(RoleId, usize)>, Scope<'p>);

/// The name of a role that is created: `resourceNames` apply to it only if one of them is empty.
const NAMELESS: &str = "";

/// The scope in which a role is held, the role, and the actor who rewrites it.
type Found<'p> = (Scope<'p>, RoleId, Rewriter<'p>);

/// A permission, and the scope in which the actor holds permissions of another kind.
#[derive(Clone, Copy, Debug)]
struct Pair<'h, 'p> {
    one: &'h Held<'p>,
    other: Kind,
    near: Scope<'p>,
    /// The scope in which both apply.
    scope: Scope<'p>,
}

/// The knowledge of the search about binding and rewriting roles.
#[derive(Debug, Default)]
pub(super) struct RoleSteps<'p> {
    /// The permissions to bind that were used.
    bound: HashSet<Bound<'p>>,
    /// The roles that reached identities hold, with the scopes, and for each the step that reached the
    /// first holder.
    held: HashMap<RoleId, BTreeMap<Scope<'p>, Option<usize>>>,
    /// The roles that an actor may rewrite, by name.
    rewritable: HashMap<RoleId, Rewriter<'p>>,
    /// The scopes in which an actor may rewrite every role of a kind.
    rewritable_in: BTreeMap<(bool, Scope<'p>), Rewriter<'p>>,
}

/// Two permissions with which an actor rewrites roles.
#[derive(Clone, Copy, Debug)]
struct Rewriter<'p> {
    actor: ActorId,
    granted_by: [GrantedBy<'p>; 2],
}

impl<'p> RoleSteps<'p> {
    /// Binds roles to the user. It combines each new permission to bind with all permissions to write
    /// bindings, and each new permission to write bindings with all permissions to bind.
    pub(super) fn bind(&mut self, state: &mut State<'p, '_>, turn: &Turn<'p>) -> Result<(), Stop> {
        for kinds in [&CLUSTER_ROLES, &ROLES] {
            for bind in turn.fresh(kinds.bind) {
                if kinds.is_cluster && bind.scope == Scope::Cluster {
                    let write =
                        state.first_in(turn.actor, Kind::WriteClusterRoleBindings, Scope::Cluster);
                    if let Some(write) = write {
                        self.bind_in(state, turn, kinds, bind, &write, Scope::Cluster)?;
                    }
                }
                for near in near(state, turn.actor, bind.scope, Kind::WriteRoleBindings) {
                    state.spend(1)?;
                    let write = state.first_in(turn.actor, Kind::WriteRoleBindings, near);
                    if let (Some(write), Some(scope)) = (write, near.meet(bind.scope)) {
                        self.bind_in(state, turn, kinds, bind, &write, scope)?;
                    }
                }
            }
            if kinds.is_cluster {
                for write in turn.fresh(Kind::WriteClusterRoleBindings) {
                    self.bind_all(state, turn, kinds, write, Scope::Cluster, Scope::Cluster)?;
                }
            }
            for write in turn.fresh(Kind::WriteRoleBindings) {
                for near in near(state, turn.actor, write.scope, kinds.bind) {
                    state.spend(1)?;
                    if let Some(scope) = near.meet(write.scope) {
                        self.bind_all(state, turn, kinds, write, near, scope)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Uses each permission to bind of one scope, with a permission to write bindings.
    fn bind_all(
        &mut self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
        kinds: &Kinds,
        write: &Held<'p>,
        near: Scope<'p>,
        scope: Scope<'p>,
    ) -> Result<(), Stop> {
        let binds: Vec<Held<'p>> = state
            .held_in(turn.actor, kinds.bind, near)
            .copied()
            .collect();
        for bind in &binds {
            self.bind_in(state, turn, kinds, bind, write, scope)?;
        }
        Ok(())
    }

    fn bind_in(
        &mut self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
        kinds: &Kinds,
        bind: &Held<'p>,
        write: &Held<'p>,
        scope: Scope<'p>,
    ) -> Result<(), Stop> {
        let names = bind.capability.names;
        let rule = (!names.is_empty()).then_some((bind.role, bind.capability.rule));
        let is_used = |scope| self.bound.contains(&(kinds.is_cluster, rule, scope));
        if scope.wider().any(is_used) || state.has_full_access(scope) {
            return Ok(());
        }
        self.bound.insert((kinds.is_cluster, rule, scope));
        let roles = match names {
            [] => all_roles(state, kinds, scope),
            names => {
                state.spend(names.len())?;
                let named = names
                    .iter()
                    .map(|name| roles_called(state, kinds, scope, name));
                named.collect::<Vec<_>>().concat()
            }
        };
        state.spend(roles.len())?;
        for id in roles {
            let Some(role) = state.index.role(id) else {
                continue;
            };
            let scope = if kinds.is_cluster {
                scope
            } else {
                Scope::Namespace(role.namespace)
            };
            state.gain(id, scope, turn.actor, &[bind.granted_by, write.granted_by]);
        }
        Ok(())
    }

    /// Creates a role that grants everything, with `create` and `escalate`, and binds it to the user.
    pub(super) fn create_and_bind(
        &mut self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
    ) -> Result<(), Stop> {
        for kinds in [&CLUSTER_ROLES, &ROLES] {
            let writes = [Kind::WriteClusterRoleBindings, Kind::WriteRoleBindings];
            let mut all = vec![kinds.bind, kinds.create, kinds.escalate];
            all.extend(writes);
            if !turn.has_any(&all) {
                continue;
            }
            for (scope, write) in creating_scopes(state, turn, kinds, &all) {
                state.spend(1)?;
                let role_scope = if kinds.is_cluster {
                    Scope::Cluster
                } else {
                    scope
                };
                // A role that is created has no name yet.
                let nameless = |wider| state.named(turn.actor, kinds.escalate, wider, NAMELESS);
                let escalate = role_scope.wider().find_map(nameless);
                let create = state.covering(turn.actor, kinds.create, role_scope);
                let bind = state.covering(turn.actor, kinds.bind, scope);
                let write = state.covering(turn.actor, write, scope);
                if let (Some(create), Some(escalate), Some(bind), Some(write)) =
                    (create, escalate, bind, write)
                {
                    let granted_by = [create, escalate, bind, write].map(|held| held.granted_by);
                    state.gain_everything(scope, turn.actor, Technique::Escalate, &granted_by);
                }
            }
        }
        Ok(())
    }

    /// Rewrites, with `update` and `escalate`, roles that reached identities hold.
    pub(super) fn rewrite(
        &mut self,
        state: &mut State<'p, '_>,
        turns: &[Turn<'p>],
    ) -> Result<(), Stop> {
        let mut found: Vec<Found<'p>> = Vec::new();
        for turn in turns {
            for kinds in [&CLUSTER_ROLES, &ROLES] {
                self.find_rewriters(state, turn, kinds, &mut found)?;
            }
        }
        for turn in turns {
            for &(id, scope, step) in &turn.roles {
                state.spend(1)?;
                let holders = self.held.entry(id).or_default();
                if holders.contains_key(&scope) {
                    continue;
                }
                holders.insert(scope, step);
                if let Some(rewriter) = self.rewriter_of(state, id) {
                    found.push((scope, id, rewriter));
                }
            }
        }
        // The widest scope first, since the search ends at full access.
        found.sort_by_key(|&(scope, id, _)| (scope, id));
        for (scope, id, rewriter) in found {
            let holder = self.held.get(&id).and_then(|scopes| *scopes.get(&scope)?);
            let holder = holder.filter(|step| state.step_of(rewriter.actor) != Some(*step));
            let mut granted_by = rewriter.granted_by.to_vec();
            granted_by.extend(holder.map(|step| GrantedBy::Gained { step }));
            state.gain_everything(scope, rewriter.actor, Technique::Escalate, &granted_by);
        }
        Ok(())
    }

    fn find_rewriters(
        &mut self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
        kinds: &Kinds,
        found: &mut Vec<Found<'p>>,
    ) -> Result<(), Stop> {
        for (kind, other) in [
            (kinds.escalate, kinds.update),
            (kinds.update, kinds.escalate),
        ] {
            for one in turn.fresh(kind) {
                for near in near(state, turn.actor, one.scope, other) {
                    state.spend(1)?;
                    let scope = match kinds.is_cluster {
                        true => Some(Scope::Cluster),
                        false => one.scope.meet(near),
                    };
                    if let Some(scope) = scope {
                        let pair = Pair {
                            one,
                            other,
                            near,
                            scope,
                        };
                        self.combine(state, turn.actor, kinds, &pair, found)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Combines a permission with permissions of the other kind, in one scope, that apply to the same
    /// objects.
    fn combine(
        &mut self,
        state: &mut State<'p, '_>,
        actor: ActorId,
        kinds: &Kinds,
        pair: &Pair<'_, 'p>,
        found: &mut Vec<Found<'p>>,
    ) -> Result<(), Stop> {
        let Pair {
            one,
            other,
            near,
            scope,
        } = *pair;
        let rewriter = |held: &Held<'p>| Rewriter {
            actor,
            granted_by: [one.granted_by, held.granted_by],
        };
        if !one.is_unlimited() {
            for name in one.capability.names {
                state.spend(1)?;
                if let Some(held) = state.named(actor, other, near, name) {
                    self.add_by_name(state, kinds, scope, name, rewriter(&held), found)?;
                }
            }
            return Ok(());
        }
        let others: Vec<Held<'p>> = state.held_in(actor, other, near).copied().collect();
        if let Some(held) = others.iter().find(|held| held.is_unlimited()) {
            return self.add_for_all(state, kinds, scope, rewriter(held), found);
        }
        for held in &others {
            for name in held.capability.names {
                self.add_by_name(state, kinds, scope, name, rewriter(held), found)?;
            }
        }
        Ok(())
    }

    /// Adds an actor that may rewrite every role of a scope.
    fn add_for_all(
        &mut self,
        state: &mut State<'p, '_>,
        kinds: &Kinds,
        scope: Scope<'p>,
        rewriter: Rewriter<'p>,
        found: &mut Vec<Found<'p>>,
    ) -> Result<(), Stop> {
        let is_known = |wider| self.rewritable_in.contains_key(&(kinds.is_cluster, wider));
        if scope.wider().any(is_known) {
            return Ok(());
        }
        self.rewritable_in
            .insert((kinds.is_cluster, scope), rewriter);
        let roles = all_roles(state, kinds, scope);
        state.spend(roles.len())?;
        for id in roles {
            self.find_held(id, rewriter, found);
        }
        Ok(())
    }

    /// Adds an actor that may rewrite the roles of a name.
    fn add_by_name(
        &mut self,
        state: &mut State<'p, '_>,
        kinds: &Kinds,
        scope: Scope<'p>,
        name: &str,
        rewriter: Rewriter<'p>,
        found: &mut Vec<Found<'p>>,
    ) -> Result<(), Stop> {
        let roles = roles_called(state, kinds, scope, name);
        state.spend(roles.len().saturating_add(1))?;
        for id in roles {
            if let Entry::Vacant(entry) = self.rewritable.entry(id) {
                entry.insert(rewriter);
                self.find_held(id, rewriter, found);
            }
        }
        Ok(())
    }

    /// Finds the scopes in which a role that may be rewritten is held.
    fn find_held(&self, id: RoleId, rewriter: Rewriter<'p>, found: &mut Vec<Found<'p>>) {
        let scopes = self.held.get(&id).into_iter().flat_map(BTreeMap::keys);
        found.extend(scopes.map(|&scope| (scope, id, rewriter)));
    }

    fn rewriter_of(&self, state: &State<'p, '_>, id: RoleId) -> Option<Rewriter<'p>> {
        if let Some(rewriter) = self.rewritable.get(&id) {
            return Some(*rewriter);
        }
        let role = state.index.role(id)?;
        let (is_cluster, scope) = match role.kind {
            "ClusterRole" => (true, Scope::Cluster),
            _ => (false, Scope::Namespace(role.namespace)),
        };
        scope
            .wider()
            .find_map(|wider| self.rewritable_in.get(&(is_cluster, wider)).copied())
    }
}

/// Lists the scopes in which an actor holds a kind of capability and that share a namespace with a given
/// scope.
fn near<'p>(state: &State<'p, '_>, actor: ActorId, scope: Scope<'p>, kind: Kind) -> Vec<Scope<'p>> {
    match scope {
        Scope::Namespace(_) => {
            let is_held = |wider: &Scope<'p>| state.first_in(actor, kind, *wider).is_some();
            scope.wider().filter(is_held).collect()
        }
        Scope::Cluster | Scope::EveryNamespace => state.scopes(actor, kind).into_iter().collect(),
    }
}

/// Lists the scopes in which a role may be created and bound now, each with the permission to write the
/// binding: the scopes of the new capabilities, or all scopes if one of these is for every namespace.
fn creating_scopes<'p>(
    state: &State<'p, '_>,
    turn: &Turn<'p>,
    kinds: &Kinds,
    all: &[Kind],
) -> BTreeSet<(Scope<'p>, Kind)> {
    let fresh = all.iter().flat_map(|kind| turn.fresh(*kind));
    let fresh: BTreeSet<Scope<'p>> = fresh.map(|held| held.scope).collect();
    let mut scopes = BTreeSet::new();
    if kinds.is_cluster {
        scopes.insert((Scope::Cluster, Kind::WriteClusterRoleBindings));
    }
    let mut add = |scope: Scope<'p>| {
        let scope = scope.meet(Scope::EveryNamespace).unwrap_or(scope);
        scopes.insert((scope, Kind::WriteRoleBindings));
    };
    if fresh
        .iter()
        .all(|scope| matches!(scope, Scope::Namespace(_)))
    {
        fresh.into_iter().for_each(add);
    } else {
        for kind in [
            kinds.bind,
            kinds.create,
            kinds.escalate,
            Kind::WriteRoleBindings,
        ] {
            state
                .scopes(turn.actor, kind)
                .into_iter()
                .for_each(&mut add);
        }
    }
    scopes
}

/// Lists all roles of a kind that can be bound in a scope.
fn all_roles<'p>(state: &State<'p, '_>, kinds: &Kinds, scope: Scope<'p>) -> Vec<RoleId> {
    match (kinds.is_cluster, scope) {
        (true, _) => state.index.cluster_roles.clone(),
        (false, Scope::Namespace(namespace)) => {
            let roles = state.index.namespaced_roles.get(namespace);
            roles.cloned().unwrap_or_default()
        }
        (false, _) => {
            let roles = state.index.namespaced_roles.values();
            roles.flatten().copied().collect()
        }
    }
}

/// Lists the roles of a kind and a name that can be bound in a scope.
fn roles_called<'p>(
    state: &State<'p, '_>,
    kinds: &Kinds,
    scope: Scope<'p>,
    name: &str,
) -> Vec<RoleId> {
    let index = &state.index;
    match (kinds.is_cluster, scope) {
        (true, _) => index
            .find_role("ClusterRole", "", name)
            .into_iter()
            .collect(),
        (false, Scope::Namespace(namespace)) => index
            .find_role("Role", namespace, name)
            .into_iter()
            .collect(),
        (false, _) => index.namespaced_roles_called(name).to_vec(),
    }
}
