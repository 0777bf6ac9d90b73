//! Accepted findings, with the reasons.

use std::collections::BTreeMap;
use std::fmt;

use printable_text::Printable;
use thiserror::Error;

use crate::finding::Finding;
use crate::format::Accepted;

/// The object of a finding about the cluster as a whole.
const WHOLE_CLUSTER: &str = "cluster";

/// Accepted findings, by code and object, each with a reason.
///
/// It prints in the format it is parsed from: one line for each code and object, sorted, such as
/// `secrets-read ClusterRole/cert-manager # it stores certificates in secrets`. Empty lines and lines that
/// begin with `#` are ignored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Baseline {
    accepted: BTreeMap<(String, String), String>,
}

/// A line of a baseline cannot be parsed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum BaselineError {
    /// The line does not begin with a code in kebab case.
    #[error("line {line}: expected the code of a finding in kebab case, such as `secrets-read`")]
    Code {
        /// The line number, from one.
        line: usize,
    },
    /// The code is not followed by an object.
    #[error(
        "line {line}: expected an object after the code, such as `ClusterRole/cert-manager`, or `cluster`"
    )]
    Object {
        /// The line number, from one.
        line: usize,
    },
}

/// The findings that a baseline does and does not accept.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reviewed {
    /// The findings that remain.
    pub findings: Vec<Finding>,
    /// The findings that were accepted, with the reasons.
    pub accepted: Vec<Accepted>,
    /// The entries that accepted nothing and can be removed.
    pub stale: Baseline,
}

impl Baseline {
    /// Parses a baseline.
    ///
    /// # Errors
    ///
    /// For the first line that is wrong: [`BaselineError::Code`], then [`BaselineError::Object`].
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let mut accepted = BTreeMap::new();
        for (text, line) in text.lines().zip(1_usize..) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (entry, reason) = text.split_once(" #").unwrap_or((text, ""));
            let (code, object) = entry.split_once(' ').unwrap_or((entry, ""));
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if code.is_empty() || !code.chars().all(is_word) {
                return Err(BaselineError::Code { line });
            }
            let object = object.trim();
            if object.is_empty() {
                return Err(BaselineError::Object { line });
            }
            let key = (code.to_owned(), object.to_owned());
            accepted.insert(key, reason.trim().to_owned());
        }
        Ok(Self { accepted })
    }

    /// Builds the baseline that accepts these findings, without reasons.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        Self {
            accepted: findings
                .iter()
                .map(|finding| (key(finding), String::new()))
                .collect(),
        }
    }

    /// Removes the accepted findings.
    #[must_use]
    pub fn apply(&self, findings: Vec<Finding>) -> Reviewed {
        let mut reviewed = Reviewed {
            stale: self.clone(),
            ..Reviewed::default()
        };
        for finding in findings {
            let key = key(&finding);
            match self.accepted.get(&key) {
                Some(reason) => {
                    reviewed.stale.accepted.remove(&key);
                    reviewed
                        .accepted
                        .push(Accepted::new(finding, reason.clone()));
                }
                None => reviewed.findings.push(finding),
            }
        }
        reviewed
    }

    /// Returns the entries without a reason, as they are written.
    pub fn without_reason(&self) -> impl Iterator<Item = String> {
        self.accepted
            .iter()
            .filter(|(_, reason)| reason.is_empty())
            .map(|((code, object), _)| format!("{code} {object}"))
    }

    /// Returns the entries, as they are written, without their reasons.
    pub fn entries(&self) -> impl Iterator<Item = String> {
        self.accepted
            .keys()
            .map(|(code, object)| format!("{code} {object}"))
    }

    /// Returns whether nothing is accepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }
}

/// Returns the code and the object of a finding, the object in one line without ` #`.
fn key(finding: &Finding) -> (String, String) {
    let object = match finding.object.trim() {
        "" => WHOLE_CLUSTER,
        object => object,
    };
    let object = Printable::new(object).to_string().replace('#', "\\u{23}");
    (finding.code.to_string(), object)
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((code, object), reason) in &self.accepted {
            match reason.as_str() {
                "" => writeln!(f, "{code} {object}")?,
                reason => writeln!(f, "{code} {object} # {}", Printable::new(reason))?,
            }
        }
        Ok(())
    }
}
