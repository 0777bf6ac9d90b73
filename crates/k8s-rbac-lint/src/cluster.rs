//! What the lint looks up: the roles, who binds them, and what is known beforehand.

use std::collections::{HashMap, HashSet};

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Objects, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

/// How many selectors aggregated roles may have for their roles to be collected here. Our choice:
/// the default policy has three, and what is installed beside it seldom more than one each; each is
/// asked about every `ClusterRole`.
pub(crate) const MAX_SELECTORS: usize = 64;

/// Where a role holds, by the bindings that there are.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Reach {
    /// Nobody binds it.
    Unbound,
    /// In single namespaces.
    Namespaces,
    /// Everywhere.
    Cluster,
}

/// A role by its namespace, or a `ClusterRole` with none, and by its name.
pub(crate) type RoleKey<'w> = (&'w str, &'w str);

/// What a role gives, so that bindings need not look at each rule again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoleSummary<'w> {
    pub(crate) rules: &'w [PolicyRule],
    /// Everything, by one of the rules.
    pub(crate) is_everything: bool,
    /// Paths, among others.
    pub(crate) has_paths: bool,
    /// Resources, among others.
    pub(crate) has_resources: bool,
    /// Nothing but paths that the default policy gives to everybody.
    pub(crate) is_public: bool,
}

impl<'w> RoleSummary<'w> {
    fn of(rules: &'w [PolicyRule]) -> Self {
        const PUBLIC: [&str; 5] = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
        let mut urls = rules.iter().flat_map(|rule| &rule.non_resource_urls);
        let has_resources = rules.iter().any(|rule| !rule.resources.is_empty());
        Self {
            rules,
            is_everything: rules.iter().any(allows_everything),
            has_paths: urls.clone().next().is_some(),
            has_resources,
            is_public: !rules.is_empty()
                && !has_resources
                && urls.all(|url| PUBLIC.contains(&url.as_str())),
        }
    }
}

/// The objects that are judged, together with those that are known.
pub(crate) struct Cluster<'w> {
    known: Known<'w>,
    /// What each role comes to, the rules of aggregated ones collected.
    roles: HashMap<RoleKey<'w>, RoleSummary<'w>>,
    reach: HashMap<RoleKey<'w>, Reach>,
    /// The `ClusterRole`s that some aggregated role collects.
    members: HashSet<&'w str>,
}

/// Objects that are known beforehand, by name.
struct Known<'w> {
    cluster_roles: HashMap<&'w str, &'w ClusterRole>,
    cluster_role_bindings: HashMap<&'w str, &'w ClusterRoleBinding>,
    roles: HashMap<RoleKey<'w>, &'w Role>,
    role_bindings: HashMap<RoleKey<'w>, &'w RoleBinding>,
}

impl<'w> Cluster<'w> {
    /// Looks at objects. `aggregated` are all `ClusterRole`s, judged and known, with the rules that
    /// aggregation gives them.
    pub(crate) fn new(
        judged: &'w Objects,
        known: &'w Objects,
        aggregated: &'w [ClusterRole],
    ) -> Self {
        let roles = known.roles.iter().chain(&judged.roles);
        let roles = roles.filter(|role| !role.metadata.namespace.is_empty());
        let roles = roles.map(|role| (key(&role.metadata), RoleSummary::of(&role.rules)));
        let cluster_roles = aggregated.iter();
        let cluster_roles = cluster_roles.map(|role| {
            (
                ("", role.metadata.name.as_str()),
                RoleSummary::of(&role.rules),
            )
        });
        let members = members(aggregated);
        let mut reach = reach(judged, known);
        extend_to_members(&mut reach, &members);
        Self {
            known: Known::new(known),
            roles: roles.chain(cluster_roles).collect(),
            reach,
            members: members.into_iter().flat_map(|(_, names)| names).collect(),
        }
    }

    /// Returns what the role gives that a binding refers to, if it is there.
    pub(crate) fn referred(&self, role_ref: &RoleRef, namespace: &str) -> Option<RoleSummary<'w>> {
        self.role(role_key(role_ref, namespace)?)
    }

    /// Returns what a role gives, if it is there.
    pub(crate) fn role(&self, key: RoleKey<'_>) -> Option<RoleSummary<'w>> {
        self.roles.get(&key).copied()
    }

    pub(crate) fn reach_of(&self, key: RoleKey<'_>) -> Reach {
        self.reach.get(&key).copied().unwrap_or(Reach::Unbound)
    }

    pub(crate) fn is_member(&self, cluster_role: &str) -> bool {
        self.members.contains(cluster_role)
    }

    /// Returns the known role of this name.
    pub(crate) fn known_cluster_role(&self, name: &str) -> Option<&'w ClusterRole> {
        self.known.cluster_roles.get(name).copied()
    }

    /// Returns the rules that a role of this name is known to have.
    pub(crate) fn known_rules(&self, key: RoleKey<'_>) -> &'w [PolicyRule] {
        if key.0.is_empty() {
            self.known_cluster_role(key.1)
                .map_or(&[], |role| &role.rules)
        } else {
            self.known.roles.get(&key).map_or(&[], |role| &role.rules)
        }
    }

    /// Returns the subjects that a binding of this name and role is known to have, if one is known.
    pub(crate) fn known_subjects(
        &self,
        key: RoleKey<'_>,
        role_ref: &RoleRef,
    ) -> Option<&'w [Subject]> {
        let (known, subjects) = if key.0.is_empty() {
            let known = self.known.cluster_role_bindings.get(key.1)?;
            (&known.role_ref, known.subjects.as_slice())
        } else {
            let known = self.known.role_bindings.get(&key)?;
            (&known.role_ref, known.subjects.as_slice())
        };
        (known.kind == role_ref.kind && known.name == role_ref.name).then_some(subjects)
    }
}

