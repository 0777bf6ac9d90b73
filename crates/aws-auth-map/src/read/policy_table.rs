//! What each access policy allows, as far as it is known.

use std::collections::BTreeMap;

use bounded_yaml::{Error, Limits, Mapping, Node};
use thiserror::Error as ThisError;

use crate::check::{MapProblem, of_rule};
use crate::problem::ProblemKind;
use crate::resolve::IdentityMap;
use crate::resolve::backend::Backend;
use crate::rules::access_policy::{AccessPolicy, PolicyRule};

/// The seven policies whose rules the EKS user guide prints ("Review access policy permissions"),
/// as it printed them in December 2024; one rule a line.
const EKS: &str = include_str!("eks_access_policies.json");

/// What each access policy allows.
///
/// EKS does not tell the content of its policies through its API, and its list grows: a policy that
/// is not in the table is unknown, which is neither everything nor nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PolicyTable {
    policies: BTreeMap<String, Vec<PolicyRule>>,
}

/// Why a text is no table of policies.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum PolicyTableError {
    /// Not a mapping from names to lists of rules, whose fields are lists of text.
    #[error(
        "a table of policies maps each name to a list of rules, whose fields are lists of text"
    )]
    Shape,
    /// No YAML, and no JSON.
    #[error("not YAML: {0}")]
    Syntax(Error),
}

impl PolicyTable {
    /// Makes an empty table, to which every policy is unknown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the policies whose rules the EKS user guide prints.
    #[must_use]
    pub fn eks() -> Self {
        // A test reads the text, so that there is no other case.
        Self::read(EKS).unwrap_or_default()
    }

    /// Reads a table: each policy's name, with the list of its `PolicyRule`s.
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
            let rules = node.as_sequence()?.iter();
            let rules = rules.map(|rule| read_rule(rule.as_mapping()?));
            rules.collect::<Option<Vec<_>>>()
        };
        let policies = policies
            .map(|(name, rules)| Some((name.text().to_owned(), read(rules)?)))
            .collect::<Option<BTreeMap<_, _>>>();
        policies
            .map(|policies| Self { policies })
            .ok_or(PolicyTableError::Shape)
    }

    /// Returns what a policy allows within its scope, or none if that is not known.
    #[must_use]
    pub fn rules(&self, policy: &AccessPolicy) -> Option<&[PolicyRule]> {
        self.policies.get(policy.name()).map(Vec::as_slice)
    }

    /// Finds the access entries of a map with a policy that is not in the table: what its users may
    /// do besides what RBAC allows cannot be told.
    #[must_use]
    pub fn check(&self, map: &IdentityMap) -> Vec<MapProblem> {
        let of_backend = |backend| {
            let rules = Backend::rules(backend).iter();
            let is_unknown = |policy: &AccessPolicy| self.rules(policy).is_none();
            let unknown =
                rules.filter(move |(_, rule)| rule.access_policies().iter().any(is_unknown));
            unknown.map(|(at, _)| of_rule(backend, at, ProblemKind::UnknownAccessPolicy))
        };
        map.asked().flat_map(of_backend).collect()
    }

    /// Returns the names of the policies, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.policies.keys().map(String::as_str)
    }
}

fn read_rule(mapping: &Mapping) -> Option<PolicyRule> {
    let mut rule = PolicyRule::default();
    for (key, value) in mapping.entries() {
        let field = match key.text() {
            "apiGroups" => &mut rule.api_groups,
            "nonResourceURLs" => &mut rule.non_resource_urls,
            "resourceNames" => &mut rule.resource_names,
            "resources" => &mut rule.resources,
            "verbs" => &mut rule.verbs,
            // A rule of which a part is not understood must not be taken for the rest.
            _ => return None,
        };
        let texts = value.as_sequence()?.iter().map(Node::as_text);
        *field = texts
            .map(|text| Some(text?.to_owned()))
            .collect::<Option<_>>()?;
    }
    Some(rule)
}
