//! Constrained impersonation: an identity that an actor may impersonate for some requests only.
//!
//! As upstream: apiserver 1.36, pkg/endpoints/filters/impersonation/mode.go. The impersonation is
//! authorized as the verb `impersonate:MODE` in the group `authentication.k8s.io`, and each request made with
//! it as the verb `impersonate-on:MODE:VERB`. The actor needs both. The request itself is then authorized for
//! the other identity. So are the permissions that the API server checks while it serves the request, such as
//! `bind`. Nodes and service accounts have fixed groups. Impersonations do not nest. The group
//! `system:masters` is out of reach.

use std::collections::BTreeSet;

use k8s_rbac::{PRIVILEGED_GROUP, PolicyRule, ServiceAccount, SubjectName, User};

use crate::escalation_paths::capability_kind::{CapabilityKind as Kind, Family};
use crate::escalation_paths::groups::{AllowedGroups, sets_of};
use crate::escalation_paths::held::Held;
use crate::escalation_paths::index::PolicyIndex;
use crate::escalation_paths::mode::{ALL, Mode};
use crate::escalation_paths::state::{State, Turn};
use crate::escalation_paths::stop::Stop;
use crate::escalation_paths::unreached::{NO_USER, user_of};
use crate::escalation_paths::{ConstrainedRule, GrantedBy, Scope, Target, Technique};

/// Stands for any node in the target of a step. It is also the name that the API server asks for when a
/// service account impersonates the node of its pod, or a request impersonates several groups.
const ANY: &str = "*";

const NODE_PREFIX: &str = "system:node:";
const NODES: &str = "system:nodes";

/// The longest DNS subdomain (RFC 1123). The name of a node is a DNS subdomain.
const MAX_NODE_NAME: usize = 253;

/// The identities that bindings name and that can be impersonated for some requests.
#[derive(Debug)]
pub(super) struct ConstrainedImpersonation {
    users: BTreeSet<String>,
    nodes: BTreeSet<String>,
    groups: BTreeSet<String>,
}

/// An identity, and the grant that allows impersonating it.
struct Impersonation<'p> {
    identity: SubjectName,
    groups: Vec<String>,
    granted_by: Vec<GrantedBy<'p>>,
}

/// A permission to make requests with an impersonation.
#[derive(Clone, Copy)]
struct Requests<'p> {
    held: Held<'p>,
    rule: &'p PolicyRule,
}

impl ConstrainedImpersonation {
    pub(super) fn new(index: &PolicyIndex<'_>) -> Self {
        let mut own = Self {
            users: BTreeSet::new(),
            nodes: BTreeSet::new(),
            groups: BTreeSet::new(),
        };
        for identity in index.bound_identities() {
            match identity {
                SubjectName::Group(name) if name == PRIVILEGED_GROUP => {}
                SubjectName::Group(name) => drop(own.groups.insert(name.clone())),
                SubjectName::User(name) if is_node(name) => drop(own.nodes.insert(name.clone())),
                SubjectName::User(name) if is_other_user(name) => {
                    own.users.insert(name.clone());
                }
                SubjectName::User(_) => {}
            }
        }
        own
    }

