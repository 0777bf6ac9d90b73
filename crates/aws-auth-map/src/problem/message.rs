//! The message of each problem: one sentence, and the fix.

use std::fmt;

use super::ProblemKind;

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessPolicy => {
                "an access policy needs a `policyArn` such as \
                 `arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy`, and an `accessScope` of type \
                 `cluster`, or of type `namespace` with `namespaces`"
            }
            Self::AccountDigits(count) => {
                return write!(f, "an account id has twelve digits, and this one has {count}");
            }
            Self::AccountId => "not an account id; write its twelve digits in quotes",
            Self::AccountNumber => {
                "the account id was turned into a number; write its twelve digits in quotes"
            }
            Self::AccountZeros => {
                "an account id has twelve digits, and this one has lost its leading zeros; write \
                 all twelve in quotes"
            }
            Self::Alias => "an alias without its anchor, or an anchor that is defined twice",
            Self::BinaryTag => {
                "the tag `!!binary`: its base64 stands for another text; write the text that is meant"
            }
            Self::AlwaysReserved => {
                "always refused: the username or a group starts with a prefix this backend \
                 reserves; choose another name"
            }
            Self::AnglePlaceholder => {
                "EKS and aws-iam-authenticator treat this as literal text, not as a placeholder; \
                 write it in braces and quotes, as in `\"{{SessionName}}\"`"
            }
            Self::AnyAccount => {
                "the pattern matches principals of every AWS account, including accounts you do \
                 not own; write the account id"
            }
            Self::Arn => {
                "not the ARN of a role, a user or an account's root; write \
                 `arn:aws:iam::ACCOUNT:role/NAME`"
            }
            Self::ArnNotAscii => {
                "the ARN contains a letter, dash, quote or space that is not ASCII, so it matches \
                 no caller; type it again"
            }
            Self::ArnSpaces => {
                "the ARN contains a space, so it matches no caller; remove the space"
            }
            Self::AuthenticationMode => {
                "not an authentication mode; write `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`"
            }
            Self::BackendNotAsked => {
                "the authentication mode leaves this source out, so its rules have no effect"
            }
            Self::BlockNotIndented => {
                "the list is indented no further than its key, so it is not in the block; indent it \
                 by two more spaces"
            }
            Self::ColonBeforeSessionName => {
                "EKS requires a `:` before `{{SessionName}}`; write `dev:{{SessionName}}`"
            }
            Self::Covered(earlier) => {
                return write!(
                    f,
                    "never used: `{earlier}` matches the same principals; remove one of the two"
                );
            }
            Self::CoveredByBackend(backend, earlier) => {
                return write!(
                    f,
                    "never used: `{earlier}` of {backend}, which is searched first, matches the \
                     same principals"
                );
            }
            Self::DemotingDuplicate(earlier) => {
                return write!(
                    f,
                    "replaces `{earlier}`, which is for the same principal, and takes away some of \
                     its groups; remove one of the two"
                );
            }
            Self::DeprecatedMode(kind) => {
                return write!(f, "a deprecated name; write `{kind}`");
            }
            Self::ContradictoryAccessPolicy => {
                "the principal has this access policy with two scopes, so it is not used; remove the scope that is \
                 out of date"
            }
            Self::CutOffPolicies => {
                "the list of access policies is cut off; run the command again without `--max-items` and \
                 `--no-paginate`"
            }
            Self::PoliciesNotListed => {
                "`aws eks describe-access-entry` does not print the access policies of the entry; add the output of \
                 `aws eks list-associated-access-policies` for the principal"
            }
            Self::PolicyNotOnEveryList => {
                "a list of the principal's access policies lacks this policy, so it is not used; remove the list \
                 or the policy, if it is out of date"
            }
            Self::DuplicateAccessPolicy => {
                "the principal has this access policy twice; remove one"
            }
            Self::DuplicateInCase(earlier) => {
                return write!(
                    f,
                    "replaces `{earlier}`, whose ARN differs only in case; remove one of the two"
                );
            }
            Self::DuplicateKey => {
                "the key appears twice in the entry, so the entry refuses its principal \
                 (aws-iam-authenticator uses the last value); write it once"
            }
            Self::DuplicateMode => "the backend is named twice; name each backend once",
            Self::DuplicateRule(earlier) => {
                return write!(
                    f,
                    "replaces `{earlier}`, which is for the same principal; remove one of the two"
                );
            }
            Self::DuplicateSection => {
                "the section appears twice; it is not known which one is meant, so it cannot be read; merge them"
            }
            Self::DuplicateSetting(key, first) => {
                write!(f, "`{key}` appears twice")?;
                if let Some(line) = first {
                    write!(f, ", first in line {line}")?;
                }
                return f.write_str(
                    "; it is not known which one is meant, so the file cannot be read; keep one",
                );
            }
            Self::EmptyEntry => "the entry is empty; remove it",
            Self::EntryNotAMapping => "an entry is a mapping with an ARN, a username and groups",
            Self::ErrorOutput => {
                "the error message of a command, not its output; run the command again"
            }
            Self::EntryType => {
                "not a known type of access entry; the entry needs a username of its own"
            }
            Self::EntryTypeCase => {
                "the API spells this type in capitals; write `EC2_LINUX` or `EC2_WINDOWS`"
            }
            Self::EntryTypeForRoles => "entries of this type are for roles only; write `STANDARD`",
            Self::GroupNotText => {
                "a group is not text, so the entry refuses its principal (aws-iam-authenticator \
                 maps it to the user with an empty group); write each group as text"
            }
            Self::GroupsNotAList => {
                "the groups are not a list, so the entry refuses its principal \
                 (aws-iam-authenticator maps it to the user without groups); write each group on \
                 its own line, after `- `"
            }
            Self::IamGroup => "IAM groups cannot call AWS; list each user's ARN, or use a role",
            Self::InstanceProfile => {
                "an instance profile is not an IAM principal; use the ARN of the role it contains"
            }
            Self::KeyInsideList => {
                "the key is indented like an item of the list above it; align it with the other keys of \
                 its entry"
            }
            Self::KubectlDescribe => {
                "the output of `kubectl describe`, which is not YAML; use `kubectl get cm aws-auth \
                 -n kube-system -o yaml`"
            }
            Self::ListedEntries => {
                "the input lists only the principals' ARNs; run `aws eks describe-access-entry` \
                 for each of them"
            }
            Self::LiteralWildcard => {
                "`*` and `?` are literal here, so the ARN matches no caller; add an entry for each \
                 ARN"
            }
            Self::MastersBySessionName => {
                "the session name becomes part of the group name, so a caller can choose \
                 `system:masters`; add a fixed prefix"
            }
            Self::MisplacedSection => {
                "not read, because it is not under `data`; move it there"
            }
            Self::DashBeforeKey => {
                "the dash makes this an entry of its own, without a principal; remove the dash before each \
                 key but the first of an entry"
            }
            Self::MissingPrincipal => "the entry names no principal; add an ARN",
            Self::MissingUserId => "this file matches callers by user id; add a `userid`",
            Self::MissingUsername => {
                "the entry has no username, so it refuses its principal (aws-iam-authenticator \
                 maps it to a user with an empty name); add one"
            }
            Self::MisspelledKey(meant) => {
                return write!(f, "not read; did you mean `{meant}`?");
            }
            Self::MisspelledSection(meant) => {
                return write!(f, "not read; the section's name is `{meant}`, in this case");
            }
            Self::MoreClusterConfigs => {
                "there is more than one `ClusterConfig`, and eksctl takes one; give each by itself"
            }
            Self::MoreDocuments => "there is more than one; only the first is read",
            Self::MorePrincipals => {
                "an entry has an ARN, a permission set or a pattern, but only one of them; split \
                 it into several entries"
            }
            Self::NoAccessEntries => {
                "no access entry found; expected the output of `aws eks describe-access-entry \
                 --output json`"
            }
            Self::NoNamespace => {
                "the ConfigMap has no namespace; EKS reads only the one in `kube-system`"
            }
            Self::NoIdentities => {
                "there are no `iamIdentityMappings` and no `accessConfig.accessEntries`"
            }
            Self::NoNodes => {
                "no rule maps a node role, so no node can join the cluster unless another source \
                 maps one; add the node role with `system:node:{{EC2PrivateDNSName}}` and the \
                 group `system:nodes`"
            }
            Self::NoSections => "there is no `mapRoles`, `mapUsers` or `mapAccounts`",
            Self::NodeWithoutGroup => "a node needs the group `system:nodes`; add it",
            Self::NodeWithoutName => {
                "a node's username starts with `system:node:`; write \
                 `system:node:{{EC2PrivateDNSName}}`"
            }
            Self::NotABoolean => {
                "the value is not `true` or `false` and is treated as `true`; write one of them"
            }
            Self::Pasted(what) => return write!(f, "{what}; keep only the YAML of the ConfigMap"),
            Self::MissingSpace => "YAML needs a space after the colon of a key and the dash of an item",
            Self::Misaligned => {
                "the indentation does not fit the lines above; align the keys of an entry with each \
                 other, and the dashes of a list"
            }
            Self::EmptyGroup => "an empty group gives no permissions; remove it",
            Self::GroupIsMapping => {
                "the colon at the end of a word makes the group a mapping, so the entry refuses its \
                 principal (aws-iam-authenticator maps it to the user with an empty group); write the \
                 group without a space after the colon, or quote it"
            }
            Self::ArnKey(key) => return write!(f, "not read: in this section the key is `{key}`; rename it"),
            Self::KeyOfSection(section) => {
                return write!(f, "not read: this key is for entries of `{section}`; move the entry there");
            }
            Self::ArnOfSection(section) => {
                return write!(
                    f,
                    "mapped all the same, but other tools look for such an ARN in `{section}`; move the entry there"
                );
            }
            Self::NotAClusterConfig => "there is no `ClusterConfig` of eksctl",
            Self::NotAConfigMap => {
                "not the ConfigMap; expected the output of `kubectl get cm aws-auth -n \
                 kube-system -o yaml`, or its data"
            }
            Self::NotJson => "not a single JSON object, so none of it is read",
            Self::NotText => "the value is not text, so the entry cannot be read (aws-iam-authenticator treats the \
                 value as empty); write text",
            Self::NothingThere => "the input is empty",
            Self::OrphanPolicies => {
                "not read: the principal has no access entry here; add the output of \
                 `describe-access-entry`"
            }
            Self::OtherConfigMap => {
                "EKS reads only the ConfigMap `aws-auth` in `kube-system`, so this one is not read; \
                 rename it, or name it if it is meant"
            }
            Self::Pattern => {
                "a pattern has the six parts of an ARN, as in \
                 `arn:aws:iam::111122223333:role/dev-*`"
            }
            Self::PatternNotRead => {
                "EKS and aws-iam-authenticator do not read this key, so the entry matches no \
                 caller; add an entry with `rolearn` or `userarn` for each ARN"
            }
            Self::PatternMatchesNoCaller => {
                "no caller has an ARN like this; a caller's ARN is a role's without its path, a \
                 user's, an account's root or a federated user's"
            }
            Self::PermissionSetArn => {
                "a permission set is not an IAM principal; write the ARN of its role, \
                 `arn:…:role/AWSReservedSSO_NAME_SUFFIX`"
            }
            Self::PersonNamedAsNode => {
                "the username is a node's, but the groups are not; rename the user"
            }
            Self::ReplacedSection => {
                "the section appears twice, and only the last one is read; merge them"
            }
            Self::ReservedGroup => {
                "EKS refuses groups that start with `system:` in access entries; associate an access \
                 policy, or bind another group"
            }
            Self::ReservedPrefixes => {
                "not read, so the file cannot be read; expected a list of entries with `backendMode` and \
                 `usernamePrefixReserveList`, a list of text"
            }
            Self::ReservedUsername => {
                "EKS reserves usernames that start with `system:`, `eks:`, `aws:`, `amazon:` or \
                 `iam:`; choose another name"
            }
            Self::RolePath => {
                "STS reports a role without its path, so this matches no caller; remove the path"
            }
            Self::SecondDocument => {
                "a second document after `---`, which aws-iam-authenticator does not read, so the file \
                 cannot be read; merge the two"
            }
            Self::SectionNotAList => "the section is not a list of entries, so callers that it may match are refused; write each entry \
                 after `- `",
            Self::SectionNotText => "Kubernetes accepts only text here and refuses the object; write a `|` after the key",
            Self::ServerConfig => {
                "the ConfigMap has aws-iam-authenticator's own configuration file, whose rules are \
                 under `server`; read it as a mounted file"
            }
            Self::ServerNotAMapping => {
                "there is no `server` with a mapping in it, so the rules cannot be read"
            }
            Self::SessionArn => {
                "the ARN of a session matches no caller; write the role's ARN, \
                 `arn:…:iam::…:role/…`"
            }
            Self::SessionPrincipal => {
                "an access entry cannot be for a session; write the role's ARN, \
                 `arn:…:iam::…:role/…`"
            }
            Self::SeveralConfigMaps => {
                "more than one ConfigMap, and not exactly one is `aws-auth` in `kube-system`, so \
                 none is read; name the one that is meant"
            }
            Self::Shadowed(earlier) => {
                return write!(
                    f,
                    "never used: `{earlier}` is for the same principal; remove one of the two"
                );
            }
            Self::Sso => "`sso` needs a `permissionSetName` and an `accountID` of twelve digits",
            Self::SsoNotRead => {
                "EKS does not read `sso`, nor does aws-iam-authenticator without the feature gate \
                 SSORoleMatch, so the entry matches no caller; write the ARN of the permission \
                 set's role, `arn:…:role/AWSReservedSSO_NAME_SUFFIX`"
            }
            Self::Syntax => "not valid YAML from here on, so none of it is read",
            Self::Tab => "YAML is indented with spaces, but there is a tab here",
            Self::TooLarge => "too large, too deeply nested, or aliases that expand to too much",
            Self::TypedText => {
                "EKS parses this as a number or a boolean and leaves the name empty, so the entry \
                 refuses its principal; quote it"
            }
            Self::Unclosed => "a bracket or a quote is not closed",
            Self::Unfilled => "a placeholder of another tool is not filled in",
            Self::UnknownAccessPolicy => {
                "the permissions of this policy are not known here; add it to the policy table"
            }
            Self::UnknownKey => "not read: this key has no meaning here; remove it",
            Self::UnknownMode => {
                "unknown backend; write `MountedFile`, `EKSConfigMap`, `CRD` or `DynamicFile`"
            }
            Self::UnknownPlaceholder(Some(meant)) => {
                return write!(
                    f,
                    "text in brackets that is not a placeholder and stays as written; did you mean \
                     `{{{{{}}}}}`?",
                    meant.name()
                );
            }
            Self::UnknownPlaceholder(None) => {
                "text in brackets that is not a placeholder and stays as written; the \
                 placeholders are AccountID, SessionName, SessionNameRaw, AccessKeyID and \
                 EC2PrivateDNSName, without spaces"
            }
            Self::UnquotedAccount => {
                "other readers parse this as a number and may drop its zeros; quote it"
            }
            Self::UnquotedTemplate => {
                "a value that starts with `{{` must be quoted, as in `\"{{SessionName}}\"`"
            }
            Self::UnquotedText => {
                "other readers parse this as a number or a boolean, not as the name; quote it"
            }
            Self::GroupsOfType => {
                "only entries of type `STANDARD` can have groups of their own; remove them"
            }
            Self::PoliciesOfType => {
                "entries of nodes cannot have access policies, so EKS refuses to associate them; remove them"
            }
            Self::UserIdIgnored => {
                "not checked here, so every caller with the ARN matches; only a dynamic file \
                 matches by user id"
            }
            Self::UsernameOfType => {
                "only entries of type `STANDARD` can have a username of their own; remove it"
            }
            Self::AngleBrackets => {
                "the angle brackets of documentation are part of the name; remove `<` and `>`"
            }
            Self::ArnInArn => {
                "there is an ARN inside the ARN, so it matches no caller; keep only one"
            }
            Self::ClusterRoleAsGroup("cluster-admin") => {
                "`cluster-admin` is a ClusterRole, and no group has its permissions by default; write \
                 `system:masters`, or bind the group"
            }
            Self::ClusterRoleAsGroup(name) => {
                return write!(
                    f,
                    "`{name}` is a ClusterRole, and no group of this name has its permissions unless a \
                     binding names the group"
                );
            }
            Self::ComponentName => {
                "the username is that of a component of Kubernetes, so the caller has its permissions; choose another name"
            }
            Self::FixedNodeName => {
                "every instance of the role would be this one node; write `system:node:{{EC2PrivateDNSName}}`"
            }
            Self::InvisibleCharacter => {
                "a control character or one that is not seen is part of the name; type the name again"
            }
            Self::NameWithSpaces => {
                "the space at the start or end is part of the name; remove it"
            }
            Self::NodeInMasters => {
                "every pod that reaches the node's credentials is an administrator; remove `system:masters` from nodes"
            }
            Self::NodeNamedByCaller => {
                "no node is named by the access key or the account; write `system:node:{{EC2PrivateDNSName}}`, or \
                 `system:node:{{SessionName}}` for Fargate and hybrid nodes"
            }
            Self::PermissionSetSuffix => {
                "a permission set's role ends with `_` and 16 generated hexadecimal digits, so this matches no caller; copy the name from `aws iam list-roles --path-prefix /aws-reserved/sso.amazonaws.com/`"
            }
            Self::RootArn => {
                "matches the account's root user only, not its roles and users; list each of their ARNs"
            }
            Self::ServiceAccountName => {
                "the username is a service account's, so the caller has its permissions; choose another name"
            }
            Self::ServiceLinkedRole => {
                "only an AWS service can assume a service-linked role; use a role of your own"
            }
            Self::SeveralGroups => {
                "several groups in one text are one group that no binding names; write each on its own line, after `- `"
            }
            Self::UserNamedAsGroup => {
                "the username is the name of a group and gives none of its permissions; write it under `groups`"
            }
            Self::UnknownSystemGroup(Some(meant)) => {
                return write!(
                    f,
                    "Kubernetes has no such group, which gives no permissions unless a binding names it; \
                     did you mean `{meant}`?"
                );
            }
            Self::UnknownSystemGroup(None) => {
                "Kubernetes has no such group, which gives no permissions unless a binding names it; the \
                 prefix `system:` is reserved, choose another name"
            }
            Self::WildcardAccount => {
                "`*` and `?` are not an account id; add an entry for each account"
            }
            Self::WholeAccount => {
                "every role and user of this account that has no entry of its own becomes a user named \
                 by its ARN, in no group but `system:authenticated`"
            }
            Self::OtherPartition(most) => {
                return write!(
                    f,
                    "the ARN is not of the partition `{most}`, as others are; principals of one \
                     partition cannot sign in to a cluster of another"
                );
            }
            Self::ServiceMapping => {
                "eksctl derives the entry and the RBAC objects of a service, so this one is not read"
            }
        })
    }
}
