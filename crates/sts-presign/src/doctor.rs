//! Explains a refusal, check by check.

mod advice;
mod check;
mod findings;
mod post;
mod quote;
#[cfg(feature = "verify")]
mod signature;
mod url;
mod window_and_endpoint;

use std::fmt;

pub use check::Check;
pub use quote::MAX_QUOTED_LEN;
#[cfg(feature = "verify")]
pub use signature::{SignatureCause, SignatureFinding, Suspects};

use crate::error::Error;

/// The result of every check of one request, in order.
///
/// `Display` prints one line for each check. It never quotes a signature or a session token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnosis {
    carrier: Carrier,
    findings: Vec<Finding>,
    warnings: Vec<Warning>,
}

/// A fact that no check refuses, but that STS will.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The access key id belongs to temporary credentials (`ASIA…`), but there is no session token.
    TemporaryKeyWithoutSessionToken,
}

impl fmt::Display for Warning {
    /// Writes the fact and advice.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TemporaryKeyWithoutSessionToken => {
                "the access key id `ASIA…` is that of temporary credentials, and there is no session \
                 token: STS will refuse the request. Give the signer the session token too \
                 (`AWS_SESSION_TOKEN`)."
            }
        })
    }
}

/// The result of one check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    check: Check,
    outcome: Outcome,
    seen: String,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a check has exactly three outcomes"
)]
pub enum Outcome {
    /// The check passed.
    Passed,
    /// The check failed.
    Failed(Error),
    /// An earlier check failed, so there was nothing to check.
    NotReached,
}

impl Finding {
    /// Returns the check.
    #[must_use]
    pub const fn check(&self) -> Check {
        self.check
    }

    /// Returns the outcome.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns the text that was checked: escaped, at most [`MAX_QUOTED_LEN`] bytes, and never secret. Empty
    /// if there is nothing to show.
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

    /// Returns facts that no check refuses, but that STS will.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns the error of the first failed check, with which the request is refused.
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
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

/// The form of a request.
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

    /// Returns the prefix of the check numbers on the front page.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Url => "",
            Self::Post => "P",
        }
    }
}
