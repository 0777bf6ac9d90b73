//! The roles that each aggregated role selects.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::selector::SelectorError;
use crate::objects::{ClusterRole, LabelSelector};

/// Compares selectors with roles. Roles are identified by their index, and so are selectors: many
/// roles may share a selector, so each distinct selector is compared with all roles once.
pub(super) struct Members<'r> {
    roles: &'r [ClusterRole],
    /// If two roles share a name, the later one counts, as in a policy.
    by_name: BTreeMap<&'r str, usize>,
    selectors: HashMap<&'r LabelSelector, usize>,
    /// For each selector the roles that it matches, in the order of their names.
    matched: Vec<Vec<usize>>,
}

impl<'r> Members<'r> {
    pub(super) fn new(roles: &'r [ClusterRole]) -> Self {
        Self {
            roles,
            by_name: roles
                .iter()
                .enumerate()
                .map(|(at, role)| (role.metadata.name.as_str(), at))
                .collect(),
            selectors: HashMap::new(),
            matched: Vec::new(),
        }
    }

    /// Iterates over the roles that count, in the order of the objects.
    pub(super) fn roles(&self) -> impl Iterator<Item = (usize, &'r ClusterRole)> + use<'r> {
        let roles = self.roles;
        let mut counted: Vec<usize> = self.by_name.values().copied().collect();
        counted.sort_unstable();
        counted
            .into_iter()
            .filter_map(move |at| Some((at, roles.get(at)?)))
    }

    /// Returns the selectors of a role in order; `None` if the role is not aggregated.
    ///
    /// Takes one of `steps` for each comparison. When no step is left, the matches are incomplete.
    pub(super) fn selectors_of<'s: 'r>(
        &mut self,
        role: &'s ClusterRole,
        steps: &mut usize,
    ) -> Result<Option<Vec<usize>>, SelectorError<'s>> {
        let Some(rule) = &role.aggregation_rule else {
            return Ok(None);
        };
        let mut selectors = Vec::new();
        for selector in &rule.cluster_role_selectors {
            selectors.push(self.number_of(selector, steps)?);
        }
        Ok(Some(selectors))
    }

    /// Returns the roles that any of the selectors matches, except the role that has the selectors:
    /// in the order of the selectors, then of the names.
    pub(super) fn matched_by(
        &self,
        role: &ClusterRole,
        selectors: &[usize],
    ) -> Vec<&'r ClusterRole> {
        let mut seen = HashSet::new();
        selectors
            .iter()
            .filter_map(|&selector| self.matched.get(selector))
            .flatten()
            .filter(|member| seen.insert(**member))
            .filter_map(|&member| self.roles.get(member))
            .filter(|member| member.metadata.name != role.metadata.name)
            .collect()
    }

    /// Returns the matches of all selectors.
    pub(super) fn into_matched(self) -> Vec<Vec<usize>> {
        self.matched
    }

    fn number_of<'s: 'r>(
        &mut self,
        selector: &'s LabelSelector,
        steps: &mut usize,
    ) -> Result<usize, SelectorError<'s>> {
        if let Some(number) = self.selectors.get(selector) {
            return Ok(*number);
        }
        let compiled = selector.compile()?;
        let matches = |at: usize| {
            self.roles
                .get(at)
                .is_some_and(|role| compiled.matches(&role.metadata.labels))
        };
        let matched = self
            .by_name
            .values()
            .copied()
            .take_while(|_| spend(steps))
            .filter(|&at| matches(at))
            .collect();
        let number = self.matched.len();
        self.matched.push(matched);
        self.selectors.insert(selector, number);
        Ok(number)
    }
}

/// Takes one step. Returns `false` if no step is left.
pub(super) fn spend(steps: &mut usize) -> bool {
    match steps.checked_sub(1) {
        Some(left) => {
            *steps = left;
            true
        }
        None => false,
    }
}
