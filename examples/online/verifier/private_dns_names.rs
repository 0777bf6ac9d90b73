//! Whether the private DNS names of nodes are needed, and how they are looked up.

use aws_auth_map::{IdentityMap, Placeholder, Template};

/// Why this build does not look up names.
#[cfg(not(feature = "ec2"))]
pub(crate) const NOT_BUILT: &str =
    "this build does not ask EC2; one with `--features ec2` of the package online-examples does";

/// Returns whether a rule has the placeholder `{{EC2PrivateDNSName}}`.
pub(crate) fn are_needed(map: &IdentityMap) -> bool {
    map.backends()
        .iter()
        .flat_map(|backend| backend.rules().iter())
        .flat_map(|(_, rule)| std::iter::once(rule.username()).chain(rule.groups()))
        .flat_map(Template::placeholders)
        .any(|(placeholder, _)| placeholder == Placeholder::Ec2PrivateDnsName)
}
