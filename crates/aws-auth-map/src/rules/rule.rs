//! One rule: a principal and the user it becomes.

use std::sync::Arc;

use iam_principal::ArnPattern;

use super::access_policy::{AccessPolicy, Held, PolicyGap};
use super::arn::{fold, strip_path};
use super::matching::{Matcher, RulePrincipal};
use super::sso_role::SsoRole;
use super::template::Template;
use crate::convert::EntryType;

/// A principal that becomes a user, or a principal that is refused.
///
/// If only the principal of an entry can be read, the entry becomes a rule that refuses. If it were
/// left out, an earlier or wider rule would decide for the same caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    matcher: Matcher,
    username: Template,
    groups: Vec<Template>,
    /// `None` without access policies and gaps in them, as for most rules.
    held: Option<Arc<Held>>,
    unreadable: Option<Unreadable>,
    entry: Option<Box<EntryAttributes>>,
}

/// The facts of an access entry beside the user that it maps to.
#[derive(Clone, Debug, Eq, PartialEq)]
struct EntryAttributes {
    /// With the role's path, which the rule does not compare.
    principal_arn: String,
    entry_type: EntryType,
}

/// Marks a rule that refuses.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Unreadable {
    /// The username and groups that aws-iam-authenticator reads in the entry, if that is known.
    upstream: Option<(Template, Vec<Template>)>,
}

impl Rule {
    /// Builds a rule for one ARN. ASCII case is ignored; `*` and `?` are literal.
    #[must_use]
    pub fn exact(arn: &str, username: Template, groups: Vec<Template>) -> Self {
        let matcher = Matcher::Exact {
            arn: arn.to_owned(),
            user_id: None,
        };
        Self::new(matcher, username, groups)
    }

    /// Builds a rule for one ARN with one user id. A role or user that was deleted and recreated
    /// under the same ARN has another user id, so the rule does not match it.
    #[must_use]
    pub fn exact_with_user_id(
        arn: &str,
        user_id: &str,
        username: Template,
        groups: Vec<Template>,
    ) -> Self {
        let matcher = Matcher::Exact {
            arn: arn.to_owned(),
            user_id: Some(user_id.to_owned()),
        };
        Self::new(matcher, username, groups)
    }

    /// Builds a rule for the roles of a permission set.
    #[must_use]
    pub fn sso(role: &SsoRole, username: Template, groups: Vec<Template>) -> Self {
        let matcher = Matcher::Sso {
            role: role.clone(),
            key: role.key(),
        };
        Self::new(matcher, username, groups)
    }

    /// Builds a rule for every principal whose canonical ARN the pattern matches. Case matters.
    #[must_use]
    pub const fn pattern(pattern: ArnPattern, username: Template, groups: Vec<Template>) -> Self {
        Self::new(Matcher::Pattern(pattern), username, groups)
    }

    /// Builds a rule for the principal with this user id (`AROA…`, `AIDA…`) and any ARN.
    #[must_use]
    pub fn user_id(user_id: &str, username: Template, groups: Vec<Template>) -> Self {
        let matcher = Matcher::UserId {
            user_id: user_id.to_owned(),
            arn: None,
        };
        Self::new(matcher, username, groups)
    }

    /// Builds a rule for the principal with this user id and this ARN. The ARN may contain a
    /// role's path. A caller with the user id and another ARN is refused.
    #[must_use]
    pub fn user_id_and_arn(
        user_id: &str,
        arn: &str,
        username: Template,
        groups: Vec<Template>,
    ) -> Self {
        let matcher = Matcher::UserId {
            user_id: user_id.to_owned(),
            arn: Some((arn.to_owned(), strip_path(&fold(arn)))),
        };
        Self::new(matcher, username, groups)
    }

    const fn new(matcher: Matcher, username: Template, groups: Vec<Template>) -> Self {
        Self {
            matcher,
            username,
            groups,
            held: None,
            unreadable: None,
            entry: None,
        }
    }

    /// Adds the access policies of an access entry.
    #[must_use]
    pub fn with_access_policies(mut self, policies: Vec<AccessPolicy>) -> Self {
        if !policies.is_empty() {
            let held = Arc::make_mut(self.held.get_or_insert_default());
            held.policies.extend(policies);
        }
        self
    }

