//! One page that shows who can do what in a cluster, and why.
//!
//! [`Cluster::report`] asks the other questions of this crate about every principal: the users that callers become
//! ([`Cluster::callers`]), everything that each may do ([`Cluster::list`]), the ways to its greatest permissions in each
//! namespace ([`Cluster::why`]), a shortest chain to full access ([`Cluster::escalate`]), and the findings
//! ([`Cluster::check`]). [`AccessReport::to_html`] renders the answers as one HTML file.
//!
//! # The page
//!
//! It needs no network, and a script only to filter. Text from the input is never markup: the template engine
//! escapes each value, invisible characters are written as escapes, and a Content Security Policy allows
//! only the script and the style of the page, by their hashes.

mod access;
mod chains;
mod findings;
mod flow;
mod level;
mod names;
mod page;
mod subjects;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

use aws_auth_map::AccessScope;
use k8s_rbac::SubjectName;
use serde::Serialize;
use thiserror::Error;

pub use access::{AccessCell, PrincipalAccess};
pub use level::AccessLevel;

use crate::callers::{Caller, Effective};
use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::options::{Origin, Setting};
use crate::source::{Source, Unrecognized};
use crate::who::Who;
use crate::workload::Workload;
use access::Common;
use chains::MAX_SEARCHES;
use findings::FindingRow;
use subjects::Subjects;

/// The largest number of principals in a report. Our choice: a browser draws their rows in seconds, and
/// readers filter them anyway.
pub const MAX_PRINCIPALS: usize = 1_000;

/// The largest number of namespaces in a report. Our choice, as for [`MAX_PRINCIPALS`].
pub const MAX_NAMESPACES: usize = 250;

/// The largest number of bindings in a report. Our choice, as for [`MAX_PRINCIPALS`].
pub const MAX_BINDINGS: usize = 3_000;

/// The largest number of findings in a report. Our choice, as for [`MAX_PRINCIPALS`].
pub const MAX_FINDINGS: usize = 1_000;

/// The options of a report.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReportOptions {
    /// The title of the page, such as the name of the cluster. Without one it is "Access to the cluster".
    pub title: Option<String>,
}

impl ReportOptions {
    /// Builds the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the title of the page.
    #[must_use]
    pub fn with_title(self, title: impl Into<String>) -> Self {
        Self {
            title: Some(title.into()),
        }
    }
}

/// The template of the page failed.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("the page could not be rendered: {0}")]
pub struct RenderError(String);

/// Who can do what in a cluster, and why: principals, users and groups, bindings, roles and findings.
///
/// Serializes with the field names of the other answers. Lists refer to each other by index.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessReport {
    title: Option<String>,
    settings: Vec<SettingRow>,
    sources: Vec<Source>,
    unrecognized: Vec<Unrecognized>,
    notes: Vec<String>,
    left_out: Vec<String>,
    namespaces: Vec<String>,
    principals: Vec<PrincipalAccess>,
    #[serde(flatten)]
    subjects: Subjects,
    findings: Vec<FindingRow>,
}

/// A setting that answers rest on.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SettingRow {
    name: &'static str,
    value: String,
    /// The origin of the value.
    origin: String,
}

impl SettingRow {
    fn new<T: Copy>(name: &'static str, setting: &Setting<T>, value: String) -> Self {
        Self {
            name,
            value,
            origin: match setting.origin() {
                Origin::Option => "as given".to_owned(),
                Origin::Document(place) => format!("from {place}"),
                Origin::Default => "by default".to_owned(),
            },
        }
    }
}

impl AccessReport {
    /// Returns the principals, the greatest risk first.
    #[must_use]
    pub fn principals(&self) -> &[PrincipalAccess] {
        &self.principals
    }

    /// Returns the namespaces, in order.
    #[must_use]
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Returns a sentence for each limit that was reached, which says what is left out. Empty if the report
    /// is complete.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Renders the report as one HTML file.
    ///
    /// The text is the same for the same report: it has no date.
    ///
    /// # Errors
    ///
    /// [`RenderError`], which is a bug of this crate.
    pub fn to_html(&self) -> Result<String, RenderError> {
        page::render(self).map_err(|why| RenderError(why.to_string()))
    }
}

impl Cluster {
    /// Reports who can do what, and why.
    ///
    /// The principals are the principals of AWS, and the users and service accounts that a binding names and that no
    /// caller of AWS becomes, except the users of the default policy. If a rule names the user or a group after the
    /// session, each session whose name makes a user or a group that a binding names is a principal. For an account
    /// of `mapAccounts`, each of its principals that a binding names is a principal.
    ///
    /// # Errors
    ///
    /// As [`callers`](Self::callers), then the errors of [`list`](Self::list), [`why`](Self::why),
    /// [`escalate`](Self::escalate) and [`check`](Self::check).
    pub fn report(&self, options: &ReportOptions) -> Result<AccessReport, NoAnswer> {
        self.callers(None)?;
        let mut left_out = Vec::new();
        let mut namespaces = self.namespaces_of_report();
        let mut principals = self.principals_of_report(&self.all_namespaces(&namespaces))?;
        let of_cells = principals.iter().flat_map(|one| &one.cells);
        namespaces.extend(of_cells.filter_map(|cell| cell.namespace.clone()));
        principals.sort_by(|one, other| {
            let key = |principal: &PrincipalAccess| Reverse(principal.rank());
            key(one)
                .cmp(&key(other))
                .then_with(|| one.caller.principal().cmp(other.caller.principal()))
        });
        cut(&mut principals, MAX_PRINCIPALS, &mut left_out, |count| {
            format!(
                "{}: no greater risk than those listed",
                counted(count, "principal")
            )
        });
        left_out.extend(self.find_chains(&mut principals, MAX_SEARCHES)?);
        let mut namespaces: Vec<String> = namespaces.into_iter().collect();
        cut(&mut namespaces, MAX_NAMESPACES, &mut left_out, |count| {
            format!(
                "{} of the matrix, the last by name; the principals have them",
                counted(count, "namespace")
            )
        });
        let subjects = self.subjects_of(&principals, MAX_BINDINGS);
        if subjects.bindings_left_out > 0 {
            left_out.push(counted(subjects.bindings_left_out, "binding"));
        }
        let mut findings = self.findings_of_report(&principals, &subjects)?;
        cut(&mut findings, MAX_FINDINGS, &mut left_out, |count| {
            format!(
                "{}: no more severe than those listed",
                counted(count, "finding")
            )
        });
        let (version, mode) = (self.kubernetes_version(), self.authentication_mode());
        let dialect = self.dialect();
        Ok(AccessReport {
            title: options.title.clone(),
            settings: vec![
                SettingRow::new("Kubernetes", version, version.value().to_string()),
                SettingRow::new("Authentication mode", mode, mode.value().to_string()),
                SettingRow::new("Authenticator", dialect, dialect.value().to_string()),
            ],
            sources: self.sources().to_vec(),
            unrecognized: self.unrecognized().to_vec(),
            notes: self
                .notes_on_policy()
                .into_iter()
                .chain(self.notes_on_mode())
                .collect(),
            left_out,
            namespaces,
            principals,
            subjects,
            findings,
        })
    }

