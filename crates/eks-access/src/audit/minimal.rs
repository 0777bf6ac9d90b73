//! The role that allows the requests of a user, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Metadata, Objects, Policy, PolicyRule, Request,
    Role, RoleBinding, RoleRef, ServiceAccount, Subject, User,
};

use super::action::Action;
use super::log::AuditLog;
use super::names::Names;
use super::record::{AuditRecord, Authorizer, Outcome};
use super::tally::Tally;
use super::yaml;

/// The settings of a [`MinimalRole`].
#[derive(Clone, Debug)]
pub struct RoleRequest<'a> {
    username: &'a str,
    name: &'a str,
    baseline: Option<&'a Policy>,
}

impl<'a> RoleRequest<'a> {
    /// Builds a request for a role of this name that allows the requests of the user with this
    /// username.
    #[must_use]
    pub const fn new(username: &'a str, name: &'a str) -> Self {
        Self {
            username,
            name,
            baseline: None,
        }
    }

    /// Leaves out requests that this policy allows every authenticated user, such as discovery in the
    /// default policy.
    #[must_use]
    pub const fn with_baseline(mut self, policy: &'a Policy) -> Self {
        self.baseline = Some(policy);
        self
    }
}

/// The roles and bindings that allow the requests of a user: a `Role` for each namespace, and a `ClusterRole`
/// for requests at the cluster scope and for paths. [`to_yaml`](Self::to_yaml) writes them as manifests, and
/// each rule with its requests.
#[derive(Clone, Debug)]
pub struct MinimalRole {
    objects: Objects,
    uses: Vec<Vec<RuleUse>>,
    generalizations: Vec<Generalization>,
    left_out: Vec<LeftOut>,
    by_authorizer: BTreeMap<Authorizer, u64>,
    of_baseline: u64,
}

/// The requests that a rule is for.
#[derive(Clone, Debug, Default)]
pub struct RuleUse {
    tally: Tally,
}

impl RuleUse {
    /// Returns the requests, counted together.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// Permissions of a role beyond the requests of the log, because RBAC has no smaller rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Generalization {
    /// A request at the cluster scope: a rule that allows it does so in every namespace as well.
    EveryNamespace(Action),
    /// A rule without `resourceNames`, since a request named no object.
    Nameless(Action),
    /// A rule without `resourceNames`, since requests were for more than
    /// [`MAX_NAMES`](super::MAX_NAMES) objects.
    TooManyNames(Action),
}

impl Generalization {
    /// Returns whether the role allows a request because of this generalization.
    #[must_use]
    pub fn covers(&self, request: &Request<'_>) -> bool {
        let Request::Resource(asked) = request else {
            return false;
        };
        let is_alike = |action: &Action, namespace: Option<&str>| match action {
            Action::Path { .. } => false,
            Action::Resource {
                verb,
                api_group,
                resource,
                subresource,
                ..
            } => {
                (&**verb, &**api_group, &**resource)
                    == (asked.verb(), asked.group(), asked.resource())
                    && &**subresource == asked.subresource().unwrap_or_default()
                    && namespace.is_none_or(|own| asked.namespace() == Some(own))
            }
        };
        match self {
            Self::EveryNamespace(action) => is_alike(action, None),
            Self::Nameless(action) | Self::TooManyNames(action) => {
                is_alike(action, action.namespace())
            }
        }
    }
}

/// Requests that no rule can allow without allowing other requests: a part of them is a wildcard in rules,
/// or ends in one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The action.
    pub action: Action,
    /// How often.
    pub count: u64,
}

/// The objects that a rule is for.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Objs {
    All,
    Named(BTreeSet<String>),
}

impl Objs {
    fn of(names: &Names) -> Self {
        match names.has_nameless() || names.is_too_many() {
            true => Self::All,
            false => Self::Named(names.named().iter().map(ToString::to_string).collect()),
        }
    }

    fn to_list(&self) -> Vec<String> {
        match self {
            Self::All => Vec::new(),
            Self::Named(names) => names.iter().cloned().collect(),
        }
    }
}

/// The rules of one scope, before they are joined: by API group, resource and verb.
type Atoms = BTreeMap<(String, String, String), Tally>;

