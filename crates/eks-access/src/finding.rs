//! Findings, on one scale of severity for the AWS side, for RBAC and for how the two fit together.

use std::borrow::Cow;
use std::fmt;

use aws_auth_map::ProblemKind;
use k8s_rbac_lint::{FindingCode, Severity};
use printable_text::Printable;
use serde::Serialize;

use crate::place::Place;
use crate::problem::{Cause, Problem};

/// A possible mistake or risk, with its place. It prints as one line, like the messages of
/// compilers.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// A stable code in kebab case.
    pub code: Cow<'static, str>,
    /// The severity.
    pub severity: Severity,
    /// Where it is. `None` if the finding is about the cluster as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The object, such as `ClusterRole/admin` or `mapRoles arn:aws:iam::111122223333:role/dev`. It stays
    /// the same if lines move, so a baseline and a code scanner recognize the finding by it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// The field of the object, such as `rules[0]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// The problem, in one sentence.
    pub message: String,
    /// How to resolve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<Cow<'static, str>>,
}

impl Finding {
    /// Builds a finding about the cluster as a whole.
    #[must_use]
    pub fn new(
        code: impl Into<Cow<'static, str>>,
        severity: Severity,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code: code.into(),
            severity,
            place: None,
            object: String::new(),
            field: String::new(),
            message: message.into(),
            help: None,
        }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        self.place = place.into();
        self
    }

    /// Sets the object.
    #[must_use]
    pub fn about(mut self, object: impl Into<String>) -> Self {
        self.object = object.into();
        self
    }

    /// Sets the field of the object.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// Sets the advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Builds the finding of a problem of a document. `object` names its entry, if the problem is in a
    /// mapping.
    #[must_use]
    pub fn of_problem(problem: &Problem, object: &str) -> Self {
        let finding = match problem.cause() {
            Cause::Mapping(mapping) => {
                Self::of_sentence(problem.code(), &mapping.kind().to_string())
                    .about(object)
                    .in_field(mapping.at().field().unwrap_or_default())
            }
            Cause::Manifest { path, fault } => {
                Self::of_sentence(problem.code(), &fault.to_string()).in_field(path.clone())
            }
            Cause::Source(fault) => Self::of_sentence(problem.code(), &fault.to_string()),
        };
        Self {
            severity: problem.severity(),
            ..finding.at(problem.place().clone())
        }
    }

    /// Builds the finding of a problem that only shows when several sources of the mapping are read
    /// together.
    #[must_use]
    pub fn of_mapping(problem: &aws_auth_map::Problem, place: Option<Place>, object: &str) -> Self {
        Self {
            severity: severity_of_problem(problem.kind()),
            ..Self::of_sentence(problem.code(), &problem.kind().to_string())
                .at(place)
                .about(object)
                .in_field(problem.at().field().unwrap_or_default())
        }
    }

    /// Splits a message of one sentence: the problem, then how to resolve it.
    fn of_sentence(code: &'static str, message: &str) -> Self {
        match message.split_once("; ") {
            Some((message, help)) => {
                Self::new(code, Severity::Info, message).with_help(sentence(help))
            }
            None => Self::new(code, Severity::Info, message),
        }
    }

    /// Builds the finding of a lint of roles and bindings.
    #[must_use]
    pub fn of_lint(finding: &k8s_rbac_lint::Finding, place: Option<Place>) -> Self {
        let code = finding.code;
        let severity = finding.severity.max(least_severity(code));
        Self::new(code.as_str(), severity, finding.message.clone())
            .at(place)
            .about(finding.object.to_string())
            .in_field(finding.path.clone())
            .with_help(format!("{} {}", code.why(), code.advice()))
    }

    /// Returns the object and the field in one text; empty if the finding is about the whole file.
    #[must_use]
    pub fn subject(&self) -> String {
        // The place has the name of the file.
        let is_file = |object: &str| {
            self.place
                .as_ref()
                .is_some_and(|place| place.file() == object)
        };
        match (self.object.as_str(), self.field.as_str()) {
            (object, field) if object.is_empty() || is_file(object) => field.to_owned(),
            (object, "") => object.to_owned(),
            (object, field) => format!("{object} {field}"),
        }
    }

    /// Returns the message after the subject, unless the message names the subject itself.
    pub(crate) fn text(&self) -> String {
        match self.subject_before_message() {
            None => self.message.clone(),
            Some(subject) => format!("{subject}: {}", self.message),
        }
    }

    /// Returns the subject. `None` if there is no subject, or if the message names it.
    pub(crate) fn subject_before_message(&self) -> Option<String> {
        Some(self.subject()).filter(|subject| !names(&self.message, subject))
    }
}

/// Returns whether a message contains a name as a whole word: `dev` is not in `dev-2`, nor the ARN of a role
/// in a longer ARN. Every message contains the empty name.
fn names(message: &str, name: &str) -> bool {
    name.is_empty()
        || message.match_indices(name).any(|(at, _)| {
            let (before, rest) = message.split_at(at);
            let after = rest.strip_prefix(name).unwrap_or_default();
            before.chars().next_back().is_none_or(is_separator) && is_end_of_name(after)
        })
}

/// Returns whether the text after a name is not part of the name. Punctuation ends a name only at the end of
/// a clause: names have dots, colons and commas inside.
fn is_end_of_name(text: &str) -> bool {
    let rest = text.strip_prefix(['.', ',', ':', ';', '?']).unwrap_or(text);
    rest.chars().next().is_none_or(is_separator)
}

