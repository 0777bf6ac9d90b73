//! Nobody gives what he does not have: the check of whoever writes a role or a binding.

use std::fmt::{self, Display, Formatter};

use crate::admission::coverage::Coverage;
use crate::engine::policy::Policy;
use crate::go_text::quote::{Quoted, QuotedTexts, aggregate};
use crate::objects::PolicyRule;
use crate::request::User;
use crate::response::Unresolved;

impl Policy {
    /// Finds what of `rules` the user does not hold in a namespace (`""` for the whole cluster,
    /// where `RoleBinding`s do not count); none if he holds all of it.
    ///
    /// Only RBAC counts, and [`PRIVILEGED_GROUP`](crate::PRIVILEGED_GROUP) only through bindings.
    /// The API server asks this after it has let members of that group pass, and whoever may
    /// `escalate` or `bind`.
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

/// What a user would give without having it. Prints as kube-apiserver's message.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalation<'p> {
    user: &'p User,
    coverage: Coverage<'p>,
    unresolved: Vec<Unresolved<'p>>,
}

impl<'p> Escalation<'p> {
    /// Returns what the user does not hold.
    #[must_use]
    pub const fn coverage(&self) -> &Coverage<'p> {
        &self.coverage
    }

    /// Returns the roles that bindings of the user refer to and that are not there: he might hold
    /// more.
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
    /// Writes the message with the errors of whoever was asked for the roles.
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
        // As upstream: a list of one error, which is a list in brackets itself if there are more.
        let errors = aggregate(self.unresolved.iter().map(error));
        write!(f, "; resolution errors: [{errors}]")
    }
}
