//! Groups and extras, which are impersonated together with a user, and permissions that a user and
//! groups have only together.
//!
//! As upstream: apiserver, pkg/endpoints/filters/impersonation. Each group is authorized by itself, so
//! an actor that may impersonate some groups may impersonate all of them at once, with any user that it
//! may impersonate. A service account is in no other group than those that the request names.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use k8s_rbac::{PRIVILEGED_GROUP, ServiceAccount, SubjectName};

use crate::escalation_paths::capability::{CapabilityKind as Kind, EXTRAS};
use crate::escalation_paths::index::{Holding, RoleId};
use crate::escalation_paths::state::{ActorId, Held, Pending, State, Turn};
use crate::escalation_paths::{GrantedBy, Scope, Target, Technique};
use crate::permission_set::TooLarge;

/// The groups of which the API server adds the first to an impersonated user, unless one is named.
const AUTHENTICATED: [&str; 2] = ["system:authenticated", "system:unauthenticated"];

const KINDS: [Kind; 4] = [
    Kind::ImpersonateAccounts,
    Kind::ImpersonateExtra,
    Kind::ImpersonateGroups,
    Kind::ImpersonateUsers,
];

/// The impersonation of several identities by one request.
#[derive(Debug)]
pub(super) struct GroupImpersonation<'p> {
    /// The user whose search it is.
    start: SubjectName,
    /// The users and groups that hold a permission which matters only in combination. Others add nothing.
    users: BTreeSet<SubjectName>,
    groups: BTreeSet<String>,
    /// The permissions to impersonate groups and extras that were used.
    used: HashSet<(RoleId, usize, Scope<'p>)>,
    /// The sets of permissions to impersonate that were looked at. Many actors hold the same.
    seen: HashSet<Vec<(RoleId, usize, Scope<'p>)>>,
}

impl<'p> GroupImpersonation<'p> {
    pub(super) fn new(state: &State<'p>, start: &str) -> Self {
        let start = SubjectName::User(start.to_owned());
        let (mut users, mut groups) = (BTreeSet::from([start.clone()]), BTreeSet::new());
        for identity in state.index.identities_with_parts() {
            match identity {
                SubjectName::Group(name) if name == PRIVILEGED_GROUP => {}
                SubjectName::Group(name) => drop(groups.insert(name)),
                SubjectName::User(_) => drop(users.insert(identity)),
            }
        }
        Self {
            start,
            users,
            groups,
            used: HashSet::new(),
            seen: HashSet::new(),
        }
    }

    /// Impersonates groups and extras one by one, together with a user.
    pub(super) fn one_by_one(
        &mut self,
        state: &mut State<'p>,
        turn: &Turn<'p>,
    ) -> Result<(), TooLarge> {
        if !turn.has_any(&KINDS) {
            return Ok(());
        }
        let user = state
            .held_in(turn.actor, Kind::ImpersonateUsers, Scope::Cluster)
            .first();
        let user = user.or_else(|| state.held(turn.actor, Kind::ImpersonateAccounts).next());
        let Some(user) = user.map(|held| held.granted_by) else {
            return Ok(());
        };
        for kind in [Kind::ImpersonateGroups, Kind::ImpersonateExtra] {
            for held in state.held_in(turn.actor, kind, Scope::Cluster).to_vec() {
                if !self
                    .used
                    .insert((held.role, held.capability.rule, held.scope))
                {
                    continue;
                }
                let granted_by = [held.granted_by, user];
                if kind == Kind::ImpersonateExtra {
                    impersonate_extras(state, turn.actor, &held, &granted_by)?;
                    continue;
                }
                let groups = match held.capability.names {
                    [] => state.unreached.groups(),
                    names => names.to_vec(),
                };
                state.spend(groups.len())?;
                for group in groups {
                    let group = SubjectName::Group(group);
                    state.reach(group, turn.actor, Technique::Impersonate, &granted_by);
                }
            }
        }
        Ok(())
    }

    /// Impersonates all groups at once, with each user, where both hold permissions that matter in
    /// combination.
    pub(super) fn together(
        &mut self,
        state: &mut State<'p>,
        turn: &Turn<'p>,
    ) -> Result<(), TooLarge> {
        if !turn.has_any(&KINDS) {
            return Ok(());
        }
        let held: Vec<Held<'p>> = KINDS
            .iter()
            .flat_map(|kind| state.held(turn.actor, *kind))
            .copied()
            .collect();
        let mut key: Vec<_> = held
            .iter()
            .map(|held| (held.role, held.capability.rule, held.scope))
            .collect();
        key.sort_unstable();
        key.dedup();
        state.spend(key.len())?;
        if !self.seen.insert(key) {
            return Ok(());
        }
        let groups = self.groups_of(state, &held)?;
        let (users, any) = self.users_of(state, &held)?;
        let (Some(first), Some(any)) = (groups.keys().next().cloned(), any) else {
            return Ok(());
        };
        let names: Vec<String> = groups.keys().cloned().collect();
        let mut shared = Vec::new();
        for name in &names {
            shared.extend(state.index.parts(&SubjectName::Group(name.clone())));
        }
        if !names
            .iter()
            .any(|name| AUTHENTICATED.contains(&name.as_str()))
        {
            let [authenticated, _] = AUTHENTICATED;
            shared.extend(
                state
                    .index
                    .parts(&SubjectName::Group(authenticated.to_owned())),
            );
        }
        let only_groups = (names.len() > 1).then_some((SubjectName::Group(first), any));
        for (identity, of_user) in only_groups.into_iter().chain(users) {
            let mut holdings: Vec<Holding<'p>> = match &identity {
                SubjectName::Group(_) => Vec::new(),
                SubjectName::User(_) => state.index.parts(&identity),
            };
            let is_start = identity == self.start;
            if is_start {
                holdings.extend(state.gained_parts());
            }
            holdings.extend(&shared);
            state.spend(holdings.len())?;
            let pending = || Pending {
                target: Target::UserWithGroups {
                    identity: identity.clone(),
                    groups: names.clone(),
                },
                actor: turn.actor,
                granted_by: std::iter::once(of_user)
                    .chain(groups.values().copied())
                    .collect(),
            };
            state.enter_together(&identity, &names, pending, |_| holdings, is_start);
        }
        Ok(())
    }

    /// Finds the groups that an actor may impersonate and that matter, each with what allows it.
    fn groups_of(
        &self,
        state: &mut State<'p>,
        held: &[Held<'p>],
    ) -> Result<BTreeMap<String, GrantedBy<'p>>, TooLarge> {
        let mut groups = BTreeMap::new();
        let of_groups = |held: &&Held<'p>| {
            held.kind() == Kind::ImpersonateGroups && held.scope == Scope::Cluster
        };
        for held in held.iter().filter(of_groups) {
            let named: Vec<&String> = match held.capability.names {
                [] => self.groups.iter().collect(),
                names => names
                    .iter()
                    .filter(|name| self.groups.contains(*name))
                    .collect(),
            };
            state.spend(named.len().saturating_add(held.capability.names.len()))?;
            for group in named {
                groups.entry(group.clone()).or_insert(held.granted_by);
            }
        }
        Ok(groups)
    }

    /// Finds the users and service accounts that an actor may impersonate and that matter, each with
    /// its grant, and the grant that allows an arbitrary user.
    fn users_of(
        &self,
        state: &mut State<'p>,
        held: &[Held<'p>],
    ) -> Result<(BTreeMap<SubjectName, GrantedBy<'p>>, Option<GrantedBy<'p>>), TooLarge> {
        let mut users = BTreeMap::new();
        let mut any = None;
        for held in held {
            let is_account = match held.kind() {
                Kind::ImpersonateUsers if held.scope == Scope::Cluster => false,
                Kind::ImpersonateAccounts => true,
                _ => continue,
            };
            any = any.or(Some(held.granted_by));
            state.spend(self.users.len())?;
            for user in &self.users {
                let SubjectName::User(username) = user else {
                    continue;
                };
                let name = match (is_account, ServiceAccount::parse(username)) {
                    (true, Some(account)) if held.scope.contains(account.namespace()) => {
                        account.name()
                    }
                    (false, None) => username,
                    _ => continue,
                };
                if held.capability.allows_name(name) {
                    users.entry(user.clone()).or_insert(held.granted_by);
                }
            }
        }
        Ok((users, any))
    }
}

fn impersonate_extras<'p>(
    state: &mut State<'p>,
    actor: ActorId,
    held: &Held<'p>,
    granted_by: &[GrantedBy<'p>],
) -> Result<(), TooLarge> {
    let rules = state.index.role(held.role).map(|role| role.rules);
    let rule = rules.and_then(|rules| rules.get(held.capability.rule));
    for resource in rule.into_iter().flat_map(|rule| &rule.resources) {
        state.spend(1)?;
        if let Some(key) = resource.strip_prefix(EXTRAS) {
            state.note(
                Target::Extra { key },
                actor,
                Technique::Impersonate,
                granted_by,
            );
        }
    }
    Ok(())
}