    fn principals_of_report(
        &self,
        namespaces: &BTreeSet<String>,
    ) -> Result<Vec<PrincipalAccess>, NoAnswer> {
        let common = Common::of(self);
        let bound = self.bound_names();
        let mut principals = Vec::new();
        for of in self.effective_rules() {
            let caller = self.caller(&of, None);
            let who = Who::Caller(of.caller.clone());
            principals.extend(self.access_of(caller, who, namespaces, &common)?);
            for session in self.bound_sessions(&of, bound) {
                let Some(arn) = of.with_session(&session) else {
                    continue;
                };
                let caller = self.caller(&of, Some(session));
                let who = Who::Caller(arn);
                principals.extend(self.access_of(caller, who, namespaces, &common)?);
            }
        }
        for of in self.effective_of_accounts(bound) {
            let caller = self.caller(&of, None);
            let who = Who::Caller(of.caller);
            principals.extend(self.access_of(caller, who, namespaces, &common)?);
        }
        for user in self.users_without_a_caller(&principals) {
            // A name that only begins like a service account's name belongs to no user.
            let Ok(who) = Who::user(&user, [""; 0]) else {
                continue;
            };
            let caller = Caller::of_user(&user);
            principals.extend(self.access_of(caller, who, namespaces, &common)?);
        }
        Ok(principals)
    }

    /// Returns the names of sessions of a rule that make a user or a group that a binding names.
    fn bound_sessions(&self, of: &Effective<'_>, bound: &BTreeSet<SubjectName>) -> Vec<String> {
        let mut seen = HashSet::new();
        of.by_session(bound)
            .into_iter()
            .filter_map(|subject| self.session_for(of, subject)?)
            .filter(|session| seen.insert(session.clone()))
            .collect()
    }

    /// Returns the namespaces that the documents or the scopes of access policies have.
    fn namespaces_of_report(&self) -> BTreeSet<String> {
        let written = self.rbac().written();
        let roles = written.roles.iter().map(|one| &one.metadata.namespace);
        let bindings = written
            .role_bindings
            .iter()
            .map(|one| &one.metadata.namespace);
        let accounts = self.service_accounts().iter();
        let scopes = self
            .entries()
            .flat_map(|(_, _, rule)| rule.access_policies())
            .flat_map(|policy| match policy.scope() {
                AccessScope::Cluster => &[],
                AccessScope::Namespaces(names) => names.as_slice(),
            })
            .filter(|name| !name.contains('*'));
        roles
            .chain(bindings)
            .chain(accounts.map(|(namespace, _)| namespace))
            .chain(scopes)
            .map(String::as_str)
            .chain(self.workloads().iter().map(Workload::namespace))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Adds the namespaces of the default policy.
    fn all_namespaces(&self, known: &BTreeSet<String>) -> BTreeSet<String> {
        let of_policy = self.policy().namespaces().map(str::to_owned);
        known.iter().cloned().chain(of_policy).collect()
    }
}

/// Shortens a list, and writes a sentence about the rest.
fn cut<T>(
    list: &mut Vec<T>,
    max: usize,
    left_out: &mut Vec<String>,
    sentence: impl Fn(usize) -> String,
) {
    let more = list.len().saturating_sub(max);
    if more > 0 {
        list.truncate(max);
        left_out.push(sentence(more));
    }
}

/// Writes a number of things, whose plural ends with `s`.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A report with the largest number of principals takes too long for a test.
    #[test]
    fn a_list_is_cut_at_its_limit_with_a_sentence_about_the_rest() {
        let sentence = |count: usize| counted(count, "principal");
        for (length, kept, sentences) in [
            (MAX_PRINCIPALS, MAX_PRINCIPALS, &[][..]),
            (MAX_PRINCIPALS + 1, MAX_PRINCIPALS, &["1 principal"][..]),
            (MAX_PRINCIPALS + 3, MAX_PRINCIPALS, &["3 principals"][..]),
        ] {
            let mut list: Vec<usize> = (0..length).collect();
            let mut left_out = Vec::new();
            cut(&mut list, MAX_PRINCIPALS, &mut left_out, sentence);
            assert_eq!(list, (0..kept).collect::<Vec<_>>());
            assert_eq!(left_out, sentences);
        }
    }
}
