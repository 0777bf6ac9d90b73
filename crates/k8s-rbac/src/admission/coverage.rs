//! Finds the permissions of some rules that other rules do not grant: the comparison behind
//! escalation checks.
//!
//! As upstream: component-helpers, `auth/rbac/validation/policy_comparator.go`. A rule is broken
//! down into single permissions, and each must be covered by one rule alone.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use crate::go_text::quote::QuotedTexts;
use crate::objects::PolicyRule;

/// The smallest unit that a rule grants: one verb on one resource or path, as written in the rule.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the API has these two kinds of requests"
)]
pub enum Permission<'r> {
    /// On a resource.
    Resource {
        /// The verb, or `*`.
        verb: &'r str,
        /// The API group, or `*`.
        group: &'r str,
        /// The resource with its subresource, or a wildcard.
        resource: &'r str,
        /// The object's name. `None` stands for every object.
        name: Option<&'r str>,
    },
    /// On a path.
    Path {
        /// The verb, or `*`.
        verb: &'r str,
        /// The path, or a prefix of paths followed by `*`.
        path: &'r str,
    },
}

impl Permission<'_> {
    /// Builds a rule that grants this permission.
    #[must_use]
    pub fn to_rule(&self) -> PolicyRule {
        let own = |text: &str| vec![text.to_owned()];
        match *self {
            Self::Path { verb, path } => PolicyRule {
                verbs: own(verb),
                non_resource_urls: own(path),
                ..PolicyRule::default()
            },
            Self::Resource {
                verb,
                group,
                resource,
                name,
            } => PolicyRule {
                verbs: own(verb),
                api_groups: own(group),
                resources: own(resource),
                resource_names: name.map(own).unwrap_or_default(),
                ..PolicyRule::default()
            },
        }
    }

    /// Merges permissions on the same resource and name into one rule each: paths first, then
    /// resources in order of first occurrence. A verb that occurs twice is listed twice.
    ///
    /// As upstream: component-helpers' `CompactRules`, whose order is the random order of a map.
    pub fn merge<'r>(permissions: impl IntoIterator<Item = Permission<'r>>) -> Vec<PolicyRule> {
        let mut rules = Vec::new();
        let mut merged: Vec<PolicyRule> = Vec::new();
        let mut places = HashMap::new();
        for permission in permissions {
            match permission {
                Permission::Path { .. } => rules.push(permission.to_rule()),
                Permission::Resource {
                    verb,
                    group,
                    resource,
                    name,
                } => {
                    let place = *places
                        .entry((group, resource, name))
                        .or_insert(merged.len());
                    match merged.get_mut(place) {
                        Some(rule) => rule.verbs.push(verb.to_owned()),
                        None => merged.push(permission.to_rule()),
                    }
                }
            }
        }
        rules.append(&mut merged);
        rules
    }

    // As upstream: ruleCovers.
    fn is_covered_by(&self, rule: &PolicyRule) -> bool {
        let has = |list: &[String], entry: &str| list.iter().any(|e| e == "*" || e == entry);
        match *self {
            Self::Path { verb, path } => {
                // As upstream: names are compared here, although a decision ignores them.
                has(&rule.verbs, verb)
                    && rule.resource_names.is_empty()
                    && rule.non_resource_urls.iter().any(|entry| {
                        entry == path
                            || (entry.ends_with('*')
                                && path.starts_with(entry.trim_end_matches('*')))
                    })
            }
            Self::Resource {
                verb,
                group,
                resource,
                name,
            } => {
                let of_any = resource.split_once('/').map(|(_, subresource)| subresource);
                has(&rule.verbs, verb)
                    && has(&rule.api_groups, group)
                    && rule.resources.iter().any(|entry| {
                        entry == "*"
                            || entry == resource
                            || (of_any.is_some() && entry.strip_prefix("*/") == of_any)
                    })
                    && (rule.resource_names.is_empty()
                        || name.is_some_and(|name| rule.resource_names.iter().any(|e| e == name)))
            }
        }
    }
}

