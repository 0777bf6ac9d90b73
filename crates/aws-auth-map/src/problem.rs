//! What is wrong with what an operator wrote, and where.

use std::fmt;

use crate::resolve::BackendKind;
use crate::rules::{RuleRef, Section};

/// Something that an operator should know of what was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Problem {
    kind: ProblemKind,
    at: Location,
    line: Option<usize>,
    column: Option<usize>,
}

impl Problem {
    pub(crate) const fn new(kind: ProblemKind, at: Location) -> Self {
        Self {
            kind,
            at,
            line: None,
            column: None,
        }
    }

    pub(crate) const fn on(self, line: Option<usize>, column: Option<usize>) -> Self {
        Self {
            line,
            column,
            ..self
        }
    }

    /// Returns what is wrong.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Returns a stable name for what is wrong, in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Returns whether something was left out, or kept and doubtful.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.kind.severity()
    }

    /// Returns the place in the data, as `mapRoles[3].rolearn`.
    #[must_use]
    pub const fn at(&self) -> Location {
        self.at
    }

    /// Returns the line of the text that was read, from one, if it is known.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        self.line
    }

    /// Returns the column in characters, from one, if it is known.
    #[must_use]
    pub const fn column(&self) -> Option<usize> {
        self.column
    }
}

impl fmt::Display for Problem {
    /// Prints place, line and column, and the sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, " (line {line}, column {column})")?,
            (Some(line), None) => write!(f, " (line {line})")?,
            _ => {}
        }
        write!(f, ": {}", self.kind)
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "an entry is kept or it is not")]
pub enum Severity {
    /// What it speaks of was kept, and probably does not do what was meant.
    Warning,
    /// What it speaks of was left out.
    Error,
}

impl Severity {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in the data, which prints as `mapRoles[3].rolearn`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Location {
    section: Option<Section>,
    index: Option<usize>,
    field: Option<&'static str>,
}

impl Location {
    /// The text as a whole.
    pub(crate) const FILE: Self = Self {
        section: None,
        index: None,
        field: None,
    };

    pub(crate) const fn section_of(section: Section) -> Self {
        Self {
            section: Some(section),
            index: None,
            field: None,
        }
    }

    pub(crate) const fn entry(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    pub(crate) const fn field_of(self, field: &'static str) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }

    /// Returns the section, if it is not the text as a whole.
    #[must_use]
    pub const fn section(&self) -> Option<Section> {
        self.section
    }

    /// Returns the entry's index in the section, from zero.
    #[must_use]
    pub const fn index(&self) -> Option<usize> {
        self.index
    }

    /// Returns the field of the entry.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        self.field
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.section.map_or("the file", Section::key))?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        if let Some(field) = self.field {
            write!(f, ".{field}")?;
        }
        Ok(())
    }
}

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An account id that is not twelve digits.
    AccountId,
    /// An anchor that is defined twice, or an alias without its anchor.
    Alias,
    /// No ARN of a principal.
    Arn,
    /// A backend's deprecated name.
    DeprecatedMode(BackendKind),
    /// A key that stands in an entry twice, whatever the case of its letters.
    DuplicateKey,
    /// An entry for the principal of an earlier one, which it replaces.
    DuplicateRule(RuleRef),
    /// A section that stands there twice; the last is read.
    DuplicateSection,
    /// An entry that is no mapping.
    EntryNotAMapping,
    /// A group that is no text.
    GroupNotText,
    /// Groups that are no list.
    GroupsNotAList,
    /// `*` or `?` in an ARN.
    LiteralWildcard,
    /// A key of `data` that would be a section if its case were right.
    MisspelledSection,
    /// An entry that says of nobody who it is for.
    MissingPrincipal,
    /// An entry without the user id that it is to be known by.
    MissingUserId,
    /// An entry without a user name, or with an empty one.
    MissingUsername,
    /// More than one document where one is read.
    MoreDocuments,
    /// None of the three sections.
    NoSections,
    /// An object of another kind, or something that is no object.
    NotAConfigMap,
    /// Nothing to read.
    NothingThere,
    /// No JSON.
    NotJson,
    /// A value that should be text.
    NotText,
    /// Reserved prefixes that are no list of backends with their lists.
    ReservedPrefixes,
    /// The ARN of a role with its path.
    RolePath,
    /// A section that is no list.
    SectionNotAList,
    /// The ARN of a session.
    SessionArn,
    /// An entry for the principal of an earlier one, which counts.
    Shadowed(RuleRef),
    /// `sso` that does not name a permission set in an account.
    Sso,
    /// No YAML.
    Syntax,
    /// No YAML, because of a tab.
    Tab,
    /// More than the limits allow.
    TooLarge,
    /// A key that no entry has.
    UnknownKey,
    /// No backend's name.
    UnknownMode,
    /// No YAML, because a bracket or a quote is not closed.
    Unclosed,
    /// No YAML, because a value begins with `{{` and is not quoted.
    UnquotedTemplate,
}

