//! Why a token is refused, step by step, for those who have to find out.

mod advice;
mod check;

use std::fmt;

pub use check::Check;

use crate::error::Error;
use crate::param::Param;
use crate::percent;
use crate::policy::{Policy, check_scope_region};
use crate::query::{CanonicalUrl, RawQuery};
use crate::signed_headers::names_in_canonical;
use crate::time::UnixTime;
use crate::url::{PresignedUrl, RawUrl, VALUE_CHECKS, credential, signed_at};

/// How much of a URL is quoted at once, in bytes; more is cut off.
pub const MAX_QUOTED_LEN: usize = 64;

/// The longest parameter name that is quoted, our choice: a name that is longer may be a value whose
/// name was lost, and so a secret.
const MAX_QUOTED_NAME_LEN: usize = 32;

/// What a judge found out about a URL, check by check, in their order.
///
/// `Display` writes it for people, a line for each check. It quotes what is not secret: never a
/// signature, never a session token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnosis {
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
    /// Returns the findings, one for each of [`Check::ALL`].
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the error that the judge refuses the URL with: that of the first check that failed.
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
            let (title, seen) = (finding.check.title(), &finding.seen);
            let told = |f: &mut fmt::Formatter<'_>, outcome: &str| {
                write!(f, "{number:>2} {title:<22} {outcome}")
            };
            match finding.outcome {
                Outcome::NotReached => told(f, "not reached")?,
                Outcome::Passed => told(f, "passed")?,
                Outcome::Failed(error) => told(f, "FAILED: ").and_then(|()| error.fmt(f))?,
            }
            if !seen.is_empty() && finding.outcome != Outcome::NotReached {
                write!(f, ": {seen}")?;
            }
            writeln!(f)?;
            if let Outcome::Failed(error) = finding.outcome {
                writeln!(f, "{:26}{}", "", error.advice())?;
            }
        }
        Ok(())
    }
}

impl Policy {
    /// Explains what [`PresignedUrl::parse`] and [`Policy::accept`] say of a URL, and goes on after
    /// the first failure as far as there is anything to look at.
    ///
    /// For the desk, not for the gate: **do not answer an unauthenticated caller with it**, and do not
    /// spend it on every refusal.
    #[must_use]
    pub fn diagnose(&self, url: &str, now: UnixTime) -> Diagnosis {
        let mut doctor = Doctor::new();
        match RawUrl::parse(url) {
            Err(error) => doctor.failed_at(error, || quote_of_text(error, url)),
            Ok(raw) => {
                let len = format!("{} bytes", url.len());
                doctor.passed(Check::Length, len);
                doctor.passed(Check::Bytes, String::new());
                doctor.passed(Check::Scheme, String::new());
                doctor.passed(Check::HostAndPath, quote(raw.host()));
                match raw.canonical() {
                    Err(error) => doctor.failed_at(error, || quote_of_query(error, raw.query())),
                    Ok(canonical) => {
                        doctor.passed(Check::Parameters, String::new());
                        doctor.passed(Check::Complete, String::new());
                        Self::look_at_values(&canonical, &mut doctor);
                        self.look_at_circumstances(&raw, &canonical, now, &mut doctor);
                    }
                }
            }
        }
        doctor.conclude(|| {
            PresignedUrl::parse(url)
                .and_then(|url| self.accept(url, now))
                .err()
        })
    }

    /// Checks 7 to 15.
    fn look_at_values(url: &CanonicalUrl, doctor: &mut Doctor) {
        let checks = Check::ALL.into_iter().skip(6).zip(VALUE_CHECKS);
        for (check, run) in checks {
            let seen = match check {
                Check::Action => quote_value(url, Param::Action),
                Check::Version => quote_value(url, Param::Version),
                Check::Algorithm => quote_value(url, Param::Algorithm),
                Check::Expires => quote_value(url, Param::Expires),
                // Its length says enough.
                Check::Signature => format!("{} characters", url.get(Param::Signature).len()),
                Check::SignedHeaders => quote_value(url, Param::SignedHeaders),
                Check::Date => quote_value(url, Param::Date),
                _ => quote_value(url, Param::Credential),
            };
            doctor.saw(check, run(url), seen);
        }
    }

    /// Checks 16 to 22, each only where what it looks at is there.
    fn look_at_circumstances(
        &self,
        raw: &RawUrl<'_>,
        url: &CanonicalUrl,
        now: UnixTime,
        doctor: &mut Doctor,
    ) {
        if let Ok(signed_at) = signed_at(url) {
            let window = self.check_window(signed_at, now).map(|_| ());
            doctor.saw(
                Check::Window,
                window,
                format!("signed {signed_at}, now {now}"),
            );
        }
        if doctor.has_passed(Check::SignedHeaders) {
            let list = url.get(Param::SignedHeaders);
            let result = self.check_signed_headers(list);
            let seen = match result {
                Err(Error::UnsuppliableHeader) => self.foreign_headers(list),
                _ => String::new(),
            };
            doctor.saw(Check::Headers, result, seen);
        }
        let found = self.find_host(raw.host());
        doctor.saw(Check::Host, found.map(|_| ()), quote(raw.host()));
        if let Ok(found) = found {
            let partition = found.partition.id().to_owned();
            doctor.saw(Check::Partition, self.check_partition(found), partition);
            doctor.saw(Check::Region, self.check_region(found), quote(found.region));
            if let Ok(credential) = credential(url) {
                let seen = format!(
                    "the host's is {}, the scope's {}",
                    quote(found.region),
                    quote(credential.region)
                );
                let result = check_scope_region(found, credential.region);
                doctor.saw(Check::ScopeRegion, result, seen);
            }
        }
        doctor.saw(Check::Readers, raw.check_second_reader(), String::new());
    }

