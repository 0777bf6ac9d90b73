//! Lookup tables over the judged and the known objects.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use crate::aggregated::Aggregated;
use crate::known::Known;
use crate::unreachable::Vocabulary;
use k8s_rbac::{ClusterRole, KubernetesVersion, Metadata, Objects, PolicyRule, RoleRef};

/// The namespace of the `ConfigMap` `aws-auth`.
pub(crate) const AWS_AUTH_NAMESPACE: &str = "kube-system";

/// The widest scope in which a role is bound.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum BoundScope {
    /// No binding refers to it.
    Unbound,
    /// Only `RoleBinding`s refer to it.
    Namespaces,
    /// Only `RoleBinding`s refer to it, one of them in the namespace of `aws-auth`.
    AwsAuthNamespace,
    /// A `ClusterRoleBinding` refers to it.
    Cluster,
}

/// Namespace and name of a role. The namespace of a `ClusterRole` is empty.
pub(crate) type RoleKey<'o> = (&'o str, &'o str);

/// The permissions of a role, computed once for all bindings that refer to it.
#[derive(Debug)]
pub(crate) struct RoleSummary<'o> {
    pub(crate) rules: &'o [PolicyRule],
    /// Whether one of the rules allows everything.
    pub(crate) allows_everything: bool,
    pub(crate) has_paths: bool,
    pub(crate) has_resources: bool,
    /// Whether the role grants only paths that the default policy grants to every client.
    pub(crate) is_public: bool,
    /// Whether the role is among the judged objects and is not known.
    pub(crate) is_judged: bool,
    /// The resources, if all of them are cluster-scoped. Empty if one of them is not, or if there
    /// are no resources.
    pub(crate) only_cluster_scoped: Vec<&'o str>,
}

impl<'o> RoleSummary<'o> {
    fn of(rules: &'o [PolicyRule], is_judged: bool, vocabulary: &Vocabulary) -> Self {
        /// The paths of `system:public-info-viewer`.
        const PUBLIC: [&str; 5] = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
        let mut urls = rules.iter().flat_map(|rule| &rule.non_resource_urls);
        let has_resources = rules.iter().any(|rule| !rule.resources.is_empty());
        Self {
            rules,
            allows_everything: rules.iter().any(allows_everything),
            has_paths: urls.clone().next().is_some(),
            has_resources,
            is_public: !rules.is_empty()
                && !has_resources
                && urls.all(|url| PUBLIC.contains(&url.as_str())),
            is_judged,
            only_cluster_scoped: vocabulary.only_cluster_scoped(rules),
        }
    }
}

/// The judged objects together with the known objects.
pub(crate) struct Cluster<'o> {
    versions: RangeInclusive<KubernetesVersion>,
    known: Known<'o>,
    /// All roles; aggregated roles with their collected rules.
    roles: HashMap<RoleKey<'o>, RoleSummary<'o>>,
    /// The namespaces of the Roles of each name, sorted.
    role_namespaces: HashMap<&'o str, Vec<&'o str>>,
    bound_scopes: HashMap<RoleKey<'o>, BoundScope>,
    /// The `ClusterRole`s that some aggregated role selects. `None` if these are too many to find.
    members: Option<HashSet<&'o str>>,
    /// The aggregated roles whose rules are too many to collect.
    too_large: &'o HashSet<String>,
}

