//! Accepted findings, by code and object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use thiserror::Error;

use crate::finding::Finding;
use crate::finding_code::FindingCode;

/// Accepted findings, by code and object.
///
/// It prints in the format it is parsed from: one line for each code and object, sorted, such as
/// `secrets-read ClusterRole/cert-manager`. Empty lines and lines that begin with `#` are ignored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Baseline {
    accepted: BTreeMap<String, BTreeSet<FindingCode>>,
}

/// A line of a baseline cannot be parsed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum BaselineError {
    /// The line does not begin with a code.
    #[error("line {line}: not the code of a finding")]
    Code {
        /// The line number, from one.
        line: usize,
    },
    /// The code is not followed by an object, written `ClusterRole/name` or `Role/namespace/name`.
    #[error("line {line}: expected an object: Kind/name, or Kind/namespace/name in a namespace")]
    Object {
        /// The line number, from one.
        line: usize,
    },
}

impl Baseline {
    /// Parses a baseline.
    ///
    /// # Errors
    ///
    /// For the first line that is wrong: [`BaselineError::Code`], then [`BaselineError::Object`].
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let mut baseline = Self::default();
        for (text, line) in text.lines().zip(1_usize..) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (code, object) = text.split_once(' ').unwrap_or((text, ""));
            let code = code.parse().map_err(|_| BaselineError::Code { line })?;
            let object = object.trim_start();
            let parts = match object.split_once('/') {
                Some(("ClusterRole" | "ClusterRoleBinding", _)) => 2,
                Some(("Role" | "RoleBinding", _)) => 3,
                _ => return Err(BaselineError::Object { line }),
            };
            let has_empty_part = object.split('/').any(str::is_empty);
            if has_empty_part || object.split('/').count() != parts {
                return Err(BaselineError::Object { line });
            }
            baseline.accept(code, object.to_owned());
        }
        Ok(baseline)
    }

    /// Creates the baseline that accepts these findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut baseline = Self::default();
        for finding in findings {
            baseline.accept(finding.code, finding.object.to_string());
        }
        baseline
    }

    /// Removes the accepted findings.
    #[must_use]
    pub fn apply(&self, findings: Vec<Finding>) -> Reviewed {
        let mut stale = self.clone();
        let mut accepted = 0_usize;
        let is_new = |finding: &Finding| {
            let object = finding.object.to_string();
            let codes = self.accepted.get(&object);
            let is_accepted = codes.is_some_and(|codes| codes.contains(&finding.code));
            if is_accepted {
                accepted = accepted.saturating_add(1);
                if let Some(codes) = stale.accepted.get_mut(&object) {
                    codes.remove(&finding.code);
                }
            }
            !is_accepted
        };
        let findings = findings.into_iter().filter(is_new).collect();
        stale.accepted.retain(|_, codes| !codes.is_empty());
        Reviewed {
            findings,
            accepted,
            stale,
        }
    }

    /// Returns whether the baseline accepts no finding.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    fn accept(&mut self, code: FindingCode, object: String) {
        self.accepted.entry(object).or_default().insert(code);
    }
}

impl Display for Baseline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (object, codes) in &self.accepted {
            for code in codes {
                writeln!(f, "{code} {object}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Baseline {
    type Err = BaselineError;

    fn from_str(text: &str) -> Result<Self, BaselineError> {
        Self::parse(text)
    }
}

/// The findings that a baseline does not accept.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reviewed {
    /// The findings that remain.
    pub findings: Vec<Finding>,
    /// The number of findings that were accepted.
    pub accepted: usize,
    /// Entries of the baseline that matched no finding and can be removed.
    pub stale: Baseline,
}
