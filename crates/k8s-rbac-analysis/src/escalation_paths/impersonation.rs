//! A user and groups that one request impersonates, for what needs several permissions.
//!
//! As upstream: apiserver, pkg/endpoints/filters/impersonation.go. Each group is asked for by itself,
//! so that whoever may impersonate some may impersonate all of them at once, with any user that he may
//! impersonate. Where groups are named, a service account is in no other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use k8s_rbac::{Identity, PRIVILEGED_GROUP, User};

use crate::escalation_paths::capability::CapabilityKind;
use crate::escalation_paths::search::{Held, Holding, NOBODY, Search, split_account};
use crate::escalation_paths::{GrantedBy, Scope, Target};
use crate::permission_set::TooLarge;

/// The groups of which the API server adds the first to those impersonated, unless one is there.
const AUTHENTICATED: [&str; 2] = ["system:authenticated", "system:unauthenticated"];

/// A step that is made once something comes of it.
pub(super) struct Pending<'p> {
    pub(super) target: Target<'p>,
    /// Who makes it.
    pub(super) actor: usize,
    pub(super) evidence: Vec<GrantedBy<'p>>,
}

#[derive(Default)]
pub(super) struct GroupImpersonation<'p> {
    /// Whom the policy names, and the user.
    users: BTreeSet<Identity>,
    groups: BTreeSet<String>,
    /// The user whose search it is.
    start: Option<Identity>,
    /// Those who may impersonate groups.
    impersonators: BTreeSet<usize>,
    /// What each holds of what is of use together with something else.
    parts: HashMap<Identity, Vec<Holding<'p>>>,
    /// Those who have acted together, and how many roles they had.
    acted: HashSet<(Identity, Vec<String>, usize)>,
}

impl GroupImpersonation<'_> {
    /// Notes whom there is to impersonate.
    pub(super) fn name(
        &mut self,
        start: &User,
        users: &BTreeSet<String>,
        groups: &BTreeSet<String>,
        accounts: &BTreeMap<String, BTreeSet<String>>,
    ) {
        let accounts = accounts.iter().flat_map(|(namespace, names)| {
            let names = names.iter();
            names.map(move |name| User::service_account(namespace, name).name)
        });
        let users = users.iter().cloned().chain(accounts);
        let start_name = start.name.clone();
        self.users = users.chain([start_name]).map(Identity::User).collect();
        self.groups = groups.iter().chain(&start.groups).cloned().collect();
        self.groups.remove(PRIVILEGED_GROUP);
        self.start = Some(Identity::User(start.name.clone()));
    }
}

impl<'p> Search<'p> {
    pub(super) fn note_impersonator(&mut self, actor: usize, all: &[Held<'p>]) {
        let is_one = |held: &Held<'p>| {
            held.power.kind == CapabilityKind::ImpersonateGroups && held.reach == Scope::Cluster
        };
        if all.iter().any(is_one) {
            self.teams.impersonators.insert(actor);
        }
    }

    /// Lets users and groups act together that somebody may impersonate. Says whether some do that
    /// have not before.
    pub(super) fn team_up(&mut self) -> Result<bool, TooLarge> {
        let mut found = false;
        for actor in self.teams.impersonators.clone() {
            found |= self.team_up_by(actor)?;
        }
        Ok(found)
    }

    fn team_up_by(&mut self, actor: usize) -> Result<bool, TooLarge> {
        let all = self.held_by(actor)?;
        let users = self.users_for(actor, &all)?;
        let Some(&(_, of_any)) = users.first() else {
            return Ok(false);
        };
        let mut groups = Vec::new();
        let mut shared = Vec::new();
        let mut evidence = Vec::new();
        for (group, of_group) in self.groups_for(&all)? {
            let parts = self.parts_of(Identity::Group(group.clone()))?;
            if !parts.is_empty() {
                shared.extend(parts);
                groups.push(group);
                evidence.push(of_group);
            }
        }
        if !groups
            .iter()
            .any(|group| AUTHENTICATED.contains(&group.as_str()))
        {
            let [authenticated, _] = AUTHENTICATED;
            shared.extend(self.parts_of(Identity::Group(authenticated.to_owned()))?);
        }
        let mut found = false;
        let Some(first) = groups.first().cloned() else {
            return Ok(false);
        };
        let nobody = Identity::Group(first);
        for (identity, of_user) in std::iter::once((nobody, of_any)).chain(users) {
            let mut holdings = match &identity {
                Identity::Group(_) => Vec::new(),
                Identity::User(_) => self.parts_of(identity.clone())?,
            };
            let is_alone =
                holdings.is_empty() && (groups.len() < 2 || matches!(identity, Identity::User(_)));
            holdings.extend(&shared);
            let key = (identity.clone(), groups.clone(), holdings.len());
            if is_alone || !self.teams.acted.insert(key) {
                continue;
            }
            let groups = groups.clone();
            let pending = Pending {
                target: Target::Together { identity, groups },
                actor,
                evidence: std::iter::once(of_user)
                    .chain(evidence.iter().copied())
                    .collect(),
            };
            self.enter_together(pending, holdings);
            found = true;
        }
        Ok(found)
    }

