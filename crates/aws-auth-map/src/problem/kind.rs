//! What can be wrong.

use super::Severity;
use crate::resolve::backend::BackendKind;
use crate::rules::{RuleRef, Section};

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An access policy without its ARN, or whose scope is neither the cluster nor namespaces.
    AccessPolicy,
    /// An account id that is not twelve digits.
    AccountId,
    /// An account id of which a number was made, as `1.11122223333e+11`.
    AccountNumber,
    /// An account id of fewer digits, which has lost its leading zeros.
    AccountZeros,
    /// An anchor that is defined twice, or an alias without its anchor.
    Alias,
    /// A rule whose every user has a name or a group that its backend reserves.
    AlwaysReserved,
    /// A pattern for principals of every account.
    AnyAccount,
    /// No ARN of a principal.
    Arn,
    /// An ARN with a letter, a dash, a quote or a space that is not ASCII.
    ArnNotAscii,
    /// An ARN with a space before, in or behind it.
    ArnSpaces,
    /// A source that the authentication mode leaves out.
    BackendNotAsked,
    /// A username in which the session name has no colon before it.
    ColonBeforeSessionName,
    /// A rule for principals that an earlier rule covers.
    Covered(RuleRef),
    /// A rule for principals that a rule of an earlier source covers.
    CoveredByBackend(BackendKind, RuleRef),
    /// A backend's deprecated name.
    DeprecatedMode(BackendKind),
    /// An access policy that an entry has already.
    DuplicateAccessPolicy,
    /// An entry whose ARN differs from an earlier one's in case only, and which replaces it.
    DuplicateInCase(RuleRef),
    /// A key that stands in an entry twice, whatever the case of its letters.
    DuplicateKey,
    /// A backend that is named twice.
    DuplicateMode,
    /// An entry for the principal of an earlier one, which it replaces.
    DuplicateRule(RuleRef),
    /// A section that stands there twice; the last is read.
    DuplicateSection,
    /// An entry that is no mapping.
    EntryNotAMapping,
    /// A type of access entry that is not known.
    EntryType,
    /// A type of access entry that is for roles, for a user.
    EntryTypeForRoles,
    /// A group that is no text.
    GroupNotText,
    /// Groups that are no list.
    GroupsNotAList,
    /// An IAM group.
    IamGroup,
    /// The ARN of an instance profile.
    InstanceProfile,
    /// The names of access entries without what is in them.
    ListedEntries,
    /// `*` or `?` in an ARN.
    LiteralWildcard,
    /// A group that is `system:masters` for whoever calls a session the right name.
    MastersBySessionName,
    /// A section beside `data`.
    MisplacedSection,
    /// An entry that says of nobody who it is for.
    MissingPrincipal,
    /// An entry without the user id that it is to be known by.
    MissingUserId,
    /// An entry without a user name, or with an empty one.
    MissingUsername,
    /// A key that is nearly another, which is named.
    MisspelledKey(&'static str),
    /// A key of `data` that is nearly a section's.
    MisspelledSection(Section),
    /// More than one document where one is read.
    MoreDocuments,
    /// An entry that says twice who it is for.
    MorePrincipals,
    /// No access entry.
    NoAccessEntries,
    /// No rule for nodes.
    NoNodes,
    /// None of the three sections.
    NoSections,
    /// A node's name without the group of nodes.
    NodeWithoutGroup,
    /// The group of nodes for a name that is no node's.
    NodeWithoutName,
    /// A value that should be `true` or `false`.
    NotABoolean,
    /// An object of another kind, or something that is no object.
    NotAConfigMap,
    /// No JSON.
    NotJson,
    /// A value that should be text.
    NotText,
    /// Nothing to read.
    NothingThere,
    /// Access policies of a principal that has no access entry.
    OrphanPolicies,
    /// A ConfigMap of another name or namespace.
    OtherConfigMap,
    /// A pattern that is no ARN of six parts.
    Pattern,
    /// A pattern that no caller's ARN can match.
    PatternMatchesNobody,
    /// The ARN of a permission set.
    PermissionSetArn,
    /// Reserved prefixes that are no list of backends with their lists.
    ReservedPrefixes,
    /// A username that begins as only EKS's own may.
    ReservedUsername,
    /// The ARN of a role with its path.
    RolePath,
    /// A section that is no list.
    SectionNotAList,
    /// A list where Kubernetes takes text only.
    SectionNotText,
    /// The ARN of a session.
    SessionArn,
    /// The ARN of a session in an access entry.
    SessionPrincipal,
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
    /// No YAML, because a bracket or a quote is not closed.
    Unclosed,
    /// A placeholder of another tool, which nobody filled in.
    Unfilled,
    /// An access policy of which the table does not know what it allows.
    UnknownAccessPolicy,
    /// A key that means nothing here.
    UnknownKey,
    /// No backend's name.
    UnknownMode,
    /// Text that looks like a placeholder and is none.
    UnknownPlaceholder,
    /// An account id that other readers take for a number.
    UnquotedAccount,
    /// No YAML, because a value begins with `{{` and is not quoted.
    UnquotedTemplate,
    /// A name that other readers take for a number or a boolean.
    UnquotedText,
    /// A user id where nobody looks at it.
    UserIdIgnored,
    /// A username of one's own for a type that has its own.
    UsernameOfType,
    /// `*` or `?` for the account of an ARN.
    WildcardAccount,
}

