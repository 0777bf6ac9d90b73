//! Why an ARN, an account id or an identity is refused.

use thiserror::Error as ThisError;

/// Why a text is not an ARN, a principal, or an identity that STS could return.
///
/// It quotes no part of the text, so it may be logged.
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
    /// A control character, a space or a character outside ASCII.
    #[error("the {0} has a space, a control character or a character outside ASCII")]
    Character(Part),
    /// A required part is empty.
    #[error("the {0} is empty")]
    Empty(Part),
    /// A role instead of a role's session: STS never returns the role itself.
    #[error("a role is not a caller; STS returns the session of the assumed role")]
    NotACaller,
    /// Fewer than six parts, or the first is not `arn`.
    #[error(
        "an ARN has six parts, `arn:partition:service:region:account:resource`, and starts with `arn` in lower case"
    )]
    NotAnArn,
    /// The ARN has a region; the ARNs of IAM and STS principals have none.
    #[error("the ARN of a principal has no region")]
    Region,
    /// The resource is not one of the five principals.
    #[error(
        "the resource is not a principal; expected `user/…`, `role/…` or `root` of `iam`, \
         or `assumed-role/…/…` or `federated-user/…` of `sts`"
    )]
    Resource,
    /// The session name in the user id is not the one in the ARN.
    #[error("the session name in the user id is not the one in the ARN")]
    SessionMismatch,
    /// Longer than [`MAX_ARN_LEN`](crate::MAX_ARN_LEN).
    #[error("an ARN is at most 2048 characters long")]
    TooLong,
    /// The partition is not one of AWS's.
    #[error("the partition is not one of AWS's")]
    UnknownPartition,
    /// The user id does not have the form of this kind of principal.
    #[error("the user id does not fit the kind of principal")]
    UserId,
}

/// The part of an ARN or identity that an [`Error`] is about.
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
    /// The user id that STS returns beside the ARN.
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
