//! The resource argument of a question.

use k8s_rbac::api_resources::{ApiResource, find};

/// A resource argument: `resource`, `resource.group` or `resource.version.group`.
pub(super) enum Type {
    /// A resource that Kubernetes ships.
    Known(&'static ApiResource),
    /// Any other resource, for which `kubectl` warns.
    Unknown {
        resource: String,
        group: String,
        /// Resource and group as `kubectl` names them in the warning: the version counts as a part of the
        /// group.
        written: (String, String),
    },
}

impl Type {
    /// Parses the argument. Returns `None` if no resource is before the group.
    // As upstream: apimachinery, pkg/runtime/schema, ParseResourceArg, and kubectl,
    // pkg/cmd/auth/cani.go, resourceFor: `resource.version.group` is tried before `resource.group`.
    pub(super) fn parse(written: &str) -> Option<Self> {
        let written = written.to_ascii_lowercase();
        let (resource, rest) = written.split_once('.').unwrap_or((&written, ""));
        if resource.is_empty() {
            return None;
        }
        let versioned = rest.split_once('.');
        let in_version =
            versioned.and_then(|(version, group)| find_in_version(resource, version, group));
        if let Some(known) = in_version.or_else(|| find(resource, rest)) {
            return Some(Self::Known(known));
        }
        let group = match versioned {
            Some((version, group)) if is_version(version) => group,
            _ => rest,
        };
        // If Kubernetes has the resource, but not the version, the request is about the resource:
        // authorization ignores versions.
        let (asked, group) = find(resource, group)
            .filter(|_| group != rest)
            .map_or((resource, group), |known| (known.name, known.group));
        Some(Self::Unknown {
            resource: asked.to_owned(),
            group: group.to_owned(),
            written: (resource.to_owned(), rest.to_owned()),
        })
    }
}

/// Finds a resource in a version. An empty version stands for any version.
// As upstream: client-go, restmapper/shortcut.go, and apimachinery, pkg/api/meta/restmapper.go. A short name
// drops the version if the group is whole, and only with a short name may a prefix of the group follow the
// version.
fn find_in_version(name: &str, version: &str, group: &str) -> Option<&'static ApiResource> {
    find(name, group).filter(|known| {
        let is_short = known.short_names.contains(&name);
        let is_whole = group.is_empty() || known.group == group;
        let has_version = known.versions().contains(&version);
        version.is_empty() || (is_short && is_whole) || (has_version && (is_short || is_whole))
    })
}

/// Returns whether a text is an API version: `v1`, `v2beta1`.
fn is_version(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('v').is_some_and(|version| {
        match version
            .split_once("alpha")
            .or_else(|| version.split_once("beta"))
        {
            Some((major, minor)) => is_number(major) && is_number(minor),
            None => is_number(version),
        }
    })
}
