//! The modes of constrained impersonation.

use k8s_rbac::PolicyRule;

/// The verb that stands for all verbs.
pub(super) const ALL: &str = "*";

/// The kinds of users that a constrained impersonation may impersonate.
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

    /// Returns whether a rule names requests that may be made in this mode. `*` is every verb,
    /// including the verbs of constrained impersonation.
    pub(super) fn is_named_by(self, rule: &PolicyRule) -> bool {
        let mut verbs = rule.verbs.iter();
        verbs.any(|verb| verb == ALL || verb.starts_with(self.prefix()))
    }

    /// Returns whether a rule allows a verb in this mode.
    pub(super) fn allows_verb(self, rule: &PolicyRule, verb: &str) -> bool {
        let mut verbs = rule.verbs.iter();
        verbs.any(|own| own == ALL || own.strip_prefix(self.prefix()) == Some(verb))
    }
}
