//! A question about a resource that neither Kubernetes nor the policy knows, for example because of a
//! typing error.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use k8s_rbac::api_resources::{OPTIONAL_RESOURCES, RESOURCES};
use k8s_rbac::{Policy, PolicyRule, Quoted};

/// The highest number of typing errors for which another name is suggested. Our choice.
const MAX_DISTANCE: usize = 2;

/// A resource that neither Kubernetes nor the rules of a policy know. An answer about it would be
/// about a typing error.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UnknownResource {
    resource: String,
    nearest: Option<String>,
}

impl UnknownResource {
    /// Returns the resource that was asked about.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Returns the known resource with the most similar name. `None` if no name is similar.
    #[must_use]
    pub fn nearest(&self) -> Option<&str> {
        self.nearest.as_deref()
    }

    /// Builds the refusal of a resource that belongs to this group.
    pub(super) fn of_group(resource: &str, group: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            nearest: Some(format!("{resource}.{group}")),
        }
    }

    /// Looks a resource up. `kinds` are the kinds of further objects of the cluster.
    pub(super) fn find<'k>(
        resource: &str,
        policy: &Policy,
        kinds: impl IntoIterator<Item = &'k str>,
    ) -> Option<Self> {
        let mut known: BTreeSet<&str> = BTreeSet::new();
        known.extend(
            RESOURCES
                .iter()
                .chain(OPTIONAL_RESOURCES)
                .map(|known| known.name),
        );
        let cluster = policy.cluster_roles().flat_map(|role| role.rules());
        let rules: Vec<&PolicyRule> = cluster
            .chain(policy.roles().flat_map(|role| role.rules()))
            .collect();
        let entries = rules.iter().flat_map(|rule| &rule.resources);
        known.extend(
            entries.map(|entry| entry.split_once('/').map_or(entry.as_str(), |(it, _)| it)),
        );
        if known.contains(resource) || kinds.into_iter().any(|kind| is_plural(resource, kind)) {
            return None;
        }
        let near = known.iter().map(|name| (distance(resource, name), *name));
        let near = near.filter(|(distance, _)| *distance <= MAX_DISTANCE).min();
        Some(Self {
            resource: resource.to_owned(),
            nearest: near.map(|(_, name)| name.to_owned()),
        })
    }
}

impl Display for UnknownResource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let resource = Quoted::new(&self.resource);
        write!(f, "neither Kubernetes nor a rule has a resource {resource}")?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {}?", Quoted::new(nearest)),
            None if self.resource.contains(',') => {
                f.write_str("; write each of several resources as a word of its own")
            }
            None => f.write_str(
                "; write a custom resource as RESOURCE.GROUP, and one object as RESOURCE/NAME",
            ),
        }
    }
}

/// Returns whether a resource may be the plural of a kind.
fn is_plural(resource: &str, kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let ends = ["", "s", "es"];
    ends.iter()
        .any(|end| resource.strip_suffix(end) == Some(&kind))
        || resource
            .strip_suffix("ies")
            .is_some_and(|stem| kind.strip_suffix('y') == Some(stem))
}

/// Returns the number of inserted, deleted, replaced and swapped letters between two words.
pub(super) fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > MAX_DISTANCE {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (row, &letter) in (1_usize..).zip(&one) {
        let mut next = vec![row];
        for (column, &expected) in other.iter().enumerate() {
            let at =
                |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column).saturating_add(usize::from(letter != expected));
            let deleted = at(&last, column.saturating_add(1)).saturating_add(1);
            let inserted = at(&next, column).saturating_add(1);
            let mut least = replaced.min(deleted).min(inserted);
            let left = column.checked_sub(1);
            if let Some(left) = left
                && other.get(left) == Some(&letter)
                && previous == Some(expected)
            {
                least = least.min(at(&before, left).saturating_add(1));
            }
            next.push(least);
        }
        before = std::mem::replace(&mut last, next);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or(usize::MAX)
}
