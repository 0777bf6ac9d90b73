//! Changes that lock out nodes, administrators or the caller who makes the change.

use std::fmt;

use iam_principal::Identity;
use printable_text::Printable;

use super::Affected;
use crate::names::{BOOTSTRAPPERS, CLUSTER_ADMIN, MASTERS, NODE_PREFIX, NODES};
use crate::resolve::IdentityMap;
use crate::resolve::backend::Backend;
use crate::resolve::resolution::Resolution;
use crate::rules::access_policy::AccessScope;
use crate::rules::template::Template;
use crate::rules::{Rule, Rules};

/// A change that locks out nodes, administrators or the caller who makes it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Lockout {
    /// The caller who makes the change becomes another user, or gets other groups or access policies.
    CallerChanges {
        /// The username before.
        before: String,
        /// The username after.
        after: String,
    },
    /// The caller who makes the change is no longer mapped to a user.
    CallerLoses {
        /// The username before.
        before: String,
    },
    /// No caller is in `system:masters` or has the cluster administrator's access policy any more.
    NoAdministrator,
    /// Nodes lose their group or get another username. New nodes cannot join, and joined nodes stop
    /// working.
    ///
    /// A node is a user whose name starts with `system:node:` and who is in `system:nodes`. A caller in
    /// `system:bootstrappers` alone is about to become a node.
    Nodes(Affected),
}

impl Lockout {
    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CallerChanges { .. } => "caller-changes",
            Self::CallerLoses { .. } => "caller-loses",
            Self::NoAdministrator => "no-administrator",
            Self::Nodes(_) => "nodes",
        }
    }
}

impl fmt::Display for Lockout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallerChanges { before, after } if before == after => {
                write!(
                    f,
                    "you remain `{}`, but with other groups or access policies",
                    Printable::new(before)
                )
            }
            Self::CallerChanges { before, after } => {
                let (before, after) = (Printable::new(before), Printable::new(after));
                write!(f, "you are `{before}` and will become `{after}`")
            }
            Self::CallerLoses { before } => {
                let before = Printable::new(before);
                write!(f, "you are `{before}` and will not be mapped to any user")
            }
            Self::NoAdministrator => write!(
                f,
                "no caller will be in `{MASTERS}` or have the access policy {CLUSTER_ADMIN}"
            ),
            Self::Nodes(affected) => write!(f, "nodes lose access: {affected}"),
        }
    }
}

/// Returns the lockout of the caller who makes the change, if there is one.
pub(super) fn of_caller(
    old: &IdentityMap,
    new: &IdentityMap,
    caller: &Identity,
) -> Option<Lockout> {
    let before = upstream_resolution(old, caller);
    let after = new.resolve(caller);
    if before.is_alike(&after) || before.is_alike(&upstream_resolution(new, caller)) {
        return None;
    }
    let before = before.user()?.username().to_owned();
    Some(match after.user() {
        None => Lockout::CallerLoses { before },
        Some(after) => Lockout::CallerChanges {
            before,
            after: after.username().to_owned(),
        },
    })
}

/// Resolves a caller as a cluster does today: aws-iam-authenticator lets in some callers that an entry
/// refuses here, because it cannot be read.
fn upstream_resolution(map: &IdentityMap, caller: &Identity) -> Resolution {
    let resolution = map.resolve(caller);
    let Resolution::Refused(refusal) = &resolution else {
        return resolution;
    };
    let upstream = refusal.rule().and_then(|at| {
        map.asked()
            .filter(|asked| asked.kind() == refusal.backend())
            .find_map(|asked| asked.rules().rule(at)?.upstream_user())
    });
    let Some((username, groups)) = upstream else {
        return resolution;
    };
    let mut rules = Rules::new();
    let _ = rules.push_role(Rule::exact(
        caller.canonical_arn(),
        username.clone(),
        groups.to_vec(),
    ));
    IdentityMap::new()
        .with_backend(Backend::new(refusal.backend(), rules))
        .resolve(caller)
}

/// Whether a user has every permission.
pub(super) fn is_administrator(resolution: &Resolution) -> bool {
    let Resolution::Mapped(mapped) = resolution else {
        return false;
    };
    let is_admin = mapped
        .access_policies()
        .iter()
        .any(|policy| policy.name() == CLUSTER_ADMIN && *policy.scope() == AccessScope::Cluster);
    is_admin || mapped.user().groups().iter().any(|group| group == MASTERS)
}

/// Returns the session names for which a rule may yield an administrator. `None` if it never does; an
/// empty list if it does for any session name.
pub(super) fn may_make_administrators(rule: &Rule) -> Option<Vec<String>> {
    if rule
        .access_policies()
        .iter()
        .any(|policy| policy.name() == CLUSTER_ADMIN)
    {
        return Some(Vec::new());
    }
    let groups: Vec<String> = rule.groups().iter().map(Template::source).collect();
    let mut sessions = Vec::new();
    for group in &groups {
        for placeholder in [
            "{{SessionName}}",
            "{{SessionNameRaw}}",
            "<<SessionName>>",
            "<<SessionNameRaw>>",
        ] {
            let session = group
                .split_once(placeholder)
                .and_then(|(begin, end)| MASTERS.strip_prefix(begin)?.strip_suffix(end));
            sessions.extend(session.map(str::to_owned));
        }
    }
    (!sessions.is_empty() || groups.iter().any(|group| group == MASTERS)).then_some(sessions)
}

/// Whether aws-iam-authenticator makes administrators of callers that a rule refuses here, because it
/// cannot be read.
pub(super) fn has_upstream_administrators(rule: &Rule) -> bool {
    rule.upstream_user()
        .is_some_and(|(_, groups)| groups.iter().any(|group| group.source() == MASTERS))
}

/// Whether a node is no longer a node, or has another name. Kubelets register under the name in
/// their certificates, and the node authorizer accepts only that name.
pub(super) fn is_node_lost(before: &Resolution, after: &Resolution) -> bool {
    let is_in = |resolution: &Resolution, name: &str| {
        resolution
            .user()
            .is_some_and(|user| user.groups().iter().any(|group| group == name))
    };
    match (node_name(before), node_name(after)) {
        (Some(name), new_name) => new_name != Some(name),
        (None, new_name) => {
            is_in(before, BOOTSTRAPPERS) && !is_in(after, BOOTSTRAPPERS) && new_name.is_none()
        }
    }
}

/// Returns the username of a node. `None` if a user is not a node.
fn node_name(resolution: &Resolution) -> Option<&str> {
    let user = resolution.user()?;
    let is_node = user.username().starts_with(NODE_PREFIX)
        && user.groups().iter().any(|group| group == NODES);
    is_node.then(|| user.username())
}
