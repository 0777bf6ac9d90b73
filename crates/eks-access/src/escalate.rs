//! Finds how a caller or a user can get more permissions.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use aws_auth_map::AuthenticationMode;
use k8s_rbac::{PRIVILEGED_GROUP, Policy, SubjectName, User};
use k8s_rbac_analysis::EscalationPaths;
use k8s_rbac_analysis::escalation_paths::{
    EscalationSearch, Goal, GrantedBy, MappingSource, Sought,
};
use serde::Serialize;

use crate::can::{notes_on_session, write_notes};
use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::question::Question;
use crate::resolved::Resolved;
use crate::verdict::{Step, write_steps};
use crate::who::Who;

/// A power that a chain of steps may lead to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Power {
    /// To be a user, or a member of a group.
    Identity(SubjectName),
    /// To be allowed a request.
    Request(Question),
}

impl Power {
    /// Parses a power: `system:masters`, a username, `group:NAME`, or a question such as
    /// `get secrets -n kube-system`.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Question`].
    pub fn parse(text: &str) -> Result<Self, NoAnswer> {
        if text.contains(char::is_whitespace) {
            return Question::parse(text).map(Self::Request);
        }
        Ok(Self::Identity(match text.strip_prefix("group:") {
            _ if text == PRIVILEGED_GROUP => SubjectName::Group(text.to_owned()),
            Some(group) => SubjectName::Group(group.to_owned()),
            None => SubjectName::User(text.to_owned()),
        }))
    }
}

/// The chains of steps by which a caller or a user gets more permissions, the shortest first. Prints as
/// terminated lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Escalation {
    who: String,
    /// How the caller becomes the user that the steps begin with, or why the caller becomes no
    /// user.
    way: Vec<Step>,
    /// Whether the requested power is reached. `None` if the question named no power.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_reached: Option<bool>,
    /// Whether everything is allowed at the end.
    reaches_everything: bool,
    /// Whether every chain was searched, and all access policies are known.
    is_complete: bool,
    steps: Vec<EscalationStep>,
    #[serde(skip)]
    text: String,
    notes: Vec<String>,
}

/// One step of a chain.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EscalationStep {
    actor: String,
    reaches: String,
    technique: String,
    granted_by: Vec<String>,
    /// The steps that come before, counted from one.
    after: Vec<usize>,
}

impl EscalationStep {
    /// Returns the user, group or service account that takes the step.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Returns the effect of the step, such as `becomes User "ops"` or `may do everything cluster-wide`.
    #[must_use]
    pub fn reaches(&self) -> &str {
        &self.reaches
    }

    /// Returns how the step is taken, in a few words.
    #[must_use]
    pub fn technique(&self) -> &str {
        &self.technique
    }
}

impl Escalation {
    /// Returns the steps, each after the steps that it needs.
    #[must_use]
    pub fn steps(&self) -> &[EscalationStep] {
        &self.steps
    }

    #[cfg(feature = "report")]
    pub(crate) fn into_steps(self) -> Vec<EscalationStep> {
        self.steps
    }

    /// Returns whether there is a chain: to the requested power, or to any more permissions.
    #[must_use]
    pub fn is_found(&self) -> bool {
        self.is_reached.unwrap_or(!self.steps.is_empty())
    }

    /// Returns the exit status of a program with this answer: 0 there is no chain, 1 there is one.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        u8::from(self.is_found())
    }
}

impl Display for Escalation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_steps(f, "", &self.way)?;
        match (self.is_found(), self.is_reached) {
            (true, Some(true)) if self.steps.is_empty() => {
                writeln!(f, "{} needs no step", self.who)?;
            }
            (true, _) => f.write_str(&self.text)?,
            (false, Some(_)) => writeln!(f, "there is no chain from {} to it", self.who)?,
            (false, None) => {
                writeln!(f, "there is no chain from {} to more permissions", self.who)?
            }
        }
        write_notes(f, &self.notes)
    }
}

impl Cluster {
    /// Finds how a caller or a user can get more permissions, or one shortest chain to a power.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`], [`NoAnswer::NoPolicy`] without roles, bindings and access
    /// policies, the errors of the caller, [`NoAnswer::Unknown`] for an unknown power,
    /// [`NoAnswer::TooLarge`], [`NoAnswer::UnknownPolicy`] if there is no chain.
    pub fn escalate(&self, who: &Who, to: Option<&Power>) -> Result<Escalation, NoAnswer> {
        self.check_readable()?;
        let mut escalation = self.escalate_by(&self.escalation_search(), who, to)?;
        escalation.notes.extend(notes_on_session(who));
        Ok(escalation)
    }

