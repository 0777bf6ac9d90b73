//! The caller or user of a question.

use std::fmt::{self, Display, Formatter};

use iam_principal::{Kind, Principal};
use k8s_rbac::ServiceAccount;
use printable_text::Printable;
use thiserror::Error;

/// The caller or user that a question is about.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a question is about one or the other"
)]
pub enum Who {
    /// A caller of AWS.
    Caller(CallerArn),
    /// A user of Kubernetes, with exactly these groups and the groups that authentication adds.
    User {
        /// The username.
        name: String,
        /// The groups.
        groups: Vec<String>,
    },
}

impl Who {
    /// Parses the ARN of a caller: `arn:aws:iam::ACCOUNT:user/NAME`,
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, `arn:aws:sts::ACCOUNT:federated-user/NAME`,
    /// `arn:aws:iam::ACCOUNT:root`; or the ARN of a role, `arn:aws:iam::ACCOUNT:role/[PATH/]ROLE`, which
    /// stands for its sessions.
    ///
    /// # Errors
    ///
    /// [`WhoError::Arn`], [`WhoError::Pattern`].
    pub fn caller(arn: &str) -> Result<Self, WhoError> {
        CallerArn::parse(arn).map(Self::Caller)
    }

    /// Builds a user. The groups of a service account and `system:authenticated` are added when a question
    /// is answered.
    ///
    /// # Errors
    ///
    /// [`WhoError::ServiceAccount`] for a name that begins like a service account's name but is not
    /// valid.
    pub fn user<G: Into<String>>(
        name: impl Into<String>,
        groups: impl IntoIterator<Item = G>,
    ) -> Result<Self, WhoError> {
        let name = name.into();
        let is_account = ServiceAccount::parse(&name).is_some();
        if name.starts_with("system:serviceaccount") && !is_account {
            return Err(WhoError::ServiceAccount(name));
        }
        Ok(Self::User {
            name,
            groups: groups.into_iter().map(Into::into).collect(),
        })
    }
}

impl Display for Who {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(arn) => arn.fmt(f),
            Self::User { name, groups } if groups.is_empty() => {
                write!(f, "user {}", Printable::new(name))
            }
            Self::User { name, groups } => {
                let groups: Vec<String> = groups
                    .iter()
                    .map(|group| Printable::new(group).to_string())
                    .collect();
                write!(
                    f,
                    "user {} in groups {}",
                    Printable::new(name),
                    groups.join(", ")
                )
            }
        }
    }
}

/// The ARN of a caller, or of a role for its sessions.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CallerArn {
    arn: String,
    is_any_session: bool,
    private_dns_name: Option<String>,
}

/// The session name that stands for any session, if a question names the role instead of a session.
pub(crate) const ANY_SESSION: &str = "SESSION";

impl CallerArn {
    /// Parses an ARN; see [`Who::caller`].
    ///
    /// # Errors
    ///
    /// [`WhoError::Arn`], [`WhoError::Pattern`].
    pub fn parse(arn: &str) -> Result<Self, WhoError> {
        let principal = Principal::parse(arn).map_err(|why| WhoError::Arn(arn.to_owned(), why))?;
        // IAM does not allow these characters in a name (IAM API, `CreateRole`).
        if arn.contains(['*', '?']) {
            return Err(WhoError::Pattern(arn.to_owned()));
        }
        let is_any_session = principal.kind() == Kind::Role;
        let arn = match is_any_session {
            true => format!(
                "arn:{}:sts::{}:assumed-role/{}/{ANY_SESSION}",
                principal.partition(),
                principal.account(),
                principal.name()
            ),
            false => arn.to_owned(),
        };
        Ok(Self {
            arn,
            is_any_session,
            private_dns_name: None,
        })
    }

    /// Builds the caller of a session. The caller of this function knows that the ARN is a
    /// session's.
    pub(crate) fn of_session(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            is_any_session: false,
            private_dns_name: None,
        }
    }

    /// Sets the private DNS name of the caller's instance.
    #[must_use]
    pub fn with_private_dns_name(self, name: impl Into<String>) -> Self {
        Self {
            private_dns_name: Some(name.into()),
            ..self
        }
    }

    /// Returns the private DNS name of the instance. `None` if it was not set.
    #[must_use]
    pub fn private_dns_name(&self) -> Option<&str> {
        self.private_dns_name.as_deref()
    }

    /// Returns the ARN that STS reports. For a role, it is the ARN of a session named `SESSION`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.arn
    }

    /// Returns whether a role was named, so the session stands for any of its sessions.
    #[must_use]
    pub const fn is_any_session(&self) -> bool {
        self.is_any_session
    }
}

impl Display for CallerArn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printable::new(&self.arn).fmt(f)
    }
}

/// Why a text names no caller and no user.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum WhoError {
    /// The text is not the ARN of a principal.
    #[error("{}: {_1}", Printable::new(.0))]
    Arn(String, iam_principal::Error),
    /// The ARN has a wildcard, so it does not name a caller.
    #[error("{}: `*` and `?` match any text, and no principal has them in its name; ask about one principal", Printable::new(.0))]
    Pattern(String),
    /// The name begins like the name of a service account, but is not valid.
    #[error("{}: a service account is system:serviceaccount:NAMESPACE:NAME", Printable::new(.0))]
    ServiceAccount(String),
}
