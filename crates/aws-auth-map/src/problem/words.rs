//! What is wrong, in words: one sentence, and what to do.

use std::fmt;

use super::ProblemKind;

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessPolicy => {
                "an access policy has a `policyArn`, and an `accessScope` of type `cluster` or \
                 `namespace`"
            }
            Self::AccountId => "an account id is twelve digits; quote it if it begins with a zero",
            Self::AccountNumber => {
                "a number was made of the account id; write its twelve digits, in quotes"
            }
            Self::AccountZeros => {
                "an account id is twelve digits, and this has lost its leading zeros; write \
                 them, in quotes"
            }
            Self::Alias => "an alias without its anchor, or an anchor that is defined twice",
            Self::AlwaysReserved => {
                "refused for everybody: the backend reserves how the name or a group begins; \
                 write another"
            }
            Self::AnyAccount => {
                "covers principals of every account, also those of strangers; write the account"
            }
            Self::Arn => {
                "no ARN of a role, a user or an account's root; write \
                 `arn:aws:iam::ACCOUNT:role/NAME`"
            }
            Self::ArnNotAscii => {
                "a letter, dash, quote or space in it is not ASCII, so this is nobody's; type \
                 it anew"
            }
            Self::ArnSpaces => "there is a space in the ARN, so this is nobody's; take it out",
            Self::BackendNotAsked => {
                "the authentication mode leaves this source out; nobody gets in by it"
            }
            Self::ColonBeforeSessionName => {
                "EKS wants a `:` somewhere before `{{SessionName}}`; write `dev:{{SessionName}}`"
            }
            Self::Covered(earlier) => {
                return write!(
                    f,
                    "never asked: `{earlier}` covers the same principals; leave one of both out"
                );
            }
            Self::CoveredByBackend(backend, earlier) => {
                return write!(
                    f,
                    "never asked: `{earlier}` of {backend}, which is asked before, covers the \
                     same principals"
                );
            }
            Self::DeprecatedMode(kind) => {
                return write!(f, "a deprecated name; write `{kind}`");
            }
            Self::DuplicateAccessPolicy => "an entry has each access policy once; the first counts",
            Self::DuplicateInCase(earlier) => {
                return write!(
                    f,
                    "replaces `{earlier}`, whose ARN differs in case only; leave one of both out"
                );
            }
            Self::DuplicateKey => {
                "the key stands here a second time, so the entry is left out; write it once"
            }
            Self::DuplicateMode => "stands here a second time; name each backend once",
            Self::DuplicateRule(earlier) => {
                return write!(
                    f,
                    "replaces `{earlier}`, which is for the same principal; leave one of both \
                     out"
                );
            }
            Self::DuplicateSection => {
                "the section stands here a second time; the last one is read, make it one"
            }
            Self::EntryNotAMapping => "an entry is a mapping with an ARN, a username and groups",
            Self::EntryType => {
                "not a type of access entry that is known; the entry needs a username of its own"
            }
            Self::EntryTypeForRoles => "entries of this type are for roles; write `STANDARD`",
            Self::GroupNotText => {
                "a group is no text, so the entry is left out; write each group as text"
            }
            Self::GroupsNotAList => "the groups are no list; write one group to a line, after `- `",
            Self::IamGroup => {
                "an IAM group calls nobody; write the ARNs of its users, or of a role"
            }
            Self::InstanceProfile => "an instance profile is nobody; write the ARN of its role",
            Self::ListedEntries => {
                "only the principals' ARNs; run `aws eks describe-access-entry` for each of them"
            }
            Self::LiteralWildcard => {
                "`*` and `?` stand for themselves here, so this matches nobody; a pattern goes \
                 into `rolearnLike` or `userarnLike`"
            }
            Self::MastersBySessionName => {
                "whoever names a session chooses this group, be it `system:masters`; put \
                 another text first"
            }
            Self::MisplacedSection => "not read: it stands beside `data`; indent it under `data`",
            Self::MissingPrincipal => "the entry does not say whom it is for; give it an ARN",
            Self::MissingUserId => "users are known by their ids here; give the entry a `userid`",
            Self::MissingUsername => "the entry has no username; give it one",
            Self::MisspelledKey(meant) => {
                return write!(f, "not read; write `{meant}` if that is meant");
            }
            Self::MisspelledSection(meant) => {
                return write!(f, "not read at all; write `{meant}`, in this case");
            }
            Self::MoreDocuments => "there is more than one; only the first is read",
            Self::MorePrincipals => {
                "an entry has either an ARN, or a permission set, or a pattern; make it two \
                 entries"
            }
            Self::NoAccessEntries => {
                "no access entry; expected what `aws eks describe-access-entry --output json` \
                 prints"
            }
            Self::NoNodes => {
                "no rule makes a node of anybody, so no node can join unless another source has \
                 one; add the node role with `system:node:{{EC2PrivateDNSName}}` and the group \
                 `system:nodes`"
            }
            Self::NoSections => "neither `mapRoles` nor `mapUsers` nor `mapAccounts` is there",
            Self::NodeWithoutGroup => "a node needs the group `system:nodes`; add it",
            Self::NodeWithoutName => {
                "a node is called `system:node:…`; write `system:node:{{EC2PrivateDNSName}}`"
            }
            Self::NotABoolean => {
                "neither `true` nor `false`, and taken as `true`; write one of both"
            }
            Self::NotAConfigMap => {
                "not the ConfigMap; expected what `kubectl get cm aws-auth -n kube-system -o \
                 yaml` prints, or its data"
            }
            Self::NotJson => "not one JSON object, so nothing of it is read",
            Self::NotText => "the value is no text, so the entry is left out; write text",
            Self::NothingThere => "there is nothing to read",
            Self::OrphanPolicies => {
                "left out: there is no access entry of this principal; give \
                 `describe-access-entry` too"
            }
            Self::OtherConfigMap => {
                "EKS reads the ConfigMap `aws-auth` in `kube-system` and no other; name it so"
            }
            Self::Pattern => {
                "a pattern has the six parts of an ARN, as in \
                 `arn:aws:iam::111122223333:role/dev-*`"
            }
            Self::PatternMatchesNobody => {
                "no caller has such an ARN; it is a role's without its path, a user's, root's \
                 or a federated user's"
            }
            Self::PermissionSetArn => {
                "a permission set is nobody; write `sso` with its name and the account"
            }
            Self::ReservedPrefixes => {
                "not read: a list of entries with `backendMode` and \
                 `usernamePrefixReserveList`, a list of text"
            }
            Self::ReservedUsername => {
                "EKS reserves `system:`, `eks:`, `aws:`, `amazon:` and `iam:` for itself; write \
                 another name"
            }
            Self::RolePath => {
                "STS names a role without its path, so this matches nobody; leave the path out"
            }
            Self::SectionNotAList => "the section is no list of entries, and is left out",
            Self::SectionNotText => "Kubernetes takes text only here; write a `|` behind the key",
            Self::SessionArn => {
                "names a session, so this matches nobody; write the role's ARN, \
                 `arn:…:iam::…:role/…`"
            }
            Self::SessionPrincipal => {
                "names a session, which no access entry can; write the role's ARN, \
                 `arn:…:iam::…:role/…`"
            }
            Self::Shadowed(earlier) => {
                return write!(
                    f,
                    "never asked: `{earlier}` is for the same principal; leave one of both out"
                );
            }
            Self::Sso => "`sso` takes a `permissionSetName` and an `accountID` of twelve digits",
            Self::Syntax => "not YAML from here on, so nothing of it is read",
            Self::Tab => "YAML is indented with spaces; there is a tab here",
            Self::TooLarge => "too large, nested too deep, or too much behind aliases",
            Self::Unclosed => "a bracket or a quote is not closed",
            Self::Unfilled => "a placeholder of another tool stands here; fill it in",
            Self::UnknownAccessPolicy => {
                "what this policy allows is not known here; add it to the table of policies"
            }
            Self::UnknownKey => "not read: this key means nothing here; leave it out",
            Self::UnknownMode => {
                "no backend; write `MountedFile`, `EKSConfigMap`, `CRD` or `DynamicFile`"
            }
            Self::UnknownPlaceholder => {
                "text in brackets that is no placeholder and stays as it is; those are \
                 AccountID, SessionName, SessionNameRaw, AccessKeyID and EC2PrivateDNSName, \
                 without spaces"
            }
            Self::UnquotedAccount => {
                "other readers take this for a number, and its zeros for nothing; quote it"
            }
            Self::UnquotedTemplate => {
                "a value that begins with `{{` has to be quoted, as in `\"{{SessionName}}\"`"
            }
            Self::UnquotedText => {
                "EKS takes this for a number or a boolean, and not for the name; quote it"
            }
            Self::UserIdIgnored => {
                "not looked at here, so anybody with the ARN gets in; a dynamic file is asked \
                 by user id"
            }
            Self::UsernameOfType => {
                "only entries of type `STANDARD` have a username of their own; leave it out"
            }
            Self::WildcardAccount => {
                "`*` and `?` are no account; a pattern goes into `rolearnLike`, and names the \
                 account"
            }
        })
    }
}
