//! Losses in the conversion between `aws-auth` and access entries.

use std::fmt;

use crate::rules::{Place, RuleRef, Rules};

/// A part of a rule that a conversion drops or changes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ConversionLoss {
    kind: ConversionLossKind,
    rule: RuleRef,
}

impl ConversionLoss {
    pub(super) const fn new(kind: ConversionLossKind, rule: RuleRef) -> Self {
        Self { kind, rule }
    }

    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> ConversionLossKind {
        self.kind
    }

    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> RuleRef {
        self.rule
    }

    /// Returns where the rule was written, if that is known.
    #[must_use]
    pub fn place(&self, rules: &Rules) -> Place {
        rules.place(self.rule)
    }

    /// Returns whether the rule is converted nonetheless, with this difference.
    #[must_use]
    pub const fn is_carried(&self) -> bool {
        self.kind.is_carried()
    }
}

impl fmt::Display for ConversionLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.kind)
    }
}

/// A kind of loss.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ConversionLossKind {
    /// Access policies, which `aws-auth` does not have.
    AccessPolicies,
    /// A whole account.
    Account,
    /// A username without a colon before the session name.
    ColonBeforeSessionName,
    /// A group with a placeholder.
    GroupPlaceholder,
    /// `system:masters`, which is exchanged with the cluster administrator's access policy.
    Masters,
    /// The groups of nodes, which EKS sets itself.
    NodeGroups,
    /// A node without `system:nodes`, or with groups that EKS does not set.
    OtherNodeGroups,
    /// A pattern.
    Pattern,
    /// A permission set. The ARN of its role is not known.
    PermissionSet,
    /// The role of a permission set, whose path is not known.
    PermissionSetPath,
    /// A placeholder that usernames of access entries cannot contain.
    Placeholder,
    /// A principal that cannot have an access entry.
    Principal,
    /// The user id of a principal.
    PrincipalId,
    /// A group that starts with `system:`.
    ReservedGroup,
    /// A username that starts with a prefix EKS reserves.
    ReservedUsername,
    /// The ARN of a role with its path.
    RolePath,
    /// A service-linked role.
    ServiceLinkedRole,
    /// A rule that never takes effect.
    Shadowed(RuleRef),
    /// Access policies of which some are not known.
    UnknownAccessPolicies,
    /// An entry that could not be read.
    Unreadable,
    /// A rule by user id.
    UserId,
}

impl ConversionLossKind {
    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessPolicies => "access-policies",
            Self::Account => "account",
            Self::ColonBeforeSessionName => "colon-before-session-name",
            Self::GroupPlaceholder => "group-placeholder",
            Self::Masters => "masters",
            Self::NodeGroups => "node-groups",
            Self::OtherNodeGroups => "other-node-groups",
            Self::Pattern => "pattern",
            Self::PermissionSet => "permission-set",
            Self::PermissionSetPath => "permission-set-path",
            Self::Placeholder => "placeholder",
            Self::Principal => "principal",
            Self::PrincipalId => "principal-id",
            Self::ReservedGroup => "reserved-group",
            Self::ReservedUsername => "reserved-username",
            Self::RolePath => "role-path",
            Self::ServiceLinkedRole => "service-linked-role",
            Self::Shadowed(_) => "shadowed",
            Self::UnknownAccessPolicies => "unknown-access-policies",
            Self::Unreadable => "unreadable-rule",
            Self::UserId => "user-id",
        }
    }
}

impl fmt::Display for ConversionLossKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessPolicies => {
                "`aws-auth` has no access policies; bind the group or the user with RBAC instead"
            }
            Self::Account => {
                "an access entry cannot be for a whole account; create one for each role and user"
            }
            Self::ColonBeforeSessionName => {
                "EKS requires a `:` before `{{SessionName}}`; rename the user, also in RBAC bindings"
            }
            Self::GroupPlaceholder => {
                "groups of an access entry cannot contain placeholders; list each group"
            }
            Self::Masters => {
                "EKS refuses `system:masters` in access entries, so it is exchanged with \
                 AmazonEKSClusterAdminPolicy on the cluster"
            }
            Self::NodeGroups => {
                "EKS registers nodes itself, so access entries have no `system:bootstrappers`; \
                 `aws-auth` needs it"
            }
            Self::OtherNodeGroups => {
                "an access entry gives nodes `system:nodes` and no other groups; remove the groups, or \
                 use another role"
            }
            Self::Pattern => "an access entry cannot be for a pattern; create one for each role and user",
            Self::PermissionSet => {
                "an access entry needs the ARN of the permission set's role; \
                 `aws iam list-roles --path-prefix /aws-reserved/sso.amazonaws.com/` lists it"
            }
            Self::PermissionSetPath => {
                "an access entry needs the ARN with its path, \
                 `…:role/aws-reserved/sso.amazonaws.com/…`, which `aws-auth` does not have; take it \
                 from `aws iam list-roles`"
            }
            Self::Placeholder => {
                "usernames of access entries can contain no placeholder except `{{SessionName}}`; \
                 rename the user, also in RBAC bindings"
            }
            Self::Principal => {
                "an access entry is for the ARN of a role or a user; this ARN is neither, or matches no \
                 caller"
            }
            Self::PrincipalId => {
                "`aws-auth` compares ARNs only, so a role or user recreated under this ARN gets access"
            }
            Self::ReservedGroup => {
                "EKS refuses groups that start with `system:`; bind another group with RBAC"
            }
            Self::ReservedUsername => {
                "EKS reserves usernames that start with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`; \
                 rename the user, also in RBAC bindings"
            }
            Self::RolePath => {
                "with the path this rule matches no caller, but an access entry would; decide which is \
                 meant"
            }
            Self::ServiceLinkedRole => "EKS creates the entries of service-linked roles itself",
            Self::Shadowed(winner) => {
                return write!(f, "never used: `{winner}` is for the same principal");
            }
            Self::UnknownAccessPolicies => {
                "the access policies of the entry are not all known, so some may be missing; add the output of \
                 `aws eks list-associated-access-policies`, or correct the policy"
            }
            Self::Unreadable => "the entry cannot be read; correct it first",
            Self::UserId => "an access entry is created by ARN; EKS looks up the user id itself",
        })
    }
}

impl ConversionLossKind {
    const fn is_carried(self) -> bool {
        matches!(
            self,
            Self::AccessPolicies
                | Self::Masters
                | Self::NodeGroups
                | Self::PrincipalId
                | Self::UnknownAccessPolicies
        )
    }
}
