//! Steps that give the user a role: `bind` with writing bindings, and `escalate` with writing roles.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::escalation_paths::capability::CapabilityKind as Kind;
use crate::escalation_paths::index::RoleId;
use crate::escalation_paths::state::{ActorId, Held, State, Turn};
use crate::escalation_paths::{GrantedBy, Scope, Technique};
use crate::permission_set::TooLarge;

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

/// Whether it is about `ClusterRole`s, the role and the number of the rule with `bind` if it limits
/// names, and the scope of the bindings.
type Bound<'p> = (bool, Option<(RoleId, usize)>, Scope<'p>);

/// What the search knows about binding and rewriting roles.
#[derive(Debug, Default)]
pub(super) struct RoleSteps<'p> {
    /// The permissions to bind that were used.
    bound: HashSet<Bound<'p>>,
    /// The roles that reached identities hold, each where, with the step that reached the first holder.
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
    /// Binds roles to the user.
    pub(super) fn bind(&mut self, state: &mut State<'p>, turn: &Turn<'p>) -> Result<(), TooLarge> {
        let writes = [Kind::WriteClusterRoleBindings, Kind::WriteRoleBindings];
        let is_write_new = turn.has_any(&writes);
        for kinds in [&CLUSTER_ROLES, &ROLES] {
            let binds: Vec<Held<'p>> = match is_write_new {
                true => state.held(turn.actor, kinds.bind).copied().collect(),
                false => turn.fresh(kinds.bind).copied().collect(),
            };
            if binds.is_empty() {
                continue;
            }
            let writers = state.scopes(turn.actor, Kind::WriteRoleBindings);
            for bind in &binds {
                if kinds.is_cluster && bind.scope == Scope::Cluster {
                    let write =
                        state.held_in(turn.actor, Kind::WriteClusterRoleBindings, Scope::Cluster);
                    if let Some(write) = write.first().copied() {
                        self.bind_in(state, turn, kinds, bind, &write, Scope::Cluster)?;
                    }
                }
                let near: Vec<Scope<'p>> = match bind.scope {
                    Scope::Namespace(_) => bind.scope.wider().collect(),
                    Scope::Cluster | Scope::EveryNamespace => writers.clone(),
                };
                for scope in near {
                    state.spend(1)?;
                    let write = state.held_in(turn.actor, Kind::WriteRoleBindings, scope);
                    let (Some(write), Some(scope)) =
                        (write.first().copied(), scope.meet(bind.scope))
                    else {
                        continue;
                    };
                    self.bind_in(state, turn, kinds, bind, &write, scope)?;
                }
            }
        }
        Ok(())
    }

    fn bind_in(
        &mut self,
        state: &mut State<'p>,
        turn: &Turn<'p>,
        kinds: &Kinds,
        bind: &Held<'p>,
        write: &Held<'p>,
        scope: Scope<'p>,
    ) -> Result<(), TooLarge> {
        let names = bind.capability.names;
        let rule = (!names.is_empty()).then_some((bind.role, bind.capability.rule));
        let is_used = |scope| self.bound.contains(&(kinds.is_cluster, rule, scope));
        if scope.wider().any(is_used) || state.has_full_access(scope) {
            return Ok(());
        }
        self.bound.insert((kinds.is_cluster, rule, scope));
        let roles: Vec<RoleId> = match (kinds.is_cluster, scope) {
            (true, _) if !names.is_empty() => {
                let find = |name: &String| state.index.find_role("ClusterRole", "", name);
                names.iter().filter_map(find).collect()
            }
            (true, _) => state.index.cluster_roles.clone(),
            (false, Scope::Namespace(namespace)) => state
                .index
                .namespaced_roles
                .get(namespace)
                .cloned()
                .unwrap_or_default(),
            (false, _) => state
                .index
                .namespaced_roles
                .values()
                .flatten()
                .copied()
                .collect(),
        };
        state.spend(roles.len())?;
        let named: HashSet<&str> = names.iter().map(String::as_str).collect();
        for id in roles {
            let Some(role) = state.index.role(id) else {
                continue;
            };
            if !named.is_empty() && !named.contains(role.name) {
                continue;
            }
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
        state: &mut State<'p>,
        turn: &Turn<'p>,
    ) -> Result<(), TooLarge> {
        for kinds in [&CLUSTER_ROLES, &ROLES] {
            let writes = [Kind::WriteClusterRoleBindings, Kind::WriteRoleBindings];
            let mut all = vec![kinds.bind, kinds.create, kinds.escalate];
            all.extend(writes);
            if !turn.has_any(&all) {
                continue;
            }
            let mut scopes: BTreeSet<(Scope<'p>, Kind)> = BTreeSet::new();
            if kinds.is_cluster {
                scopes.insert((Scope::Cluster, Kind::WriteClusterRoleBindings));
            }
            for kind in [kinds.bind, Kind::WriteRoleBindings] {
                for scope in state.scopes(turn.actor, kind) {
                    let scope = scope.meet(Scope::EveryNamespace).unwrap_or(scope);
                    scopes.insert((scope, Kind::WriteRoleBindings));
                }
            }
            for (scope, write) in scopes {
                state.spend(1)?;
                let role_scope = if kinds.is_cluster {
                    Scope::Cluster
                } else {
                    scope
                };
                let nameless = |kind| {
                    role_scope.wider().find_map(|wider| {
                        let held = state.held_in(turn.actor, kind, wider).iter();
                        held.copied().find(|held| held.capability.allows_nameless)
                    })
                };
                let (create, escalate) = (nameless(kinds.create), nameless(kinds.escalate));
                let bind = state.covering(turn.actor, kinds.bind, scope).copied();
                let write = state.covering(turn.actor, write, scope).copied();
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
        state: &mut State<'p>,
        turns: &[Turn<'p>],
    ) -> Result<(), TooLarge> {
        // The scope in which the role is held, the role, and who rewrites it.
        let mut found: Vec<(Scope<'p>, RoleId, Rewriter<'p>)> = Vec::new();
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
        // The widest first, since nothing comes after full access.
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
        state: &mut State<'p>,
        turn: &Turn<'p>,
        kinds: &Kinds,
        found: &mut Vec<(Scope<'p>, RoleId, Rewriter<'p>)>,
    ) -> Result<(), TooLarge> {
        let fresh_escalate: Vec<Held<'p>> = turn.fresh(kinds.escalate).copied().collect();
        let fresh_update: Vec<Held<'p>> = turn.fresh(kinds.update).copied().collect();
        for (fresh, other) in [
            (fresh_escalate, kinds.update),
            (fresh_update, kinds.escalate),
        ] {
            for one in &fresh {
                let near: Vec<Scope<'p>> = match one.scope {
                    Scope::Namespace(_) => one.scope.wider().collect(),
                    Scope::Cluster | Scope::EveryNamespace => state.scopes(turn.actor, other),
                };
                for near in near {
                    for held in state.held_in(turn.actor, other, near).to_vec() {
                        state.spend(1)?;
                        let scope = match (kinds.is_cluster, one.scope, held.scope) {
                            (true, Scope::Cluster, Scope::Cluster) => Some(Scope::Cluster),
                            (true, ..) => None,
                            (false, one, other) => one.meet(other),
                        };
                        if let Some(scope) = scope {
                            self.add_rewriter(
                                state,
                                turn.actor,
                                kinds,
                                [one, &held],
                                scope,
                                found,
                            )?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn add_rewriter(
        &mut self,
        state: &mut State<'p>,
        actor: ActorId,
        kinds: &Kinds,
        both: [&Held<'p>; 2],
        scope: Scope<'p>,
        found: &mut Vec<(Scope<'p>, RoleId, Rewriter<'p>)>,
    ) -> Result<(), TooLarge> {
        let rewriter = Rewriter {
            actor,
            granted_by: both.map(|held| held.granted_by),
        };
        let [one, other] = both.map(|held| held.capability);
        let is_in_scope = |state: &State<'p>, id| {
            let role = state.index.role(id);
            role.is_some_and(|role| {
                (role.kind == "ClusterRole") == kinds.is_cluster
                    && (kinds.is_cluster || scope.contains(role.namespace))
            })
        };
        let named = if one.names.is_empty() {
            other.names
        } else {
            one.names
        };
        let roles: Vec<RoleId> = if named.is_empty() {
            let is_known = |wider| self.rewritable_in.contains_key(&(kinds.is_cluster, wider));
            if scope.wider().any(is_known) {
                return Ok(());
            }
            self.rewritable_in
                .insert((kinds.is_cluster, scope), rewriter);
            state.spend(self.held.len())?;
            self.held
                .keys()
                .copied()
                .filter(|id| is_in_scope(state, *id))
                .collect()
        } else {
            let names = named
                .iter()
                .filter(|name| one.allows_name(name) && other.allows_name(name));
            let names: HashSet<&str> = names.map(String::as_str).collect();
            let all: Vec<RoleId> = match (kinds.is_cluster, scope) {
                (true, _) => {
                    let find = |name: &&str| state.index.find_role("ClusterRole", "", name);
                    names.iter().filter_map(find).collect()
                }
                (false, Scope::Namespace(namespace)) => {
                    let find = |name: &&str| state.index.find_role("Role", namespace, name);
                    names.iter().filter_map(find).collect()
                }
                (false, _) => {
                    let all = state.index.namespaced_roles.values().flatten().copied();
                    let is_named = |id: &RoleId| {
                        state
                            .index
                            .role(*id)
                            .is_some_and(|role| names.contains(role.name))
                    };
                    all.filter(is_named).collect()
                }
            };
            state.spend(all.len().saturating_add(names.len()))?;
            all.into_iter()
                .filter(|id| self.rewritable.insert(*id, rewriter).is_none())
                .collect()
        };
        for id in roles {
            let scopes = self.held.get(&id).into_iter().flat_map(BTreeMap::keys);
            found.extend(scopes.map(|&scope| (scope, id, rewriter)));
        }
        Ok(())
    }

    fn rewriter_of(&self, state: &State<'p>, id: RoleId) -> Option<Rewriter<'p>> {
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