    /// Acts as the identities that an actor may impersonate for some requests.
    pub(super) fn impersonate<'p>(
        &self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
    ) -> Result<(), Stop> {
        for mode in Mode::ALL {
            let kinds = [
                Kind::ActInMode(mode),
                Kind::ImpersonateGroupsInMode,
                Kind::ImpersonateInMode(mode),
            ];
            // The node is named in the token of a service account.
            let is_available = mode != Mode::AssociatedNode || state.is_service_account(turn.actor);
            if !is_available || !turn.has_any(&kinds) {
                continue;
            }
            let requests: Vec<Requests<'p>> = state
                .held(turn.actor, Kind::ActInMode(mode))
                .filter_map(|held| requests_of(state, held))
                .collect();
            if !requests.is_empty() {
                for impersonation in self.impersonations(state, turn, mode)? {
                    act(state, turn, mode, &requests, impersonation)?;
                }
            }
        }
        Ok(())
    }

    fn impersonations<'p>(
        &self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
        mode: Mode,
    ) -> Result<Vec<Impersonation<'p>>, Stop> {
        let group_sets = match mode {
            Mode::UserInfo => self.group_sets(state, turn)?,
            Mode::ArbitraryNode | Mode::AssociatedNode | Mode::ServiceAccount => {
                vec![AllowedGroups::new()]
            }
        };
        let held: Vec<Held<'p>> = state
            .held(turn.actor, Kind::ImpersonateInMode(mode))
            .copied()
            .collect();
        let mut impersonations = Vec::new();
        for held in held {
            for groups in &group_sets {
                let identities = self.identities(state, mode, &held, groups);
                state.spend(identities.len().saturating_add(groups.len()))?;
                impersonations.extend(identities.into_iter().map(|identity| {
                    Impersonation {
                        identity,
                        groups: groups.keys().cloned().collect(),
                        granted_by: std::iter::once(held.granted_by)
                            .chain(groups.values().copied())
                            .collect(),
                    }
                }));
            }
        }
        Ok(impersonations)
    }

    /// Finds the sets of groups that an actor may impersonate together with a user.
    fn group_sets<'p>(
        &self,
        state: &mut State<'p, '_>,
        turn: &Turn<'p>,
    ) -> Result<Vec<AllowedGroups<'p>>, Stop> {
        let held: Vec<Held<'p>> = state
            .held_in(turn.actor, Kind::ImpersonateGroupsInMode, Scope::Cluster)
            .copied()
            .collect();
        let mut groups = AllowedGroups::new();
        for held in held {
            state.spend(held.work())?;
            // For four groups or more, the API server asks for the name `*` first.
            let named: Vec<&String> = match held.capability.allows_name(ANY) {
                true => self.groups.iter().collect(),
                false => held
                    .capability
                    .names
                    .iter()
                    .filter(|name| self.groups.contains(*name))
                    .collect(),
            };
            state.spend(named.len())?;
            for group in named {
                groups.entry(group.clone()).or_insert(held.granted_by);
            }
        }
        Ok(sets_of(groups))
    }

    fn identities<'p>(
        &self,
        state: &State<'p, '_>,
        mode: Mode,
        held: &Held<'p>,
        groups: &AllowedGroups<'p>,
    ) -> Vec<SubjectName> {
        let names = held.capability.names;
        let user = |name: &String| SubjectName::User(name.clone());
        let node = |name: &str| format!("{NODE_PREFIX}{name}");
        let nodes = || {
            let any = SubjectName::User(node(ANY));
            self.nodes.iter().map(user).chain([any]).collect()
        };
        match mode {
            Mode::UserInfo if names.is_empty() => match groups.keys().next() {
                Some(first) => {
                    let any = SubjectName::Group(first.clone());
                    self.users.iter().map(user).chain([any]).collect()
                }
                None => {
                    let users = state.unreached.users().into_iter();
                    users
                        .filter(|name| !is_node(name))
                        .map(SubjectName::User)
                        .collect()
                }
            },
            Mode::UserInfo => {
                let is_allowed = |name: &&String| is_other_user(name);
                names.iter().filter(is_allowed).map(user).collect()
            }
            Mode::ServiceAccount if names.is_empty() => state.unreached.accounts_in(held.scope),
            Mode::ServiceAccount => names
                .iter()
                .flat_map(|name| state.unreached.accounts_named(name, held.scope))
                .collect(),
            Mode::ArbitraryNode if names.is_empty() => nodes(),
            Mode::ArbitraryNode => names
                .iter()
                .map(|name| node(name))
                .filter(|name| is_node(name))
                .map(SubjectName::User)
                .collect(),
            Mode::AssociatedNode if held.capability.allows_name(ANY) => nodes(),
            Mode::AssociatedNode => Vec::new(),
        }
    }
}

/// Records an impersonation, and enters its actor if it can go on.
fn act<'p>(
    state: &mut State<'p, '_>,
    turn: &Turn<'p>,
    mode: Mode,
    requests: &[Requests<'p>],
    impersonation: Impersonation<'p>,
) -> Result<(), Stop> {
    let Impersonation {
        identity,
        groups,
        mut granted_by,
    } = impersonation;
    state.spend(requests.len())?;
    let user = impersonated(&identity, &groups);
    let target = Target::ConstrainedIdentity {
        identity,
        groups,
        rules: requests
            .iter()
            .map(|requests| requests.rule(mode))
            .collect(),
    };
    granted_by.extend(requests.iter().map(|requests| requests.held.granted_by));
    let technique = Technique::ImpersonateConstrained;
    let Some(step) = state.note(target, turn.actor, technique, &granted_by) else {
        return Ok(());
    };
    let held = constrained(state, mode, &user, requests)?;
    if !held.is_empty() {
        state.enter_constrained(step, held);
    }
    Ok(())
}

