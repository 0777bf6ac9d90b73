//! The users that callers become.

mod effective;
mod refusing;
mod sessions;

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use aws_auth_map::{Affected, MatchedOn, Resolution, Template};
use k8s_rbac::SubjectName;
use printable_text::Printable;
use serde::Serialize;

pub(crate) use self::effective::Effective;
use crate::can::write_notes;
use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::place::Place;
use crate::resolved::in_groups;
use crate::verdict::Verdict;
use crate::who::CallerArn;
use crate::whoami::HeldPolicy;

/// The callers that become users, one for each rule in effect. Prints as terminated lines, one each.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Callers {
    callers: Vec<Caller>,
    notes: Vec<String>,
    /// Whether the question named a user or a group.
    #[serde(skip)]
    is_of_name: bool,
}

/// The principal of a rule in effect, and the user that it becomes. Names of users and groups are as in
/// the rule, with its placeholders.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    principal: String,
    username: String,
    groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    access_policies: Vec<HeldPolicy>,
    /// The gaps in the access policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policy_gaps: Vec<String>,
    /// Empty for a user that comes from no rule.
    #[serde(skip_serializing_if = "String::is_empty")]
    rule: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    backend: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    /// The session name that makes the requested user, if only one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_name: Option<String>,
    /// Whether a session name with an `@` in place of each `-` makes the same user.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_at_sign_same: bool,
    /// Whether the principal is gone: AWS lists principals of its kind and account, but not this
    /// one.
    is_gone: bool,
}

impl Caller {
    /// Builds a user or a service account that no caller of AWS becomes.
    #[cfg(feature = "report")]
    pub(crate) fn of_user(name: &str) -> Self {
        Self {
            principal: name.to_owned(),
            username: name.to_owned(),
            groups: Vec::new(),
            access_policies: Vec::new(),
            policy_gaps: Vec::new(),
            rule: String::new(),
            backend: "",
            place: None,
            session_name: None,
            is_at_sign_same: false,
            is_gone: false,
        }
    }

    /// Returns the ARN of the principal, a pattern, a permission set, or an account.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// Returns the username, with the placeholders of the rule.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the groups, with the placeholders of the rule.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    #[cfg(feature = "report")]
    pub(crate) fn access_policies(&self) -> &[HeldPolicy] {
        &self.access_policies
    }

    /// Returns the session name that makes the requested user. `None` if any session does, or if the
    /// question named no user.
    #[must_use]
    pub fn session_name(&self) -> Option<&str> {
        self.session_name.as_deref()
    }

    /// Returns whether a session of this name makes the requested user. Several names may, because
    /// `{{SessionName}}` has a `-` in place of each `@`.
    #[must_use]
    pub fn has_session(&self, name: &str) -> bool {
        match &self.session_name {
            None => true,
            Some(own) if self.is_at_sign_same => name.replace('@', "-") == *own,
            Some(own) => name == own,
        }
    }

    /// Returns whether the principal is gone: AWS lists principals of its kind and account, but not this
    /// one.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Returns the place of the rule.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

impl Display for Caller {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printable::new(&self.principal))?;
        if let Some(session) = &self.session_name {
            let alike = match self.is_at_sign_same {
                true => ", with - or @,",
                false => ",",
            };
            write!(
                f,
                ", with a session named {}{alike}",
                Printable::new(session)
            )?;
        }
        let (name, groups) = (Printable::new(&self.username), in_groups(&self.groups));
        write!(f, " becomes user {name}{groups}")?;
        for policy in &self.access_policies {
            write!(f, ", with {policy}")?;
        }
        for gap in &self.policy_gaps {
            write!(f, ", but {gap}")?;
        }
        if self.is_gone {
            f.write_str(", but AWS does not list the principal")?;
        }
        write!(f, ", by {} of {}", self.rule, self.backend)?;
        match &self.place {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

impl Callers {
    /// Returns yes if there is a caller, else no.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        Verdict::of(!self.callers.is_empty(), false)
    }

    /// Returns the callers, in the search order of their rules.
    #[must_use]
    pub fn callers(&self) -> &[Caller] {
        &self.callers
    }
}

impl Display for Callers {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.callers.is_empty(), self.is_of_name) {
            (true, true) => writeln!(f, "no caller becomes that")?,
            (true, false) => writeln!(f, "no rule maps a caller")?,
            (false, _) => {}
        }
        for caller in &self.callers {
            writeln!(f, "{caller}")?;
        }
        write_notes(f, &self.notes)
    }
}

/// The group that the API server adds to each user.
const EVERY_CALLER: &str = "system:authenticated";

