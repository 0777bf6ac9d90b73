//! What is known and accepted: findings by code and object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use thiserror::Error;

use crate::finding::Finding;
use crate::finding_code::FindingCode;

/// Findings that are accepted, by code and object. Prints as it is read: a line for each, sorted,
/// such as `secrets-read ClusterRole/cert-manager`. Empty lines and those that begin with `#` are
/// passed over.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Baseline {
    accepted: BTreeMap<String, BTreeSet<FindingCode>>,
}

/// A line that names no finding.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum BaselineError {
    /// It does not begin with a code.
    #[error("line {line}: no such code")]
    Code {
        /// The number of the line, from one.
        line: usize,
    },
    /// After the code, it names no object as `ClusterRole/name` or `Role/namespace/name`.
    #[error("line {line}: an object is written Kind/name, or Kind/namespace/name in a namespace")]
    Object {
        /// The number of the line, from one.
        line: usize,
    },
}

impl Baseline {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// [`BaselineError::Code`], [`BaselineError::Object`]: for the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let mut baseline = Self::default();
        for (text, line) in text.lines().zip(1_usize..) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (code, object) = text.split_once(' ').unwrap_or((text, ""));
            let code = FindingCode::find(code).ok_or(BaselineError::Code { line })?;
            let object = object.trim_start();
            let parts = match object.split_once('/') {
                Some(("ClusterRole" | "ClusterRoleBinding", _)) => 2,
                Some(("Role" | "RoleBinding", _)) => 3,
                _ => return Err(BaselineError::Object { line }),
            };
            let is_whole = object.split('/').all(|part| !part.is_empty());
            if !is_whole || object.split('/').count() != parts {
                return Err(BaselineError::Object { line });
            }
            baseline.accept(code, object.to_owned());
        }
        Ok(baseline)
    }

    /// Makes the one that accepts these findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut baseline = Self::default();
        for finding in findings {
            baseline.accept(finding.code, finding.object.to_string());
        }
        baseline
    }

    /// Takes the accepted findings away.
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

    /// Says whether it accepts nothing.
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

/// Findings without those that are accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reviewed {
    /// What is new.
    pub findings: Vec<Finding>,
    /// How many findings were accepted.
    pub accepted: usize,
    /// What is accepted and was not found: it can go.
    pub stale: Baseline,
}
