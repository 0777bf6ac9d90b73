//! The roles and bindings of a cluster, with the default policy and the places of the objects.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use bounded_yaml::Position;
use k8s_rbac::bootstrap::LABEL;
use k8s_rbac::{
    ClusterRole, Fault, FieldErrors, KubernetesVersion, Manifests, Metadata, Objects, Policy,
    PolicyRule,
};
use k8s_rbac_analysis::RuleSources;

use crate::document::Document;
use crate::place::Place;
use crate::problem::{Cause, Problem, SourceFault};

/// The roles and bindings of a cluster.
#[derive(Clone, Debug)]
pub struct Rbac {
    manifests: Manifests,
    rule_positions: RulePositions,
    policy: Policy,
    default_policy: DefaultPolicy,
    too_large: Vec<String>,
    /// The objects of the policy, which stores them in another form. Most questions need only the
    /// policy.
    objects: OnceLock<Objects>,
    /// The role that each rule of an aggregated role comes from. It is computed for the first answer that
    /// names such a rule.
    sources: OnceLock<HashMap<String, HashMap<PolicyRule, String>>>,
    /// The index of each role as written, by namespace and name, computed likewise.
    written: OnceLock<HashMap<(String, String), usize>>,
}

/// The origin of the default policy of Kubernetes, which every cluster has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "it is there, added or left out")]
pub enum DefaultPolicy {
    /// The documents have it: they have the ClusterRole and the ClusterRoleBinding `cluster-admin`.
    InDocuments,
    /// The default policy of this version was added, except for objects that the documents have.
    Added(KubernetesVersion),
    /// The documents lack it, and the options leave it out.
    LeftOut,
}

impl Rbac {
    /// Joins the objects of manifests with the default policy of a version, if one is given and they lack
    /// it, and fills in the rules of aggregated roles.
    pub(crate) fn new(
        manifests: Manifests,
        rule_positions: RulePositions,
        version: Option<KubernetesVersion>,
    ) -> Self {
        let default_policy = match version {
            _ if has_default_policy(manifests.objects()) => DefaultPolicy::InDocuments,
            None => DefaultPolicy::LeftOut,
            Some(version) => DefaultPolicy::Added(version),
        };
        let (policy, too_large) = policy(manifests.objects(), default_policy);
        Self {
            policy,
            manifests,
            rule_positions,
            default_policy,
            too_large,
            objects: OnceLock::new(),
            sources: OnceLock::new(),
            written: OnceLock::new(),
        }
    }

    /// Returns the objects that the documents have, as written.
    #[must_use]
    pub const fn written(&self) -> &Objects {
        self.manifests.objects()
    }

    /// Returns whether the documents have any role or binding.
    #[must_use]
    pub fn is_any_written(&self) -> bool {
        let written = self.written();
        !(written.roles.is_empty()
            && written.role_bindings.is_empty()
            && written.cluster_roles.is_empty()
            && written.cluster_role_bindings.is_empty())
    }

