//! Collects findings.

use super::{Carrier, Check, Diagnosis, Finding, Outcome, Warning};
use crate::error::Error;
use crate::url::credential::Credential;

/// Collects the results of checks. A check without a result was not reached.
pub(super) struct Findings {
    diagnosis: Diagnosis,
}

impl Findings {
    pub(super) fn new(carrier: Carrier) -> Self {
        let not_reached = |check: &Check| Finding {
            check: *check,
            outcome: Outcome::NotReached,
            seen: String::new(),
        };
        Self {
            diagnosis: Diagnosis {
                carrier,
                findings: carrier.checks().iter().map(not_reached).collect(),
                warnings: Vec::new(),
            },
        }
    }

    /// Records the result of a check.
    pub(super) fn saw<T>(&mut self, check: Check, result: &Result<T, Error>, seen: String) {
        self.saw_row(&[check], result, |_| seen.clone());
    }

    /// Records the result of consecutive checks, each of which runs only if the one before it passed. An
    /// error of a check outside the row means that there was nothing to check.
    pub(super) fn saw_row<T>(
        &mut self,
        row: &[Check],
        result: &Result<T, Error>,
        seen: impl Fn(Check) -> String,
    ) {
        let passed = match result {
            Ok(_) => row.len(),
            Err(error) => match row.iter().position(|c| Check::of(*error) == Some(*c)) {
                Some(place) => place,
                None => return,
            },
        };
        let outcomes = std::iter::repeat_n(Outcome::Passed, passed)
            .chain(result.as_ref().err().map(|error| Outcome::Failed(*error)));
        for (check, outcome) in row.iter().zip(outcomes) {
            self.set(*check, outcome, seen(*check));
        }
    }

    /// Records a warning if the credential needs a session token and there is none.
    pub(super) fn warn_of_key(&mut self, credential: &Credential<'_>, has_session_token: bool) {
        if credential.access_key_id.is_temporary() && !has_session_token {
            let warning = Warning::TemporaryKeyWithoutSessionToken;
            self.diagnosis.warnings.push(warning);
        }
    }

    fn set(&mut self, check: Check, outcome: Outcome, seen: String) {
        let mut findings = self.diagnosis.findings.iter_mut();
        if let Some(finding) = findings.find(|finding| finding.check == check) {
            finding.outcome = outcome;
            finding.seen = seen;
        }
    }

    /// If no recorded check failed, runs the real checks as well, so that the two cannot differ.
    pub(super) fn conclude<T>(mut self, judge: impl FnOnce() -> Result<T, Error>) -> Diagnosis {
        if self.diagnosis.refusal().is_none()
            && let Err(error) = judge()
            && let Some(check) = Check::of(error)
        {
            self.set(check, Outcome::Failed(error), String::new());
        }
        self.diagnosis
    }
}
