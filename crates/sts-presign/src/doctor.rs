//! Why a token or a login is refused, step by step, for those who have to find out.

mod advice;
mod check;
mod findings;
mod post;
mod quote;
mod url;
mod window_and_endpoint;

use std::fmt;

pub use check::Check;
pub use quote::MAX_QUOTED_LEN;

use crate::error::Error;

/// What a judge found out about a request, check by check, in their order.
///
/// `Display` writes it for people, a line for each check. It quotes what is not secret: never a
/// signature, never a session token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnosis {
    carrier: Carrier,
    findings: Vec<Finding>,
}

/// What one check found out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    check: Check,
    outcome: Outcome,
    seen: String,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a check ends in one of three ways")]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed(Error),
    /// There was nothing to look at, because an earlier check failed.
    NotReached,
}

impl Finding {
    /// Returns the check.
    #[must_use]
    pub const fn check(&self) -> Check {
        self.check
    }

    /// Returns how it ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns what the check looked at: escaped, at most [`MAX_QUOTED_LEN`] bytes of it, and nothing
    /// secret. Empty where there is nothing to show.
    #[must_use]
    pub fn seen(&self) -> &str {
        &self.seen
    }
}

impl Diagnosis {
    /// Returns the findings, one for each of [`Check::OF_URL`] or of [`Check::OF_POST`].
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the error that the judge refuses the request with: that of the first check that failed.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        self.findings
            .iter()
            .find_map(|finding| match finding.outcome {
                Outcome::Failed(error) => Some(error),
                Outcome::Passed | Outcome::NotReached => None,
            })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, finding) in (1_u8..).zip(&self.findings) {
            let label = format!("{}{number}", self.carrier.prefix());
            write!(f, "{label:>3} {:<22} ", finding.check.title())?;
            match finding.outcome {
                Outcome::NotReached => f.write_str("not reached")?,
                Outcome::Passed => f.write_str("passed")?,
                Outcome::Failed(error) => write!(f, "FAILED: {error}")?,
            }
            if !finding.seen.is_empty() {
                write!(f, ": {}", finding.seen)?;
            }
            writeln!(f)?;
            if let Outcome::Failed(error) = finding.outcome {
                writeln!(f, "{:27}{}", "", error.advice())?;
            }
        }
        Ok(())
    }
}

/// What carries the request that is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Carrier {
    Url,
    Post,
}

impl Carrier {
    const fn checks(self) -> &'static [Check] {
        match self {
            Self::Url => &Check::OF_URL,
            Self::Post => &Check::OF_POST,
        }
    }

    /// What stands in front of the number of a check on the front page.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Url => "",
            Self::Post => "P",
        }
    }
}