    /// Returns the objects of the [`policy`](Self::policy): the objects of the documents and of the default
    /// policy, with the rules of aggregated roles filled in.
    #[must_use]
    pub fn objects(&self) -> &Objects {
        self.objects.get_or_init(|| {
            let mut objects = self.written().clone();
            let added = added(&objects, self.default_policy);
            objects.roles.extend(added.roles);
            objects.role_bindings.extend(added.role_bindings);
            objects.cluster_roles.extend(added.cluster_roles);
            objects
                .cluster_role_bindings
                .extend(added.cluster_role_bindings);
            aggregate(&mut objects);
            objects
        })
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the origin of the default policy.
    #[must_use]
    pub const fn default_policy(&self) -> DefaultPolicy {
        self.default_policy
    }

    /// Returns the aggregated roles that have too many rules to fill in. They keep their written rules, so
    /// a denial may be wrong.
    #[must_use]
    pub fn too_large(&self) -> &[String] {
        &self.too_large
    }

    /// Returns the place of an object of a document. `None` for an object of the default policy.
    ///
    /// `kind` is `Role`, `ClusterRole`, `RoleBinding` or `ClusterRoleBinding`; the namespace of the
    /// cluster-scoped kinds is empty.
    #[must_use]
    pub fn place(&self, kind: &str, namespace: &str, name: &str) -> Option<Place> {
        let place = self.manifests.place(kind, namespace, name)?;
        Some(Place::at(&place.file, place.position))
    }

    /// Returns the index of a rule in a role as written; the namespace of a ClusterRole is empty.
    pub(crate) fn index_of_rule(
        &self,
        namespace: &str,
        name: &str,
        rule: &PolicyRule,
    ) -> Option<usize> {
        let key = (namespace.to_owned(), name.to_owned());
        let at = *self
            .written
            .get_or_init(|| index(self.manifests.objects()))
            .get(&key)?;
        let objects = self.written();
        let rules = match namespace {
            "" => &objects.cluster_roles.get(at)?.rules,
            _ => &objects.roles.get(at)?.rules,
        };
        rules.iter().position(|one| one == rule)
    }

    /// Returns the ClusterRole from which an aggregated ClusterRole has a rule. `None` if the role is not
    /// aggregated, or if no member has the rule.
    pub(crate) fn source_of_rule(&self, role: &str, rule: &PolicyRule) -> Option<&str> {
        let sources = self.sources.get_or_init(|| sources_of(self.objects()));
        sources.get(role)?.get(rule).map(String::as_str)
    }

    /// Returns the place of a rule of a role, counted from zero. If it is unknown, returns the place of the
    /// role.
    pub(crate) fn place_of_rule(
        &self,
        documents: &[Document],
        (kind, namespace, name): (&str, &str, &str),
        rule: usize,
    ) -> Option<Place> {
        let place = self.place(kind, namespace, name)?;
        let found = || {
            let role = (namespace.to_owned(), name.to_owned());
            let (document, positions) = self.rule_positions.get(&role)?;
            let document = documents.get(*document)?;
            Some(Place::at(document.name(), Some((*positions.get(rule)?)?)))
        };
        found().or(Some(place))
    }
}

/// Finds the roles and bindings that a kube-apiserver of a version refuses to store, so that a cluster does not have
/// them.
pub(crate) fn refused(manifests: &Manifests, version: KubernetesVersion) -> Vec<Problem> {
    let objects = manifests.objects();
    let mut found = Vec::new();
    let mut add = |kind: &str, metadata: &Metadata, errors: &FieldErrors| {
        let Some(error) = errors.errors().first() else {
            return;
        };
        let Some(place) = manifests.place(kind, &metadata.namespace, &metadata.name) else {
            return;
        };
        let place = Place::at(&place.file, place.position);
        let fault = SourceFault::Refused(format!("{kind}/{}", metadata.name), error.to_string());
        found.push(Problem::new(place, Cause::Source(fault)));
    };
    for one in &objects.roles {
        add("Role", &one.metadata, &one.field_errors(version));
    }
    for one in &objects.cluster_roles {
        add("ClusterRole", &one.metadata, &one.field_errors(version));
    }
    for one in &objects.role_bindings {
        add("RoleBinding", &one.metadata, &one.field_errors(version));
    }
    for one in &objects.cluster_role_bindings {
        add(
            "ClusterRoleBinding",
            &one.metadata,
            &one.field_errors(version),
        );
    }
    found
}

/// Finds the bindings of one name that refer to different roles. The API server never changes a `roleRef` (Kubernetes,
/// `pkg/apis/rbac/validation`, `ValidateRoleBindingUpdate`), so the later one does not take the place of the earlier.
pub(crate) fn rebound(manifests: &Manifests) -> Vec<Problem> {
    let mut problems = manifests.problems().iter();
    if !problems.any(|problem| problem.fault == Fault::Replaces) {
        return Vec::new();
    }
    let objects = manifests.objects();
    let of_namespaces = objects
        .role_bindings
        .iter()
        .map(|one| ("RoleBinding", &one.metadata, &one.role_ref));
    let of_cluster = objects
        .cluster_role_bindings
        .iter()
        .map(|one| ("ClusterRoleBinding", &one.metadata, &one.role_ref));
    let mut first = HashMap::new();
    let mut found = Vec::new();
    for (kind, metadata, role) in of_namespaces.chain(of_cluster) {
        let (namespace, name) = (metadata.namespace.as_str(), metadata.name.as_str());
        if *first.entry((kind, namespace, name)).or_insert(role) == role {
            continue;
        }
        if let Some(place) = manifests.place(kind, namespace, name) {
            let place = Place::at(&place.file, place.position);
            let fault = SourceFault::OtherRole(format!("{kind}/{name}"));
            found.push(Problem::lost(place, Cause::Source(fault)));
        }
    }
    found
}

/// The document of each role, and the position of each of its rules there, by namespace and name. The namespace
/// of a ClusterRole is empty.
pub(crate) type RulePositions = HashMap<(String, String), (usize, Vec<Option<Position>>)>;

/// Whether objects are a dump of a cluster, which has the default policy.
fn has_default_policy(objects: &Objects) -> bool {
    let is_default = |metadata: &Metadata| {
        metadata.name == "cluster-admin"
            && metadata
                .labels
                .get(LABEL.0)
                .is_some_and(|value| value == LABEL.1)
    };
    let mut roles = objects.cluster_roles.iter();
    let mut bindings = objects.cluster_role_bindings.iter();
    roles.any(|role| is_default(&role.metadata))
        && bindings.any(|binding| is_default(&binding.metadata))
}

/// Builds the policy of the objects of the documents and of the default policy, with the rules of aggregated roles
/// filled in. The second part has the roles that are too large for that.
///
/// The objects are not copied as a whole: copying the objects of a large cluster takes longer than building
/// the policy.
fn policy(written: &Objects, default_policy: DefaultPolicy) -> (Policy, Vec<String>) {
    let added = added(written, default_policy);
    let mut policy = Policy::default();
    policy.put_copies(written);
    policy.put_copies(&added);
    let mut aggregated = Objects {
        cluster_roles: [written, &added]
            .into_iter()
            .flat_map(|objects| objects.cluster_roles.iter().cloned())
            .collect(),
        ..Objects::default()
    };
    let too_large = aggregate(&mut aggregated);
    policy.put_copies(&aggregated);
    (policy, too_large)
}

/// Returns the objects of the default policy that the documents lack. Returns no objects if it is
/// not to be added.
fn added(written: &Objects, default_policy: DefaultPolicy) -> Objects {
    fn missing<T>(from: Vec<T>, there: &[T], metadata: impl Fn(&T) -> &Metadata) -> Vec<T> {
        fn key(metadata: &Metadata) -> (&str, &str) {
            (&metadata.namespace, &metadata.name)
        }
        let there: HashSet<_> = there.iter().map(|one| key(metadata(one))).collect();
        from.into_iter()
            .filter(|one| !there.contains(&key(metadata(one))))
            .collect()
    }
    let DefaultPolicy::Added(version) = default_policy else {
        return Objects::default();
    };
    let default = Objects::bootstrap(version);
    Objects {
        roles: missing(default.roles, &written.roles, |one| &one.metadata),
        role_bindings: missing(default.role_bindings, &written.role_bindings, |one| {
            &one.metadata
        }),
        cluster_roles: missing(default.cluster_roles, &written.cluster_roles, |one| {
            &one.metadata
        }),
        cluster_role_bindings: missing(
            default.cluster_role_bindings,
            &written.cluster_role_bindings,
            |one| &one.metadata,
        ),
    }
}

/// Fills in the rules of aggregated roles. Written rules are kept, because a part of a dump has roles
/// without the members that their rules come from. Returns the roles that are too large.
fn aggregate(objects: &mut Objects) -> Vec<String> {
    let is_aggregated = |role: &ClusterRole| role.aggregation_rule.is_some();
    if !objects.cluster_roles.iter().any(is_aggregated) {
        return Vec::new();
    }
    let written: Vec<(usize, ClusterRole)> = objects
        .cluster_roles
        .iter()
        .enumerate()
        .filter(|(_, role)| is_aggregated(role) && !role.rules.is_empty())
        .map(|(at, role)| (at, role.clone()))
        .collect();
    let done = objects.aggregate();
    for (at, role) in written {
        let Some(filled) = objects.cluster_roles.get_mut(at) else {
            continue;
        };
        let there: HashSet<_> = filled.rules.iter().cloned().collect();
        let missing = role.rules.into_iter().filter(|rule| !there.contains(rule));
        filled.rules.extend(missing);
    }
    done.too_large
}

/// Returns the index of each role, by namespace and name. If several objects have one name, the last takes
/// effect.
fn index(objects: &Objects) -> HashMap<(String, String), usize> {
    let cluster_roles = objects.cluster_roles.iter().enumerate();
    let cluster_roles = cluster_roles.map(|(at, role)| (String::new(), &role.metadata, at));
    let roles = objects.roles.iter().enumerate();
    let roles = roles.map(|(at, role)| (role.metadata.namespace.clone(), &role.metadata, at));
    cluster_roles
        .chain(roles)
        .map(|(namespace, metadata, at)| ((namespace, metadata.name.clone()), at))
        .collect()
}

/// Returns the role that each rule of an aggregated role comes from.
fn sources_of(objects: &Objects) -> HashMap<String, HashMap<PolicyRule, String>> {
    let sources = RuleSources::of(objects);
    let roles = objects.cluster_roles.iter();
    roles
        .filter(|role| role.aggregation_rule.is_some())
        .map(|role| {
            let name = &role.metadata.name;
            let source = |rule: &PolicyRule| {
                let source = *sources.of_rule(name, rule).last()?;
                Some((rule.clone(), source.to_owned()))
            };
            (name.clone(), role.rules.iter().filter_map(source).collect())
        })
        .collect()
}