impl PolicyRule {
    /// Breaks the rule down into its permissions: by group, resource, verb and name; then by path
    /// and verb. Repeats are kept. A rule without verbs has no permissions.
    ///
    /// The number of permissions is the product of the lengths of the lists, so take no more than
    /// needed.
    ///
    /// As upstream: `BreakdownRule`.
    pub fn permissions(&self) -> impl Iterator<Item = Permission<'_>> {
        // Without verbs, walking the other lists would yield nothing.
        let groups = match self.verbs.as_slice() {
            [] => &[],
            _ => self.api_groups.as_slice(),
        };
        let resources = groups.iter().flat_map(move |group| {
            self.resources.iter().flat_map(move |resource| {
                self.verbs.iter().flat_map(move |verb| {
                    let names = self.resource_names.iter().map(|name| Some(name.as_str()));
                    let every = self.resource_names.is_empty().then_some(None);
                    every
                        .into_iter()
                        .chain(names)
                        .map(move |name| Permission::Resource {
                            verb,
                            group,
                            resource,
                            name,
                        })
                })
            })
        });
        let paths = self.non_resource_urls.iter().flat_map(move |path| {
            let verbs = self.verbs.iter();
            verbs.map(move |verb| Permission::Path { verb, path })
        });
        resources.chain(paths)
    }
}

impl Display for PolicyRule {
    /// Prints the rule as kube-apiserver does in its messages: `{APIGroups:["apps"], …}`, without
    /// empty lists.
    ///
    /// As upstream: `pkg/apis/rbac/v1/helpers.go`, `CompactString`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lists = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.non_resource_urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        f.write_str("{")?;
        let mut comma = "";
        for (name, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
            write!(f, "{comma}{name}:{}", QuotedTexts(list))?;
            comma = ", ";
        }
        f.write_str("}")
    }
}

/// The largest number of comparisons of a permission with a rule that a [`Coverage`] makes. Our
/// choice: this takes seconds. Four lists of a hundred entries, a few kilobytes of input, are a
/// hundred million permissions.
pub const MAX_COMPARISONS: usize = 1 << 25;

/// The least number of comparisons that a permission counts as, so that at most a million
/// permissions are missing.
const MIN_COMPARISONS: usize = 32;

/// The permissions of some rules that other rules do not cover.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Coverage<'r> {
    missing: Vec<Permission<'r>>,
    is_cut: bool,
}

impl<'r> Coverage<'r> {
    /// Compares two sets of rules, to find out whether a user who holds `held` also holds all of
    /// `wanted`.
    ///
    /// Each permission must be covered by one rule of `held` alone. Only `*` covers `*`, and no
    /// number of names covers a permission for every name.
    ///
    /// If that would take more than [`MAX_COMPARISONS`], the first permission that was not compared
    /// is reported as missing, and later permissions are left out.
    ///
    /// DIFFERENCE: upstream has no limit.
    pub fn of<'h>(
        held: impl IntoIterator<Item = &'h PolicyRule>,
        wanted: impl IntoIterator<Item = &'r PolicyRule>,
    ) -> Self {
        let held: Vec<&PolicyRule> = held.into_iter().collect();
        let mut coverage = Self {
            missing: Vec::new(),
            is_cut: false,
        };
        let mut left = MAX_COMPARISONS;
        for permission in wanted.into_iter().flat_map(PolicyRule::permissions) {
            let Some(after) = left.checked_sub(held.len().max(MIN_COMPARISONS)) else {
                coverage.missing.push(permission);
                coverage.is_cut = true;
                break;
            };
            left = after;
            if !held.iter().any(|rule| permission.is_covered_by(rule)) {
                coverage.missing.push(permission);
            }
        }
        coverage
    }

    /// Returns whether everything is covered.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Returns whether [`MAX_COMPARISONS`] was reached, so that more may be missing.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the permissions that are not covered, in the order in which rules are broken down.
    #[must_use]
    pub fn missing(&self) -> &[Permission<'r>] {
        &self.missing
    }

    /// Returns the missing permissions as rules, merged by resource and name.
    #[must_use]
    pub fn missing_rules(&self) -> Vec<PolicyRule> {
        Permission::merge(self.missing.iter().copied())
    }

    /// Returns the missing permissions as kube-apiserver lists them in a message: sorted, each rule
    /// once.
    #[must_use]
    pub fn missing_texts(&self) -> Vec<String> {
        let rules = self.missing_rules();
        let mut texts: Vec<String> = rules.iter().map(ToString::to_string).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}