impl MinimalRole {
    /// Builds the role for the requests of a user in a log.
    #[must_use]
    pub fn new(log: &AuditLog, request: &RoleRequest<'_>) -> Self {
        let mut role = Self {
            objects: Objects::default(),
            uses: Vec::new(),
            generalizations: Vec::new(),
            left_out: Vec::new(),
            by_authorizer: BTreeMap::new(),
            of_baseline: 0,
        };
        let mut scopes: BTreeMap<Option<String>, Atoms> = BTreeMap::new();
        let mut paths: BTreeMap<String, BTreeMap<String, Tally>> = BTreeMap::new();
        for record in log.records() {
            let Outcome::Allowed(authorizer) = record.outcome else {
                continue;
            };
            if record.user.username != request.username {
                continue;
            }
            let count = record.tally.count();
            if request
                .baseline
                .is_some_and(|policy| is_of_baseline(policy, record))
            {
                role.of_baseline = role.of_baseline.saturating_add(count);
                continue;
            }
            let of_authorizer = role.by_authorizer.entry(authorizer).or_default();
            *of_authorizer = of_authorizer.saturating_add(count);
            if record.action.is_wildcard() {
                role.left_out.push(LeftOut {
                    action: record.action.clone(),
                    count,
                });
                continue;
            }
            let tally = match &record.action {
                Action::Path { verb, path } => paths
                    .entry(path.to_string())
                    .or_default()
                    .entry(verb.to_string())
                    .or_default(),
                Action::Resource {
                    verb, api_group, ..
                } => {
                    let namespace = record.action.namespace().map(str::to_owned);
                    let resource = record.action.resource().unwrap_or_default();
                    let atom = (api_group.to_string(), resource, verb.to_string());
                    scopes
                        .entry(namespace)
                        .or_default()
                        .entry(atom)
                        .or_default()
                }
            };
            tally.merge(record.tally.clone());
        }
        role.drop_covered(&mut scopes);
        role.generalizations = generalizations(&scopes);
        role.add_cluster_role(request, scopes.remove(&None).unwrap_or_default(), paths);
        for (namespace, atoms) in scopes {
            if let Some(namespace) = namespace
                && !atoms.is_empty()
            {
                role.add_role(request, &namespace, atoms);
            }
        }
        role
    }

    /// Returns the roles and bindings.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Returns the requests of each rule: first for the `ClusterRole`, if there is one, then for each `Role`.
    #[must_use]
    pub fn uses(&self) -> &[Vec<RuleUse>] {
        &self.uses
    }

    /// Returns the permissions of the role beyond the requests of the log.
    #[must_use]
    pub fn generalizations(&self) -> &[Generalization] {
        &self.generalizations
    }

    /// Returns the requests that the role does not allow.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Returns how many requests each authorizer allowed. If RBAC did not allow a request, the authorizer
    /// that did may stay.
    #[must_use]
    pub const fn by_authorizer(&self) -> &BTreeMap<Authorizer, u64> {
        &self.by_authorizer
    }

    /// Returns how many requests the policy of [`RoleRequest::with_baseline`] allows.
    #[must_use]
    pub const fn of_baseline(&self) -> u64 {
        self.of_baseline
    }

    /// Returns the roles and bindings as YAML. A comment before each rule names its requests.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::write(&self.objects, &self.uses)
    }

    /// Removes permissions in namespaces that the cluster scope allows as well.
    fn drop_covered(&mut self, scopes: &mut BTreeMap<Option<String>, Atoms>) {
        let Some(wide) = scopes.get(&None).cloned() else {
            return;
        };
        for (_, atoms) in scopes
            .iter_mut()
            .filter(|(namespace, _)| namespace.is_some())
        {
            atoms.retain(|atom, tally| {
                let Some(by) = wide.get(atom) else {
                    return true;
                };
                match (Objs::of(by.names()), Objs::of(tally.names())) {
                    (Objs::All, _) => false,
                    (Objs::Named(wide), Objs::Named(own)) => !own.is_subset(&wide),
                    (Objs::Named(_), Objs::All) => true,
                }
            });
        }
    }

    fn add_cluster_role(
        &mut self,
        request: &RoleRequest<'_>,
        atoms: Atoms,
        paths: BTreeMap<String, BTreeMap<String, Tally>>,
    ) {
        let (mut rules, mut uses) = joined(atoms);
        let mut by_verbs: BTreeMap<Vec<String>, (Vec<String>, Tally)> = BTreeMap::new();
        for (path, verbs) in paths {
            let key: Vec<String> = verbs.keys().cloned().collect();
            let (paths, tally) = by_verbs.entry(key).or_default();
            paths.push(path);
            verbs.into_values().for_each(|one| tally.merge(one));
        }
        for (verbs, (paths, tally)) in by_verbs {
            rules.push(PolicyRule {
                verbs,
                non_resource_urls: paths,
                ..PolicyRule::default()
            });
            uses.push(RuleUse { tally });
        }
        if rules.is_empty() {
            return;
        }
        self.uses.push(uses);
        self.objects.cluster_roles.push(ClusterRole {
            metadata: metadata(request.name, ""),
            rules,
            aggregation_rule: None,
        });
        self.objects.cluster_role_bindings.push(ClusterRoleBinding {
            metadata: metadata(request.name, ""),
            subjects: vec![subject(request.username)],
            role_ref: role_ref("ClusterRole", request.name),
        });
    }

    fn add_role(&mut self, request: &RoleRequest<'_>, namespace: &str, atoms: Atoms) {
        let (rules, uses) = joined(atoms);
        self.uses.push(uses);
        self.objects.roles.push(Role {
            metadata: metadata(request.name, namespace),
            rules,
        });
        self.objects.role_bindings.push(RoleBinding {
            metadata: metadata(request.name, namespace),
            subjects: vec![subject(request.username)],
            role_ref: role_ref("Role", request.name),
        });
    }
}

