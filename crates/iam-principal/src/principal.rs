//! The principals of IAM and STS.

use std::fmt;

use crate::account::AccountId;
use crate::arn::Arn;
use crate::error::{Error, Part};
use crate::partition::Partition;

/// The kind of a principal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a decision by kind has to cover every kind"
)]
pub enum Kind {
    /// `arn:P:sts::A:assumed-role/ROLE/SESSION`, a session of a role.
    AssumedRole,
    /// `arn:P:sts::A:federated-user/NAME`, a session of `GetFederationToken`.
    FederatedUser,
    /// `arn:P:iam::A:role/[PATH/]ROLE`: named by rules, never a caller.
    Role,
    /// `arn:P:iam::A:root`, the account itself.
    Root,
    /// `arn:P:iam::A:user/[PATH/]USER`.
    User,
}

impl Kind {
    /// Returns the resource type, as ARNs spell it.
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

/// An IAM or STS principal, parsed from its ARN.
///
/// Case is significant and kept. To look up rules regardless of case, fold ASCII only.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Principal<'a> {
    arn: Arn<'a>,
    account: AccountId,
    kind: Kind,
    // Ends with a slash; empty if there is no path.
    path: &'a str,
    // Empty only for `root`.
    name: &'a str,
    // Empty unless the kind is AssumedRole.
    session_name: &'a str,
}

impl<'a> Principal<'a> {
    /// Parses the ARN of a principal.
    ///
    /// As upstream's `Canonicalize` (`pkg/arn/arn.go`), but stricter in ways that refuse no genuine
    /// ARN: the account has twelve digits, there is no region, and no name is empty.
    ///
    /// # Errors
    ///
    /// In this order: the errors of [`Arn::parse`], [`Error::Region`], [`Error::AccountId`],
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
            // The last segment is the session. A path, if written, stays with the role.
            Kind::AssumedRole => rest.rsplit_once('/').ok_or(Error::Resource)?,
            _ => (rest, ""),
        };
        let (path, name) = match kind {
            // A federated user has no path: the name in `federated-user/a/b` is `a/b`.
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

    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the path before the name with its final slash (`team/`), or an empty text.
    #[must_use]
    pub const fn path(&self) -> &'a str {
        self.path
    }

    /// Returns the name of the user, role or federated user; empty for the account's root.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the session name of an assumed role, or the name of a federated user, which is also its
    /// session name. `None` for every other kind.
    #[must_use]
    pub const fn session_name(&self) -> Option<&'a str> {
        match self.kind {
            Kind::AssumedRole => Some(self.session_name),
            Kind::FederatedUser => Some(self.name),
            Kind::Role | Kind::Root | Kind::User => None,
        }
    }

    /// Returns the ARN that mapping rules name: for an assumed role the ARN of its role, with any path
    /// kept; for any other principal its own ARN.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self.kind {
            Kind::AssumedRole => self.role_arn(self.path),
            _ => self.arn.as_str().to_owned(),
        }
    }

    /// Returns [`canonical`](Self::canonical) without the path. STS omits the path of a role, so a rule
    /// has to omit it too.
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

/// Splits `a/b/c` into the path `a/b/` and the name `c`.
fn split_path(text: &str) -> (&str, &str) {
    text.rfind('/')
        .and_then(|at| text.split_at_checked(at.saturating_add(1)))
        .unwrap_or(("", text))
}