impl ProblemKind {
    /// Returns a stable name, in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessPolicy => "malformed-access-policy",
            Self::AccountId => "malformed-account",
            Self::AccountNumber => "account-as-number",
            Self::AccountZeros => "account-without-zeros",
            Self::Alias => "alias",
            Self::AlwaysReserved => "always-reserved",
            Self::AnyAccount => "any-account",
            Self::Arn => "malformed-arn",
            Self::ArnNotAscii => "arn-not-ascii",
            Self::ArnSpaces => "arn-with-spaces",
            Self::BackendNotAsked => "backend-not-asked",
            Self::ColonBeforeSessionName => "colon-before-session-name",
            Self::Covered(_) => "covered",
            Self::CoveredByBackend(..) => "covered-by-backend",
            Self::DeprecatedMode(_) => "deprecated-mode",
            Self::DuplicateAccessPolicy => "duplicate-access-policy",
            Self::DuplicateInCase(_) => "duplicate-in-case",
            Self::DuplicateKey => "duplicate-key",
            Self::DuplicateMode => "duplicate-mode",
            Self::DuplicateRule(_) => "duplicate-rule",
            Self::DuplicateSection => "duplicate-section",
            Self::EntryNotAMapping => "entry-not-a-mapping",
            Self::EntryType => "unknown-entry-type",
            Self::EntryTypeForRoles => "entry-type-for-roles",
            Self::GroupNotText => "group-not-text",
            Self::GroupsNotAList => "groups-not-a-list",
            Self::IamGroup => "iam-group",
            Self::InstanceProfile => "instance-profile",
            Self::ListedEntries => "listed-entries",
            Self::LiteralWildcard => "literal-wildcard",
            Self::MastersBySessionName => "masters-by-session-name",
            Self::MisplacedSection => "misplaced-section",
            Self::MissingPrincipal => "missing-principal",
            Self::MissingUserId => "missing-user-id",
            Self::MissingUsername => "missing-username",
            Self::MisspelledKey(_) => "misspelled-key",
            Self::MisspelledSection(_) => "misspelled-section",
            Self::MoreDocuments => "more-documents",
            Self::MorePrincipals => "more-principals",
            Self::NoAccessEntries => "no-access-entries",
            Self::NoNodes => "no-nodes",
            Self::NoSections => "no-sections",
            Self::NodeWithoutGroup => "node-without-group",
            Self::NodeWithoutName => "node-without-name",
            Self::NotABoolean => "not-a-boolean",
            Self::NotAConfigMap => "not-a-config-map",
            Self::NotJson => "not-json",
            Self::NotText => "not-text",
            Self::NothingThere => "nothing-there",
            Self::OrphanPolicies => "orphan-policies",
            Self::OtherConfigMap => "other-config-map",
            Self::Pattern => "malformed-pattern",
            Self::PatternMatchesNobody => "pattern-matches-nobody",
            Self::PermissionSetArn => "permission-set-arn",
            Self::ReservedPrefixes => "reserved-prefixes",
            Self::ReservedUsername => "reserved-username",
            Self::RolePath => "role-path",
            Self::SectionNotAList => "section-not-a-list",
            Self::SectionNotText => "section-not-text",
            Self::SessionArn => "session-arn",
            Self::SessionPrincipal => "session-principal",
            Self::Shadowed(_) => "shadowed",
            Self::Sso => "malformed-sso",
            Self::Syntax => "syntax",
            Self::Tab => "tab",
            Self::TooLarge => "too-large",
            Self::Unclosed => "unclosed",
            Self::Unfilled => "unfilled",
            Self::UnknownAccessPolicy => "unknown-access-policy",
            Self::UnknownKey => "unknown-key",
            Self::UnknownMode => "unknown-mode",
            Self::UnknownPlaceholder => "unknown-placeholder",
            Self::UnquotedAccount => "unquoted-account",
            Self::UnquotedTemplate => "unquoted-template",
            Self::UnquotedText => "unquoted-text",
            Self::UserIdIgnored => "user-id-ignored",
            Self::UsernameOfType => "username-of-type",
            Self::WildcardAccount => "wildcard-account",
        }
    }

    /// Returns whether what it speaks of was left out.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::AlwaysReserved
            | Self::AnyAccount
            | Self::BackendNotAsked
            | Self::Covered(_)
            | Self::CoveredByBackend(..)
            | Self::DeprecatedMode(_)
            | Self::DuplicateAccessPolicy
            | Self::DuplicateInCase(_)
            | Self::DuplicateRule(_)
            | Self::DuplicateSection
            | Self::LiteralWildcard
            | Self::MastersBySessionName
            | Self::MisspelledKey(_)
            | Self::MoreDocuments
            | Self::NoNodes
            | Self::NoSections
            | Self::NodeWithoutGroup
            | Self::NodeWithoutName
            | Self::OtherConfigMap
            | Self::PatternMatchesNobody
            | Self::RolePath
            | Self::SectionNotText
            | Self::SessionArn
            | Self::Shadowed(_)
            | Self::UnknownAccessPolicy
            | Self::UnknownKey
            | Self::UnknownPlaceholder
            | Self::UnquotedAccount
            | Self::UnquotedText
            | Self::UserIdIgnored => Severity::Warning,
            _ => Severity::Error,
        }
    }
}
