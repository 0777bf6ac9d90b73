//! Who may make a request: subjects, the callers that become them, and the workloads that run as them.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{BindingGrant, SubjectName, User};
use k8s_rbac_analysis::who_can;
use serde::{Serialize, Serializer};

use crate::callers::{Caller, Effective};
use crate::can::write_notes;
use crate::cluster::Cluster;
use crate::grant::step_of_masters;
use crate::no_answer::NoAnswer;
use crate::question::{Question, written};
use crate::resolved::Resolved;
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::{Step, Verdict, write_steps};
use crate::who::CallerArn;
use crate::workload::Workload;

/// Who may make a request. Prints as terminated lines, the first of which begins with the verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoCan {
    verdict: Verdict,
    request: String,
    subjects: Vec<AllowedSubject>,
    callers: Vec<AllowedCaller>,
    /// The callers for whom the answer is unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_callers: Vec<UnknownCaller>,
    workloads: Vec<AllowedWorkload>,
    notes: Vec<String>,
}

/// A user, a group or a service account that may make the request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllowedSubject {
    #[serde(flatten)]
    subject: Subject,
    is_of_default_policy: bool,
    way: Vec<Step>,
}

/// A subject, which serializes as `{"kind", "name", "namespace"}`.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Subject(SubjectName);

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'s> {
            kind: &'static str,
            name: &'s str,
            #[serde(skip_serializing_if = "Option::is_none")]
            namespace: Option<&'s str>,
        }
        let (kind, name, namespace) = match (&self.0, self.0.as_service_account()) {
            (_, Some(account)) => ("ServiceAccount", account.name(), Some(account.namespace())),
            (SubjectName::Group(name), None) => ("Group", name.as_str(), None),
            (SubjectName::User(name), None) => ("User", name.as_str(), None),
        };
        let fields = Fields {
            kind,
            name,
            namespace,
        };
        fields.serialize(serializer)
    }
}

impl AllowedSubject {
    /// Returns the user or group; a service account is a user.
    #[must_use]
    pub const fn subject(&self) -> &SubjectName {
        &self.subject.0
    }

    /// Returns the way to the permission.
    #[must_use]
    pub fn way(&self) -> &[Step] {
        &self.way
    }

    /// Returns whether the permission comes from the default policy of Kubernetes, which the documents
    /// lack.
    #[must_use]
    pub const fn is_of_default_policy(&self) -> bool {
        self.is_of_default_policy
    }
}

/// A caller of AWS that may make the request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllowedCaller {
    #[serde(flatten)]
    caller: Caller,
    way: Vec<Step>,
}

impl AllowedCaller {
    /// Returns the caller.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns the way from its user to the permission.
    #[must_use]
    pub fn way(&self) -> &[Step] {
        &self.way
    }
}

/// A caller with access policies that are not known.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownCaller {
    #[serde(flatten)]
    caller: Caller,
    unknown_policies: Vec<UnknownPolicy>,
}

/// A workload whose service account may make the request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllowedWorkload {
    #[serde(flatten)]
    workload: Workload,
    way: Vec<Step>,
}

impl AllowedWorkload {
    /// Returns the workload.
    #[must_use]
    pub const fn workload(&self) -> &Workload {
        &self.workload
    }
}

impl WhoCan {
    /// Returns yes if there is a subject or caller besides the group `system:masters`.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the subjects: first the group `system:masters`, then the subjects of each binding of the
    /// documents, then the subjects of the default policy.
    #[must_use]
    pub fn subjects(&self) -> &[AllowedSubject] {
        &self.subjects
    }

    /// Returns the callers of AWS, one for each rule of the mapping.
    #[must_use]
    pub fn callers(&self) -> &[AllowedCaller] {
        &self.callers
    }

    /// Returns the callers for whom the answer is unknown, with the access policies that are not known.
    #[must_use]
    pub fn unknown_callers(&self) -> &[UnknownCaller] {
        &self.unknown_callers
    }

    /// Returns the workloads.
    #[must_use]
    pub fn workloads(&self) -> &[AllowedWorkload] {
        &self.workloads
    }
}

impl Display for WhoCan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: who may {}", self.verdict, self.request)?;
        for allowed in &self.callers {
            writeln!(f, "{}", allowed.caller)?;
            write_steps(f, "  ", &allowed.way)?;
        }
        for unknown in &self.unknown_callers {
            writeln!(f, "not known: {}", unknown.caller)?;
        }
        for allowed in &self.workloads {
            let (workload, place) = (&allowed.workload, allowed.workload.place());
            let account = printable_text::Printable::new(workload.service_account());
            writeln!(f, "{workload} as service account {account} ({place})")?;
            write_steps(f, "  ", &allowed.way)?;
        }
        for allowed in &self.subjects {
            match allowed.is_of_default_policy {
                true => writeln!(f, "{}, by the default policy", allowed.subject())?,
                false => {
                    writeln!(f, "{}", allowed.subject())?;
                    write_steps(f, "  ", &allowed.way)?;
                }
            }
        }
        write_notes(f, &self.notes)
    }
}

