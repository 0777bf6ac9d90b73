//! Impersonates groups and extras together with a user, and uses permissions that a user and groups
//! have only together.
//!
//! As upstream: apiserver, pkg/endpoints/filters/impersonation. Each group is authorized by itself, so
//! an actor that may impersonate some groups may impersonate all of them at once, with any user that it
//! may impersonate. A service account is only in the groups that the request names.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::iter::repeat_n;
use std::rc::Rc;

use k8s_rbac::{PRIVILEGED_GROUP, ServiceAccount, SubjectName};

use crate::escalation_paths::capability::EXTRAS;
use crate::escalation_paths::capability_kind::{CapabilityKind as Kind, Families};
use crate::escalation_paths::groups::{
    AUTHENTICATED, AllowedGroups, GroupBits, UNAUTHENTICATED, sets_of,
};
use crate::escalation_paths::held::Held;
use crate::escalation_paths::index::Holding;
use crate::escalation_paths::role_id::RoleId;
use crate::escalation_paths::state::{ActorId, Pending, State, Turn};
use crate::escalation_paths::stop::Stop;
use crate::escalation_paths::{GrantedBy, Scope, Target, Technique};

const KINDS: [Kind; 4] = [
    Kind::ImpersonateAccounts,
    Kind::ImpersonateExtra,
    Kind::ImpersonateGroups,
    Kind::ImpersonateUsers,
];

/// The impersonation of several identities by one request.
#[derive(Debug)]
pub(super) struct GroupImpersonation<'p> {
    /// The user who starts the search.
    start: SubjectName,
    /// The identities that hold a permission that matters only in combination. Other identities add
    /// nothing.
    users: BTreeSet<String>,
    accounts: Accounts,
    groups: BTreeSet<String>,
    /// The families of the permissions of each of them.
    families: HashMap<SubjectName, Families>,
    /// The permissions to impersonate groups and extras that were used.
    used: HashSet<(RoleId, usize, Scope<'p>)>,
    /// The sets of permissions to impersonate that were examined. Many actors hold the same set.
    seen: HashSet<Vec<(RoleId, usize, Scope<'p>)>>,
    /// The requests of this round that impersonate several groups, or a user with groups.
    together: Vec<Together<'p>>,
    /// The sets of groups that each identity was combined with. No set contains an earlier set.
    entered: HashMap<SubjectName, Vec<Rc<GroupBits>>>,
}

/// The work of a user that an actor may impersonate with groups: the name is copied, sorted and looked up.
/// Measured, as is the next constant: a unit is the cost of a name of a rule.
const USER: usize = 8;

/// The work of each permission of a user with groups. Their actor examines it more than once.
const PERMISSION: usize = 3;

/// Everything that an actor can impersonate by one request.
#[derive(Debug)]
struct Together<'p> {
    actor: ActorId,
    groups: AllowedGroups<'p>,
    users: BTreeMap<SubjectName, GrantedBy<'p>>,
    /// The grant that allows impersonating an arbitrary user.
    any: GrantedBy<'p>,
}

/// Service accounts, by namespace and by name.
#[derive(Debug, Default)]
struct Accounts {
    by_namespace: BTreeMap<String, BTreeSet<String>>,
    namespaces_of: HashMap<String, Vec<String>>,
}

impl Accounts {
    fn insert(&mut self, account: ServiceAccount<'_>) {
        let (namespace, name) = (account.namespace().to_owned(), account.name().to_owned());
        let namespaces = self.namespaces_of.entry(name.clone()).or_default();
        namespaces.push(namespace.clone());
        self.by_namespace.entry(namespace).or_default().insert(name);
    }

