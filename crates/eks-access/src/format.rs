//! Findings as text that other tools read.
//!
//! Text from the input never becomes markup or a command: each format escapes it in its own way.

mod github;
mod junit;
mod markdown;
mod sarif;
mod text;

use serde::Serialize;

use crate::Severity;
use crate::finding::Finding;

pub use self::text::summary;

/// The findings of one run, ready to be printed.
///
/// `findings` are the findings to print, in this order.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The title, such as `check` or `diff`.
    #[serde(skip)]
    pub title: &'static str,
    /// The file that code scanners show beside a finding without a place, such as a lockout. Without a file,
    /// GitHub refuses such a finding.
    ///
    /// Source: GitHub documentation, "SARIF support for code scanning", `result.locations[]`.
    #[serde(skip)]
    pub file: Option<String>,
    /// The findings.
    pub findings: Vec<Finding>,
    /// Findings that the baseline accepts, with its reasons.
    pub accepted: Vec<Accepted>,
    /// Why the question has no answer. `None` if it has an answer.
    #[serde(skip)]
    pub no_answer: Option<String>,
    /// Why sources could not be read. If there are any, the findings are incomplete.
    pub unreadable: Vec<String>,
    /// Facts about the input that the reader of the answer should know.
    pub warnings: Vec<String>,
}

/// A finding that is accepted, with the reason.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Accepted {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// The reason that the baseline states; empty if it states no reason.
    pub reason: String,
}

impl Accepted {
    /// Builds an accepted finding.
    #[must_use]
    pub const fn new(finding: Finding, reason: String) -> Self {
        Self { finding, reason }
    }
}

impl Report {
    /// Builds the report of a run.
    #[must_use]
    pub fn new(title: &'static str, findings: Vec<Finding>) -> Self {
        Self {
            title,
            findings,
            ..Self::default()
        }
    }

    /// Returns the greatest severity. `None` without findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// Returns why there is no answer, or only a part of the answer.
    fn errors(&self) -> impl Iterator<Item = &str> {
        let errors = self.no_answer.iter().chain(&self.unreadable);
        errors.map(String::as_str)
    }

    /// Formats for human readers: one line for each finding, then the advice of each code once,
    /// then the counts.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::findings(self)
    }

    /// Formats as SARIF 2.1.0, which code scanners read. The files are relative to the repository, if
    /// the caller named them so.
    ///
    /// Source: OASIS, Static Analysis Results Interchange Format (SARIF) 2.1.0.
    #[must_use]
    pub fn to_sarif(&self) -> serde_json::Value {
        sarif::log(self)
    }

    /// Formats as workflow commands of GitHub Actions, which annotate the lines of a pull request.
    ///
    /// Source: GitHub documentation, "Workflow commands for GitHub Actions".
    #[must_use]
    pub fn to_github(&self) -> String {
        github::commands(self)
    }

    /// Formats as `JUnit` XML: one test case for each finding, which failed if its severity is `fail_on`
    /// or higher. Without findings, there is one test case that passed.
    #[must_use]
    pub fn to_junit(&self, fail_on: Severity) -> String {
        junit::suites(self, fail_on)
    }

    /// Formats as a comment of a pull request, in GitHub Flavored Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::comment(self)
    }
}
