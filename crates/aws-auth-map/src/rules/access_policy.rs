//! EKS access policies: what an access entry grants besides its groups.

use std::fmt;

/// An access policy that an access entry has, and where it holds.
///
/// EKS grants it beside Kubernetes RBAC, in an authorizer of its own: whoever decides on requests
/// unites both.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct AccessPolicy {
    arn: String,
    scope: AccessScope,
}

impl AccessPolicy {
    /// Takes a policy by its ARN, `arn:aws:eks::aws:cluster-access-policy/NAME`.
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

    /// Returns the name, which is what the ARN ends in.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn
            .rsplit_once('/')
            .map_or(&self.arn, |(_, name)| name)
    }

    /// Returns where the policy holds.
    #[must_use]
    pub const fn scope(&self) -> &AccessScope {
        &self.scope
    }
}

impl fmt::Display for AccessPolicy {
    /// Prints the name, and the scope.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            AccessScope::Cluster => write!(f, "{} on the cluster", self.name()),
            AccessScope::Namespaces(names) => {
                write!(f, "{} in namespaces {}", self.name(), names.join(", "))
            }
        }
    }
}

/// Where an access policy holds.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the API has these two")]
pub enum AccessScope {
    /// Everywhere.
    Cluster,
    /// In these namespaces, where `*` stands for any run of characters, as in `dev-*`.
    Namespaces(Vec<String>),
}

impl AccessScope {
    /// Returns whether a policy of this scope speaks of a request in a namespace. A request that is
    /// in none is spoken of by the cluster's policies only.
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

/// Whether a name is a pattern's, part by part between the stars: the first part begins it, the
/// last ends it, and those between follow each other, each as early as it can.
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

/// What a policy allows, in the words of Kubernetes RBAC's `PolicyRule`.
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

    /// Returns the resources, `pods/log` among them.
    #[must_use]
    pub fn resources(&self) -> &[String] {
        &self.resources
    }

    /// Returns the names of the objects; none stands for all.
    #[must_use]
    pub fn resource_names(&self) -> &[String] {
        &self.resource_names
    }

    /// Returns the paths.
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
    fn a_star_stands_for_any_run_of_characters() {
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
            ("aba*aba", "aba", false),
            ("ab*ba*", "abba", true),
            ("a?", "ab", false),
        ] {
            assert_eq!(is_like(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn a_scope_of_namespaces_is_not_the_clusters() {
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
