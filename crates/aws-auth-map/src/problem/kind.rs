//! The kinds of problems.

use iam_principal::Partition;

use super::Severity;
use crate::resolve::backend::BackendKind;
use crate::rules::template::Placeholder;
use crate::rules::{RuleRef, Section};

/// A kind of problem.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An access policy without an ARN, or with a scope that is neither the cluster nor namespaces.
    AccessPolicy,
    /// An account id that does not have twelve digits.
    AccountDigits(usize),
    /// An account id that is not made of digits.
    AccountId,
    /// An account id that became a number, such as `1.11122223333e+11`.
    AccountNumber,
    /// An account id that has lost its leading zeros.
    AccountZeros,
    /// An anchor that is defined twice, or an alias without its anchor.
    Alias,
    /// A rule whose username or a group always starts with a prefix that its backend reserves.
    AlwaysReserved,
    /// `<<NAME>>`, where it is literal text.
    AnglePlaceholder,
    /// A pattern that matches principals of every account.
    AnyAccount,
    /// Not the ARN of a principal.
    Arn,
    /// An ARN with a character that is not ASCII.
    ArnNotAscii,
    /// An ARN with a space.
    ArnSpaces,
    /// Not an authentication mode.
    AuthenticationMode,
    /// The tag `!!binary`, whose base64 stands for another text.
    BinaryTag,
    /// A source that the authentication mode leaves out.
    BackendNotAsked,
    /// A block that is not indented below its key.
    BlockNotIndented,
    /// A username without a colon before the session name.
    ColonBeforeSessionName,
    /// A rule for principals that an earlier rule matches.
    Covered(RuleRef),
    /// A rule for principals that a rule of an earlier backend matches.
    CoveredByBackend(BackendKind, RuleRef),
    /// An access policy that a principal has with two different scopes.
    ContradictoryAccessPolicy,
    /// One page of the access policies of a principal.
    CutOffPolicies,
    /// A key of the entry above with a dash before it, which makes it a separate entry.
    DashBeforeKey,
    /// An entry that replaces an earlier one with further groups or access policies.
    DemotingDuplicate(RuleRef),
    /// A deprecated backend name.
    DeprecatedMode(BackendKind),
    /// An access policy that the entry already has.
    DuplicateAccessPolicy,
    /// An entry that replaces an earlier one whose ARN differs only in case.
    DuplicateInCase(RuleRef),
    /// A key that appears twice in an entry, in any case.
    DuplicateKey,
    /// A backend that is named twice.
    DuplicateMode,
    /// An entry that replaces an earlier one for the same principal.
    DuplicateRule(RuleRef),
    /// A section of the ConfigMap that appears twice, so it cannot be read.
    DuplicateSection,
    /// A key of an object, or in any case one of the configuration file, that appears twice: its name, and the line of
    /// the first.
    DuplicateSetting(&'static str, Option<usize>),
    /// An entry without any key.
    EmptyEntry,
    /// An entry that is not a mapping.
    EntryNotAMapping,
    /// The error message of a command, in place of its output.
    ErrorOutput,
    /// An unknown type of access entry.
    EntryType,
    /// A type of access entry in the user guide's spelling, which the API does not accept.
    EntryTypeCase,
    /// A user with a type of access entry that is for roles only.
    EntryTypeForRoles,
    /// A group that is not text.
    GroupNotText,
    /// Groups that are not a list.
    GroupsNotAList,
    /// An IAM group.
    IamGroup,
    /// The ARN of an instance profile.
    InstanceProfile,
    /// A key that is indented like the items of the list above it.
    KeyInsideList,
    /// The output of `kubectl describe`.
    KubectlDescribe,
    /// A list of access entries that has only their ARNs.
    ListedEntries,
    /// `*` or `?` in an ARN.
    LiteralWildcard,
    /// A group that a session name can turn into `system:masters`.
    MastersBySessionName,
    /// A section beside `data`.
    MisplacedSection,
    /// An entry without a principal.
    MissingPrincipal,
    /// An entry without a user id, where callers are matched by user id.
    MissingUserId,
    /// An entry without a username, or with an empty one.
    MissingUsername,
    /// A key that resembles the given one.
    MisspelledKey(&'static str),
    /// A key of `data` that resembles a section's.
    MisspelledSection(Section),
    /// More than one `ClusterConfig` of eksctl in one text.
    MoreClusterConfigs,
    /// More than one document where only one is read.
    MoreDocuments,
    /// An entry with more than one principal.
    MorePrincipals,
    /// No access entries.
    NoAccessEntries,
    /// The ConfigMap without a namespace.
    NoNamespace,
    /// A `ClusterConfig` with neither identity mappings nor access entries.
    NoIdentities,
    /// No rule for nodes.
    NoNodes,
    /// None of the three sections.
    NoSections,
    /// A node's username without the group of nodes.
    NodeWithoutGroup,
    /// The group of nodes without a node's username.
    NodeWithoutName,
    /// A value that should be `true` or `false`.
    NotABoolean,
    /// A text with the YAML inside it, or without YAML; the field names the kind of text.
    Pasted(&'static str),
    /// A key without a space after its colon, or an item without a space after its dash.
    MissingSpace,
    /// A key or an item that is not aligned with those above it.
    Misaligned,
    /// An empty group.
    EmptyGroup,
    /// A group that a space after its colon makes a mapping.
    GroupIsMapping,
    /// The key of another section for an ARN that belongs to this section; the field is the right
    /// key.
    ArnKey(&'static str),
    /// A key of an entry of another section.
    KeyOfSection(Section),
    /// A role's ARN among the users, or a user's among the roles; the field is the right section.
    ArnOfSection(Section),
    /// No `ClusterConfig` of eksctl.
    NotAClusterConfig,
    /// An object of another kind, or not an object.
    NotAConfigMap,
    /// Not JSON.
    NotJson,
    /// A value that should be text.
    NotText,
    /// Empty input.
    NothingThere,
    /// Access policies of a principal without an access entry.
    OrphanPolicies,
    /// A ConfigMap with another name or namespace.
    OtherConfigMap,
    /// A pattern that is not an ARN of six parts.
    Pattern,
    /// A pattern, where patterns are not read.
    PatternNotRead,
    /// A pattern that matches no caller's ARN.
    PatternMatchesNoCaller,
    /// A node's username with the groups of a person.
    PersonNamedAsNode,
    /// The ARN of a permission set.
    PermissionSetArn,
    /// A section of the dynamic file that appears twice; as upstream, the last one is read.
    ReplacedSection,
    /// A group of an access entry that starts with `system:`.
    ReservedGroup,
    /// Reserved prefixes that are not a list of backends with their lists.
    ReservedPrefixes,
    /// A username that starts with a prefix EKS reserves.
    ReservedUsername,
    /// The ARN of a role with its path.
    RolePath,
    /// A document after the configuration file's first.
    SecondDocument,
    /// A section that is not a list.
    SectionNotAList,
    /// A list where Kubernetes accepts only text.
    SectionNotText,
    /// A ConfigMap with aws-iam-authenticator's own configuration file.
    ServerConfig,
    /// A configuration file whose `server` is not a mapping.
    ServerNotAMapping,
    /// The ARN of a session.
    SessionArn,
    /// An access entry for the ARN of a session.
    SessionPrincipal,
    /// More than one ConfigMap that may be meant.
    SeveralConfigMaps,
    /// An entry for a principal of an earlier entry; the earlier entry takes effect.
    Shadowed(RuleRef),
    /// `sso` without a permission set or an account.
    Sso,
    /// `sso`, where permission sets are not read.
    SsoNotRead,
    /// Not YAML.
    Syntax,
    /// Not YAML, because of a tab.
    Tab,
    /// More than the limits allow.
    TooLarge,
    /// A name that the reader takes for a number or a boolean.
    TypedText,
    /// Not YAML, because a bracket or a quote is not closed.
    Unclosed,
    /// A placeholder of another tool that is not filled in.
    Unfilled,
    /// An access policy that the table of policies does not contain.
    UnknownAccessPolicy,
    /// A key without a meaning.
    UnknownKey,
    /// A name that is not a backend's.
    UnknownMode,
    /// Text that looks like a placeholder but is not; the field is the placeholder that was
    /// probably meant.
    UnknownPlaceholder(Option<Placeholder>),
    /// An account id that other readers parse as a number.
    UnquotedAccount,
    /// Not YAML, because a value starts with `{{` and is not quoted.
    UnquotedTemplate,
    /// A name that other readers parse as a number or a boolean.
    UnquotedText,
    /// Groups for a type of access entry that has fixed groups.
    GroupsOfType,
    /// An entry of `aws eks describe-access-entry`, which does not print access policies, without a list of them.
    PoliciesNotListed,
    /// An access policy that a list of the principal's access policies lacks.
    PolicyNotOnEveryList,
    /// Access policies for a type of access entry that cannot have access policies.
    PoliciesOfType,
    /// A user id where callers are not matched by user id.
    UserIdIgnored,
    /// A username for a type of access entry that has a fixed username.
    UsernameOfType,
    /// A name in the angle brackets of documentation.
    AngleBrackets,
    /// An ARN inside an ARN.
    ArnInArn,
    /// The name of a default `ClusterRole` as a group.
    ClusterRoleAsGroup(&'static str),
    /// The username of a component of Kubernetes.
    ComponentName,
    /// The name of a single node for every instance of a role.
    FixedNodeName,
    /// A name with a control character or an invisible character.
    InvisibleCharacter,
    /// A name that starts or ends with a space.
    NameWithSpaces,
    /// Nodes in `system:masters`.
    NodeInMasters,
    /// The username of a node, made from the access key or the account of the caller.
    NodeNamedByCaller,
    /// The role of a permission set without its generated suffix.
    PermissionSetSuffix,
    /// The root of an account.
    RootArn,
    /// The username of a service account.
    ServiceAccountName,
    /// A service-linked role.
    ServiceLinkedRole,
    /// Several groups in a single text.
    SeveralGroups,
    /// A group's name as the username.
    UserNamedAsGroup,
    /// A group that starts with `system:` and has no meaning; the field is the group that was
    /// probably meant.
    UnknownSystemGroup(Option<&'static str>),
    /// `*` or `?` as the account of an ARN.
    WildcardAccount,
    /// An account in `mapAccounts`.
    WholeAccount,
    /// An ARN of a partition that most rules do not have.
    OtherPartition(Partition),
    /// An identity mapping of eksctl for a service.
    ServiceMapping,
}

impl ProblemKind {
    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessPolicy => "malformed-access-policy",
            Self::AccountDigits(_) | Self::AccountId => "malformed-account",
            Self::AccountNumber => "account-as-number",
            Self::AccountZeros => "account-without-zeros",
            Self::Alias => "alias",
            Self::AlwaysReserved => "always-reserved",
            Self::AnglePlaceholder => "angle-placeholder",
            Self::AnyAccount => "any-account",
            Self::Arn => "malformed-arn",
            Self::ArnNotAscii => "arn-not-ascii",
            Self::ArnSpaces => "arn-with-spaces",
            Self::AuthenticationMode => "unknown-authentication-mode",
            Self::BackendNotAsked => "backend-not-asked",
            Self::BinaryTag => "binary-tag",
            Self::BlockNotIndented => "block-not-indented",
            Self::ColonBeforeSessionName => "colon-before-session-name",
            Self::Covered(_) => "covered",
            Self::CoveredByBackend(..) => "covered-by-backend",
            Self::DashBeforeKey => "dash-before-key",
            Self::DemotingDuplicate(_) => "duplicate-rule",
            Self::DeprecatedMode(_) => "deprecated-mode",
            Self::ContradictoryAccessPolicy => "contradictory-access-policy",
            Self::CutOffPolicies => "cut-off-access-policies",
            Self::PoliciesNotListed => "access-policies-not-listed",
            Self::PolicyNotOnEveryList => "access-policy-not-on-every-list",
            Self::DuplicateAccessPolicy => "duplicate-access-policy",
            Self::DuplicateInCase(_) => "duplicate-in-case",
            Self::DuplicateKey => "duplicate-key",
            Self::DuplicateMode => "duplicate-mode",
            Self::DuplicateRule(_) => "duplicate-rule",
            Self::DuplicateSection | Self::ReplacedSection => "duplicate-section",
            Self::DuplicateSetting(..) => "duplicate-setting",
            Self::EmptyEntry => "empty-entry",
            Self::EntryNotAMapping => "entry-not-a-mapping",
            Self::ErrorOutput => "error-output",
            Self::EntryType => "unknown-entry-type",
            Self::EntryTypeCase => "entry-type-case",
            Self::EntryTypeForRoles => "entry-type-for-roles",
            Self::GroupNotText => "group-not-text",
            Self::GroupsNotAList => "groups-not-a-list",
            Self::IamGroup => "iam-group",
            Self::InstanceProfile => "instance-profile",
            Self::KeyInsideList => "key-inside-list",
            Self::KubectlDescribe => "kubectl-describe",
            Self::ListedEntries => "listed-entries",
            Self::LiteralWildcard => "literal-wildcard",
            Self::MastersBySessionName => "masters-by-session-name",
            Self::MisplacedSection => "misplaced-section",
            Self::MissingPrincipal => "missing-principal",
            Self::MissingUserId => "missing-user-id",
            Self::MissingUsername => "missing-username",
            Self::MisspelledKey(_) => "misspelled-key",
            Self::MisspelledSection(_) => "misspelled-section",
            Self::MoreClusterConfigs => "more-cluster-configs",
            Self::MoreDocuments => "more-documents",
            Self::MorePrincipals => "more-principals",
            Self::NoAccessEntries => "no-access-entries",
            Self::NoNamespace => "no-namespace",
            Self::NoIdentities => "no-identities",
            Self::NoNodes => "no-nodes",
            Self::NoSections => "no-sections",
            Self::NodeWithoutGroup => "node-without-group",
            Self::NodeWithoutName => "node-without-name",
            Self::NotABoolean => "not-a-boolean",
            Self::Pasted(_) => "not-only-yaml",
            Self::MissingSpace => "missing-space",
            Self::Misaligned => "misaligned",
            Self::EmptyGroup => "empty-group",
            Self::GroupIsMapping => "group-not-text",
            Self::ArnKey(_) | Self::KeyOfSection(_) => "key-of-another-section",
            Self::ArnOfSection(_) => "arn-of-another-section",
            Self::NotAClusterConfig => "not-a-cluster-config",
            Self::NotAConfigMap => "not-a-config-map",
            Self::NotJson => "not-json",
            Self::NotText => "not-text",
            Self::NothingThere => "nothing-there",
            Self::OrphanPolicies => "orphan-policies",
            Self::OtherConfigMap => "other-config-map",
            Self::Pattern => "malformed-pattern",
            Self::PatternNotRead => "pattern-not-read",
            Self::PatternMatchesNoCaller => "pattern-matches-nobody",
            Self::PersonNamedAsNode => "person-named-as-node",
            Self::PermissionSetArn => "permission-set-arn",
            Self::ReservedGroup => "reserved-group",
            Self::ReservedPrefixes => "reserved-prefixes",
            Self::ReservedUsername => "reserved-username",
            Self::RolePath => "role-path",
            Self::SecondDocument => "second-document",
            Self::SectionNotAList => "section-not-a-list",
            Self::SectionNotText => "section-not-text",
            Self::ServerConfig => "server-config",
            Self::ServerNotAMapping => "server-not-a-mapping",
            Self::SessionArn => "session-arn",
            Self::SessionPrincipal => "session-principal",
            Self::SeveralConfigMaps => "several-config-maps",
            Self::Shadowed(_) => "shadowed",
            Self::Sso => "malformed-sso",
            Self::SsoNotRead => "sso-not-read",
            Self::Syntax => "syntax",
            Self::Tab => "tab",
            Self::TooLarge => "too-large",
            Self::TypedText => "unquoted-text",
            Self::Unclosed => "unclosed",
            Self::Unfilled => "unfilled",
            Self::UnknownAccessPolicy => "unknown-access-policy",
            Self::UnknownKey => "unknown-key",
            Self::UnknownMode => "unknown-mode",
            Self::UnknownPlaceholder(_) => "unknown-placeholder",
            Self::UnquotedAccount => "unquoted-account",
            Self::UnquotedTemplate => "unquoted-template",
            Self::UnquotedText => "unquoted-text",
            Self::GroupsOfType => "groups-of-type",
            Self::PoliciesOfType => "policies-of-type",
            Self::UserIdIgnored => "user-id-ignored",
            Self::UsernameOfType => "username-of-type",
            Self::AngleBrackets => "angle-brackets",
            Self::ArnInArn => "arn-in-arn",
            Self::ClusterRoleAsGroup(_) => "cluster-role-as-group",
            Self::ComponentName => "component-name",
            Self::FixedNodeName => "fixed-node-name",
            Self::InvisibleCharacter => "invisible-character",
            Self::NameWithSpaces => "name-with-spaces",
            Self::NodeInMasters => "node-in-masters",
            Self::NodeNamedByCaller => "node-named-by-caller",
            Self::PermissionSetSuffix => "permission-set-suffix",
            Self::RootArn => "root-arn",
            Self::ServiceAccountName => "service-account-name",
            Self::ServiceLinkedRole => "service-linked-role",
            Self::SeveralGroups => "several-groups-in-one",
            Self::UserNamedAsGroup => "user-named-as-group",
            Self::UnknownSystemGroup(_) => "unknown-system-group",
            Self::WildcardAccount => "wildcard-account",
            Self::WholeAccount => "whole-account",
            Self::OtherPartition(_) => "other-partition",
            Self::ServiceMapping => "service-mapping",
        }
    }

    /// Returns the severity.
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
            | Self::EmptyGroup
            | Self::EntryTypeCase
            | Self::MastersBySessionName
            | Self::MisspelledKey(_)
            | Self::MoreDocuments
            | Self::NoIdentities
            | Self::NoNodes
            | Self::NoSections
            | Self::NodeWithoutGroup
            | Self::NodeWithoutName
            | Self::PersonNamedAsNode
            | Self::NoNamespace
            | Self::PatternMatchesNoCaller
            | Self::PoliciesNotListed
            | Self::Shadowed(_)
            | Self::UnknownAccessPolicy
            | Self::UnknownKey
            | Self::UnknownPlaceholder(_)
            | Self::UnquotedAccount
            | Self::AngleBrackets
            | Self::ClusterRoleAsGroup(_)
            | Self::ComponentName
            | Self::FixedNodeName
            | Self::InvisibleCharacter
            | Self::NameWithSpaces
            | Self::NodeInMasters
            | Self::NodeNamedByCaller
            | Self::RootArn
            | Self::ServiceAccountName
            | Self::ServiceLinkedRole
            | Self::SeveralGroups
            | Self::UserNamedAsGroup
            | Self::UnknownSystemGroup(_)
            | Self::UnquotedText
            | Self::ArnOfSection(_)
            | Self::UserIdIgnored
            | Self::WholeAccount
            | Self::OtherPartition(_)
            | Self::ServiceMapping => Severity::Warning,
            _ => Severity::Error,
        }
    }
}
