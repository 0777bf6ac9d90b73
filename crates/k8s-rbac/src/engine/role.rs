//! Roles, as a policy stores them and as its readers see them.

use std::collections::BTreeMap;

use crate::engine::masks::{HashedRequest, RoleMask, RuleMask, TextHasher};
use crate::objects::{AggregationRule, ClusterRole, Metadata, PolicyRule, Role, RoleRef};

/// A role of either kind, without its rules.
#[derive(Debug)]
pub(crate) struct NamedRole {
    /// `None` for a `ClusterRole`.
    namespace: Option<Box<str>>,
    name: Box<str>,
    /// `None` if all of it is empty, as in most roles.
    rest: Option<Box<Rest>>,
}

/// The parts of a role that decisions ignore.
#[derive(Debug)]
struct Rest {
    labels: BTreeMap<String, String>,
    /// The namespace in the metadata of a `ClusterRole`, which the API server never stores.
    stray_namespace: String,
    aggregation_rule: Option<AggregationRule>,
}

impl NamedRole {
    /// Splits a `ClusterRole` into its rules and the rest.
    pub(crate) fn of_cluster(object: ClusterRole) -> (Self, Vec<PolicyRule>) {
        let ClusterRole {
            metadata,
            rules,
            aggregation_rule,
        } = object;
        (Self::new(None, metadata, aggregation_rule), rules)
    }

    /// Splits a `Role` into its rules and the rest.
    pub(crate) fn of_namespace(object: Role) -> (Self, Vec<PolicyRule>) {
        let Role {
            mut metadata,
            rules,
        } = object;
        let namespace = std::mem::take(&mut metadata.namespace);
        (Self::new(Some(namespace), metadata, None), rules)
    }

    fn new(
        namespace: Option<String>,
        metadata: Metadata,
        aggregation_rule: Option<AggregationRule>,
    ) -> Self {
        let Metadata {
            name,
            namespace: stray_namespace,
            labels,
        } = metadata;
        let has_rest =
            !labels.is_empty() || !stray_namespace.is_empty() || aggregation_rule.is_some();
        Self {
            namespace: namespace.map(String::into_boxed_str),
            name: name.into_boxed_str(),
            rest: has_rest.then(|| {
                Box::new(Rest {
                    labels,
                    stray_namespace,
                    aggregation_rule,
                })
            }),
        }
    }

    /// Builds a role that has only its name.
    pub(crate) fn bare(name: RoleName<'_>) -> Self {
        let (namespace, name) = name.parts();
        Self {
            namespace: namespace.map(Box::from),
            name: name.into(),
            rest: None,
        }
    }

    pub(crate) fn name(&self) -> RoleName<'_> {
        match &self.namespace {
            None => RoleName::Cluster(&self.name),
            Some(namespace) => RoleName::Namespaced(namespace, &self.name),
        }
    }
}

/// A role of either kind, with its rules.
#[derive(Clone, Copy, Debug)]
pub struct RoleView<'p> {
    role: &'p NamedRole,
    rules: &'p [PolicyRule],
}

impl<'p> RoleView<'p> {
    pub(crate) const fn new(role: &'p NamedRole, rules: &'p [PolicyRule]) -> Self {
        Self { role, rules }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'p str {
        &self.role.name
    }

