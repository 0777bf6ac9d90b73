//! The escalation check: users who write a role or a binding may grant only permissions that they
//! hold.

use std::fmt::{self, Display, Formatter};

use crate::admission::coverage::Coverage;
use crate::engine::policy::Policy;
use crate::go_text::quote::{Quoted, QuotedTexts, aggregate};
use crate::objects::PolicyRule;
use crate::request::User;
use crate::response::Unresolved;

impl Policy {
    /// Finds the permissions of `rules` that the user does not hold in a namespace (`""` for the
    /// whole cluster, for which `RoleBinding`s do not count). `None` if the user holds all of them.
    ///
    /// Only RBAC counts, and [`PRIVILEGED_GROUP`](crate::PRIVILEGED_GROUP) only through bindings.
    /// The API server first allows members of that group, and users who may `escalate` or `bind`,
    /// and makes this check for other users.
    ///
    /// As upstream: pkg/registry/rbac/validation/rule.go, `ConfirmNoEscalation`.
    #[must_use]
    pub fn escalation<'p>(
        &'p self,
        user: &'p User,
        namespace: &str,
        rules: &'p [PolicyRule],
    ) -> Option<Escalation<'p>> {
        let held = self.rules_for(user, namespace);
        let coverage = Coverage::of(held.rules(), rules);
        (!coverage.is_complete()).then(|| Escalation {
            user,
            coverage,
            unresolved: held.unresolved().to_vec(),
        })
    }
}

/// Permissions that a user would grant without holding them. Prints as kube-apiserver's message.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalation<'p> {
    user: &'p User,
    coverage: Coverage<'p>,
    unresolved: Vec<Unresolved<'p>>,
}

impl<'p> Escalation<'p> {
    /// Returns the permissions that the user does not hold.
    #[must_use]
    pub const fn coverage(&self) -> &Coverage<'p> {
        &self.coverage
    }

    /// Returns the roles that do not exist although bindings of the user refer to them: the user
    /// might hold more.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }
}

impl Display for Escalation<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.fmt_with(f, Unresolved::to_string)
    }
}

impl<'p> Escalation<'p> {
    /// Writes the message with the errors of the role lookups.
    pub(crate) fn fmt_with(
        &self,
        f: &mut Formatter<'_>,
        error: impl FnMut(&Unresolved<'p>) -> String,
    ) -> fmt::Result {
        let missing = self.coverage.missing_texts().join("\n");
        write!(
            f,
            "user {} (groups={}) is attempting to grant RBAC permissions not currently \
             held:\n{missing}",
            Quoted(&self.user.name),
            QuotedTexts(&self.user.groups),
        )?;
        if self.unresolved.is_empty() {
            return Ok(());
        }
        // As upstream: a list of one error, which is itself a list in brackets if there are several.
        let errors = aggregate(self.unresolved.iter().map(error));
        write!(f, "; resolution errors: [{errors}]")
    }
}
