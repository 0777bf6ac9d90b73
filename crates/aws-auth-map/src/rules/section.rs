//! The lists that rules are kept in.

use std::fmt;

/// A list of rules.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Section {
    /// `mapRoles`, which is searched first.
    Roles,
    /// `mapUsers`.
    Users,
    /// `mapAccounts`, which is searched last.
    Accounts,
    /// `IAMIdentityMapping` objects.
    Objects,
    /// Access entries.
    Entries,
}

impl Section {
    /// The three sections of `aws-auth`, in search order.
    pub const ALL: [Self; 3] = [Self::Roles, Self::Users, Self::Accounts];

    /// Returns the section's key in the ConfigMap, or the name of the objects it lists.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Roles => "mapRoles",
            Self::Users => "mapUsers",
            Self::Accounts => "mapAccounts",
            Self::Objects => "IAMIdentityMapping",
            Self::Entries => "accessEntry",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}