    /// Builds a search that the searches for many users share.
    pub(crate) fn escalation_search(&self) -> EscalationSearch<'_> {
        self.search_of(self.policy(), &User::new("", [""; 0]))
    }

    /// Builds a search that leads only through what the authenticator of the cluster reads.
    fn search_of<'p>(&self, policy: &'p Policy, user: &User) -> EscalationSearch<'p> {
        let mode = match self.authentication_mode().value() {
            AuthenticationMode::Api => Some(MappingSource::AwsAuth),
            AuthenticationMode::ConfigMap => Some(MappingSource::AccessEntries),
            AuthenticationMode::ApiAndConfigMap => None,
        };
        let eks = self.is_eks.then_some(MappingSource::IdentityMappings);
        let search =
            EscalationSearch::new(policy, user).on_version(self.kubernetes_version().value());
        let unread = mode.into_iter().chain(eks);
        unread.fold(search, EscalationSearch::without_mapping_source)
    }

    /// Finds how a caller or a user can get more permissions, as [`escalate`](Self::escalate) does, in a cluster that
    /// is readable.
    pub(crate) fn escalate_by(
        &self,
        shared: &EscalationSearch<'_>,
        who: &Who,
        to: Option<&Power>,
    ) -> Result<Escalation, NoAnswer> {
        let resolved = match self.find(who)? {
            Ok(resolved) => resolved,
            Err(way) => {
                return Ok(Escalation {
                    who: who.to_string(),
                    way,
                    is_reached: to.map(|_| false),
                    reaches_everything: false,
                    is_complete: true,
                    steps: Vec::new(),
                    text: String::new(),
                    notes: self.notes_on_mode().into_iter().collect(),
                });
            }
        };
        let policy = self.united_policy(&resolved);
        let unknown = self.unknown_policies(&resolved);
        let unknown: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        match policy {
            Cow::Borrowed(_) if !self.rbac().is_any_written() => Err(NoAnswer::NoPolicy),
            Cow::Borrowed(_) => {
                let search = shared.for_user(&resolved.user);
                self.escalation_of(&resolved, &search, &unknown, to)
            }
            // Access policies are permissions of this caller alone.
            Cow::Owned(policy) => {
                let search = self.search_of(&policy, &resolved.user);
                self.escalation_of(&resolved, &search, &unknown, to)
            }
        }
    }

    /// Searches for the user that a caller becomes. `unknown` says which access policies are left out.
    fn escalation_of(
        &self,
        resolved: &Resolved,
        search: &EscalationSearch<'_>,
        unknown: &[String],
        to: Option<&Power>,
    ) -> Result<Escalation, NoAnswer> {
        let too_large = |why: k8s_rbac_analysis::TooLarge| NoAnswer::TooLarge(why.to_string());
        let mut notes = self.notes_on_policy();
        if resolved.caller.is_some() {
            notes.extend(self.notes_on_mode());
        }
        notes.extend_from_slice(unknown);
        let answer = |paths: Option<&EscalationPaths<'_>>, is_reached, notes| {
            let steps = paths.map_or(&[][..], |paths| paths.steps());
            let steps = steps.iter().zip(paths.into_iter().cycle());
            Escalation {
                who: SubjectName::User(resolved.user.name.clone()).to_string(),
                way: resolved.steps.clone(),
                is_reached,
                reaches_everything: paths.is_some_and(|paths| paths.to_everything().is_some()),
                is_complete: unknown.is_empty()
                    && paths.is_none_or(|paths| paths.unsearched().next().is_none()),
                steps: steps
                    .map(|(step, paths)| EscalationStep {
                        actor: paths.actor(step).to_string(),
                        reaches: step.target().to_string(),
                        technique: step.technique().to_string(),
                        granted_by: granted_by(step.granted_by()),
                        // Steps are numbered from one, as they are printed.
                        after: step
                            .after()
                            .into_iter()
                            .map(|step| step.saturating_add(1))
                            .collect(),
                    })
                    .collect(),
                text: paths.map_or_else(String::new, ToString::to_string),
                notes,
            }
        };
        // A chain that was found needs none of the unknown policies.
        let no_chain = || match unknown {
            [] => Ok(()),
            unknown => Err(NoAnswer::UnknownPolicy(format!(
                "no chain from {} was found, but {}",
                SubjectName::User(resolved.user.name.clone()),
                unknown.join("; ")
            ))),
        };
        let Some(to) = to else {
            let paths = search.paths().map_err(too_large)?;
            if paths.steps().is_empty() {
                no_chain()?;
            }
            return Ok(answer(Some(&paths), None, notes));
        };
        let sought = match to {
            Power::Request(question) => {
                question.check(self)?;
                notes.extend(question.warnings());
                search.seek(&Goal::Request(question.request()))
            }
            Power::Identity(identity) => {
                // The search skips identities that hold nothing, so it would find no chain.
                let is_privileged = *identity == SubjectName::Group(PRIVILEGED_GROUP.to_owned());
                if !is_privileged && !self.is_bound(identity) {
                    return Err(NoAnswer::Unknown(format!(
                        "no binding names {identity}, so there is nothing to obtain"
                    )));
                }
                search.seek(&Goal::Subject(identity.clone()))
            }
        };
        match sought.map_err(too_large)? {
            Sought::Found(path) => Ok(answer(Some(&path), Some(true), notes)),
            Sought::NotFound(paths) if paths.unsearched().next().is_some() => {
                Err(NoAnswer::TooLarge(format!(
                    "no chain was found, but what the Node authorizer allows a node that is impersonated is not \
                     searched:\n{paths}"
                )))
            }
            Sought::NotFound(paths) => {
                no_chain()?;
                // The user can become another, who has a role that is missing.
                let missing = self.bindings_of_missing_roles();
                if let (false, Some((role, _))) = (paths.steps().is_empty(), missing.first()) {
                    return Err(NoAnswer::UnknownPolicy(format!(
                        "no chain to it was found, but {role}"
                    )));
                }
                Ok(answer(None, Some(false), notes))
            }
        }
    }
}

/// Writes the grants of a step, each once: two rules of one role are one grant for a reader.
fn granted_by(grants: &[GrantedBy<'_>]) -> Vec<String> {
    let mut texts: Vec<String> = grants.iter().map(GrantedBy::to_string).collect();
    texts.dedup();
    texts
}
