//! The rules of access policies.

use std::collections::BTreeMap;

use bounded_yaml::{Error, Limits, Mapping, Node};
use thiserror::Error as ThisError;

use crate::check::{MapProblem, of_rule};
use crate::problem::ProblemKind;
use crate::resolve::IdentityMap;
use crate::resolve::backend::Backend;
use crate::rules::access_policy::{AccessPolicy, PolicyRule};

/// The eight policies whose rules the EKS user guide prints ("Review access policy permissions"),
/// as of November 2025; one rule a line.
const EKS: &str = include_str!("eks_access_policies.json");

/// The rules of access policies.
///
/// EKS's API does not return the rules of its policies, and new policies are added. The rules of a
/// policy that is not in the table are unknown, so it may allow anything or nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PolicyTable {
    policies: BTreeMap<String, Vec<PolicyRule>>,
}

/// Why a text is not a table of policies.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum PolicyTableError {
    /// Not a mapping from names to lists of rules whose fields are lists of text.
    #[error("a table of policies maps each name to a list of rules whose fields are lists of text")]
    Shape,
    /// Neither YAML nor JSON.
    #[error("not YAML: {0}")]
    Syntax(Error),
}

impl PolicyTable {
    /// Builds an empty table, in which every policy is unknown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the table of the policies whose rules the EKS user guide prints.
    #[must_use]
    pub fn eks() -> Self {
        // A test reads this text, so the default is never used.
        Self::read(EKS).unwrap_or_default()
    }

    /// Reads a table: a mapping from each policy's name to a list of `PolicyRule`s.
    ///
    /// # Errors
    ///
    /// [`PolicyTableError::Syntax`], [`PolicyTableError::Shape`].
    pub fn read(text: &str) -> Result<Self, PolicyTableError> {
        let mut documents = bounded_yaml::documents(text, &Limits::new());
        let node = match documents.next() {
            None => return Ok(Self::new()),
            Some(node) => node.map_err(PolicyTableError::Syntax)?,
        };
        let policies = match (node.as_mapping(), documents.next()) {
            (Some(mapping), None) if mapping.duplicates().is_empty() => mapping.entries().iter(),
            (_, Some(Err(error))) => return Err(PolicyTableError::Syntax(error)),
            _ => return Err(PolicyTableError::Shape),
        };
        let read = |node: &Node| {
            node.as_sequence()?
                .iter()
                .map(|rule| read_rule(rule.as_mapping()?))
                .collect::<Option<Vec<_>>>()
        };
        let policies = policies
            .map(|(name, rules)| Some((name.text().to_owned(), read(rules)?)))
            .collect::<Option<BTreeMap<_, _>>>();
        policies
            .map(|policies| Self { policies })
            .ok_or(PolicyTableError::Shape)
    }

    /// Returns the rules of a policy within its scope. `None` if they are not known.
    #[must_use]
    pub fn rules(&self, policy: &AccessPolicy) -> Option<&[PolicyRule]> {
        self.policies.get(policy.name()).map(Vec::as_slice)
    }

    /// Finds the access entries of a map with a policy that is not in the table. The permissions of
    /// their users beyond RBAC are unknown.
    #[must_use]
    pub fn check(&self, map: &IdentityMap) -> Vec<MapProblem> {
        let is_unknown = |policy: &AccessPolicy| self.rules(policy).is_none();
        let of_backend = |backend| {
            Backend::rules(backend)
                .iter()
                .filter(move |(_, rule)| rule.access_policies().iter().any(is_unknown))
                .map(|(at, _)| of_rule(backend, at, ProblemKind::UnknownAccessPolicy))
        };
        map.asked().flat_map(of_backend).collect()
    }

    /// Returns the names of the policies in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.policies.keys().map(String::as_str)
    }
}

fn read_rule(mapping: &Mapping) -> Option<PolicyRule> {
    if !mapping.duplicates().is_empty() {
        return None;
    }
    let mut rule = PolicyRule::default();
    for (key, value) in mapping.entries() {
        let field = match key.text() {
            "apiGroups" => &mut rule.api_groups,
            "nonResourceURLs" => &mut rule.non_resource_urls,
            "resourceNames" => &mut rule.resource_names,
            "resources" => &mut rule.resources,
            "verbs" => &mut rule.verbs,
            // A rule must not be reduced to the part that is understood.
            _ => return None,
        };
        *field = value
            .as_sequence()?
            .iter()
            .map(|text| Some(text.as_text()?.to_owned()))
            .collect::<Option<_>>()?;
    }
    Some(rule)
}
