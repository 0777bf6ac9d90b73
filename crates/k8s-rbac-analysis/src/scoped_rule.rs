//! Permissions merged into rules, for people to read.

use std::collections::BTreeMap;
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

    /// Converts it to a rule of the API, for resources or for paths, never both.
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
/// another, no rule of the result does.
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
