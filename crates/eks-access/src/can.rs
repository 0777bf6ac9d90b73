//! Whether a caller or a user may make a request.

use std::fmt::{self, Display, Formatter};

use eks_auth::Authenticated;
use k8s_rbac::{Request, SubjectName};
use k8s_rbac_analysis::explain;
use printable_text::Printable;
use serde::Serialize;

use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::problem::Problem;
use crate::question::{Question, is_namespaced, written};
use crate::resolved::Resolved;
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::{Step, Verdict, write_steps};
use crate::who::Who;

/// Whether a caller or a user may make a request, with the first way to it. Prints as terminated lines, the
/// first of which begins with the verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Can {
    verdict: Verdict,
    who: String,
    request: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    way: Vec<Step>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_policies: Vec<UnknownPolicy>,
    /// The namespaces in which it is allowed, if the request is for all namespaces and is not
    /// allowed in all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_namespaces: Vec<String>,
    notes: Vec<String>,
}

/// A namespace in which a request for all namespaces is allowed, with the first way to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllowedNamespace {
    pub(crate) namespace: String,
    pub(crate) way: Vec<Step>,
}

impl AllowedNamespace {
    /// Returns the name of the namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the steps from the user to the permission.
    #[must_use]
    pub fn way(&self) -> &[Step] {
        &self.way
    }
}

impl Can {
    /// Returns the verdict.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the first way to the permission, or why the caller becomes no user.
    #[must_use]
    pub fn way(&self) -> &[Step] {
        &self.way
    }

    /// Returns the access policies that are not known and may allow the request.
    #[must_use]
    pub fn unknown_policies(&self) -> &[UnknownPolicy] {
        &self.unknown_policies
    }

    /// Returns the namespaces in which the request is allowed, if it is for all namespaces and is not
    /// allowed in all.
    #[must_use]
    pub fn allowed_namespaces(&self) -> &[String] {
        &self.allowed_namespaces
    }

    /// Returns notes on what the answer rests on.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl Display for Can {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (verdict, may) = (self.verdict, may(self.verdict));
        writeln!(f, "{verdict}: {} {may} {}", self.who, self.request)?;
        write_steps(f, "  ", &self.way)?;
        write_unknown(f, &self.unknown_policies)?;
        if !self.allowed_namespaces.is_empty() {
            let names = self.allowed_namespaces.iter();
            let names: Vec<String> = names.map(|name| Printable::new(name).to_string()).collect();
            writeln!(f, "  allowed in the namespaces {}", names.join(", "))?;
        }
        write_notes(f, &self.notes)
    }
}

/// Returns the verb of a verdict.
pub(crate) const fn may(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Yes => "may",
        Verdict::No => "may not",
        Verdict::Unknown => "may or may not",
    }
}

pub(crate) fn write_unknown(f: &mut Formatter<'_>, policies: &[UnknownPolicy]) -> fmt::Result {
    policies
        .iter()
        .try_for_each(|policy| writeln!(f, "  not known: {policy}"))
}

pub(crate) fn write_notes(f: &mut Formatter<'_>, notes: &[String]) -> fmt::Result {
    notes
        .iter()
        .try_for_each(|note| writeln!(f, "note: {note}"))
}

impl Cluster {
    /// Decides whether a caller or a user may make a request. Access entries or the ConfigMap map the
    /// caller, depending on the authentication mode. Then RBAC and access policies, which are united,
    /// decide.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`], [`NoAnswer::Unknown`], [`NoAnswer::NoPolicy`] if no document
    /// has roles or bindings and the question names the user, then the errors of the caller:
    /// [`NoAnswer::NoMapping`], [`NoAnswer::NoMappingInMode`], [`NoAnswer::Identity`], [`NoAnswer::Mapping`].
    pub fn can(&self, who: &Who, question: &Question) -> Result<Can, NoAnswer> {
        self.check_readable()?;
        question.check(self)?;
        self.check_policy(who)?;
        let request = question.request();
        let mut can = Can {
            verdict: Verdict::No,
            who: who.to_string(),
            request: written(&request),
            way: Vec::new(),
            unknown_policies: Vec::new(),
            allowed_namespaces: Vec::new(),
            notes: question.warnings().collect(),
        };
        can.notes.extend(self.notes_for(who));
        let resolved = match self.find(who)? {
            Ok(resolved) => resolved,
            Err(reasons) => {
                can.way = reasons;
                return Ok(can);
            }
        };
        let decided = self.decide(&resolved, &request);
        can.notes.extend(self.notes_on_user(who));
        let notes = explain::notes(&resolved.user, &request);
        can.notes.extend(notes.iter().map(ToString::to_string));
        can.verdict = Verdict::of(decided.is_allowed(), !decided.unknown.is_empty());
        can.way = resolved.steps.clone();
        match decided.is_allowed() {
            true => can.way.extend(decided.grant),
            false => {
                can.unknown_policies = decided.unknown;
                let allowed = self.namespaces_that_allow(&resolved, &request).into_iter();
                can.allowed_namespaces = allowed.map(|one| one.namespace).collect();
            }
        }
        Ok(can)
    }