    /// Names the signed headers that are neither `host` nor asked for.
    fn foreign_headers(&self, list: &str) -> String {
        let known = |name: &str| name == "host" || self.binding().iter().any(|h| h.name() == name);
        let names: Vec<&str> = names_in_canonical(list)
            .filter(|name| !known(name))
            .collect();
        quote(&names.join(", "))
    }
}

/// Collects the findings.
struct Doctor {
    findings: Vec<Finding>,
}

impl Doctor {
    fn new() -> Self {
        let not_reached = |check| Finding {
            check,
            outcome: Outcome::NotReached,
            seen: String::new(),
        };
        Self {
            findings: Check::ALL.into_iter().map(not_reached).collect(),
        }
    }

    fn set(&mut self, check: Check, outcome: Outcome, seen: String) {
        let finding = Finding {
            check,
            outcome,
            seen,
        };
        if let Some(slot) = self.findings.iter_mut().find(|slot| slot.check == check) {
            *slot = finding;
        }
    }

    fn passed(&mut self, check: Check, seen: String) {
        self.set(check, Outcome::Passed, seen);
    }

    /// Notes what a check says. An error of another check means that this one saw nothing.
    fn saw(&mut self, check: Check, result: Result<(), Error>, seen: String) {
        match result {
            Ok(()) => self.passed(check, seen),
            Err(error) if Check::of(error) == Some(check) => {
                self.set(check, Outcome::Failed(error), seen);
            }
            Err(_) => {}
        }
    }

    /// Notes an error behind which there is nothing more to look at.
    fn failed_at(&mut self, error: Error, seen: impl FnOnce() -> String) {
        let Some(failed) = Check::of(error) else {
            return;
        };
        for check in Check::ALL.into_iter().filter(|check| *check < failed) {
            let seen = self.seen(check);
            self.passed(check, seen);
        }
        self.set(failed, Outcome::Failed(error), seen());
    }

    fn seen(&self, check: Check) -> String {
        let finding = self.findings.iter().find(|finding| finding.check == check);
        finding.map_or_else(String::new, |finding| finding.seen.clone())
    }

    fn has_passed(&self, check: Check) -> bool {
        let finding = self.findings.iter().find(|finding| finding.check == check);
        finding.is_some_and(|finding| finding.outcome == Outcome::Passed)
    }

    /// Where nothing failed here, asks the judge itself, so that the two cannot differ.
    fn conclude(mut self, judge: impl FnOnce() -> Option<Error>) -> Diagnosis {
        let found = self
            .findings
            .iter()
            .any(|f| matches!(f.outcome, Outcome::Failed(_)));
        if !found && let Some(error) = judge() {
            self.failed_at(error, String::new);
        }
        Diagnosis {
            findings: self.findings,
        }
    }
}

/// Quotes what is not secret.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars().flat_map(char::escape_default) {
        if quoted.len() > MAX_QUOTED_LEN {
            quoted.push_str("\"…");
            return quoted;
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Quotes the decoded value of a parameter that holds no secret.
fn quote_value(url: &CanonicalUrl, param: Param) -> String {
    let mut value = String::new();
    percent::decode(url.get(param), &mut value);
    quote(&value)
}

/// What there is to say of a text that is no URL.
fn quote_of_text(error: Error, text: &str) -> String {
    match error {
        Error::TooLong => format!("{} bytes", text.len()),
        Error::ForbiddenByte(_) => {
            let at = text.bytes().position(|byte| !percent::is_allowed(byte));
            format!("at byte {}", at.unwrap_or_default())
        }
        // The authority only: a query whose `?` was lost would stand behind it.
        Error::Port | Error::Path => {
            let rest = text.strip_prefix("https://").unwrap_or_default();
            quote(rest.split(['/', '?', '&', '=']).next().unwrap_or_default())
        }
        _ => String::new(),
    }
}

/// Which pair of a query is wrong, by its place and, where that is no secret, its name.
fn quote_of_query(error: Error, query: &str) -> String {
    if matches!(error, Error::MissingParameter(_)) {
        return String::new();
    }
    // One more pair at a time, until the reader fails as it did: after the ninth good pair at the
    // latest, since there is no tenth name.
    let mut end = 0_usize;
    let wrong = query.split('&').zip(1_usize..).find(|(pair, _)| {
        end = end.saturating_add(pair.len());
        let read = RawQuery::parse(query.get(..end).unwrap_or(query));
        end = end.saturating_add(1);
        read.err() == Some(error)
    });
    let Some((pair, place)) = wrong else {
        return String::new();
    };
    let name = pair.split('=').next().unwrap_or_default();
    match pair.contains('=') && name.len() <= MAX_QUOTED_NAME_LEN {
        true => format!("parameter {place}, {}", quote(name)),
        false => format!("parameter {place}"),
    }
}
