//! Changes after which somebody is shut out who has to get in.

use std::fmt;

use iam_principal::Identity;

use super::Whom;
use crate::names::{BOOTSTRAPPERS, CLUSTER_ADMIN, MASTERS, NODES};
use crate::resolve::IdentityMap;
use crate::resolve::resolution::Resolution;
use crate::rules::Rule;
use crate::rules::access_policy::AccessScope;

/// A change after which somebody is shut out who has to get in.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Lockout {
    /// Whoever makes the change is another user after it, or has other groups or access policies.
    CallerChanges {
        /// The user's name before.
        before: String,
        /// And after.
        after: String,
    },
    /// Whoever makes the change is nobody after it.
    CallerLoses {
        /// The user's name before.
        before: String,
    },
    /// Nobody is in `system:masters` any more, or has the cluster admin's access policy.
    NoAdministrator,
    /// Nodes are no longer in `system:nodes`, or in `system:bootstrappers` if that was their group:
    /// they cannot join, and those that have joined stop.
    Nodes(Whom),
}

impl Lockout {
    /// Returns a stable name for it, in kebab case.
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
                    "you stay `{before}`, but with other groups or access policies"
                )
            }
            Self::CallerChanges { before, after } => {
                write!(f, "you are `{before}` and will be `{after}`")
            }
            Self::CallerLoses { before } => {
                write!(f, "you are `{before}` and will be nobody")
            }
            Self::NoAdministrator => write!(
                f,
                "nobody will be in `{MASTERS}` or have the access policy {CLUSTER_ADMIN}"
            ),
            Self::Nodes(whom) => write!(f, "nodes will no longer be nodes: {whom}"),
        }
    }
}

/// What a change does to the one who makes it.
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

/// Whether a user may do everything.
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

/// Whether it is worth a look whether a rule makes administrators, and of which sessions.
pub(super) fn may_make_administrators(rule: &Rule) -> Option<Vec<String>> {
    if rule
        .access_policies()
        .iter()
        .any(|policy| policy.name() == CLUSTER_ADMIN)
    {
        return Some(Vec::new());
    }
    let groups: Vec<String> = rule.groups().iter().map(ToString::to_string).collect();
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

/// Whether nodes are none any more.
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
