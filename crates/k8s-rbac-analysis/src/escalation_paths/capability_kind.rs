//! The uses of permissions, and which permissions are used together.

use crate::escalation_paths::capability::Capability;
use crate::escalation_paths::mode::Mode;

/// The use of a permission.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum CapabilityKind {
    ActInMode(Mode),
    ApproveCertificate,
    ApproveSigner,
    BindClusterRoles,
    BindRoles,
    ChangeMutatingPolicies,
    ChangePods,
    CreateCertificate,
    CreateClusterRoles,
    CreateConfigMaps,
    CreateMutatingPolicies,
    CreateRoles,
    CreateSecrets,
    DeleteConfigMaps,
    EditConfigMaps,
    EnterNodes,
    EnterPods,
    EscalateClusterRoles,
    EscalateRoles,
    Everything,
    ImpersonateAccounts,
    ImpersonateExtra,
    ImpersonateGroups,
    ImpersonateGroupsInMode,
    ImpersonateInMode(Mode),
    ImpersonateUsers,
    ReadSecrets,
    ReadSecretsByName,
    RunPods,
    Token,
    UpdateClusterRoles,
    UpdateRoles,
    WriteAccessEntries,
    WriteClusterRoleBindings,
    WriteIdentityMappings,
    WriteMutatingPolicyBindings,
    WriteMutatingWebhooks,
    WriteNodes,
    WriteRoleBindings,
}

impl CapabilityKind {
    /// Returns the family of permissions that it is combined with. `None` if it is used alone.
    pub(super) const fn family(self) -> Option<Family> {
        match self {
            Self::ImpersonateAccounts
            | Self::ImpersonateExtra
            | Self::ImpersonateGroups
            | Self::ImpersonateUsers => Some(Family::Impersonation),
            Self::ActInMode(_) | Self::ImpersonateGroupsInMode | Self::ImpersonateInMode(_) => {
                Some(Family::ConstrainedImpersonation)
            }
            Self::ApproveCertificate | Self::ApproveSigner | Self::CreateCertificate => {
                Some(Family::Certificates)
            }
            Self::BindClusterRoles
            | Self::BindRoles
            | Self::CreateClusterRoles
            | Self::CreateRoles
            | Self::EscalateClusterRoles
            | Self::EscalateRoles
            | Self::UpdateClusterRoles
            | Self::UpdateRoles
            | Self::WriteClusterRoleBindings
            | Self::WriteRoleBindings => Some(Family::Roles),
            Self::CreateMutatingPolicies | Self::WriteMutatingPolicyBindings => {
                Some(Family::MutatingPolicies)
            }
            Self::CreateConfigMaps | Self::DeleteConfigMaps => Some(Family::ConfigMaps),
            Self::CreateSecrets | Self::ReadSecretsByName => Some(Family::Secrets),
            Self::ChangeMutatingPolicies
            | Self::ChangePods
            | Self::EditConfigMaps
            | Self::EnterNodes
            | Self::EnterPods
            | Self::Everything
            | Self::ReadSecrets
            | Self::RunPods
            | Self::Token
            | Self::WriteAccessEntries
            | Self::WriteIdentityMappings
            | Self::WriteMutatingWebhooks
            | Self::WriteNodes => None,
        }
    }

    /// Returns whether the permission matters in combination with another permission.
    pub(super) const fn is_part(self) -> bool {
        self.family().is_some()
    }

    /// Returns whether a cluster may lack its resource.
    pub(super) const fn is_of_custom_resource(self) -> bool {
        matches!(self, Self::WriteAccessEntries | Self::WriteIdentityMappings)
    }

    /// Returns whether it is not a request, but a permission that the API server checks while it serves a
    /// request.
    pub(super) const fn is_checked_while_served(self) -> bool {
        matches!(
            self,
            Self::ApproveSigner
                | Self::BindClusterRoles
                | Self::BindRoles
                | Self::EscalateClusterRoles
                | Self::EscalateRoles
        )
    }

