//! The caller's identity, from STS's answer.

use crate::account::AccountId;
use crate::error::{Error, Part};
use crate::partition::Partition;
use crate::principal::{Kind, Principal};

/// A caller's identity: the ARN, account and user id that STS returned, checked against each other.
///
/// Only [`Identity::new`] builds an identity, so the three always agree.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Identity {
    arn: String,
    canonical_arn: String,
    kind: Kind,
    partition: Partition,
    account: AccountId,
    raw_user_id: String,
    // INVARIANT: at most raw_user_id.len(), on a character boundary (the text is ASCII).
    user_id_len: usize,
    session_name: Option<String>,
    access_key_id: Option<String>,
}

/// The role name in the sessions of EC2's default host management. STS gives them a user id of
/// the form `ACCOUNT:aws:ec2-instance:INSTANCE`.
const EC2_INSTANCE_ROLE: &str = "aws:ec2-instance";

impl Identity {
    /// Builds an identity from `Arn`, `Account` and `UserId` of a `GetCallerIdentity` response.
    ///
    /// The form of the user id depends on the kind of principal (IAM User Guide, "IAM identifiers",
    /// "Unique identifiers", and the table of `aws:userid` among the policy variables):
    ///
    /// | kind | user id |
    /// |---|---|
    /// | user | a unique id, `AIDA…`, or any other that does not begin with `AROA` |
    /// | assumed role | `AROA…:SESSION`, or any other unique id that does not begin with `AIDA`; the session is the ARN's |
    /// | EC2 host management | `ACCOUNT:aws:ec2-instance:INSTANCE` |
    /// | federated user | `ACCOUNT:NAME` |
    /// | root | `ACCOUNT` |
    ///
    /// # Errors
    ///
    /// In this order: the errors of [`Principal::parse`], [`Error::NotACaller`],
    /// [`Error::AccountId`], [`Error::AccountMismatch`], [`Error::Character`] and [`Error::UserId`]
    /// for the user id, [`Error::SessionMismatch`].
    pub fn new(arn: &str, account: &str, user_id: &str) -> Result<Self, Error> {
        let principal = Principal::parse(arn)?;
        if principal.kind() == Kind::Role {
            return Err(Error::NotACaller);
        }
        let account = AccountId::parse(account)?;
        if account != principal.account() {
            return Err(Error::AccountMismatch);
        }
        if !user_id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::Character(Part::UserId));
        }
        let user_id_len = unique_id_len(&principal, user_id)?;
        Ok(Self {
            arn: arn.to_owned(),
            canonical_arn: principal.canonical(),
            kind: principal.kind(),
            partition: principal.partition(),
            account,
            raw_user_id: user_id.to_owned(),
            user_id_len,
            session_name: principal.session_name().map(str::to_owned),
            access_key_id: None,
        })
    }

    /// Sets the access key id that signed the request.
    #[must_use]
    pub fn with_access_key_id(self, access_key_id: &str) -> Self {
        Self {
            access_key_id: Some(access_key_id.to_owned()),
            ..self
        }
    }

    /// Returns the caller's ARN, as STS gave it.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Returns the ARN that mapping rules name; see [`Principal::canonical`].
    #[must_use]
    pub fn canonical_arn(&self) -> &str {
        &self.canonical_arn
    }

    /// Returns the kind of principal, never [`Kind::Role`].
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the partition of the ARN.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// Returns the account.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Returns the unique id, which is `UserId` without the session (`AROA…`, `AIDA…`).
    #[must_use]
    pub fn user_id(&self) -> &str {
        // by INVARIANT on user_id_len
        self.raw_user_id
            .get(..self.user_id_len)
            .unwrap_or(&self.raw_user_id)
    }

    /// Returns `UserId` as STS gave it (`AROA…:session`).
    #[must_use]
    pub fn raw_user_id(&self) -> &str {
        &self.raw_user_id
    }

    /// Returns the session name of an assumed role or a federated user.
    #[must_use]
    pub fn session_name(&self) -> Option<&str> {
        self.session_name.as_deref()
    }

    /// Returns the access key id that signed the request, if known.
    #[must_use]
    pub fn access_key_id(&self) -> Option<&str> {
        self.access_key_id.as_deref()
    }
}

/// Returns the length of the unique id in a user id that fits the principal.
fn unique_id_len(principal: &Principal<'_>, user_id: &str) -> Result<usize, Error> {
    let is_account = |text: &str| AccountId::parse(text) == Ok(principal.account());
    let (id, session) = match user_id.split_once(':') {
        Some((id, session)) => (id, Some(session)),
        None => (user_id, None),
    };
    let fits = match (principal.kind(), session) {
        (Kind::Root, None) => is_account(id),
        (Kind::User, None) => is_unique_id(id) && !id.starts_with(ROLE_PREFIX),
        (Kind::FederatedUser, Some(_)) => is_account(id),
        (Kind::AssumedRole, Some(_)) if principal.name() == EC2_INSTANCE_ROLE => is_account(id),
        (Kind::AssumedRole, Some(_)) => is_unique_id(id) && !id.starts_with(USER_PREFIX),
        _ => false,
    };
    if !fits {
        return Err(Error::UserId);
    }
    let session = match session {
        Some(rest) if principal.name() == EC2_INSTANCE_ROLE => rest
            .strip_prefix(EC2_INSTANCE_ROLE)
            .and_then(|instance| instance.strip_prefix(':'))
            .map(Some)
            .ok_or(Error::UserId)?,
        other => other,
    };
    if session != principal.session_name() {
        return Err(Error::SessionMismatch);
    }
    Ok(id.len())
}

/// The prefixes of the unique ids of roles and users (IAM User Guide, "Unique identifiers"). They are
/// not required, because test doubles use other ids, but a user never has a role's prefix, and a role
/// never has a user's.
const ROLE_PREFIX: &str = "AROA";
const USER_PREFIX: &str = "AIDA";

/// IAM's unique ids are letters and digits.
fn is_unique_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
}