    /// Returns the namespace. `None` for a `ClusterRole`, even if its metadata has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&'p str> {
        self.role.namespace.as_deref()
    }

    /// Returns the rules, in order.
    #[must_use]
    pub const fn rules(&self) -> &'p [PolicyRule] {
        self.rules
    }

    /// Copies the role. `None` if it is a `Role`.
    pub(crate) fn to_cluster_role(self) -> Option<ClusterRole> {
        let rest = self.role.rest.as_deref();
        self.role.namespace.is_none().then(|| ClusterRole {
            metadata: self.metadata(),
            rules: self.rules.to_vec(),
            aggregation_rule: rest.and_then(|rest| rest.aggregation_rule.clone()),
        })
    }

    /// Copies the role. `None` if it is a `ClusterRole`.
    pub(crate) fn to_role(self) -> Option<Role> {
        let namespace = self.namespace()?.to_owned();
        Some(Role {
            metadata: Metadata {
                namespace,
                ..self.metadata()
            },
            rules: self.rules.to_vec(),
        })
    }

    fn metadata(&self) -> Metadata {
        let rest = self.role.rest.as_deref();
        Metadata {
            name: self.role.name.to_string(),
            namespace: rest
                .map(|rest| rest.stray_namespace.clone())
                .unwrap_or_default(),
            labels: rest.map(|rest| rest.labels.clone()).unwrap_or_default(),
        }
    }
}

/// The kind, namespace and name of a role.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RoleName<'n> {
    Cluster(&'n str),
    /// Namespace and name.
    Namespaced(&'n str, &'n str),
}

impl<'n> RoleName<'n> {
    /// Resolves a `roleRef` of a binding in a namespace. Returns `None` if no role can satisfy it.
    ///
    /// As upstream: pkg/registry/rbac/validation/rule.go, `GetRoleReferenceRules`. The API group of
    /// the reference is ignored, and a `ClusterRoleBinding` never finds a `Role`.
    pub(crate) fn resolve(role: RoleRef<&'n str>, namespace: Option<&'n str>) -> Option<Self> {
        match role.kind {
            "ClusterRole" => Some(Self::Cluster(role.name)),
            "Role" => Some(Self::Namespaced(namespace?, role.name)),
            _ => None,
        }
    }

    const fn parts(self) -> (Option<&'n str>, &'n str) {
        match self {
            Self::Cluster(name) => (None, name),
            Self::Namespaced(namespace, name) => (Some(namespace), name),
        }
    }

    pub(crate) fn hash(self, hasher: &TextHasher) -> u64 {
        match self {
            Self::Cluster(name) => hasher.hash(name),
            Self::Namespaced(namespace, name) => hasher.hash_pair(namespace, name),
        }
    }
}

/// A list of rules, with their masks.
#[derive(Debug)]
pub(crate) struct CompiledRules {
    rules: Box<[PolicyRule]>,
    /// One mask for each rule.
    masks: Box<[RuleMask]>,
    /// The mask of all rules.
    mask: RoleMask,
}

impl CompiledRules {
    pub(crate) fn new(rules: Vec<PolicyRule>, hasher: &TextHasher) -> Self {
        let masks: Box<[RuleMask]> = rules
            .iter()
            .map(|rule| RuleMask::of(rule, hasher))
            .collect();
        let mask = masks.iter().fold(RoleMask::default(), |all, mask| {
            all.union(mask.to_role_mask())
        });
        Self {
            rules: rules.into_iter().map(without_spare_capacity).collect(),
            masks,
            mask,
        }
    }

    pub(crate) const fn rules(&self) -> &[PolicyRule] {
        &self.rules
    }

    pub(crate) const fn mask(&self) -> RoleMask {
        self.mask
    }

    /// Returns the first rule that allows the request.
    pub(crate) fn first_allowing(&self, request: &HashedRequest<'_>) -> Option<&PolicyRule> {
        let mut rules = self.masks.iter().zip(&self.rules);
        let allowing =
            rules.find(|(mask, rule)| mask.may_allow(request) && rule.allows(request.request))?;
        Some(allowing.1)
    }
}

/// Frees unused capacity of the texts and lists of a rule. A reader of manifests leaves some.
fn without_spare_capacity(mut rule: PolicyRule) -> PolicyRule {
    let PolicyRule {
        verbs,
        api_groups,
        resources,
        resource_names,
        non_resource_urls,
    } = &mut rule;
    for texts in [
        verbs,
        api_groups,
        resources,
        resource_names,
        non_resource_urls,
    ] {
        texts.shrink_to_fit();
        texts.iter_mut().for_each(String::shrink_to_fit);
    }
    rule
}