    /// Lists the accounts that a permission to impersonate accounts applies to.
    fn allowed_by(&self, held: &Held<'_>) -> Vec<SubjectName> {
        let account = |namespace: &str, name: &str| {
            SubjectName::User(ServiceAccount::new(namespace, name).username())
        };
        let in_scope: Vec<(&String, &BTreeSet<String>)> = match held.scope {
            Scope::Namespace(namespace) => self
                .by_namespace
                .get_key_value(namespace)
                .into_iter()
                .collect(),
            Scope::Cluster | Scope::EveryNamespace => self.by_namespace.iter().collect(),
        };
        match held.capability.names {
            [] => in_scope
                .into_iter()
                .flat_map(|(namespace, names)| names.iter().map(|name| account(namespace, name)))
                .collect(),
            names => names
                .iter()
                .filter_map(|name| Some((name, self.namespaces_of.get(name)?)))
                .flat_map(|(name, namespaces)| namespaces.iter().map(move |one| (one, name)))
                .filter(|(namespace, _)| held.scope.contains(namespace))
                .map(|(namespace, name)| account(namespace, name))
                .collect(),
        }
    }
}

impl<'p> GroupImpersonation<'p> {
    pub(super) fn new(state: &State<'p, '_>, start: &str) -> Self {
        let start = SubjectName::User(start.to_owned());
        let mut own = Self {
            start: start.clone(),
            users: BTreeSet::new(),
            accounts: Accounts::default(),
            groups: BTreeSet::new(),
            families: HashMap::new(),
            used: HashSet::new(),
            seen: HashSet::new(),
            together: Vec::new(),
            entered: HashMap::new(),
        };
        let with_parts = state.index.identities_with_parts();
        let with_parts = with_parts.filter(|identity| **identity != start);
        for identity in with_parts.chain([&start]) {
            let families = state.index.families(identity);
            own.families.insert(identity.clone(), families);
            match (identity, identity.as_service_account()) {
                (SubjectName::Group(name), _) if name == PRIVILEGED_GROUP => {}
                (SubjectName::Group(name), _) => drop(own.groups.insert(name.clone())),
                (SubjectName::User(_), Some(account)) => own.accounts.insert(account),
                (SubjectName::User(name), None) => drop(own.users.insert(name.clone())),
            }
        }
        own
    }