    /// Lists the groups that somebody may impersonate, with what allows it.
    fn groups_for(&mut self, all: &[Held<'p>]) -> Result<Vec<(String, GrantedBy<'p>)>, TooLarge> {
        let mut groups: BTreeMap<String, GrantedBy<'p>> = BTreeMap::new();
        let of_groups = |held: &&Held<'p>| {
            held.power.kind == CapabilityKind::ImpersonateGroups && held.reach == Scope::Cluster
        };
        for held in all.iter().filter(of_groups) {
            let names = held.power.names();
            self.budget.spend(self.teams.groups.len())?;
            let is_named = |name: &String| names.is_none_or(|names| names.contains(name));
            for group in self.teams.groups.iter().filter(|name| is_named(name)) {
                groups.entry(group.clone()).or_insert(held.evidence);
            }
        }
        Ok(groups.into_iter().collect())
    }

    /// Lists the users and service accounts that somebody may impersonate, with what allows it.
    /// One that the policy does not name is among them, if that is all that he may.
    fn users_for(
        &mut self,
        actor: usize,
        all: &[Held<'p>],
    ) -> Result<Vec<(Identity, GrantedBy<'p>)>, TooLarge> {
        let mut users: BTreeMap<Identity, GrantedBy<'p>> = BTreeMap::new();
        let mut any = None;
        for held in all {
            let is_account = match held.power.kind {
                CapabilityKind::ImpersonateUsers if held.reach == Scope::Cluster => false,
                CapabilityKind::ImpersonateAccounts => true,
                _ => continue,
            };
            any = any.or(Some(held.evidence));
            let names = held.power.names();
            self.budget.spend(self.teams.users.len())?;
            for user in &self.teams.users {
                let Identity::User(name) = user else { continue };
                let (is_there, name) = match (is_account, split_account(name)) {
                    (true, Some((namespace, name))) => (held.reach.has(namespace), name),
                    (false, None) => (true, name.as_str()),
                    _ => continue,
                };
                if is_there && names.is_none_or(|names| names.iter().any(|own| own == name)) {
                    users.entry(user.clone()).or_insert(held.evidence);
                }
            }
        }
        if actor == 0 {
            for (reach, evidence) in self.given_everything() {
                any = any.or(Some(evidence));
                for user in &self.teams.users {
                    if let Some(account) = user.as_service_account()
                        && reach.has(account.namespace())
                    {
                        users.entry(user.clone()).or_insert(evidence);
                    }
                }
            }
        }
        if let (true, Some(evidence)) = (users.is_empty(), any) {
            users.insert(Identity::User(NOBODY.to_owned()), evidence);
        }
        Ok(users.into_iter().collect())
    }

    /// Finds what somebody holds by himself that is of use together with something else.
    fn parts_of(&mut self, identity: Identity) -> Result<Vec<Holding<'p>>, TooLarge> {
        let is_start = self.teams.start.as_ref() == Some(&identity);
        let parts = if let Some(parts) = self.teams.parts.get(&identity) {
            parts.clone()
        } else {
            let user = match &identity {
                Identity::Group(name) => User::new(NOBODY, [name.clone()]),
                Identity::User(name) => User::new(name, [""; 0]),
            };
            let holdings = self.holdings_of(&user);
            let parts = self.only_parts(holdings)?;
            self.teams.parts.insert(identity, parts.clone());
            parts
        };
        if !is_start {
            return Ok(parts);
        }
        let gained = self.holdings(0).into_iter().filter(Holding::is_gained);
        let gained = self.only_parts(gained.collect())?;
        Ok(parts.into_iter().chain(gained).collect())
    }

    fn only_parts(&mut self, holdings: Vec<Holding<'p>>) -> Result<Vec<Holding<'p>>, TooLarge> {
        self.budget.spend(holdings.len())?;
        let mut parts = Vec::new();
        for holding in holdings {
            let mut powers = self.powers.of(holding.rules).iter();
            if powers.any(|power| power.kind.is_part()) {
                parts.push(holding);
            }
        }
        Ok(parts)
    }
}