/// Lists the capabilities of a user that requests of an impersonation can use.
fn constrained<'p>(
    state: &mut State<'p, '_>,
    mode: Mode,
    user: &User,
    requests: &[Requests<'p>],
) -> Result<Vec<Held<'p>>, Stop> {
    let mut found = Vec::new();
    for holding in state.index.holdings(user) {
        let Some(role) = state.index.role(holding.role) else {
            continue;
        };
        let work = role.capabilities.len().saturating_mul(requests.len());
        for capability in &role.capabilities {
            let rule = role.rules.get(capability.rule);
            let (Some(rule), Some(held)) = (rule, state.index.held(&holding, capability)) else {
                continue;
            };
            if held.kind().is_checked_while_served() {
                found.push(held);
            } else {
                let all = requests.iter();
                found.extend(all.flat_map(|requests| requests.limit(mode, &held, rule)));
            }
        }
        state.spend(work.saturating_add(1))?;
    }
    Ok(found)
}

fn requests_of<'p>(state: &State<'p, '_>, held: &Held<'p>) -> Option<Requests<'p>> {
    let rule = state
        .index
        .role(held.role)?
        .rules
        .get(held.capability.rule)?;
    Some(Requests { held: *held, rule })
}

impl<'p> Requests<'p> {
    fn rule(&self, mode: Mode) -> ConstrainedRule<'p> {
        let verbs = self.rule.verbs.iter();
        let verbs = verbs.filter_map(|verb| match verb.as_str() {
            ALL => Some(ALL),
            verb => verb.strip_prefix(mode.prefix()),
        });
        ConstrainedRule::new(verbs.collect(), self.rule, self.held.scope)
    }

    /// Limits a capability of the other identity to these requests.
    fn limit(&self, mode: Mode, held: &Held<'p>, rule: &PolicyRule) -> Vec<Held<'p>> {
        let is_impersonation = matches!(
            held.kind().family(),
            Some(Family::ConstrainedImpersonation | Family::Impersonation)
        );
        let scope = match (held.scope, self.held.scope) {
            (Scope::Cluster, scope) | (scope, Scope::Cluster) => Some(scope),
            (one, other) => one.meet(other),
        };
        // A request for a cluster-scoped resource is allowed in the cluster only.
        let scope =
            scope.filter(|scope| *scope == Scope::Cluster || !held.kind().is_cluster_scoped());
        let (Some(scope), false) = (scope, is_impersonation) else {
            return Vec::new();
        };
        let parts = held.capability.constrained(rule, mode, self.rule);
        parts
            .into_iter()
            .map(|capability| Held {
                capability,
                scope,
                ..*held
            })
            .collect()
    }
}

/// Builds the user of an impersonated request.
pub(super) fn impersonated(identity: &SubjectName, groups: &[String]) -> User {
    match identity {
        SubjectName::User(name) if name.strip_prefix(NODE_PREFIX) == Some(ANY) => {
            User::new(NO_USER, [NODES]).authenticated()
        }
        SubjectName::User(name) if is_node(name) => User::new(name, [NODES]).authenticated(),
        _ if groups.is_empty() => user_of(identity),
        SubjectName::User(name) => User::new(name, groups).authenticated(),
        SubjectName::Group(_) => User::new(NO_USER, groups).authenticated(),
    }
}

/// Returns whether an identity is a node, which also has the permissions of the Node authorizer.
pub(super) fn is_any_node(identity: &SubjectName) -> bool {
    match identity {
        SubjectName::User(name) => is_node(name) || name.strip_prefix(NODE_PREFIX) == Some(ANY),
        SubjectName::Group(_) => false,
    }
}

/// Returns whether a username belongs to a node.
fn is_node(name: &str) -> bool {
    name.strip_prefix(NODE_PREFIX).is_some_and(is_subdomain)
}

/// Returns whether a user is neither a node nor a service account. Those have their own modes.
fn is_other_user(name: &str) -> bool {
    !is_node(name) && ServiceAccount::parse(name).is_none()
}

/// Returns whether a name is a DNS subdomain, as the names of nodes are.
///
/// As upstream: apimachinery, `IsDNS1123Subdomain`.
fn is_subdomain(name: &str) -> bool {
    let is_alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = |label: &str| {
        let label = label.as_bytes();
        label.first().is_some_and(is_alphanumeric)
            && label.last().is_some_and(is_alphanumeric)
            && label
                .iter()
                .all(|byte| *byte == b'-' || is_alphanumeric(byte))
    };
    name.len() <= MAX_NODE_NAME && name.split('.').all(is_label)
}