    /// Returns whether its requests name no namespace, so that only a `ClusterRoleBinding` grants it.
    pub(super) const fn is_cluster_scoped(self) -> bool {
        match self {
            Self::ApproveCertificate
            | Self::ApproveSigner
            | Self::ChangeMutatingPolicies
            | Self::CreateCertificate
            | Self::CreateClusterRoles
            | Self::CreateMutatingPolicies
            | Self::EnterNodes
            | Self::EscalateClusterRoles
            | Self::ImpersonateExtra
            | Self::ImpersonateGroups
            | Self::ImpersonateGroupsInMode
            | Self::ImpersonateInMode(
                Mode::ArbitraryNode | Mode::AssociatedNode | Mode::UserInfo,
            )
            | Self::ImpersonateUsers
            | Self::UpdateClusterRoles
            | Self::WriteClusterRoleBindings
            | Self::WriteIdentityMappings
            | Self::WriteMutatingPolicyBindings
            | Self::WriteMutatingWebhooks
            | Self::WriteNodes => true,
            // `bind` is authorized in the namespace of the binding, for ClusterRoles as well.
            Self::ActInMode(_)
            | Self::BindClusterRoles
            | Self::BindRoles
            | Self::ChangePods
            | Self::CreateConfigMaps
            | Self::CreateRoles
            | Self::CreateSecrets
            | Self::DeleteConfigMaps
            | Self::EditConfigMaps
            | Self::EnterPods
            | Self::EscalateRoles
            | Self::Everything
            | Self::ImpersonateAccounts
            | Self::ImpersonateInMode(Mode::ServiceAccount)
            | Self::ReadSecrets
            | Self::ReadSecretsByName
            | Self::RunPods
            | Self::Token
            | Self::UpdateRoles
            | Self::WriteAccessEntries
            | Self::WriteRoleBindings => false,
        }
    }

    /// Returns which names matter if the permission is combined with another permission.
    pub(super) const fn names_used(self) -> NamesUsed {
        match self {
            Self::ActInMode(_) | Self::ImpersonateExtra => NamesUsed::WithRule,
            Self::ApproveSigner
            | Self::BindClusterRoles
            | Self::BindRoles
            | Self::DeleteConfigMaps
            | Self::EscalateClusterRoles
            | Self::EscalateRoles
            | Self::ImpersonateAccounts
            | Self::ImpersonateGroups
            | Self::ImpersonateGroupsInMode
            | Self::ImpersonateInMode(_)
            | Self::ImpersonateUsers
            | Self::UpdateClusterRoles
            | Self::UpdateRoles => NamesUsed::Always,
            _ => NamesUsed::Never,
        }
    }

    /// Returns whether the permission is useful only if certain objects exist: pods, token Secrets, the
    /// `ConfigMap` `aws-auth`, a controller that reads mappings, or an admission policy that is in force.
    pub(super) const fn needs_objects(self) -> bool {
        matches!(
            self,
            Self::ChangeMutatingPolicies
                | Self::ChangePods
                | Self::EditConfigMaps
                | Self::EnterNodes
                | Self::EnterPods
                | Self::ReadSecrets
                | Self::ReadSecretsByName
                | Self::WriteAccessEntries
                | Self::WriteIdentityMappings
                | Self::WriteMutatingWebhooks
        )
    }
}

/// Permissions that are useful together. Permissions of two families are not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    Certificates,
    ConfigMaps,
    ConstrainedImpersonation,
    Impersonation,
    MutatingPolicies,
    Roles,
    Secrets,
}

/// The families of some permissions, a bit for each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Families(u8);

impl Families {
    const fn bit(family: Family) -> u8 {
        match family {
            Family::Certificates => 1,
            Family::ConstrainedImpersonation => 1 << 1,
            Family::Impersonation => 1 << 2,
            Family::MutatingPolicies => 1 << 3,
            Family::Roles => 1 << 4,
            Family::Secrets => 1 << 5,
            Family::ConfigMaps => 1 << 6,
        }
    }

    /// Collects the families of some capabilities.
    pub(super) fn of(capabilities: &[Capability<'_>]) -> Self {
        let families = capabilities.iter().filter_map(|one| one.kind.family());
        Self(families.fold(0, |bits, family| bits | Self::bit(family)))
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether no family is in both.
    pub(super) const fn is_disjoint(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }
}

/// Which `resourceNames` matter for a combination of permissions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NamesUsed {
    /// The names of each permission.
    Always,
    /// No names: all permissions of the same kind and scope are equally good.
    Never,
    /// The whole rule matters.
    WithRule,
}
