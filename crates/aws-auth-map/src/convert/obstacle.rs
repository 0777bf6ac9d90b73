//! What cannot be carried from one to the other, or becomes something else on the way.

use std::fmt;

use crate::rules::{Place, RuleRef, Rules};

/// Something of a rule that is not carried as it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Obstacle {
    kind: ObstacleKind,
    rule: RuleRef,
}

impl Obstacle {
    pub(super) const fn new(kind: ObstacleKind, rule: RuleRef) -> Self {
        Self { kind, rule }
    }

    /// Returns what it is.
    #[must_use]
    pub const fn kind(&self) -> ObstacleKind {
        self.kind
    }

    /// Returns a stable name for it, in kebab case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> RuleRef {
        self.rule
    }

    /// Returns where the rule was written, as far as that is known.
    #[must_use]
    pub fn place(&self, rules: &Rules) -> Place {
        rules.place(self.rule)
    }

    /// Returns whether the rule is carried nonetheless, with this difference.
    #[must_use]
    pub const fn is_carried(&self) -> bool {
        self.kind.is_carried()
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.kind)
    }
}

/// What is not carried as it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ObstacleKind {
    /// Access policies, which `aws-auth` does not have.
    AccessPolicies,
    /// A whole account.
    Account,
    /// A name with the session's without a colon before it.
    ColonBeforeSessionName,
    /// A group with a placeholder.
    GroupPlaceholder,
    /// `system:masters`, and the access policy of cluster administrators in its place.
    Masters,
    /// The groups of nodes, which EKS gives by itself.
    NodeGroups,
    /// Groups of a node that EKS does not give, or none that it does.
    OtherNodeGroups,
    /// A pattern.
    Pattern,
    /// A permission set, whose role's ARN is not known.
    PermissionSet,
    /// A placeholder that names of access entries do not have.
    Placeholder,
    /// Somebody who can have no access entry.
    Principal,
    /// The id of a principal.
    PrincipalId,
    /// A group that begins with `system:`.
    ReservedGroup,
    /// A name that begins as only EKS's own may.
    ReservedUsername,
    /// The path of a role.
    RolePath,
    /// A role of AWS's own.
    ServiceLinkedRole,
    /// A rule that never counts.
    Shadowed(RuleRef),
    /// An entry that could not be read.
    Unreadable,
    /// A rule by user id.
    UserId,
}

impl ObstacleKind {
    /// Returns a stable name for it, in kebab case.
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
            Self::Placeholder => "placeholder",
            Self::Principal => "principal",
            Self::PrincipalId => "principal-id",
            Self::ReservedGroup => "reserved-group",
            Self::ReservedUsername => "reserved-username",
            Self::RolePath => "role-path",
            Self::ServiceLinkedRole => "service-linked-role",
            Self::Shadowed(_) => "shadowed",
            Self::Unreadable => "unreadable-rule",
            Self::UserId => "user-id",
        }
    }
}

impl fmt::Display for ObstacleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessPolicies => {
                "`aws-auth` has no access policies; bind the group or the user by RBAC instead"
            }
            Self::Account => {
                "no access entry is for a whole account; make one for each role and user"
            }
            Self::ColonBeforeSessionName => {
                "EKS wants a `:` somewhere before `{{SessionName}}`; rename the user, and what RBAC \
                 binds to it"
            }
            Self::GroupPlaceholder => {
                "the groups of an access entry have no placeholders; write the groups out"
            }
            Self::Masters => {
                "EKS refuses `system:masters`; AmazonEKSClusterAdminPolicy on the cluster stands for \
                 it, and the other way round"
            }
            Self::NodeGroups => {
                "EKS registers nodes itself, so `system:bootstrappers` stays behind, and comes back \
                 with `aws-auth`"
            }
            Self::OtherNodeGroups => {
                "an access entry gives nodes `system:nodes` and no groups of their own; make another \
                 role, or leave the groups out"
            }
            Self::Pattern => "no access entry is for a pattern; make one for each role and user",
            Self::PermissionSet => {
                "an access entry needs the ARN of the permission set's role; \
                 `aws iam list-roles --path-prefix /aws-reserved/sso.amazonaws.com/` has it"
            }
            Self::Placeholder => {
                "names of access entries have no placeholder but `{{SessionName}}`; rename the user, \
                 and what RBAC binds to it"
            }
            Self::Principal => {
                "an access entry is for a role or a user by its ARN; this one matches nobody, or is \
                 neither"
            }
            Self::PrincipalId => {
                "`aws-auth` knows ARNs only, so a role or user made anew under this one gets in"
            }
            Self::ReservedGroup => {
                "EKS refuses groups that begin with `system:`; bind another group by RBAC"
            }
            Self::ReservedUsername => {
                "EKS reserves `system:`, `eks:`, `aws:`, `amazon:` and `iam:` for itself; rename the \
                 user, and what RBAC binds to it"
            }
            Self::RolePath => {
                "with its path this matches nobody, but an access entry for it would; decide which \
                 is meant"
            }
            Self::ServiceLinkedRole => "EKS makes the entries of service-linked roles itself",
            Self::Shadowed(winner) => {
                return write!(f, "never counts: `{winner}` is for the same principal");
            }
            Self::Unreadable => "the entry cannot be read; correct it first",
            Self::UserId => "an access entry is made by ARN; EKS looks up the user id itself",
        })
    }
}

impl ObstacleKind {
    const fn is_carried(self) -> bool {
        matches!(
            self,
            Self::AccessPolicies | Self::Masters | Self::NodeGroups | Self::PrincipalId
        )
    }
}
