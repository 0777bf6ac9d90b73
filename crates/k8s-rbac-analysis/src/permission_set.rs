//! Sets of permissions: one verb on one resource or path in one scope, each of which may be a
//! wildcard.
//!
//! A wildcard stands for infinitely many texts, which no finite list can spell out. So if several
//! permissions together cover another permission, one of them covers it alone. The permissions of a
//! user that no other permission covers are therefore a normal form.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::{self, Display, Formatter};

use foldhash::quality::RandomState;
use k8s_rbac::{Permission, PolicyRule, Quoted};
use thiserror::Error;

/// The number of permissions that the rules of one subject may expand to, including repeats. Our
/// choice: this takes a few seconds and half a gigabyte. `admin` in a hundred namespaces has 42,000.
pub const MAX_PERMISSIONS: usize = 1 << 20;

/// The entry that matches everything.
const ALL: &str = "*";

/// A permission with its scope. Prints as in kube-apiserver's log: `"get"
/// resource "deployments.apps/scale" in namespace "dev"`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ScopedPermission<'p> {
    namespace: Option<&'p str>,
    permission: Permission<'p>,
}

impl<'p> ScopedPermission<'p> {
    /// Returns the namespace. `None` for the whole cluster.
    #[must_use]
    pub const fn namespace(&self) -> Option<&'p str> {
        self.namespace
    }

    /// Returns the permission. A path that matches a prefix ends in a single `*`.
    #[must_use]
    pub const fn permission(&self) -> Permission<'p> {
        self.permission
    }

    /// Orders permissions by namespace, group, resource, name and verb, with paths at the end of each
    /// namespace.
    pub(crate) const fn sort_key(&self) -> impl Ord + use<'p> {
        match self.permission {
            Permission::Resource {
                verb,
                group,
                resource,
                name,
            } => (self.namespace, false, group, resource, name, verb),
            Permission::Path { verb, path } => (self.namespace, true, "", path, None, verb),
        }
    }

    /// Converts a permission of a rule to the normal form. `None` if it allows no HTTP request.
    fn new(namespace: Option<&'p str>, permission: Permission<'p>) -> Option<Self> {
        let permission = match permission {
            Permission::Path { verb, path } if path.ends_with(ALL) => {
                let prefix = path.trim_end_matches(ALL).len();
                let path = path.get(..prefix.saturating_add(ALL.len()))?;
                Permission::Path { verb, path }
            }
            Permission::Resource { resource, .. } => {
                // URL paths are split at slashes, so no resource or subresource contains one.
                if let Some((_, subresource)) = resource.split_once('/')
                    && (subresource.is_empty() || subresource.contains('/'))
                {
                    return None;
                }
                permission
            }
            Permission::Path { .. } => permission,
        };
        Some(Self {
            namespace,
            permission,
        })
    }
}

impl Display for ScopedPermission<'_> {
    // As upstream: plugin/pkg/auth/authorizer/rbac/rbac.go, the log line of a denial.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.permission {
            Permission::Path { verb, path } => {
                write!(
                    f,
                    "{} nonResourceURL {}",
                    Quoted::new(verb),
                    Quoted::new(path)
                )?;
            }
            Permission::Resource {
                verb,
                group,
                resource,
                name,
            } => {
                let resource = qualified(resource, group);
                write!(
                    f,
                    "{} resource {}",
                    Quoted::new(verb),
                    Quoted::new(&resource)
                )?;
                if let Some(name) = name {
                    write!(f, " named {}", Quoted::new(name))?;
                }
            }
        }
        match self.namespace {
            None => f.write_str(" cluster-wide"),
            Some(namespace) => write!(f, " in namespace {}", Quoted::new(namespace)),
        }
    }
}

/// Writes a resource with its group: `deployments.apps/scale`.
pub(crate) fn qualified(resource: &str, group: &str) -> String {
    let (resource, subresource) = match resource.split_once('/') {
        None => (resource, String::new()),
        Some((resource, subresource)) => (resource, format!("/{subresource}")),
    };
    let dot = if group.is_empty() { "" } else { "." };
    format!("{resource}{dot}{group}{subresource}")
}

/// The rules expand to more permissions than an analysis handles.
#[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
#[error("no answer: the analysis would take more than {limit} steps")]
pub struct TooLarge {
    limit: usize,
}

impl TooLarge {
    /// Returns the limit.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }
}

/// The remaining budget of an analysis.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    left: usize,
}