impl<'o> Cluster<'o> {
    /// Builds the tables. `aggregated` contains all `ClusterRole`s, judged and known, with the rules
    /// that aggregation gives them.
    pub(crate) fn new(
        versions: RangeInclusive<KubernetesVersion>,
        vocabulary: &Vocabulary,
        judged: &'o Objects,
        known: &'o Objects,
        aggregated: &'o Aggregated,
    ) -> Self {
        let known_roles = known.roles.iter().map(|role| (role, false));
        let roles = known_roles
            .chain(judged.roles.iter().map(|role| (role, true)))
            .filter(|(role, _)| !role.metadata.namespace.is_empty())
            .map(|(role, is_judged)| {
                (
                    key(&role.metadata),
                    RoleSummary::of(&role.rules, is_judged, vocabulary),
                )
            });
        let names = |roles: &'o [ClusterRole]| -> HashSet<&str> {
            let names = roles.iter().map(|role| role.metadata.name.as_str());
            names.collect()
        };
        let (judged_names, known_names) =
            (names(&judged.cluster_roles), names(&known.cluster_roles));
        let cluster_roles = aggregated.objects.cluster_roles.iter().map(|role| {
            let name = role.metadata.name.as_str();
            // An unchanged object of the default policy is not judged.
            let is_judged = judged_names.contains(name) && !known_names.contains(name);
            (
                ("", name),
                RoleSummary::of(&role.rules, is_judged, vocabulary),
            )
        });
        let listed = aggregated.objects.aggregated_roles();
        let members: Option<HashMap<&str, Vec<&str>>> = listed.too_large.is_empty().then(|| {
            let name = |role: &'o ClusterRole| role.metadata.name.as_str();
            let names = |members: Vec<_>| members.into_iter().map(name).collect();
            let named = listed.roles.into_iter();
            named
                .map(|target| (name(target.role), names(target.members)))
                .collect()
        });
        let mut bound_scopes = bound_scopes(judged, known);
        if let Some(members) = &members {
            extend_to_members(&mut bound_scopes, members);
        }
        Self {
            known: Known::new(known, &versions),
            versions,
            role_namespaces: role_namespaces(judged, known),
            roles: roles.chain(cluster_roles).collect(),
            bound_scopes,
            members: members.map(|members| members.into_values().flatten().collect()),
            too_large: &aggregated.too_large,
        }
    }

    /// Returns the versions that are considered.
    pub(crate) fn versions(&self) -> RangeInclusive<KubernetesVersion> {
        self.versions.clone()
    }

    /// Returns the role that a binding in this namespace refers to; `None` if it does not exist.
    pub(crate) fn referred<'s>(
        &'s self,
        role_ref: &'s RoleRef,
        namespace: &'s str,
    ) -> Option<&'s RoleSummary<'s>> {
        self.role(role_key(role_ref, namespace)?)
    }

    /// Returns a role; `None` if it does not exist.
    pub(crate) fn role<'s>(&'s self, key: RoleKey<'s>) -> Option<&'s RoleSummary<'s>> {
        self.roles.get(&key)
    }

    /// Returns the namespaces that have a Role of this name, sorted.
    pub(crate) fn namespaces_of_role(&self, name: &str) -> &[&'o str] {
        self.role_namespaces.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn bound_scope(&self, key: RoleKey<'_>) -> BoundScope {
        self.bound_scopes
            .get(&key)
            .copied()
            .unwrap_or(BoundScope::Unbound)
    }

    /// Returns whether an aggregated role selects this `ClusterRole`, or may select it because the
    /// members are unknown.
    pub(crate) fn may_be_member(&self, cluster_role: &str) -> bool {
        let members = self.members.as_ref();
        members.is_none_or(|members| members.contains(cluster_role))
    }

    /// Returns whether it is known which roles aggregated roles select.
    pub(crate) const fn knows_members(&self) -> bool {
        self.members.is_some()
    }

    /// Returns whether an aggregated role has too many rules to collect.
    pub(crate) fn is_too_large(&self, cluster_role: &str) -> bool {
        self.too_large.contains(cluster_role)
    }

    pub(crate) const fn known(&self) -> &Known<'o> {
        &self.known
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

pub(crate) const fn key(metadata: &Metadata) -> RoleKey<'_> {
    (metadata.namespace.as_str(), metadata.name.as_str())
}

/// Returns the key of the role that a binding refers to. The namespace of a `ClusterRoleBinding` is
/// empty; it cannot refer to a Role.
pub(crate) fn role_key<'k>(role_ref: &'k RoleRef, namespace: &'k str) -> Option<RoleKey<'k>> {
    match role_ref.kind.as_str() {
        "ClusterRole" => Some(("", &role_ref.name)),
        "Role" if !namespace.is_empty() => Some((namespace, &role_ref.name)),
        _ => None,
    }
}

fn role_namespaces<'o>(judged: &'o Objects, known: &'o Objects) -> HashMap<&'o str, Vec<&'o str>> {
    let mut namespaces: HashMap<&str, Vec<&str>> = HashMap::new();
    for role in known.roles.iter().chain(&judged.roles) {
        let (namespace, name) = key(&role.metadata);
        if !namespace.is_empty() {
            namespaces.entry(name).or_default().push(namespace);
        }
    }
    for namespaces in namespaces.values_mut() {
        namespaces.sort_unstable();
        namespaces.dedup();
    }
    namespaces
}