    /// Adds gaps in the access policies of an access entry.
    #[must_use]
    pub fn with_policy_gaps(mut self, gaps: Vec<PolicyGap>) -> Self {
        if !gaps.is_empty() {
            let held = Arc::make_mut(self.held.get_or_insert_default());
            held.gaps.extend(gaps);
        }
        self
    }

    /// Replaces the access policies and the gaps in them by those that entries of one principal share.
    #[cfg(feature = "yaml")]
    pub(crate) fn with_held(self, held: Arc<Held>) -> Self {
        let is_empty = held.policies.is_empty() && held.gaps.is_empty();
        Self {
            held: (!is_empty).then_some(held),
            ..self
        }
    }

    /// Records the principal's ARN, with the path of a role, and the type of an access entry. Neither
    /// changes which callers the rule matches.
    #[must_use]
    pub fn with_entry_attributes(self, principal_arn: &str, entry_type: EntryType) -> Self {
        Self {
            entry: Some(Box::new(EntryAttributes {
                principal_arn: principal_arn.to_owned(),
                entry_type,
            })),
            ..self
        }
    }

    /// Returns the principal's ARN as the access entry has it, with the path of a role. `None` if the rule
    /// is not an access entry.
    #[must_use]
    pub fn entry_principal_arn(&self) -> Option<&str> {
        Some(&self.entry.as_ref()?.principal_arn)
    }

    /// Returns the type of the access entry. `None` if the rule is not an access entry.
    #[must_use]
    pub fn entry_type(&self) -> Option<EntryType> {
        Some(self.entry.as_ref()?.entry_type)
    }

    /// Turns the rule into a rule that refuses the callers it matches. Its username, groups and
    /// access policies are discarded.
    #[must_use]
    pub fn refusing(self) -> Self {
        Self {
            unreadable: Some(Unreadable { upstream: None }),
            entry: self.entry,
            ..Self::new(self.matcher, Template::default(), Vec::new())
        }
    }

    /// As [`refusing`](Self::refusing), but keeps the username and groups that
    /// aws-iam-authenticator reads in the entry.
    #[cfg(feature = "yaml")]
    pub(crate) fn refusing_unlike_upstream(self) -> Self {
        Self {
            unreadable: Some(Unreadable {
                upstream: Some((self.username, self.groups)),
            }),
            ..Self::new(self.matcher, Template::default(), Vec::new())
        }
    }

    /// Returns whether the rule refuses the callers it matches. Such a rule has an empty username,
    /// no groups and no access policies.
    #[must_use]
    pub const fn is_refusing(&self) -> bool {
        self.unreadable.is_some()
    }

    /// Returns the username and groups that aws-iam-authenticator would give a caller that this
    /// rule refuses. `None` if the rule does not refuse, or if they are unknown.
    #[must_use]
    pub fn upstream_user(&self) -> Option<(&Template, &[Template])> {
        let (username, groups) = self.unreadable.as_ref()?.upstream.as_ref()?;
        Some((username, groups))
    }

    /// Returns the principal that the rule is for.
    #[must_use]
    pub fn principal(&self) -> RulePrincipal<'_> {
        self.matcher.principal()
    }

    /// Returns the access policies.
    #[must_use]
    pub fn access_policies(&self) -> &[AccessPolicy] {
        self.held.as_ref().map_or(&[], |held| &held.policies)
    }

    /// Returns the gaps in the access policies. Empty if all policies are known.
    #[must_use]
    pub fn policy_gaps(&self) -> &[PolicyGap] {
        self.held.as_ref().map_or(&[], |held| &held.gaps)
    }

    /// Returns the username.
    #[must_use]
    pub const fn username(&self) -> &Template {
        &self.username
    }

    /// Returns the groups.
    #[must_use]
    pub fn groups(&self) -> &[Template] {
        &self.groups
    }

    /// Shares the access policies, with the gaps in them.
    pub(crate) fn held(&self) -> Option<Arc<Held>> {
        self.held.clone()
    }

    pub(crate) const fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}