/// Joins atoms to rules that allow exactly the same. It first joins atoms of one resource and the same
/// objects, then atoms with the same verbs, then atoms with the same resources.
fn joined(atoms: Atoms) -> (Vec<PolicyRule>, Vec<RuleUse>) {
    type List = Vec<String>;
    let mut by_resource: BTreeMap<(String, String, Objs), (List, Tally)> = BTreeMap::new();
    for ((group, resource, verb), tally) in atoms {
        let objects = Objs::of(tally.names());
        let (verbs, sum) = by_resource.entry((group, resource, objects)).or_default();
        verbs.push(verb);
        sum.merge(tally);
    }
    let mut by_verbs: BTreeMap<(String, List, Objs), (List, Tally)> = BTreeMap::new();
    for ((group, resource, objects), (verbs, tally)) in by_resource {
        let (resources, sum) = by_verbs.entry((group, verbs, objects)).or_default();
        resources.push(resource);
        sum.merge(tally);
    }
    let mut by_both: BTreeMap<(List, List, Objs), (List, Tally)> = BTreeMap::new();
    for ((group, verbs, objects), (resources, tally)) in by_verbs {
        let (groups, sum) = by_both.entry((resources, verbs, objects)).or_default();
        groups.push(group);
        sum.merge(tally);
    }
    by_both
        .into_iter()
        .map(|((resources, verbs, objects), (api_groups, tally))| {
            let rule = PolicyRule {
                verbs,
                api_groups,
                resources,
                resource_names: objects.to_list(),
                non_resource_urls: Vec::new(),
            };
            (rule, RuleUse { tally })
        })
        .unzip()
}

fn generalizations(scopes: &BTreeMap<Option<String>, Atoms>) -> Vec<Generalization> {
    let mut all = Vec::new();
    for (namespace, atoms) in scopes {
        for ((group, resource, verb), tally) in atoms {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            let action = Action::Resource {
                verb: verb.as_str().into(),
                api_group: group.as_str().into(),
                resource: resource.into(),
                subresource: subresource.into(),
                namespace: namespace.as_deref().unwrap_or_default().into(),
            };
            let names = tally.names();
            if names.is_too_many() {
                all.push(Generalization::TooManyNames(action.clone()));
            } else if names.has_nameless() {
                all.push(Generalization::Nameless(action.clone()));
            }
            if namespace.is_none() {
                all.push(Generalization::EveryNamespace(action));
            }
        }
    }
    all
}

/// Returns whether a policy allows every authenticated user all requests of a record.
fn is_of_baseline(policy: &Policy, record: &AuditRecord) -> bool {
    let anyone = User::new("", [""; 0]).authenticated();
    let names = record.tally.names();
    !names.is_too_many()
        && names.iter().all(|name| {
            policy
                .authorize(&anyone, &record.action.request(name))
                .is_allow()
        })
}

fn metadata(name: &str, namespace: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Metadata::default()
    }
}

fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: API_GROUP.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn subject(username: &str) -> Subject {
    match ServiceAccount::parse(username) {
        Some(account) => Subject {
            kind: "ServiceAccount".to_owned(),
            api_group: String::new(),
            name: account.name().to_owned(),
            namespace: account.namespace().to_owned(),
        },
        None => Subject {
            kind: "User".to_owned(),
            api_group: API_GROUP.to_owned(),
            name: username.to_owned(),
            namespace: String::new(),
        },
    }
}