    /// Impersonates groups and extras one by one, together with a user.
    pub(super) fn one_by_one(
        &mut self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
    ) -> Result<(), Stop> {
        if !turn.has_any(&KINDS) {
            return Ok(());
        }
        let user = state
            .first_in(turn.actor, Kind::ImpersonateUsers, Scope::Cluster)
            .or_else(|| {
                state
                    .held(turn.actor, Kind::ImpersonateAccounts)
                    .next()
                    .copied()
            });
        let Some(user) = user.map(|held| held.granted_by) else {
            return Ok(());
        };
        for kind in [Kind::ImpersonateGroups, Kind::ImpersonateExtra] {
            let held: Vec<Held<'p>> = state
                .held_in(turn.actor, kind, Scope::Cluster)
                .copied()
                .collect();
            for held in held {
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

    /// Finds all groups that an actor can impersonate at once, and the users that it can impersonate with
    /// them, if they hold permissions that matter in combination.
    pub(super) fn find_together(
        &mut self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
    ) -> Result<(), Stop> {
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
        state.spend(key.len().saturating_mul(PERMISSION))?;
        if !self.seen.insert(key) {
            return Ok(());
        }
        let groups = self.groups_of(state, &held)?;
        if groups.is_empty() {
            return Ok(());
        }
        let (users, any) = self.users_of(state, &held)?;
        let Some(any) = any else {
            return Ok(());
        };
        let mut sets = sets_of(groups);
        sets.retain(|set| !set.is_empty());
        let users = repeat_n(users, sets.len());
        let together = sets.into_iter().zip(users);
        self.together
            .extend(together.map(|(groups, users)| Together {
                actor: turn.actor,
                groups,
                users,
                any,
            }));
        Ok(())
    }

    /// Impersonates the users and groups that were found in this round, the most groups first: a user
    /// with some of the groups of an earlier request may do nothing more.
    pub(super) fn together(&mut self, state: &mut State<'p, '_>) -> Result<(), Stop> {
        let mut found = std::mem::take(&mut self.together);
        found.sort_by_key(|together| Reverse(together.groups.len()));
        for together in found {
            self.enter(state, together)?;
        }
        Ok(())
    }

    fn enter(&mut self, state: &mut State<'p, '_>, together: Together<'p>) -> Result<(), Stop> {
        let Together {
            actor,
            groups,
            users,
            any,
        } = together;
        let mut members: BTreeSet<String> = groups.keys().cloned().collect();
        if !members.contains(UNAUTHENTICATED) {
            members.insert(AUTHENTICATED.to_owned());
        }
        let bits = Rc::new(GroupBits::new(&self.groups, |name| members.contains(name)));
        let members: Vec<SubjectName> = members.into_iter().map(SubjectName::Group).collect();
        let of_groups: Vec<Holding<'p>> = members
            .iter()
            .flat_map(|group| state.index.parts(group).collect::<Vec<_>>())
            .collect();
        let families = members
            .iter()
            .map(|group| self.families_of(group))
            .fold(Families::default(), Families::union);
        let shared = Rc::new(state.share(&of_groups)?);
        let groups = Rc::new(groups);
        let first = groups.keys().next();
        let only_groups = first.map(|first| (SubjectName::Group(first.clone()), any));
        for (identity, of_user) in only_groups.into_iter().chain(users) {
            state.spend(1)?;
            let is_start = identity == self.start;
            let is_user = matches!(identity, SubjectName::User(_));
            // The user can use their permissions without the groups, and any user can use the permissions
            // of the groups. The roles of the user who starts the search are not all known yet.
            if is_user && !is_start && self.families_of(&identity).is_disjoint(families) {
                continue;
            }
            let entered = self.entered.entry(identity.clone()).or_default();
            state.spend(bits.work(entered.len()))?;
            if entered.iter().any(|earlier| bits.is_subset(earlier)) {
                continue;
            }
            entered.push(Rc::clone(&bits));
            let mut holdings: Vec<Holding<'p>> = match is_user {
                true => state.index.parts(&identity).collect(),
                // The permissions that the groups have together.
                false => of_groups.clone(),
            };
            if is_start {
                holdings.extend(state.gained_parts());
            }
            let permissions = holdings.len().saturating_add(of_groups.len());
            state.spend(permissions.saturating_add(1).saturating_mul(PERMISSION))?;
            let pending = Pending {
                identity,
                of_user,
                groups: Rc::clone(&groups),
                actor,
            };
            state.enter_together(pending, holdings, Rc::clone(&shared), is_start);
        }
        Ok(())
    }

    fn families_of(&self, identity: &SubjectName) -> Families {
        self.families.get(identity).copied().unwrap_or_default()
    }

    /// Finds the groups that an actor may impersonate and that matter, each with its grant.
    fn groups_of(
        &self,
        state: &mut State<'p, '_>,
        held: &[Held<'p>],
    ) -> Result<AllowedGroups<'p>, Stop> {
        let mut groups = AllowedGroups::new();
        let of_groups = |held: &&Held<'p>| held.kind() == Kind::ImpersonateGroups;
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
        state: &mut State<'p, '_>,
        held: &[Held<'p>],
    ) -> Result<(BTreeMap<SubjectName, GrantedBy<'p>>, Option<GrantedBy<'p>>), Stop> {
        let mut users = BTreeMap::new();
        let mut any = None;
        for held in held {
            let is_account = match held.kind() {
                Kind::ImpersonateUsers => false,
                Kind::ImpersonateAccounts => true,
                _ => continue,
            };
            any = any.or(Some(held.granted_by));
            let allowed: Vec<SubjectName> = match (is_account, held.capability.names) {
                (true, _) => self.accounts.allowed_by(held),
                (false, []) => self.users.iter().cloned().map(SubjectName::User).collect(),
                (false, names) => names
                    .iter()
                    .filter(|name| self.users.contains(*name))
                    .cloned()
                    .map(SubjectName::User)
                    .collect(),
            };
            let work = allowed.len().saturating_mul(USER);
            state.spend(work.saturating_add(held.capability.names.len()))?;
            for user in allowed {
                users.entry(user).or_insert(held.granted_by);
            }
        }
        Ok((users, any))
    }
}

fn impersonate_extras<'p>(
    state: &mut State<'p, '_>,
    actor: ActorId,
    held: &Held<'p>,
    granted_by: &[GrantedBy<'p>],
) -> Result<(), Stop> {
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
