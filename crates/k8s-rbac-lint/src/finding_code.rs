//! The kinds of finding.

mod catalog;

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::severity::Severity;

/// The kind of a [`Finding`](crate::Finding). The names that [`as_str`](Self::as_str) returns are
/// stable.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum FindingCode {
    /// A binding refers to a role that does not exist.
    DanglingRoleRef,
    /// The API server would refuse the object.
    FieldError,
    /// A name or namespace is a placeholder that was not filled in.
    Placeholder,
    /// Two objects share kind, namespace, and name.
    DuplicateObject,
    /// No binding refers to the role, and no aggregated role selects it.
    UnusedRole,
    /// A binding has no subjects.
    NoSubjects,
    /// An object of the default policy, or another known object, grants more than its known
    /// version.
    DefaultChanged,
    /// A rule allows every verb on every resource of every API group.
    FullAccess,
    /// A binding refers to a role that allows everything.
    BindsFullAccess,
    /// A binding grants a role of the default policy, or another known role, whose permissions lead to
    /// more permissions where it is bound.
    BindsRiskyRole,
    /// A rule allows every verb on the resources it names.
    WildcardVerbs,
    /// A rule allows every resource of its API groups.
    WildcardResources,
    /// A rule allows the resources it names in every API group.
    WildcardGroups,
    /// A rule allows every non-resource URL.
    WildcardUrls,
    /// An aggregated role selects every `ClusterRole`.
    AggregatesEverything,
    /// A rule allows reading secrets without naming them.
    SecretsRead,
    /// A rule allows writing secrets without naming them.
    SecretsWrite,
    /// A role allows creating any secret and reading one by name, which yields the token of any
    /// service account.
    SecretTokenMint,
    /// A rule allows changing the `ConfigMap` in which EKS keeps `aws-auth`.
    AwsAuthWrite,
    /// A rule allows writing objects of aws-iam-authenticator, or of the ACK controller for EKS, that map AWS
    /// principals, without naming them.
    IamMappingWrite,
    /// A rule allows `escalate` on roles.
    EscalateVerb,
    /// A rule allows `bind` on roles without naming them.
    BindVerb,
    /// A rule allows impersonating users, groups or service accounts without naming them.
    Impersonate,
    /// A rule allows creating tokens of service accounts without naming them.
    TokenCreate,
    /// A rule allows running commands in pods.
    PodExec,
    /// A rule allows forwarding ports of pods.
    PodPortForward,
    /// A rule allows changing pods without naming them.
    PodUpdate,
    /// A rule allows creating pods, or creating or changing the workloads that create them.
    WorkloadCreate,
    /// A rule allows `nodes/proxy`.
    NodesProxy,
    /// A rule allows changing nodes or their status without naming them.
    NodeWrite,
    /// A rule allows approving or signing client certificates.
    CsrApproval,
    /// A rule allows writing admission webhooks without naming them.
    WebhookWrite,
    /// A rule allows writing mutating admission policies or their bindings without naming them.
    AdmissionPolicyWrite,
    /// A rule allows writing `APIServices` without naming them.
    ApiServiceWrite,
    /// A rule allows creating persistent volumes.
    PersistentVolumeCreate,
    /// A rule allows allocating devices to resource claims, or reporting their status for any
    /// driver and node.
    ResourceClaimWrite,
    /// A rule allows changing namespaces without naming them.
    NamespaceWrite,
    /// A role that is aggregated into `view`, `edit` or `admin` has permissions that those roles
    /// are not meant to have.
    AggregationWidens,
    /// A binding is for unauthenticated callers.
    UnauthenticatedSubject,
    /// A binding is for every authenticated user, or for all service accounts.
    AuthenticatedSubject,
    /// A binding is for all service accounts of a namespace.
    NamespaceAccountsSubject,
    /// A binding names `system:masters`.
    MastersSubject,
    /// A binding is for the group of nodes, or for one node.
    NodesSubject,
    /// A binding is for a service account called `default`.
    DefaultAccountSubject,
    /// A subject matches no user.
    SubjectNeverMatches,
    /// A subject of kind `User` has the username of a service account.
    UserNamesAccount,
    /// A binding names a subject twice.
    DuplicateSubject,
    /// Another binding grants the same role to the same subjects in the same scope.
    DuplicateBinding,
    /// Another binding grants the same subjects everything that this binding grants.
    ShadowedBinding,
    /// Other rules of the role allow everything this rule allows.
    ShadowedRule,
    /// An aggregated role has rules of its own.
    RulesOverwritten,
    /// A resource such as `pods/*` is not a wildcard.
    SubresourceWildcard,
    /// A resource is written in a form that no request uses.
    ResourceNameForm,
    /// A resource of Kubernetes does not belong to the API groups of the rule.
    ResourceNotInGroup,
    /// An API group is written in a form that no request uses.
    GroupForm,
    /// A verb is written in a form that no request uses.
    VerbForm,
    /// A rule limits `create` or `deletecollection` by name.
    NamesWithCreate,
    /// A rule limits `list` or `watch` by name.
    NamesWithList,
    /// A rule limits by name a request that carries no such name.
    NamesWithoutEffect,
    /// A non-resource URL is written in a form that no request matches.
    UrlForm,
    /// A non-resource URL ends in `/*`, and the path above is not listed.
    UrlWithoutParent,
    /// Non-resource URLs are granted in a namespace.
    UrlsWithoutEffect,
    /// A Role names resources that are cluster-scoped.
    ClusterScopedInNamespace,
    /// A limit left a part of the object unchecked.
    NotChecked,
}