    /// Finds the namespaces in which a request for all namespaces is allowed.
    pub(crate) fn namespaces_that_allow(
        &self,
        resolved: &Resolved,
        request: &Request<'_>,
    ) -> Vec<AllowedNamespace> {
        let Request::Resource(resource) = request else {
            return Vec::new();
        };
        if resource.namespace().is_some() || !is_namespaced(resource) {
            return Vec::new();
        }
        let policies = resolved
            .caller
            .iter()
            .flat_map(Authenticated::access_policies);
        let scoped = policies.flat_map(|policy| match policy.scope() {
            aws_auth_map::AccessScope::Cluster => &[],
            aws_auth_map::AccessScope::Namespaces(names) => names.as_slice(),
        });
        let mut names: Vec<&str> = self.policy().namespaces().collect();
        names.extend(
            scoped
                .map(String::as_str)
                .filter(|name| !name.contains('*')),
        );
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .filter_map(|name| {
                let request = Request::from(resource.in_namespace(name));
                let decided = self.decide(resolved, &request);
                decided.is_allowed().then(|| AllowedNamespace {
                    namespace: name.to_owned(),
                    way: decided.grant,
                })
            })
            .collect()
    }

    /// Refuses to answer if a document, or an object in one, could not be read.
    pub(crate) fn check_readable(&self) -> Result<(), NoAnswer> {
        self.check_readable_but(|_| false)
    }

    /// Refuses to answer likewise, except for problems that the answer tells.
    pub(crate) fn check_readable_but(
        &self,
        is_told: impl Fn(&Problem) -> bool,
    ) -> Result<(), NoAnswer> {
        let lost = self.unreadable().filter(|problem| !is_told(problem));
        let lost: Vec<_> = lost.cloned().collect();
        match lost.is_empty() {
            true => Ok(()),
            false => Err(NoAnswer::Unreadable(lost)),
        }
    }

    /// Refuses a question about a user if no document has a role or a binding. A question about a caller is
    /// answered from the access policies and the default policy.
    pub(crate) fn check_policy(&self, who: &Who) -> Result<(), NoAnswer> {
        let is_answered = match who {
            Who::Caller(_) => true,
            Who::User { .. } => self.rbac.is_any_written(),
        };
        match is_answered {
            true => Ok(()),
            false => Err(NoAnswer::NoPolicy),
        }
    }

    /// Returns notes on a user that no binding names.
    pub(crate) fn notes_on_user(&self, who: &Who) -> Vec<String> {
        let Who::User { name, groups } = who else {
            return Vec::new();
        };
        let is_bound = |group: &String| {
            group == k8s_rbac::PRIVILEGED_GROUP || self.is_bound(&SubjectName::Group(group.clone()))
        };
        let mut notes: Vec<String> = groups
            .iter()
            .filter(|group| !is_bound(group))
            .map(|group| format!("no binding names {}", SubjectName::Group(group.clone())))
            .collect();
        let name = SubjectName::User(name.clone());
        if notes.len() == groups.len() && !self.is_bound(&name) {
            notes.push(format!("no binding names {name}"));
        }
        notes
    }
}

/// Returns the note on a role that stands for its sessions.
pub(crate) fn notes_on_session(who: &Who) -> Option<String> {
    match who {
        Who::Caller(caller) if caller.is_any_session() => Some(format!(
            "the role stands for its sessions; the answer is for one that is named {}",
            crate::who::ANY_SESSION
        )),
        _ => None,
    }
}