impl Budget {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { limit, left: limit }
    }

    pub(crate) const fn spend(&mut self, steps: usize) -> Result<(), TooLarge> {
        match self.left.checked_sub(steps) {
            None => Err(TooLarge { limit: self.limit }),
            Some(left) => {
                self.left = left;
                Ok(())
            }
        }
    }
}

/// The parts that are wildcards in some permissions.
#[derive(Clone, Copy, Debug, Default)]
struct Wild {
    namespace: bool,
    verb: bool,
    group: bool,
    resource: bool,
    name: bool,
}

/// A set of permissions. The cost of a coverage query does not depend on its size.
#[derive(Clone, Debug, Default)]
pub(crate) struct PermissionSet<'p> {
    all: HashSet<ScopedPermission<'p>, RandomState>,
    /// The combinations of wildcards in the set. Other combinations need not be looked up.
    wild: Wild,
    /// The wildcards `*/subresource`, by the subresource.
    of_every_resource: HashMap<&'p str, &'p str>,
    /// The prefixes of paths, by verb.
    // INVARIANT: no prefix is a prefix of another.
    prefixes: HashMap<&'p str, BTreeSet<&'p str>>,
}

impl<'p> PermissionSet<'p> {
    /// Adds the permissions of a rule in a scope.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if the budget is spent.
    pub(crate) fn add(
        &mut self,
        namespace: Option<&'p str>,
        rule: &'p PolicyRule,
        budget: &mut Budget,
    ) -> Result<(), TooLarge> {
        self.add_if(namespace, rule, budget, |_| true)
    }

    /// Adds only the permissions of a rule that can cover one of some other permissions, whose words
    /// are given.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if the budget is spent.
    pub(crate) fn add_about(
        &mut self,
        words: &Vocabulary<'p>,
        namespace: Option<&'p str>,
        rule: &'p PolicyRule,
        budget: &mut Budget,
    ) -> Result<(), TooLarge> {
        self.add_if(namespace, rule, budget, |text| words.has(text))
    }