impl ProblemKind {
    /// Returns a stable name, in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccountId => "malformed-account",
            Self::Alias => "alias",
            Self::Arn => "malformed-arn",
            Self::DeprecatedMode(_) => "deprecated-mode",
            Self::DuplicateKey => "duplicate-key",
            Self::DuplicateRule(_) => "duplicate-rule",
            Self::DuplicateSection => "duplicate-section",
            Self::EntryNotAMapping => "entry-not-a-mapping",
            Self::GroupNotText => "group-not-text",
            Self::GroupsNotAList => "groups-not-a-list",
            Self::LiteralWildcard => "literal-wildcard",
            Self::MisspelledSection => "misspelled-section",
            Self::MissingPrincipal => "missing-principal",
            Self::MissingUserId => "missing-user-id",
            Self::MissingUsername => "missing-username",
            Self::MoreDocuments => "more-documents",
            Self::NoSections => "no-sections",
            Self::NotAConfigMap => "not-a-config-map",
            Self::NothingThere => "nothing-there",
            Self::NotJson => "not-json",
            Self::NotText => "not-text",
            Self::ReservedPrefixes => "reserved-prefixes",
            Self::RolePath => "role-path",
            Self::SectionNotAList => "section-not-a-list",
            Self::SessionArn => "session-arn",
            Self::Shadowed(_) => "shadowed",
            Self::Sso => "malformed-sso",
            Self::Syntax => "syntax",
            Self::Tab => "tab",
            Self::TooLarge => "too-large",
            Self::UnknownKey => "unknown-key",
            Self::UnknownMode => "unknown-mode",
            Self::Unclosed => "unclosed",
            Self::UnquotedTemplate => "unquoted-template",
        }
    }

    /// Returns whether what it speaks of was left out.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::DeprecatedMode(_)
            | Self::DuplicateRule(_)
            | Self::DuplicateSection
            | Self::LiteralWildcard
            | Self::MisspelledSection
            | Self::MoreDocuments
            | Self::NoSections
            | Self::RolePath
            | Self::SessionArn
            | Self::Shadowed(_)
            | Self::UnknownKey => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccountId => "an account id is twelve digits; quote it if it begins with a zero",
            Self::Alias => "an alias without its anchor, or an anchor that is defined twice",
            Self::Arn => "no ARN of a role, a user or an account's root",
            Self::DuplicateKey => "the key stands here a second time; the entry is left out",
            Self::DeprecatedMode(kind) => {
                return write!(f, "a deprecated name; write `{kind}`");
            }
            Self::DuplicateRule(earlier) => {
                return write!(f, "replaces `{earlier}`, which is for the same principal");
            }
            Self::DuplicateSection => "the section stands here a second time; the last one is read",
            Self::Shadowed(earlier) => {
                return write!(f, "never asked: `{earlier}` is for the same principal");
            }
            Self::EntryNotAMapping => "an entry is a mapping with an ARN, a username and groups",
            Self::GroupNotText => "a group is no text; the entry is left out",
            Self::GroupsNotAList => "the groups are no list; write one group to a line, after `- `",
            Self::LiteralWildcard => "`*` and `?` stand for themselves here, so this matches nobody",
            Self::MisspelledSection => {
                "not read: the keys are `mapRoles`, `mapUsers` and `mapAccounts`, in this case"
            }
            Self::MissingPrincipal => "the entry does not say whom it is for; give it an ARN",
            Self::MissingUserId => "users are known by their ids here; give the entry a `userid`",
            Self::MissingUsername => "the entry has no username",
            Self::MoreDocuments => "there is more than one; only the first is read",
            Self::NoSections => "neither `mapRoles` nor `mapUsers` nor `mapAccounts` is there",
            Self::NotAConfigMap => {
                "not the ConfigMap; expected what `kubectl get cm aws-auth -n kube-system -o yaml` \
                 prints, or its data"
            }
            Self::NothingThere => "there is nothing to read",
            Self::NotJson => "not one JSON object, so nothing of it is read",
            Self::NotText => "the value is no text; the entry is left out",
            Self::ReservedPrefixes => {
                "not read: a list of entries with `backendMode` and `usernamePrefixReserveList`, a \
                 list of text"
            }
            Self::RolePath => {
                "STS names a role without its path, so this matches nobody; leave the path out"
            }
            Self::SectionNotAList => "the section is no list of entries, and is left out",
            Self::SessionArn => {
                "names a session, so this matches nobody; write the role's ARN, `arn:…:iam::…:role/…`"
            }
            Self::Sso => "`sso` takes a `permissionSetName` and an `accountID` of twelve digits",
            Self::Syntax => "not YAML from here on, so nothing of it is read",
            Self::Tab => "YAML is indented with spaces; there is a tab here",
            Self::TooLarge => "too large, nested too deep, or too much behind aliases",
            Self::UnknownKey => "not read: no entry has this key",
            Self::UnknownMode => {
                "no backend; write `MountedFile`, `EKSConfigMap`, `CRD` or `DynamicFile`"
            }
            Self::Unclosed => "a bracket or a quote is not closed",
            Self::UnquotedTemplate => {
                "a value that begins with `{{` has to be quoted, as in `\"{{SessionName}}\"`"
            }
        })
    }
}
