//! Lists the rules that apply to a user.

use serde::{Deserialize, Serialize};

use crate::engine::policy::Policy;
use crate::objects::{PolicyRule, list_or_default, objects_or_default, or_default};
use crate::request::User;
use crate::response::{BindingGrant, Unresolved};

impl Policy {
    /// Lists every rule that applies to a user in a namespace. Without a namespace (`""`), lists
    /// the rules of `ClusterRoleBinding`s only.
    ///
    /// The rules are in the order of the walk, and a rule that several bindings grant is listed
    /// several times. Paths are listed even if a `RoleBinding` grants them, although they have no
    /// effect there. [`PRIVILEGED_GROUP`](crate::PRIVILEGED_GROUP) adds no rule: as in upstream,
    /// only a binding for that group does.
    ///
    /// As upstream: plugin/pkg/auth/authorizer/rbac/rbac.go, `RulesFor`.
    #[must_use]
    pub fn rules_for(&self, user: &User, namespace: &str) -> RuleListing<'_> {
        let mut listing = RuleListing {
            grants: Vec::new(),
            unresolved: Vec::new(),
        };
        for (binding, subject) in self.bindings_for(user, namespace) {
            match binding.rules {
                None => listing.unresolved.push(binding.missing()),
                Some(rules) => {
                    let grants = rules.iter().map(|rule| binding.grant(subject, rule));
                    listing.grants.extend(grants);
                }
            }
        }
        listing
    }
}

/// The rules of a user, each with the binding that grants it, and the roles that do not exist.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleListing<'p> {
    grants: Vec<BindingGrant<'p>>,
    unresolved: Vec<Unresolved<'p>>,
}

impl<'p> RuleListing<'p> {
    /// Returns the rules with their origin, in the order of the walk.
    #[must_use]
    pub fn grants(&self) -> &[BindingGrant<'p>] {
        &self.grants
    }

    /// Returns the rules alone, in the same order.
    pub fn rules(&self) -> impl Iterator<Item = &'p PolicyRule> {
        self.grants.iter().map(BindingGrant::rule)
    }

    /// Returns the roles that do not exist although bindings of this user refer to them.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }

    /// Returns kube-apiserver's error, byte for byte. Empty if all roles exist.
    #[must_use]
    pub fn evaluation_error(&self) -> String {
        Unresolved::evaluation_error(&self.unresolved)
    }

    /// Converts the list to the status of a `SelfSubjectRulesReview`.
    ///
    /// A rule with both resources and paths appears in both lists, a rule with neither in none.
    #[must_use]
    pub fn status(&self) -> SubjectRulesReviewStatus {
        let resource_rules = self.rules().filter(|rule| !rule.resources.is_empty());
        let non_resource_rules = self
            .rules()
            .filter(|rule| !rule.non_resource_urls.is_empty());
        SubjectRulesReviewStatus {
            resource_rules: resource_rules.map(ResourceRule::from).collect(),
            non_resource_rules: non_resource_rules.map(NonResourceRule::from).collect(),
            incomplete: false,
            evaluation_error: self.evaluation_error(),
        }
    }
}

/// The status of a `SelfSubjectRulesReview`.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct SubjectRulesReviewStatus {
    /// The rules about resources.
    #[serde(deserialize_with = "objects_or_default")]
    pub resource_rules: Vec<ResourceRule>,
    /// The rules about paths.
    #[serde(deserialize_with = "objects_or_default")]
    pub non_resource_rules: Vec<NonResourceRule>,
    /// Whether an authorizer could not list its rules. RBAC always can list them, even if roles are
    /// missing.
    #[serde(deserialize_with = "or_default")]
    pub incomplete: bool,
    /// The errors. Empty if there were none.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub evaluation_error: String,
}

impl SubjectRulesReviewStatus {
    /// Converts the status to rules: first the rules about resources, then the rules about paths.
    #[must_use]
    pub fn rules(&self) -> Vec<PolicyRule> {
        let resources = self.resource_rules.iter().cloned().map(PolicyRule::from);
        let paths = self
            .non_resource_rules
            .iter()
            .cloned()
            .map(PolicyRule::from);
        resources.chain(paths).collect()
    }
}

/// A rule about resources.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct ResourceRule {
    /// The verbs.
    #[serde(deserialize_with = "list_or_default")]
    pub verbs: Vec<String>,
    /// The API groups.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub api_groups: Vec<String>,
    /// The resources.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub resources: Vec<String>,
    /// The object names. An empty list stands for every name.
    #[serde(
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub resource_names: Vec<String>,
}

impl From<&PolicyRule> for ResourceRule {
    fn from(rule: &PolicyRule) -> Self {
        Self {
            verbs: rule.verbs.clone(),
            api_groups: rule.api_groups.clone(),
            resources: rule.resources.clone(),
            resource_names: rule.resource_names.clone(),
        }
    }
}

/// A rule about paths.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(default)]
#[expect(clippy::exhaustive_structs, reason = "API data, written as a literal")]
pub struct NonResourceRule {
    /// The verbs.
    #[serde(deserialize_with = "list_or_default")]
    pub verbs: Vec<String>,
    /// The paths, exact or ending in `*`.
    #[serde(
        rename = "nonResourceURLs",
        deserialize_with = "list_or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub non_resource_urls: Vec<String>,
}

impl From<&PolicyRule> for NonResourceRule {
    fn from(rule: &PolicyRule) -> Self {
        Self {
            verbs: rule.verbs.clone(),
            non_resource_urls: rule.non_resource_urls.clone(),
        }
    }
}

impl From<ResourceRule> for PolicyRule {
    fn from(rule: ResourceRule) -> Self {
        Self {
            verbs: rule.verbs,
            api_groups: rule.api_groups,
            resources: rule.resources,
            resource_names: rule.resource_names,
            non_resource_urls: Vec::new(),
        }
    }
}

impl From<NonResourceRule> for PolicyRule {
    fn from(rule: NonResourceRule) -> Self {
        Self {
            verbs: rule.verbs,
            non_resource_urls: rule.non_resource_urls,
            ..Self::default()
        }
    }
}