/// A text is not the name of a [`FindingCode`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("not the code of a finding")]
#[non_exhaustive]
pub struct ParseFindingCodeError;

impl FindingCode {
    /// All codes.
    pub const ALL: &'static [Self] = &[
        Self::DanglingRoleRef,
        Self::FieldError,
        Self::Placeholder,
        Self::DuplicateObject,
        Self::UnusedRole,
        Self::NoSubjects,
        Self::DefaultChanged,
        Self::FullAccess,
        Self::BindsFullAccess,
        Self::BindsRiskyRole,
        Self::WildcardVerbs,
        Self::WildcardResources,
        Self::WildcardGroups,
        Self::WildcardUrls,
        Self::AggregatesEverything,
        Self::SecretsRead,
        Self::SecretsWrite,
        Self::SecretTokenMint,
        Self::AwsAuthWrite,
        Self::IamMappingWrite,
        Self::EscalateVerb,
        Self::BindVerb,
        Self::Impersonate,
        Self::TokenCreate,
        Self::PodExec,
        Self::PodPortForward,
        Self::PodUpdate,
        Self::WorkloadCreate,
        Self::NodesProxy,
        Self::NodeWrite,
        Self::CsrApproval,
        Self::WebhookWrite,
        Self::AdmissionPolicyWrite,
        Self::ApiServiceWrite,
        Self::PersistentVolumeCreate,
        Self::ResourceClaimWrite,
        Self::NamespaceWrite,
        Self::AggregationWidens,
        Self::UnauthenticatedSubject,
        Self::AuthenticatedSubject,
        Self::NamespaceAccountsSubject,
        Self::MastersSubject,
        Self::NodesSubject,
        Self::DefaultAccountSubject,
        Self::SubjectNeverMatches,
        Self::UserNamesAccount,
        Self::DuplicateSubject,
        Self::DuplicateBinding,
        Self::ShadowedBinding,
        Self::ShadowedRule,
        Self::RulesOverwritten,
        Self::SubresourceWildcard,
        Self::ResourceNameForm,
        Self::ResourceNotInGroup,
        Self::GroupForm,
        Self::VerbForm,
        Self::NamesWithCreate,
        Self::NamesWithList,
        Self::NamesWithoutEffect,
        Self::UrlForm,
        Self::UrlWithoutParent,
        Self::UrlsWithoutEffect,
        Self::ClusterScopedInNamespace,
        Self::NotChecked,
    ];

    /// Returns the name, such as `dangling-role-ref`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        catalog::entry(self).name
    }

    /// Returns the usual severity: the severity of a permission in the whole cluster.
    ///
    /// A finding can have another severity, for example if the permission holds in one namespace only.
    #[must_use]
    pub const fn severity(self) -> Severity {
        catalog::entry(self).severity
    }

    /// Returns why such a finding matters, in one sentence.
    #[must_use]
    pub const fn why(self) -> &'static str {
        catalog::entry(self).why
    }

    /// Returns how to resolve such a finding, in one sentence.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        catalog::entry(self).advice
    }
}

impl Display for FindingCode {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for FindingCode {
    type Err = ParseFindingCodeError;

    /// Parses a name, such as `dangling-role-ref`.
    fn from_str(name: &str) -> Result<Self, ParseFindingCodeError> {
        let mut all = Self::ALL.iter().copied();
        all.find(|one| one.as_str() == name)
            .ok_or(ParseFindingCodeError)
    }
}

impl<'de> Deserialize<'de> for FindingCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
