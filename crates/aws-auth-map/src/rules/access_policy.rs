//! EKS access policies, which access entries grant in addition to groups.

use std::fmt;

use printable_text::Printable;

/// An access policy of an access entry, and its scope.
///
/// EKS evaluates access policies in an authorizer beside Kubernetes RBAC. A program that authorizes
/// requests has to combine both.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct AccessPolicy {
    arn: String,
    scope: AccessScope,
}

impl AccessPolicy {
    /// Builds a policy from its ARN, `arn:aws:eks::aws:cluster-access-policy/NAME`.
    #[must_use]
    pub fn new(arn: &str, scope: AccessScope) -> Self {
        Self {
            arn: arn.to_owned(),
            scope,
        }
    }

    /// Returns the ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Returns the name: the last part of the ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.arn)
    }

    /// Returns the scope.
    #[must_use]
    pub const fn scope(&self) -> &AccessScope {
        &self.scope
    }
}

/// The access policies of an access entry.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Held {
    pub(crate) policies: Vec<AccessPolicy>,
    pub(crate) gaps: Vec<PolicyGap>,
}

/// Returns the name of the policy with an ARN: the last part.
fn name_of(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, name)| name)
}

impl fmt::Display for AccessPolicy {
    /// Prints the name and the scope, escaped for a terminal or a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Printable::new(self.name());
        match &self.scope {
            AccessScope::Cluster => write!(f, "{name} on the cluster"),
            AccessScope::Namespaces(names) => {
                write!(f, "{name} in namespaces ")?;
                for (at, namespace) in names.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", Printable::new(namespace))?;
                }
                Ok(())
            }
        }
    }
}

/// A gap in the access policies of an access entry: the principal may have a policy, or a scope of it, that the rule
/// lacks.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum PolicyGap {
    /// `aws eks list-associated-access-policies` printed one page of several.
    CutOff,
    /// `aws eks describe-access-entry` printed the entry, which is without its access policies, and no list of them was
    /// read.
    NotListed,
    /// A list of the principal's access policies lacks a policy that another object gives the principal.
    NotOnEveryList {
        /// The ARN of the policy.
        arn: String,
        /// The scopes as they were written. Two gaps with the same text are the same policy.
        written: String,
    },
    /// The scope of a policy could not be read, or the policy has two scopes.
    Scope {
        /// The ARN of the policy.
        arn: String,
        /// The scopes as they were written. Two gaps with the same text are the same policy.
        written: String,
    },
    /// A policy whose ARN could not be read, as it was written.
    Unreadable(String),
}

impl PolicyGap {
    /// Returns the ARN of the policy that is not known. `None` if that could be any policy.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::NotOnEveryList { arn, .. } | Self::Scope { arn, .. } => Some(arn),
            Self::CutOff | Self::NotListed | Self::Unreadable(_) => None,
        }
    }

    /// Returns the name of the policy that is not known: the last part of its ARN. `None` if that could be any policy.
    #[must_use]
    pub fn policy_name(&self) -> Option<&str> {
        self.arn().map(name_of)
    }
}

impl fmt::Display for PolicyGap {
    /// Prints what is not known, escaped for a terminal or a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => f.write_str("the list of the access policies is cut off"),
            Self::NotListed => f.write_str("the access policies are not listed"),
            Self::NotOnEveryList { arn, .. } => write!(
                f,
                "a list of the access policies lacks {}",
                Printable::new(name_of(arn))
            ),
            Self::Scope { arn, .. } => write!(
                f,
                "the scope of {} is not known",
                Printable::new(name_of(arn))
            ),
            Self::Unreadable(_) => f.write_str("an access policy could not be read"),
        }
    }
}

/// The scope of an access policy.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "the API has these two")]
pub enum AccessScope {
    /// The whole cluster.
    Cluster,
    /// These namespaces. `*` matches any run of characters, as in `dev-*`.
    Namespaces(Vec<String>),
}

impl AccessScope {
    /// Returns whether the scope covers a request in this namespace. A request without a namespace
    /// is covered by [`AccessScope::Cluster`] only.
    #[must_use]
    pub fn covers(&self, namespace: Option<&str>) -> bool {
        match (self, namespace) {
            (Self::Cluster, _) => true,
            (Self::Namespaces(_), None) => false,
            (Self::Namespaces(patterns), Some(name)) => {
                patterns.iter().any(|pattern| is_like(pattern, name))
            }
        }
    }
}

/// Returns whether a name matches a pattern. The text before the first star is a prefix, the text
/// after the last a suffix, and the parts between follow each other, each as early as possible.
fn is_like(pattern: &str, name: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = name
        .strip_prefix(begin)
        .and_then(|name| name.strip_suffix(end));
    let mut parts = middle.split('*').filter(|part| !part.is_empty());
    inner.is_some_and(|inner| {
        parts
            .try_fold(inner, |left, part| Some(left.split_once(part)?.1))
            .is_some()
    })
}

/// A rule of an access policy, with the fields of Kubernetes RBAC's `PolicyRule`.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct PolicyRule {
    pub(crate) api_groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) resource_names: Vec<String>,
    pub(crate) non_resource_urls: Vec<String>,
    pub(crate) verbs: Vec<String>,
}

impl PolicyRule {
    /// Returns the API groups.
    #[must_use]
    pub fn api_groups(&self) -> &[String] {
        &self.api_groups
    }

    /// Returns the resources, subresources (`pods/log`) included.
    #[must_use]
    pub fn resources(&self) -> &[String] {
        &self.resources
    }

    /// Returns the object names. An empty list stands for every name.
    #[must_use]
    pub fn resource_names(&self) -> &[String] {
        &self.resource_names
    }

    /// Returns the `nonResourceURLs`.
    #[must_use]
    pub fn non_resource_urls(&self) -> &[String] {
        &self.non_resource_urls
    }

    /// Returns the verbs.
    #[must_use]
    pub fn verbs(&self) -> &[String] {
        &self.verbs
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessPolicy, AccessScope, is_like};

    #[test]
    fn a_star_matches_any_run_of_characters() {
        for (pattern, name, want) in [
            ("dev", "dev", true),
            ("dev", "dev-1", false),
            ("dev-*", "dev-1", true),
            ("dev-*", "dev-", true),
            ("dev-*", "my-dev-1", false),
            ("*-dev", "my-dev", true),
            ("*", "x", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("a*b*c", "ac", false),
            ("a**c", "abc", true),
            ("a*b**c*d", "abcd", true),
            ("a*b**c*d", "abd", false),
            ("aba*aba", "aba", false),
            ("ab*ba*", "abba", true),
            ("a?", "ab", false),
        ] {
            assert_eq!(is_like(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn a_namespace_scope_does_not_cover_the_cluster() {
        let dev = AccessScope::Namespaces(vec!["dev-*".to_owned()]);
        assert!(dev.covers(Some("dev-1")) && !dev.covers(Some("prod")) && !dev.covers(None));
        assert!(AccessScope::Cluster.covers(Some("dev-1")) && AccessScope::Cluster.covers(None));
    }

    #[test]
    fn a_policy_prints_its_name_and_scope() {
        let arn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
        let policy = AccessPolicy::new(arn, AccessScope::Cluster);
        assert_eq!(policy.to_string(), "AmazonEKSViewPolicy on the cluster");
        let scope = AccessScope::Namespaces(vec!["a".to_owned(), "b".to_owned()]);
        let policy = AccessPolicy::new("Own", scope);
        assert_eq!(policy.to_string(), "Own in namespaces a, b");
    }
}
