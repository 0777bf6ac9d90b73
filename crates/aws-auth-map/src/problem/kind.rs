//! What can be wrong, in words.

use std::fmt;

use super::Severity;
use crate::backend::BackendKind;
use crate::rules::RuleRef;

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// An account id that is not twelve digits.
    AccountId,
    /// An access policy without its ARN, or whose scope is neither the cluster nor namespaces.
    AccessPolicy,
    /// An anchor that is defined twice, or an alias without its anchor.
    Alias,
    /// A pattern for principals of every account.
    AnyAccount,
    /// No ARN of a principal.
    Arn,
    /// A username in which the session name has no colon before it.
    ColonBeforeSessionName,
    /// A backend's deprecated name.
    DeprecatedMode(BackendKind),
    /// A key that stands in an entry twice, whatever the case of its letters.
    DuplicateKey,
    /// An entry for the principal of an earlier one, which it replaces.
    DuplicateRule(RuleRef),
    /// A section that stands there twice; the last is read.
    DuplicateSection,
    /// An access policy that an entry has already.
    DuplicateAccessPolicy,
    /// An entry that is no mapping.
    EntryNotAMapping,
    /// A type of access entry that is for roles, for a user.
    EntryTypeForRoles,
    /// A type of access entry that is not known.
    EntryType,
    /// A group that is no text.
    GroupNotText,
    /// Groups that are no list.
    GroupsNotAList,
    /// `*` or `?` in an ARN.
    LiteralWildcard,
    /// A group that is `system:masters` for whoever calls a session the right name.
    MastersBySessionName,
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
    /// An entry that says twice who it is for.
    MorePrincipals,
    /// The group of nodes for a name that is no node's.
    NodeWithoutName,
    /// A node's name without the group of nodes.
    NodeWithoutGroup,
    /// No access entry.
    NoAccessEntries,
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
    /// A pattern that no caller's ARN can match.
    PatternMatchesNobody,
    /// A pattern that is no ARN of six parts.
    Pattern,
    /// A username that begins as only EKS's own may.
    ReservedUsername,
    /// Reserved prefixes that are no list of backends with their lists.
    ReservedPrefixes,
    /// The ARN of a role with its path.
    RolePath,
    /// A section that is no list.
    SectionNotAList,
    /// The ARN of a session in an access entry.
    SessionPrincipal,
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
    /// Text that looks like a placeholder and is none.
    UnknownPlaceholder,
    /// No backend's name.
    UnknownMode,
    /// A username of one's own for a type that has its own.
    UsernameOfType,
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
            Self::AccessPolicy => "malformed-access-policy",
            Self::AccountId => "malformed-account",
            Self::Alias => "alias",
            Self::AnyAccount => "any-account",
            Self::Arn => "malformed-arn",
            Self::ColonBeforeSessionName => "colon-before-session-name",
            Self::DeprecatedMode(_) => "deprecated-mode",
            Self::DuplicateAccessPolicy => "duplicate-access-policy",
            Self::DuplicateKey => "duplicate-key",
            Self::DuplicateRule(_) => "duplicate-rule",
            Self::DuplicateSection => "duplicate-section",
            Self::EntryNotAMapping => "entry-not-a-mapping",
            Self::EntryType => "unknown-entry-type",
            Self::EntryTypeForRoles => "entry-type-for-roles",
            Self::GroupNotText => "group-not-text",
            Self::GroupsNotAList => "groups-not-a-list",
            Self::LiteralWildcard => "literal-wildcard",
            Self::MastersBySessionName => "masters-by-session-name",
            Self::MissingPrincipal => "missing-principal",
            Self::MissingUserId => "missing-user-id",
            Self::MissingUsername => "missing-username",
            Self::MisspelledSection => "misspelled-section",
            Self::MoreDocuments => "more-documents",
            Self::MorePrincipals => "more-principals",
            Self::NoAccessEntries => "no-access-entries",
            Self::NoSections => "no-sections",
            Self::NodeWithoutGroup => "node-without-group",
            Self::NodeWithoutName => "node-without-name",
            Self::NotAConfigMap => "not-a-config-map",
            Self::NotJson => "not-json",
            Self::NotText => "not-text",
            Self::NothingThere => "nothing-there",
            Self::Pattern => "malformed-pattern",
            Self::PatternMatchesNobody => "pattern-matches-nobody",
            Self::ReservedPrefixes => "reserved-prefixes",
            Self::ReservedUsername => "reserved-username",
            Self::RolePath => "role-path",
            Self::SectionNotAList => "section-not-a-list",
            Self::SessionArn => "session-arn",
            Self::SessionPrincipal => "session-principal",
            Self::Shadowed(_) => "shadowed",
            Self::Sso => "malformed-sso",
            Self::Syntax => "syntax",
            Self::Tab => "tab",
            Self::TooLarge => "too-large",
            Self::Unclosed => "unclosed",
            Self::UnknownKey => "unknown-key",
            Self::UnknownMode => "unknown-mode",
            Self::UnknownPlaceholder => "unknown-placeholder",
            Self::UnquotedTemplate => "unquoted-template",
            Self::UsernameOfType => "username-of-type",
        }
    }

    /// Returns whether what it speaks of was left out.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::UnknownPlaceholder
            | Self::NodeWithoutName
            | Self::NodeWithoutGroup
            | Self::MastersBySessionName
            | Self::PatternMatchesNobody
            | Self::AnyAccount
            | Self::DuplicateAccessPolicy
            | Self::DeprecatedMode(_)
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
            Self::UnknownPlaceholder => {
                "text in brackets that is no placeholder and stays as it is; those are AccountID, \
                 SessionName, SessionNameRaw, AccessKeyID and EC2PrivateDNSName, without spaces"
            },
            Self::NodeWithoutName => "a node is called `system:node:…`; write `system:node:{{EC2PrivateDNSName}}`",
            Self::NodeWithoutGroup => "a node needs the group `system:nodes`; add it",
            Self::MastersBySessionName => "whoever names a session chooses this group, be it `system:masters`; put another text first",
            Self::PatternMatchesNobody => "no caller has such an ARN; it is a role's without its path, a user's, root's or a federated user's",
            Self::Pattern => "a pattern has the six parts of an ARN, as in `arn:aws:iam::111122223333:role/dev-*`",
            Self::MorePrincipals => "an entry has either an ARN, or a permission set, or a pattern; make it two entries",
            Self::AnyAccount => "covers principals of every account, also those of strangers; write the account",
            Self::AccessPolicy => "an access policy has a `policyArn`, and an `accessScope` of type `cluster` or `namespace`",
            Self::ColonBeforeSessionName => "EKS wants a `:` somewhere before `{{SessionName}}`; write `dev:{{SessionName}}`",
            Self::DuplicateAccessPolicy => "an entry has each access policy once; the first counts",
            Self::EntryType => "not a type of access entry that is known; the entry needs a username of its own",
            Self::EntryTypeForRoles => "entries of this type are for roles; write `STANDARD`",
            Self::NoAccessEntries => "no access entry; expected what `aws eks describe-access-entry` prints",
            Self::ReservedUsername => "EKS reserves `system:`, `eks:`, `aws:`, `amazon:` and `iam:` for itself; write another name",
            Self::SessionPrincipal => "names a session, which no access entry can; write the role's ARN, `arn:…:iam::…:role/…`",
            Self::UsernameOfType => "only entries of type `STANDARD` have a username of their own; leave it out",
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
            Self::LiteralWildcard => {
                "`*` and `?` stand for themselves here, so this matches nobody; a pattern goes into \
                 `rolearnLike` or `userarnLike`"
            },
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