fn bound_scopes<'o>(judged: &'o Objects, known: &'o Objects) -> HashMap<RoleKey<'o>, BoundScope> {
    let mut scopes: HashMap<RoleKey<'o>, BoundScope> = HashMap::new();
    let mut widen = |key: Option<RoleKey<'o>>, scope: BoundScope| {
        if let Some(key) = key {
            let widest = scopes.entry(key).or_insert(scope);
            *widest = scope.max(*widest);
        }
    };
    for objects in [known, judged] {
        for binding in &objects.cluster_role_bindings {
            widen(role_key(&binding.role_ref, ""), BoundScope::Cluster);
        }
        for binding in &objects.role_bindings {
            let namespace = binding.metadata.namespace.as_str();
            let scope = match namespace {
                AWS_AUTH_NAMESPACE => BoundScope::AwsAuthNamespace,
                _ => BoundScope::Namespaces,
            };
            widen(role_key(&binding.role_ref, namespace), scope);
        }
    }
    scopes
}

/// Extends the scope of each aggregated role to its members, which may be aggregated themselves.
fn extend_to_members<'o>(
    scopes: &mut HashMap<RoleKey<'o>, BoundScope>,
    members: &HashMap<&'o str, Vec<&'o str>>,
) {
    for scope in [
        BoundScope::Cluster,
        BoundScope::AwsAuthNamespace,
        BoundScope::Namespaces,
    ] {
        let is_bound = |name: &&&str| scopes.get(&("", **name)) == Some(&scope);
        let mut targets: Vec<&'o str> = members.keys().filter(is_bound).copied().collect();
        while let Some(target) = targets.pop() {
            for member in members.get(target).into_iter().flatten() {
                let of_member = scopes.entry(("", *member)).or_insert(BoundScope::Unbound);
                if *of_member < scope {
                    *of_member = scope;
                    targets.push(member);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_rbac::{AggregationRule, LabelSelector};

    use super::*;
    use crate::finding::{ObjectName, Report};
    use crate::roles::check_cluster_role;
    use crate::severity::Severity;

    /// Lints an aggregated role of a cluster with a limit that only a test reaches in a short time.
    fn messages(limited: &HashSet<String>, knows_members: bool) -> Vec<String> {
        let role = ClusterRole {
            metadata: Metadata {
                name: "a".to_owned(),
                ..Metadata::default()
            },
            rules: vec![PolicyRule::default()],
            aggregation_rule: Some(AggregationRule {
                cluster_role_selectors: vec![LabelSelector {
                    match_labels: [("x".to_owned(), "1".to_owned())].into(),
                    ..LabelSelector::default()
                }],
            }),
        };
        let judged = Objects {
            cluster_roles: vec![role.clone()],
            ..Objects::default()
        };
        let aggregated = Aggregated {
            objects: Objects::default(),
            too_large: limited.clone(),
        };
        let (known, vocabulary) = (Objects::default(), Vocabulary::new());
        let versions = KubernetesVersion::V1_34..=KubernetesVersion::V1_34;
        let mut cluster = Cluster::new(versions, &vocabulary, &judged, &known, &aggregated);
        if !knows_members {
            cluster.members = None;
        }
        let mut report = Report::new(Severity::Info);
        report.object(ObjectName::of("ClusterRole", &role.metadata), |out| {
            check_cluster_role(&role, &cluster, &vocabulary, out);
        });
        let findings = report.finish();
        findings.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn an_aggregated_role_that_is_not_checked_says_why() {
        let (unused, overwritten) = (
            "no binding refers to it, and no aggregated role selects it",
            "one rule comes from no role that it selects here",
        );
        let limited = HashSet::from(["a".to_owned()]);
        assert_eq!(messages(&HashSet::new(), true), [unused, overwritten]);
        assert_eq!(
            messages(&limited, true),
            [unused, "its rules are too many to collect"]
        );
        let too_many = "the roles that it selects are too many to find";
        assert_eq!(messages(&HashSet::new(), false), [too_many, overwritten]);
    }
}