/// Returns whether a character surrounds names in messages and does not occur in names of
/// Kubernetes or IAM.
const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '`' | '"' | '\'' | '(' | ')')
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}[{}]: ", self.severity, self.code)?;
        f.write_str(&one_line(&self.text()))
    }
}

/// Escapes a message, in which names may be escaped already: the backslashes stay unchanged.
pub(crate) fn one_line(message: &str) -> String {
    let parts = message
        .split('\\')
        .map(|part| Printable::new(part).to_string());
    parts.collect::<Vec<_>>().join("\\")
}

/// Turns advice into a separate sentence.
fn sentence(help: &str) -> String {
    let mut chars = help.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    let end = (!help.ends_with(['?', '.'])).then_some('.');
    first.into_iter().chain(chars).chain(end).collect()
}

/// Returns the severity of a problem of the AWS side on the scale of this crate.
///
/// - `Critical`: every principal of other accounts, every node, or every session of a role that chooses
///   its own name becomes a cluster administrator or a user.
/// - `High`: the source or entry cannot be read, its callers are locked out, or another caller than the
///   intended one gets in.
/// - `Medium`: a rule has no effect, or not the effect that its author probably intended.
/// - `Low`: it works, but is written in a way that other readers or a later version treat differently.
#[must_use]
pub const fn severity_of_problem(kind: ProblemKind) -> Severity {
    match kind {
        ProblemKind::AnyAccount
        | ProblemKind::MastersBySessionName
        | ProblemKind::NodeInMasters => Severity::Critical,
        ProblemKind::BackendNotAsked
        | ProblemKind::Covered(_)
        | ProblemKind::CoveredByBackend(..)
        | ProblemKind::DuplicateInCase(_)
        | ProblemKind::DuplicateRule(_)
        | ProblemKind::NoSections
        | ProblemKind::RootArn
        | ProblemKind::ServiceLinkedRole
        | ProblemKind::Shadowed(_)
        | ProblemKind::UnknownAccessPolicy
        | ProblemKind::UnknownKey
        | ProblemKind::UnknownPlaceholder(None)
        | ProblemKind::UserNamedAsGroup => Severity::Medium,
        ProblemKind::ArnOfSection(_)
        | ProblemKind::DeprecatedMode(_)
        | ProblemKind::DuplicateAccessPolicy
        | ProblemKind::EmptyGroup
        | ProblemKind::EntryTypeCase
        | ProblemKind::NoIdentities
        | ProblemKind::NoNamespace
        | ProblemKind::PoliciesNotListed
        | ProblemKind::UnquotedAccount
        | ProblemKind::UnquotedText
        | ProblemKind::UserIdIgnored
        | ProblemKind::WholeAccount => Severity::Low,
        ProblemKind::ServiceMapping => Severity::Info,
        _ => Severity::High,
    }
}

/// Returns the least severity of a lint of roles and bindings. The scale of the lint measures the
/// granted permissions. Here, an object that the API server refuses, or a binding that grants nothing to
/// its intended users, is also measured by the users that it locks out.
const fn least_severity(code: FindingCode) -> Severity {
    match code {
        FindingCode::DanglingRoleRef
        | FindingCode::FieldError
        | FindingCode::Placeholder
        | FindingCode::SubjectNeverMatches => Severity::High,
        _ => Severity::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(object: &str, message: &str) -> String {
        Finding::new("a-code", Severity::High, message)
            .about(object)
            .text()
    }

    #[test]
    fn a_message_that_names_the_subject_has_it_once() {
        for message in [
            "dev",
            "dev is bound to nothing",
            "no binding names dev",
            "no binding names dev.",
            "`dev` is bound to nothing",
            "no binding names 'dev'",
            "the group \"dev\", which no binding names",
            "two groups (dev, ops)",
            "two groups (ops, dev)",
            "in dev: no binding",
            "dev-2 is like dev",
            "dev's binding",
        ] {
            assert_eq!(text("dev", message), message);
        }
        let arn = "arn:aws:iam::111122223333:role/dev";
        let message = format!("{arn}, which is gone");
        assert_eq!(text(arn, &message), message);
        assert_eq!(text("", "no rule is for nodes"), "no rule is for nodes");
    }

    #[test]
    fn a_message_that_names_only_a_longer_name_follows_the_subject() {
        for message in [
            "no binding names dev-2",
            "no binding names `my-dev`",
            "no binding names team:dev",
            "no binding names dev:admin",
            "no binding names dev.example.com",
            "no binding names dev,ops",
            "no binding names dev/ops",
            "no binding names dev@example.com",
            "no binding names dev{{SessionName}}",
            "no binding names dev[0]",
            "no binding names d\u{e9}dev",
            "developers are bound",
        ] {
            assert_eq!(text("dev", message), format!("dev: {message}"));
        }
        let arn = "arn:aws:iam::111122223333:role/dev";
        for longer in [
            "arn:aws:iam::111122223333:role/dev-2",
            "arn:aws:iam::111122223333:role/dev/ops",
            "x:arn:aws:iam::111122223333:role/dev",
        ] {
            let message = format!("{longer} is gone");
            assert_eq!(text(arn, &message), format!("{arn}: {message}"));
        }
        let message = "arn:aws:iam::111122223333:role/dev is gone";
        assert_eq!(text("role/dev", message), format!("role/dev: {message}"));
    }
}
