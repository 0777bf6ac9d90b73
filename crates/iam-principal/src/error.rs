//! What can be wrong with an ARN, an account id or an identity.

use thiserror::Error as ThisError;

/// A fact that makes a text no ARN, no principal, or no identity that STS could have named.
///
/// Quotes nothing of the text, so it may be logged.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The access key id is not 1 to 128 ASCII letters, digits and `_`.
    #[error("an access key id is 1 to 128 letters, digits and `_`")]
    AccessKeyId,
    /// The account id is not twelve ASCII digits.
    #[error("an account id is twelve digits")]
    AccountId,
    /// The account beside the ARN is not the account in it.
    #[error("the account is not the one in the ARN")]
    AccountMismatch,
    /// A character that no ARN has: a control character, a space or anything outside ASCII.
    #[error("the {0} holds a character outside printable ASCII")]
    Character(Part),
    /// An empty part where something must stand.
    #[error("the {0} is empty")]
    Empty(Part),
    /// A plain role: STS answers with the role's session, never with the role itself.
    #[error("a role is no caller; STS names the session of an assumed role")]
    NotACaller,
    /// Fewer than six parts, or the first is not `arn`.
    #[error("an ARN has six parts, `arn:partition:service:region:account:resource`")]
    NotAnArn,
    /// A region where none belongs: IAM and STS principals have none.
    #[error("the ARN of a principal has no region")]
    Region,
    /// A resource that is none of the five principals.
    #[error(
        "the resource is no principal; expected `user/…`, `role/…` or `root` of `iam`, \
         or `assumed-role/…/…` or `federated-user/…` of `sts`"
    )]
    Resource,
    /// The session name in the user id is not the one in the ARN.
    #[error("the session name in the user id is not the one in the ARN")]
    SessionMismatch,
    /// Longer than [`MAX_ARN_LEN`](crate::MAX_ARN_LEN).
    #[error("an ARN is at most 2048 characters long")]
    TooLong,
    /// A partition that AWS does not have.
    #[error("the partition is not one of AWS's")]
    UnknownPartition,
    /// The user id has not the shape that belongs to this kind of principal.
    #[error("the user id does not fit the kind of principal")]
    UserId,
}

/// The part of an ARN or an identity that an [`Error`] speaks of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// The whole ARN.
    Arn,
    /// The name of a user, role or federated user.
    Name,
    /// The path before the name of a user or role.
    Path,
    /// The session name of an assumed role.
    SessionName,
    /// The user id that STS gives beside the ARN.
    UserId,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Arn => "ARN",
            Self::Name => "name",
            Self::Path => "path",
            Self::SessionName => "session name",
            Self::UserId => "user id",
        })
    }
}