impl<'w> Known<'w> {
    fn new(objects: &'w Objects) -> Self {
        let cluster_roles = objects.cluster_roles.iter();
        let cluster_role_bindings = objects.cluster_role_bindings.iter();
        let roles = objects.roles.iter();
        let role_bindings = objects.role_bindings.iter();
        Self {
            cluster_roles: cluster_roles
                .map(|role| (role.metadata.name.as_str(), role))
                .collect(),
            cluster_role_bindings: cluster_role_bindings
                .map(|binding| (binding.metadata.name.as_str(), binding))
                .collect(),
            roles: roles.map(|role| (key(&role.metadata), role)).collect(),
            role_bindings: role_bindings
                .map(|binding| (key(&binding.metadata), binding))
                .collect(),
        }
    }
}

pub(crate) const fn key(metadata: &k8s_rbac::Metadata) -> RoleKey<'_> {
    (metadata.namespace.as_str(), metadata.name.as_str())
}

/// The key of the role that a binding in a namespace, or in none, refers to.
pub(crate) fn role_key<'k>(role_ref: &'k RoleRef, namespace: &'k str) -> Option<RoleKey<'k>> {
    match role_ref.kind.as_str() {
        "ClusterRole" => Some(("", &role_ref.name)),
        // The namespace of a ClusterRoleBinding is none, in which there is no Role.
        "Role" if !namespace.is_empty() => Some((namespace, &role_ref.name)),
        _ => None,
    }
}

fn reach<'w>(judged: &'w Objects, known: &'w Objects) -> HashMap<RoleKey<'w>, Reach> {
    let mut reach: HashMap<RoleKey<'w>, Reach> = HashMap::new();
    let mut extend = |key: Option<RoleKey<'w>>, new: Reach| {
        if let Some(key) = key {
            let old = reach.entry(key).or_insert(new);
            *old = new.max(*old);
        }
    };
    for objects in [known, judged] {
        for binding in &objects.cluster_role_bindings {
            extend(role_key(&binding.role_ref, ""), Reach::Cluster);
        }
        for binding in &objects.role_bindings {
            let namespace = &binding.metadata.namespace;
            extend(role_key(&binding.role_ref, namespace), Reach::Namespaces);
        }
    }
    reach
}

/// Returns for each aggregated role its name and those of the roles that it collects, itself left
/// out.
fn members(roles: &[ClusterRole]) -> Vec<(&str, Vec<&str>)> {
    let mut left = MAX_SELECTORS;
    let mut members = Vec::new();
    for target in roles {
        let rule = target.aggregation_rule.as_ref();
        let selectors = rule.map_or(&[][..], |rule| &rule.cluster_role_selectors);
        let selectors = selectors.iter().take(left);
        let selectors: Vec<_> = selectors.filter_map(|one| one.compile().ok()).collect();
        left = left.saturating_sub(selectors.len());
        if selectors.is_empty() {
            continue;
        }
        let name = target.metadata.name.as_str();
        let collected = roles.iter().filter(|role| {
            let mut selectors = selectors.iter();
            role.metadata.name != name && selectors.any(|one| one.matches(&role.metadata.labels))
        });
        let collected = collected.map(|role| role.metadata.name.as_str());
        members.push((name, collected.collect()));
    }
    members
}

/// Lets what is collected into a role reach as far as that role does. Roles can be collected by
/// collected ones, so that it goes in rounds; what reaches further each time comes to an end.
fn extend_to_members<'w>(
    reach: &mut HashMap<RoleKey<'w>, Reach>,
    members: &[(&'w str, Vec<&'w str>)],
) {
    loop {
        let mut has_changed = false;
        for (target, collected) in members {
            let Some(of_target) = reach.get(&("", *target)).copied() else {
                continue;
            };
            for member in collected {
                let of_member = reach.entry(("", *member)).or_insert(Reach::Unbound);
                has_changed |= *of_member < of_target;
                *of_member = of_target.max(*of_member);
            }
        }
        if !has_changed {
            return;
        }
    }
}

/// Returns whether a rule allows every verb on every resource of every API group.
pub(crate) fn allows_everything(rule: &PolicyRule) -> bool {
    let has_wildcard = |list: &[String]| list.iter().any(|entry| entry == "*");
    has_wildcard(&rule.verbs)
        && has_wildcard(&rule.api_groups)
        && has_wildcard(&rule.resources)
        && rule.resource_names.is_empty()
}
