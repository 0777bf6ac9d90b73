//! An identity as rules see it.

use iam_principal::{Identity, Kind};

use super::arn::fold;

/// The parts of a caller's identity that rules match on.
#[derive(Clone, Debug)]
pub(crate) struct Caller<'i> {
    canonical_arn: &'i str,
    folded_arn: String,
    user_id: &'i str,
}

impl<'i> Caller<'i> {
    pub(crate) fn new(identity: &'i Identity) -> Self {
        Self::of_arn(identity.canonical_arn(), user_id(identity))
    }

    /// Takes a canonical ARN and a user id, which need not belong to an existing principal.
    pub(crate) fn of_arn(canonical_arn: &'i str, user_id: &'i str) -> Self {
        Self {
            canonical_arn,
            folded_arn: fold(canonical_arn),
            user_id,
        }
    }

    pub(crate) const fn canonical_arn(&self) -> &'i str {
        self.canonical_arn
    }

    pub(crate) fn folded_arn(&self) -> &str {
        &self.folded_arn
    }

    /// Returns the user id as upstream defines it; see [`user_id`].
    pub(crate) const fn user_id(&self) -> &'i str {
        self.user_id
    }
}

/// The session name as upstream defines it: only an assumed role has one (`pkg/token/token.go`,
/// `getIdentityFromSTSResponse`).
pub(crate) fn session_name(identity: &Identity) -> &str {
    match identity.kind() {
        Kind::AssumedRole => identity.session_name().unwrap_or(""),
        Kind::FederatedUser | Kind::Role | Kind::Root | Kind::User => "",
    }
}

/// The user id as upstream defines it: without the session name for an assumed role, unchanged for
/// every other kind. A federated user's is `ACCOUNT:NAME`.
pub(crate) fn user_id(identity: &Identity) -> &str {
    match identity.kind() {
        Kind::AssumedRole => identity.user_id(),
        Kind::FederatedUser | Kind::Role | Kind::Root | Kind::User => identity.raw_user_id(),
    }
}
