//! Permissions merged into rules, for human readers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use k8s_rbac::{Permission, PolicyRule, Quoted};

use crate::permission_set::{ScopedPermission, qualified};

/// The verbs of the API in their usual order.
const VERBS: [&str; 8] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];

/// The entry that matches everything.
const ALL: &str = "*";

/// A rule with its scope. Prints on one line: `get, list "pods", "pods/log" in namespace
/// "dev"`.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct ScopedRule<'p> {
    // In the sort order of rules: paths, which have no group, come last.
    namespaces: Vec<&'p str>,
    paths: Vec<&'p str>,
    groups: Vec<&'p str>,
    resources: Vec<&'p str>,
    names: Vec<&'p str>,
    verbs: Vec<&'p str>,
}

impl<'p> ScopedRule<'p> {
    /// Returns the namespaces, in order. Empty for the whole cluster.
    #[must_use]
    pub fn namespaces(&self) -> &[&'p str] {
        &self.namespaces
    }

    /// Converts the rule to a rule of the API, for resources or for paths, never both.
    #[must_use]
    pub fn to_rule(&self) -> PolicyRule {
        let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        PolicyRule {
            verbs: own(&self.verbs),
            api_groups: own(&self.groups),
            resources: own(&self.resources),
            resource_names: own(&self.names),
            non_resource_urls: own(&self.paths),
        }
    }

    /// Splits a rule into a part for resources and a part for paths. In a namespace, the part for
    /// paths is empty.
    pub(crate) fn of_rule(namespace: Option<&'p str>, rule: &'p PolicyRule) -> Vec<Self> {
        let own = |texts: &'p [String]| -> Vec<&'p str> {
            let texts: BTreeSet<&str> = texts.iter().map(String::as_str).collect();
            texts.into_iter().collect()
        };
        let mut verbs = own(&rule.verbs);
        verbs.sort_unstable_by_key(|verb| rank(verb));
        let of_resources = Self {
            namespaces: namespace.into_iter().collect(),
            groups: own(&rule.api_groups),
            resources: own(&rule.resources),
            names: own(&rule.resource_names),
            verbs: verbs.clone(),
            ..Self::default()
        };
        let of_paths = Self {
            paths: own(&rule.non_resource_urls),
            verbs,
            ..Self::default()
        };
        let allows_resources =
            !of_resources.groups.is_empty() && !of_resources.resources.is_empty();
        let allows_paths = namespace.is_none() && !of_paths.paths.is_empty();
        let parts = [(allows_resources, of_resources), (allows_paths, of_paths)];
        parts
            .into_iter()
            .filter(|(allows, part)| *allows && !part.verbs.is_empty())
            .map(|(_, part)| part)
            .collect()
    }

    /// Returns whether another rule, in a scope that contains this rule's scope, allows everything
    /// that this rule allows.
    pub(crate) fn is_covered_by(&self, other: &PolicyRule) -> bool {
        let has = |list: &[String], entry: &str| list.iter().any(|one| one == entry || one == ALL);
        let covers_resource = |entry: &&str| {
            let subresource = entry.split_once('/').map(|(_, subresource)| subresource);
            other.resources.iter().any(|one| {
                let of_every = one.strip_prefix("*/");
                one == entry || one == ALL || (of_every.is_some() && of_every == subresource)
            })
        };
        let covers_path = |entry: &&str| {
            other.non_resource_urls.iter().any(|one| {
                let prefix = one.strip_suffix(ALL);
                one == entry || prefix.is_some_and(|prefix| entry.starts_with(prefix))
            })
        };
        self.verbs.iter().all(|verb| has(&other.verbs, verb))
            && self
                .groups
                .iter()
                .all(|group| has(&other.api_groups, group))
            && self.resources.iter().all(covers_resource)
            && self.paths.iter().all(covers_path)
            && (self.resources.is_empty()
                || other.resource_names.is_empty()
                || (!self.names.is_empty()
                    && self
                        .names
                        .iter()
                        .all(|name| other.resource_names.iter().any(|one| one == name))))
    }

    fn new(atom: &ScopedPermission<'p>) -> Self {
        let namespaces = atom.namespace().into_iter().collect();
        match atom.permission() {
            Permission::Path { verb, path } => Self {
                namespaces,
                verbs: vec![verb],
                paths: vec![path],
                ..Self::default()
            },
            Permission::Resource {
                verb,
                group,
                resource,
                name,
            } => Self {
                namespaces,
                verbs: vec![verb],
                groups: vec![group],
                resources: vec![resource],
                names: name.into_iter().collect(),
                ..Self::default()
            },
        }
    }
}

impl Display for ScopedRule<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verbs = self.verbs.iter().map(|verb| bare(verb));
        let verbs: Vec<String> = verbs.collect();
        write!(f, "{} ", verbs.join(", "))?;
        let groups = self.groups.iter();
        let resources = groups.flat_map(|group| {
            let resources = self.resources.iter();
            resources.map(|resource| bare(&qualified(resource, group)))
        });
        let paths = self.paths.iter().map(|path| bare(path));
        let things: Vec<String> = resources.chain(paths).collect();
        let url = if self.paths.is_empty() { "" } else { "URL " };
        write!(f, "{url}{}", things.join(", "))?;
        for (at, names) in [
            (" named ", &self.names),
            (" in namespace ", &self.namespaces),
        ] {
            if !names.is_empty() {
                let names: Vec<String> = names
                    .iter()
                    .map(|name| Quoted::new(name).to_string())
                    .collect();
                write!(f, "{at}{}", names.join(", "))?;
            }
        }
        if self.namespaces.is_empty() {
            f.write_str(" cluster-wide")?;
        }
        Ok(())
    }
}

/// Writes a word of a rule, quoted if it could be misread.
fn bare(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"*-./:_".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    Quoted::new(text).to_string()
}

/// One list of a rule.
type Part<'p> = for<'r> fn(&'r mut ScopedRule<'p>) -> &'r mut Vec<&'p str>;

/// Merges permissions that differ in one part only, part by part.
///
/// Merging changes no permission, because all other parts are equal. If no permission covers
/// another, no rule of the result covers another.
pub(crate) fn merge<'p>(atoms: &[ScopedPermission<'p>]) -> Vec<ScopedRule<'p>> {
    let parts: [Part<'p>; 6] = [
        |rule| &mut rule.verbs,
        |rule| &mut rule.resources,
        |rule| &mut rule.paths,
        |rule| &mut rule.names,
        |rule| &mut rule.groups,
        |rule| &mut rule.namespaces,
    ];
    let mut rules: Vec<ScopedRule<'p>> = atoms.iter().map(ScopedRule::new).collect();
    for part in parts {
        let mut merged: BTreeMap<(bool, ScopedRule<'p>), Vec<&'p str>> = BTreeMap::new();
        for mut rule in rules {
            // An absent name stands for every name and adds no name to the list.
            let values = std::mem::take(part(&mut rule));
            let others = merged.entry((values.is_empty(), rule)).or_default();
            others.extend(values);
        }
        rules = merged
            .into_iter()
            .map(|((_, mut rule), mut values)| {
                values.sort_unstable_by_key(|value| rank(value));
                *part(&mut rule) = values;
                rule
            })
            .collect();
    }
    rules.sort_unstable();
    rules
}

/// Sorts the verbs of the API into their usual order, before all others.
fn rank(text: &str) -> (usize, &str) {
    let at = VERBS.iter().position(|verb| *verb == text);
    (at.unwrap_or(VERBS.len()), text)
}
