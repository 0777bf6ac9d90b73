//! The modes of constrained impersonation.

use k8s_rbac::PolicyRule;

/// The users that a constrained impersonation may be of.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Mode {
    ArbitraryNode,
    AssociatedNode,
    ServiceAccount,
    UserInfo,
}

impl Mode {
    pub(super) const ALL: [Self; 4] = [
        Self::ArbitraryNode,
        Self::AssociatedNode,
        Self::ServiceAccount,
        Self::UserInfo,
    ];

    /// The first minor version that serves it by default. It is alpha in 1.35.
    pub(super) const SINCE: u8 = 36;

    pub(super) const fn is_served(self, minor: u8) -> bool {
        minor >= Self::SINCE
    }

    /// Returns the prefix of the verbs of requests that may be made in this mode.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::ArbitraryNode => "impersonate-on:arbitrary-node:",
            Self::AssociatedNode => "impersonate-on:associated-node:",
            Self::ServiceAccount => "impersonate-on:serviceaccount:",
            Self::UserInfo => "impersonate-on:user-info:",
        }
    }

    /// Returns whether a rule names a verb of this mode. One that allows every verb allows plain
    /// impersonation as well, or its resources are not those of an impersonation.
    pub(super) fn is_named_by(self, rule: &PolicyRule) -> bool {
        rule.verbs
            .iter()
            .any(|verb| verb.starts_with(self.prefix()))
    }
}
