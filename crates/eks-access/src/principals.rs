//! The roles and users that AWS has, from `aws iam list-roles` and `list-users`.

use std::collections::BTreeMap;

use iam_principal::Principal;
use serde::Serialize;

use crate::place::Place;

/// A role or a user of IAM, as AWS lists it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IamPrincipal {
    pub(crate) arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unique_id: Option<String>,
    pub(crate) place: Place,
}

impl IamPrincipal {
    /// Returns the ARN, with its path.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Returns the unique id, `AROA…` or `AIDA…`. A principal that was deleted and created again has another
    /// id. `None` if it is not listed.
    #[must_use]
    pub fn unique_id(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }

    /// Returns the place of the principal in its document.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }
}

/// The roles and users that AWS has.
///
/// A list covers one account. A missing principal of another account means nothing.
#[derive(Clone, Debug, Default)]
pub struct Principals {
    /// By the folded ARN without the path, which is how STS and the mapping name a role.
    by_arn: BTreeMap<String, IamPrincipal>,
    /// Whether AWS has more of a list.
    is_cut_off: bool,
}

impl Principals {
    pub(crate) fn add(&mut self, principal: IamPrincipal) {
        let Ok(parsed) = Principal::parse(&principal.arn) else {
            return;
        };
        let key = parsed.without_path().to_ascii_lowercase();
        self.by_arn.insert(key, principal);
    }

    /// Records that AWS has more of a list.
    pub(crate) const fn cut_off(&mut self) {
        self.is_cut_off = true;
    }

    /// Returns the principals, in the order of their ARNs without paths.
    pub fn iter(&self) -> impl Iterator<Item = &IamPrincipal> {
        self.by_arn.values()
    }

    /// Returns whether no principal is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_arn.is_empty()
    }

    /// Finds a role or a user by its ARN, with or without the path, or by the ARN of a session of the role.
    /// ASCII case is ignored, as in the mapping.
    #[must_use]
    pub fn find(&self, arn: &str) -> Option<&IamPrincipal> {
        self.by_arn.get(&key(arn)?)
    }

    /// Returns whether the lists show that a role or a user does not exist: they have principals of the
    /// same kind and account, but not this one. A list that is cut off shows nothing.
    #[must_use]
    pub fn lack(&self, arn: &str) -> bool {
        if self.is_cut_off {
            return false;
        }
        let folded = arn.to_ascii_lowercase();
        let Ok(parsed) = Principal::parse(&folded) else {
            return false;
        };
        let is_user = match parsed.kind() {
            iam_principal::Kind::User => true,
            iam_principal::Kind::Role | iam_principal::Kind::AssumedRole => false,
            iam_principal::Kind::Root | iam_principal::Kind::FederatedUser => return false,
        };
        let is_alike = |one: &IamPrincipal| {
            Principal::parse(&one.arn).is_ok_and(|one| {
                one.account() == parsed.account()
                    && (one.kind() == iam_principal::Kind::User) == is_user
            })
        };
        self.iter().any(is_alike) && self.find(arn).is_none()
    }
}

/// Returns the key of a role or user, or of the role of a session.
fn key(arn: &str) -> Option<String> {
    let folded = arn.to_ascii_lowercase();
    let parsed = Principal::parse(&folded).ok()?;
    let canonical = parsed.canonical();
    Some(Principal::parse(&canonical).ok()?.without_path())
}
