//! The principals of IAM and STS.

use std::fmt;

use crate::account::AccountId;
use crate::arn::Arn;
use crate::error::{Error, Part};
use crate::partition::Partition;

/// What a principal is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever decides by kind must decide for each"
)]
pub enum Kind {
    /// `arn:P:sts::A:assumed-role/ROLE/SESSION`, a session of a role.
    AssumedRole,
    /// `arn:P:sts::A:federated-user/NAME`, a session of `GetFederationToken`.
    FederatedUser,
    /// `arn:P:iam::A:role/[PATH/]ROLE`; never a caller, but what rules name.
    Role,
    /// `arn:P:iam::A:root`, the account itself.
    Root,
    /// `arn:P:iam::A:user/[PATH/]USER`.
    User,
}

impl Kind {
    /// Returns the word that ARNs use for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssumedRole => "assumed-role",
            Self::FederatedUser => "federated-user",
            Self::Role => "role",
            Self::Root => "root",
            Self::User => "user",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A principal that IAM or STS can name, read from its ARN.
///
/// Case matters and is kept; whoever looks rules up by ARN folds it (ASCII only) for itself.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Principal<'a> {
    arn: Arn<'a>,
    account: AccountId,
    kind: Kind,
    // With its slash at the end; empty where the name stands alone.
    path: &'a str,
    // Empty for root only.
    name: &'a str,
    // Empty unless the kind is AssumedRole.
    session_name: &'a str,
}

impl<'a> Principal<'a> {
    /// Reads a principal's ARN.
    ///
    /// As upstream's `Canonicalize` (`pkg/arn/arn.go`), and stricter where nothing genuine is lost:
    /// the account is twelve digits, there is no region, and no name is empty.
    ///
    /// # Errors
    ///
    /// In this order: those of [`Arn::parse`], [`Error::Region`], [`Error::AccountId`],
    /// [`Error::Resource`], [`Error::Empty`].
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let arn = Arn::parse(text)?;
        if !arn.region().is_empty() {
            return Err(Error::Region);
        }
        let account = AccountId::parse(arn.account())?;
        let (word, rest) = match arn.resource().split_once('/') {
            Some((word, rest)) => (word, Some(rest)),
            None => (arn.resource(), None),
        };
        let kind = match (arn.service(), word, rest) {
            ("iam", "root", None) => Kind::Root,
            ("iam", "user", Some(_)) => Kind::User,
            ("iam", "role", Some(_)) => Kind::Role,
            ("sts", "assumed-role", Some(_)) => Kind::AssumedRole,
            ("sts", "federated-user", Some(_)) => Kind::FederatedUser,
            _ => return Err(Error::Resource),
        };
        let rest = rest.unwrap_or("");
        let (named, session_name) = match kind {
            // The last segment is the session; a role's path, where one is written, stays.
            Kind::AssumedRole => rest.rsplit_once('/').ok_or(Error::Resource)?,
            _ => (rest, ""),
        };
        let (path, name) = match kind {
            // A federated user's name is not divided: `federated-user/a/b` is called `a/b`.
            Kind::FederatedUser | Kind::Root => ("", named),
            _ => split_path(named),
        };
        if name.is_empty() && kind != Kind::Root {
            return Err(Error::Empty(Part::Name));
        }
        if session_name.is_empty() && kind == Kind::AssumedRole {
            return Err(Error::Empty(Part::SessionName));
        }
        if path.starts_with('/') || path.contains("//") {
            return Err(Error::Empty(Part::Path));
        }
        Ok(Self {
            arn,
            account,
            kind,
            path,
            name,
            session_name,
        })
    }

    /// Returns the ARN.
    #[must_use]
    pub const fn arn(&self) -> Arn<'a> {
        self.arn
    }

    /// Returns the partition.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.arn.partition()
    }

    /// Returns the account.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Returns what the principal is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the path before the name with its slash at the end (`team/`), or nothing.
    #[must_use]
    pub const fn path(&self) -> &'a str {
        self.path
    }

    /// Returns the name of the user, role or federated user; empty for the account's root.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the session name of an assumed role, or the name of a federated user, whose session
    /// has no other; nothing for the rest.
    #[must_use]
    pub const fn session_name(&self) -> Option<&'a str> {
        match self.kind {
            Kind::AssumedRole => Some(self.session_name),
            Kind::FederatedUser => Some(self.name),
            Kind::Role | Kind::Root | Kind::User => None,
        }
    }

    /// Returns the ARN that rules are written for: an assumed role's is that of its role (path
    /// kept, where there is one), any other's is its own.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self.kind {
            Kind::AssumedRole => self.role_arn(self.path),
            _ => self.arn.as_str().to_owned(),
        }
    }

    /// Returns [`canonical`](Self::canonical) without the path, which is how STS names a role that
    /// has one, and therefore how a rule has to.
    #[must_use]
    pub fn without_path(&self) -> String {
        let (partition, account, name) = (self.partition(), self.account, self.name);
        match self.kind {
            Kind::AssumedRole | Kind::Role => self.role_arn(""),
            Kind::User => format!("arn:{partition}:iam::{account}:user/{name}"),
            Kind::FederatedUser | Kind::Root => self.arn.as_str().to_owned(),
        }
    }

    fn role_arn(&self, path: &str) -> String {
        let (partition, account, name) = (self.partition(), self.account, self.name);
        format!("arn:{partition}:iam::{account}:role/{path}{name}")
    }
}

impl<'a> TryFrom<&'a str> for Principal<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for Principal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.arn.fmt(f)
    }
}

/// `a/b/c` is path `a/b/` and name `c`.
fn split_path(text: &str) -> (&str, &str) {
    text.rfind('/')
        .and_then(|at| text.split_at_checked(at.saturating_add(1)))
        .unwrap_or(("", text))
}