impl Cluster {
    /// Finds who may make a request: users, groups and service accounts, the callers of AWS that become
    /// them or have an access policy that allows it, and the workloads that run as them.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`], [`NoAnswer::Unknown`], [`NoAnswer::NoPolicy`] if no document
    /// has a role, a binding or a rule of the mapping, [`NoAnswer::NoMappingInMode`], [`NoAnswer::Mapping`].
    pub fn who(&self, question: &Question) -> Result<WhoCan, NoAnswer> {
        self.check_readable()?;
        question.check(self)?;
        if !self.rbac.is_any_written() && !self.has_mapping() {
            return Err(NoAnswer::NoPolicy);
        }
        if self.has_mapping() {
            self.check_mapping()?;
        }
        self.check_sections()?;
        self.check_entries()?;
        let request = question.request();
        let allowed = who_can(self.policy(), &request);
        let mut notes: Vec<String> = question.warnings().collect();
        notes.extend(self.notes_on_policy());
        notes.extend(self.notes_on_mode());
        notes.extend(self.notes_on_managed());
        let unresolved = allowed.unresolved().iter();
        let missing = |one| self.missing_role(one).map(|role| role.to_string());
        let is_role_missing = unresolved.clone().any(|one| missing(one).is_some());
        notes.extend(
            unresolved
                .map(|one| missing(one).unwrap_or_else(|| format!("{}: {one}", one.binding()))),
        );
        let mut subjects: Vec<AllowedSubject> = allowed
            .subjects()
            .iter()
            .filter_map(|allowed| {
                let grant = allowed.grant();
                let place = |grant: &BindingGrant<'_>| self.place_of_binding(grant.binding());
                Some(AllowedSubject {
                    // A subject of an unknown kind matches no user.
                    subject: Subject(allowed.identity()?),
                    is_of_default_policy: grant.is_some_and(|grant| place(&grant).is_none()),
                    way: match grant {
                        Some(grant) => self.steps_of_grant(&grant),
                        None => vec![step_of_masters()],
                    },
                })
            })
            .collect();
        subjects.sort_by_key(|one| one.is_of_default_policy);
        let mut who = WhoCan {
            verdict: Verdict::No,
            request: written(&request),
            subjects,
            callers: Vec::new(),
            unknown_callers: Vec::new(),
            workloads: Vec::new(),
            notes,
        };
        let subjects = who.subjects.iter().map(|one| one.subject().clone());
        let of_accounts = self.effective_of_accounts(&subjects.collect());
        for effective in self.effective_rules().into_iter().chain(of_accounts) {
            self.add_caller(&effective, question, &mut who);
        }
        for workload in &self.workloads {
            let account = workload.service_account();
            let resolved = Resolved {
                user: User::service_account(workload.namespace(), account),
                caller: None,
                steps: Vec::new(),
            };
            let decided = self.decide(&resolved, &request);
            if decided.is_allowed() {
                who.workloads.push(AllowedWorkload {
                    workload: workload.clone(),
                    way: decided.grant,
                });
            }
        }
        let is_any = who.subjects.len() > 1 || !who.callers.is_empty();
        let is_unknown = is_role_missing || !who.unknown_callers.is_empty();
        who.verdict = Verdict::of(is_any, is_unknown);
        Ok(who)
    }

    /// Adds the caller of a rule: any of its sessions, or each session whose name makes an allowed subject.
    fn add_caller(&self, of: &Effective<'_>, question: &Question, who: &mut WhoCan) {
        let request = question.request();
        let resolved = Resolved::of_caller(of.authenticated.clone());
        let decided = self.decide(&resolved, &request);
        if decided.is_allowed() {
            who.callers.push(AllowedCaller {
                caller: self.caller(of, None),
                way: decided.grant,
            });
            return;
        }
        let mut sessions: Vec<String> = Vec::new();
        for allowed in &who.subjects {
            if let Some(Some(session)) = self.session_for(of, allowed.subject())
                && !sessions.contains(&session)
            {
                sessions.push(session);
            }
        }
        for session in sessions {
            let Some(caller) = of.with_session(&session) else {
                continue;
            };
            let Ok((_, _, Some(authenticated))) = self.resolve(&caller) else {
                continue;
            };
            let decided = self.decide(&Resolved::of_caller(authenticated), &request);
            if decided.is_allowed() {
                who.callers.push(AllowedCaller {
                    caller: self.caller(of, Some(session)),
                    way: decided.grant,
                });
            }
        }
        if !decided.unknown.is_empty() {
            who.unknown_callers.push(UnknownCaller {
                caller: self.caller(of, None),
                unknown_policies: decided.unknown,
            });
        }
    }
}

impl Effective<'_> {
    /// Returns the caller with another session name. `None` if the principal has no sessions.
    pub(crate) fn with_session(&self, session: &str) -> Option<CallerArn> {
        let (role, _) = self.caller.as_str().rsplit_once('/')?;
        role.contains(":assumed-role/")
            .then(|| CallerArn::of_session(&format!("{role}/{session}")))
    }
}