    fn add_if(
        &mut self,
        namespace: Option<&'p str>,
        rule: &'p PolicyRule,
        budget: &mut Budget,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<(), TooLarge> {
        let wanted = |list: &'p [String]| -> Vec<&'p str> {
            let texts = list.iter().map(String::as_str);
            texts.filter(|text| is_wanted(text)).collect()
        };
        let verbs = wanted(&rule.verbs);
        // A RoleBinding never grants a path.
        let paths = rule
            .non_resource_urls
            .iter()
            .filter(|_| namespace.is_none());
        for path in paths.filter(|path| path.ends_with(ALL) || is_wanted(path)) {
            for verb in &verbs {
                budget.spend(1)?;
                self.insert(ScopedPermission::new(
                    namespace,
                    Permission::Path { verb, path },
                ));
            }
        }
        let names: Vec<Option<&'p str>> = match rule.resource_names.as_slice() {
            [] => vec![None],
            names => wanted(names).into_iter().map(Some).collect(),
        };
        if verbs.is_empty() || names.is_empty() {
            // Walking the other lists would yield nothing and spend no budget.
            return Ok(());
        }
        let resources = wanted(&rule.resources);
        for group in wanted(&rule.api_groups) {
            for resource in &resources {
                for verb in &verbs {
                    for &name in &names {
                        budget.spend(1)?;
                        let permission = Permission::Resource {
                            verb,
                            group,
                            resource,
                            name,
                        };
                        self.insert(ScopedPermission::new(namespace, permission));
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns whether one permission of the set covers another permission.
    pub(crate) fn cover(&self, atom: &ScopedPermission<'p>) -> bool {
        self.all.contains(atom) || self.outdo(atom)
    }

    /// Returns the permissions that no other permission covers, in order.
    pub(crate) fn greatest(&self) -> Vec<ScopedPermission<'p>> {
        let atoms = self.all.iter().copied();
        let mut greatest: Vec<ScopedPermission<'p>> =
            atoms.filter(|atom| !self.outdo(atom)).collect();
        greatest.sort_unstable_by_key(ScopedPermission::sort_key);
        greatest
    }

    fn insert(&mut self, atom: Option<ScopedPermission<'p>>) {
        let Some(atom) = atom.filter(|atom| self.all.insert(*atom)) else {
            return;
        };
        match atom.permission {
            Permission::Path { verb, path } => {
                let Some(prefix) = path.strip_suffix(ALL) else {
                    return;
                };
                let prefixes = self.prefixes.entry(verb).or_default();
                if has_beginning(prefixes, prefix) {
                    return;
                }
                while let Some(&longer) = prefixes.range(prefix..).next()
                    && longer.starts_with(prefix)
                {
                    prefixes.remove(longer);
                }
                prefixes.insert(prefix);
            }
            Permission::Resource {
                verb,
                group,
                resource,
                name,
            } => {
                if let Some(subresource) = resource.strip_prefix("*/") {
                    self.of_every_resource.insert(subresource, resource);
                }
                let wild = &mut self.wild;
                wild.namespace |= atom.namespace.is_none();
                wild.verb |= verb == ALL;
                wild.group |= group == ALL;
                wild.resource |= resource == ALL;
                wild.name |= name.is_none();
            }
        }
    }

    /// Returns whether another permission of the set covers a given permission of the set.
    fn outdo(&self, atom: &ScopedPermission<'p>) -> bool {
        match atom.permission {
            Permission::Path { verb, path } => self.outdo_path(verb, path),
            Permission::Resource {
                verb,
                group,
                resource,
                name,
            } => {
                let of_every = resource
                    .split_once('/')
                    .and_then(|(_, subresource)| self.of_every_resource.get(subresource).copied());
                let wild = self.wild;
                let every = wild.resource.then_some(ALL);
                for namespace in choices(atom.namespace, wild.namespace.then_some(None)) {
                    for name in choices(name, wild.name.then_some(None)) {
                        for verb in choices(verb, wild.verb.then_some(ALL)) {
                            for group in choices(group, wild.group.then_some(ALL)) {
                                let resources = [Some(resource), of_every, every];
                                for resource in resources.into_iter().flatten() {
                                    let permission = Permission::Resource {
                                        verb,
                                        group,
                                        resource,
                                        name,
                                    };
                                    let other = ScopedPermission {
                                        namespace,
                                        permission,
                                    };
                                    if other != *atom && self.all.contains(&other) {
                                        return true;
                                    }
                                }
                            }
                        }
                    }
                }
                false
            }
        }
    }

    fn outdo_path(&self, verb: &'p str, path: &'p str) -> bool {
        let is_exact = !path.ends_with(ALL);
        let by_every_verb = ScopedPermission {
            namespace: None,
            permission: Permission::Path { verb: ALL, path },
        };
        if verb != ALL && self.all.contains(&by_every_verb) {
            return true;
        }
        let bare = path.strip_suffix(ALL).unwrap_or(path);
        choices(verb, Some(ALL)).any(|other| {
            let Some(prefixes) = self.prefixes.get(other) else {
                return false;
            };
            // If the path is itself a prefix, the set has no shorter one, by INVARIANT.
            let is_itself = !is_exact && other == verb && prefixes.contains(bare);
            !is_itself && has_beginning(prefixes, bare)
        })
    }
}

/// The texts in some permissions, and the wildcards that match them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary<'p> {
    texts: HashSet<&'p str>,
    subresources: HashSet<&'p str>,
}

impl<'p> Vocabulary<'p> {
    pub(crate) fn of(atoms: &[ScopedPermission<'p>]) -> Self {
        let mut words = Self::default();
        words.texts.insert(ALL);
        for atom in atoms {
            match atom.permission {
                Permission::Path { verb, path } => words.texts.extend([verb, path]),
                Permission::Resource {
                    verb,
                    group,
                    resource,
                    name,
                } => {
                    words.texts.extend([verb, group, resource]);
                    words.texts.extend(name);
                    words
                        .subresources
                        .extend(resource.split_once('/').map(|(_, sub)| sub));
                }
            }
        }
        words
    }

    fn has(&self, text: &str) -> bool {
        let subresource = text.strip_prefix("*/");
        self.texts.contains(text)
            || subresource.is_some_and(|text| self.subresources.contains(text))
    }
}

/// Returns whether one of the prefixes is a prefix of a text. No prefix is a prefix of another, so
/// only the greatest prefix that is not after the text needs to be compared.
fn has_beginning(prefixes: &BTreeSet<&str>, text: &str) -> bool {
    let mut before = prefixes.range(..=text);
    before
        .next_back()
        .is_some_and(|prefix| text.starts_with(prefix))
}

fn choices<T: Copy + PartialEq>(own: T, all: Option<T>) -> impl Iterator<Item = T> {
    let all = all.filter(|all| *all != own);
    std::iter::once(own).chain(all)
}
