//! Changes that lock out nodes, administrators or the caller who makes the change.

use std::fmt;

use iam_principal::Identity;

use super::Affected;
use crate::names::{BOOTSTRAPPERS, CLUSTER_ADMIN, MASTERS, NODES};
use crate::resolve::IdentityMap;
use crate::resolve::resolution::Resolution;
use crate::rules::Rule;
use crate::rules::access_policy::AccessScope;
use crate::rules::template::Template;

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
    /// Nodes are no longer in `system:nodes`, or in `system:bootstrappers` if that was their group.
    /// New nodes cannot join, and joined nodes stop working.
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
                    "you remain `{before}`, but with other groups or access policies"
                )
            }
            Self::CallerChanges { before, after } => {
                write!(f, "you are `{before}` and will become `{after}`")
            }
            Self::CallerLoses { before } => {
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
    let (before, after) = (old.resolve(caller), new.resolve(caller));
    if before.is_alike(&after) {
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

/// Returns the session names for which a rule may yield an administrator. `None` if it yields none; an
/// empty list if any session name will do.
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

/// Whether a node is not a node any more.
pub(super) fn is_node_lost(before: &Resolution, after: &Resolution) -> bool {
    let is_in = |resolution: &Resolution, name: &str| {
        resolution
            .user()
            .is_some_and(|user| user.groups().iter().any(|group| group == name))
    };
    let (is_node, is_bootstrapper) = (is_in(after, NODES), is_in(after, BOOTSTRAPPERS));
    if is_in(before, NODES) {
        !is_node
    } else {
        is_in(before, BOOTSTRAPPERS) && !is_bootstrapper && !is_node
    }
}