impl Cluster {
    /// Finds the callers that become a user or are in a group. Without a name, finds every caller.
    ///
    /// A rule has no callers if another rule precedes it, or if the authentication mode leaves out its
    /// backend.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`], [`NoAnswer::NoMapping`], [`NoAnswer::NoMappingInMode`], [`NoAnswer::Mapping`] if a section
    /// of the mapping could not be read, [`NoAnswer::Unknown`] for an empty name or an unknown group of Kubernetes.
    pub fn callers(&self, name: Option<&str>) -> Result<Callers, NoAnswer> {
        self.check_readable()?;
        self.check_mapping()?;
        self.check_sections()?;
        if let Some(name) = name {
            if name.is_empty() {
                let why = "an empty name; give the name of a user or a group".to_owned();
                return Err(NoAnswer::Unknown(why));
            }
            self.check_groups(&[name.to_owned()])?;
        }
        let name = name.filter(|name| *name != EVERY_CALLER);
        let mut callers = Vec::new();
        for effective in self.effective_rules() {
            let session = match name {
                None => None,
                Some(name) => {
                    let user = SubjectName::User(name.to_owned());
                    let group = SubjectName::Group(name.to_owned());
                    let session = self
                        .session_for(&effective, &user)
                        .or_else(|| self.session_for(&effective, &group));
                    match session {
                        None => continue,
                        Some(session) => session,
                    }
                }
            };
            callers.push(self.caller(&effective, session));
        }
        Ok(Callers {
            callers,
            notes: self
                .notes_on_mode()
                .into_iter()
                .chain(self.notes_on_entries())
                .chain(self.notes_on_managed())
                .collect(),
            is_of_name: name.is_some(),
        })
    }

    /// Refuses to list callers if a section of the mapping could not be read.
    pub(crate) fn check_sections(&self) -> Result<(), NoAnswer> {
        let backends = self.map.backends().iter();
        let lost = backends.flat_map(|one| one.rules().unreadable()).next();
        match lost {
            None => Ok(()),
            Some((section, place)) => {
                let section = section.map_or_else(|| "a source".to_owned(), |one| one.to_string());
                let line = place.line().map(|line| format!(" (line {line})"));
                Err(NoAnswer::Mapping(format!(
                    "{section}{} cannot be read, so its rules are not known",
                    line.unwrap_or_default()
                )))
            }
        }
    }

    pub(crate) fn caller(&self, effective: &Effective<'_>, session_name: Option<String>) -> Caller {
        let mapped = effective.authenticated.mapped();
        let user = mapped.user();
        let (username, groups) = match effective.rule {
            Some(rule) => (
                rule.username().source(),
                rule.groups().iter().map(Template::source).collect(),
            ),
            None if effective.principal == user.username() => {
                (user.username().to_owned(), user.groups().to_vec())
            }
            None => ("the ARN of the caller".to_owned(), user.groups().to_vec()),
        };
        let is_at_sign_same = session_name
            .as_deref()
            .is_some_and(|name| self.is_at_sign_same(effective, name));
        Caller {
            principal: effective.principal.clone(),
            username,
            groups,
            access_policies: mapped
                .access_policies()
                .iter()
                .map(|policy| HeldPolicy::new(self, policy))
                .collect(),
            policy_gaps: mapped
                .policy_gaps()
                .iter()
                .map(ToString::to_string)
                .collect(),
            rule: effective.at.to_string(),
            backend: mapped.backend().as_str(),
            place: self.place_of_mapping(effective.backend, effective.at),
            session_name,
            is_at_sign_same,
            is_gone: self.principals.lack(&effective.principal),
        }
    }

    /// Returns the callers who become one of these subjects and are mapped only by their account, each with the account
    /// as a difference of the mapping names it.
    pub(crate) fn principals_of_accounts(
        &self,
        subjects: &BTreeSet<SubjectName>,
    ) -> Vec<(CallerArn, String)> {
        let named = subjects.iter().filter_map(|subject| match subject {
            SubjectName::User(name) => CallerArn::parse(name).ok(),
            SubjectName::Group(_) => None,
        });
        named
            .filter_map(|caller| {
                let identity = self.identity(&caller).ok()?;
                match self.map.resolve(&identity) {
                    Resolution::Mapped(mapped) if mapped.matched_on() == MatchedOn::Account => {
                        let account = Affected::Account(identity.account());
                        Some((caller, account.to_string()))
                    }
                    _ => None,
                }
            })
            .collect()
    }

    /// Returns the callers who are mapped only by their account and become one of these subjects.
    pub(crate) fn effective_of_accounts(
        &self,
        subjects: &BTreeSet<SubjectName>,
    ) -> Vec<Effective<'_>> {
        let callers = self.principals_of_accounts(subjects).into_iter();
        callers
            .filter_map(|(caller, _)| {
                let (_, _, authenticated) = self.resolve(&caller).ok()?;
                let authenticated = authenticated?;
                let mapped = authenticated.mapped();
                Some(Effective {
                    backend: mapped.backend_index(),
                    at: mapped.rule(),
                    rule: None,
                    // The user is named by the ARN.
                    principal: mapped.user().username().to_owned(),
                    caller,
                    authenticated,
                })
            })
            .collect()
    }
}
