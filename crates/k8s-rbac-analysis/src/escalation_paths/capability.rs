//! The permissions that let somebody be more than he is.

use std::collections::HashMap;

use k8s_rbac::{API_GROUP, PolicyRule, ResourceRequest};

/// What a permission is good for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum CapabilityKind {
    ApproveCertificate,
    ApproveSigner,
    BindClusterRoles,
    BindRoles,
    CreateCertificate,
    CreateClusterRoles,
    CreateRoles,
    EditConfigMaps,
    EnterPods,
    EnterNodes,
    EscalateClusterRoles,
    EscalateRoles,
    Everything,
    ImpersonateAccounts,
    ImpersonateExtra,
    ImpersonateGroups,
    ImpersonateUsers,
    ReadSecrets,
    ReadSecretsByName,
    RunPods,
    Token,
    UpdateClusterRoles,
    UpdateRoles,
    WriteClusterRoleBindings,
    WriteRoleBindings,
}

impl CapabilityKind {
    /// Says whether it is of use together with another.
    pub(super) const fn is_part(self) -> bool {
        match self {
            Self::ApproveCertificate
            | Self::ApproveSigner
            | Self::BindClusterRoles
            | Self::BindRoles
            | Self::CreateCertificate
            | Self::CreateClusterRoles
            | Self::CreateRoles
            | Self::EscalateClusterRoles
            | Self::EscalateRoles
            | Self::ImpersonateAccounts
            | Self::ImpersonateExtra
            | Self::ImpersonateGroups
            | Self::ImpersonateUsers
            | Self::UpdateClusterRoles
            | Self::UpdateRoles
            | Self::WriteClusterRoleBindings
            | Self::WriteRoleBindings => true,
            Self::EditConfigMaps
            | Self::EnterNodes
            | Self::EnterPods
            | Self::Everything
            | Self::ReadSecrets
            | Self::ReadSecretsByName
            | Self::RunPods
            | Self::Token => false,
        }
    }

    /// Says whether it is of use only where there are pods, Secrets or a `ConfigMap` already.
    pub(super) const fn takes_objects(self) -> bool {
        matches!(
            self,
            Self::EditConfigMaps
                | Self::EnterNodes
                | Self::EnterPods
                | Self::ReadSecrets
                | Self::ReadSecretsByName
        )
    }
}

/// A permission of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capability<'p> {
    pub(super) kind: CapabilityKind,
    /// The resource that it is about, with its subresource.
    pub(super) resource: &'static str,
    pub(super) rule: &'p PolicyRule,
}

impl<'p> Capability<'p> {
    /// Returns the names that it is limited to; none if it is not.
    pub(super) fn names(&self) -> Option<&'p [String]> {
        let names = self.rule.resource_names.as_slice();
        (!names.is_empty()).then_some(names)
    }
}

/// The permissions of each role, by where its rules are kept: many bindings give one role.
#[derive(Debug, Default)]
pub(super) struct Capabilities<'p>(HashMap<(*const PolicyRule, usize), Vec<Capability<'p>>>);

impl<'p> Capabilities<'p> {
    pub(super) fn of(&mut self, rules: &'p [PolicyRule]) -> &[Capability<'p>] {
        let powers = self.0.entry((rules.as_ptr(), rules.len()));
        powers.or_insert_with(|| rules.iter().flat_map(powers_of).collect())
    }

    /// Says whether rules allow all verbs on all resources.
    pub(super) fn are_everything(&mut self, rules: &'p [PolicyRule]) -> bool {
        self.of(rules)
            .iter()
            .any(|power| power.kind == CapabilityKind::Everything)
    }
}

fn powers_of(rule: &PolicyRule) -> impl Iterator<Item = Capability<'_>> {
    PATTERNS.iter().filter_map(|pattern| {
        let (kind, verbs, group, resource, names) = *pattern;
        let has_verb = verbs.iter().any(|verb| rule.allows_verb(verb));
        let has_resource = match kind {
            // The key of an extra is its subresource.
            CapabilityKind::ImpersonateExtra => {
                let mut resources = rule.resources.iter();
                resources.any(|entry| entry.starts_with(resource))
            }
            _ => {
                let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
                let request = ResourceRequest::new("", group, resource);
                rule.allows_resource(&request.with_subresource(subresource))
            }
        };
        let is_named = match names {
            Names::Any => true,
            Names::Every => rule.resource_names.is_empty(),
            Names::None => rule.allows_name(None),
        };
        let is_there = has_verb && rule.allows_group(group) && has_resource && is_named;
        is_there.then_some(Capability {
            kind,
            resource,
            rule,
        })
    })
}

/// The beginning of the resource of an extra, before its key.
pub(super) const EXTRAS: &str = "userextras/";

/// Which names a permission has to be for.
#[derive(Clone, Copy)]
enum Names {
    /// Any: for which, each step looks at for itself, or it does not matter.
    Any,
    /// Every name.
    Every,
    /// None, as that of an object that is created is not known.
    None,
}

/// CapabilityKind, verbs of which one is enough, API group, resource, names.
type Pattern = (
    CapabilityKind,
    &'static [&'static str],
    &'static str,
    &'static str,
    Names,
);

const CERTIFICATES: &str = "certificates.k8s.io";
const REQUESTS: &str = "certificatesigningrequests";
const APPROVALS: &str = "certificatesigningrequests/approval";

const ALL: &[&str] = &["*"];
const CHANGE: &[&str] = &["patch", "update"];
const CREATE: &[&str] = &["create"];
// WebSockets are asked for with GET, SPDY with POST.
const ENTER: &[&str] = &["create", "get"];
const IMPERSONATE: &[&str] = &["impersonate"];
const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "patch", "update"];

const PATTERNS: &[Pattern] = &[
    (CapabilityKind::Everything, ALL, "*", "*", Names::Every),
    (
        CapabilityKind::ImpersonateUsers,
        IMPERSONATE,
        "",
        "users",
        Names::Any,
    ),
    (
        CapabilityKind::ImpersonateGroups,
        IMPERSONATE,
        "",
        "groups",
        Names::Any,
    ),
    (
        CapabilityKind::ImpersonateAccounts,
        IMPERSONATE,
        "",
        "serviceaccounts",
        Names::Any,
    ),
    (
        CapabilityKind::ImpersonateExtra,
        IMPERSONATE,
        "authentication.k8s.io",
        EXTRAS,
        Names::Any,
    ),
    (
        CapabilityKind::Token,
        CREATE,
        "",
        "serviceaccounts/token",
        Names::Any,
    ),
    (CapabilityKind::RunPods, CREATE, "", "pods", Names::None),
    (
        CapabilityKind::RunPods,
        CREATE,
        "apps",
        "deployments",
        Names::None,
    ),
    (
        CapabilityKind::RunPods,
        CHANGE,
        "apps",
        "deployments",
        Names::Any,
    ),
    (
        CapabilityKind::RunPods,
        CREATE,
        "apps",
        "daemonsets",
        Names::None,
    ),
    (
        CapabilityKind::RunPods,
        CHANGE,
        "apps",
        "daemonsets",
        Names::Any,
    ),
    (
        CapabilityKind::RunPods,
        CREATE,
        "apps",
        "statefulsets",
        Names::None,
    ),
    (
        CapabilityKind::RunPods,
        CHANGE,
        "apps",
        "statefulsets",
        Names::Any,
    ),
    (
        CapabilityKind::RunPods,
        CREATE,
        "apps",
        "replicasets",
        Names::None,
    ),
    (
        CapabilityKind::RunPods,
        CHANGE,
        "apps",
        "replicasets",
        Names::Any,
    ),
    (
        CapabilityKind::RunPods,
        CREATE,
        "",
        "replicationcontrollers",
        Names::None,
    ),
    (
        CapabilityKind::RunPods,
        CHANGE,
        "",
        "replicationcontrollers",
        Names::Any,
    ),
    // The template of a Job cannot be changed.
    (
        CapabilityKind::RunPods,
        CREATE,
        "batch",
        "jobs",
        Names::None,
    ),
    (
        CapabilityKind::RunPods,
        CREATE,
        "batch",
        "cronjobs",
        Names::None,
    ),
    (
        CapabilityKind::RunPods,
        CHANGE,
        "batch",
        "cronjobs",
        Names::Any,
    ),
    (
        CapabilityKind::EnterPods,
        ENTER,
        "",
        "pods/exec",
        Names::Any,
    ),
    (
        CapabilityKind::EnterPods,
        ENTER,
        "",
        "pods/attach",
        Names::Any,
    ),
    (
        CapabilityKind::EnterPods,
        CHANGE,
        "",
        "pods/ephemeralcontainers",
        Names::Any,
    ),
    (
        CapabilityKind::EnterNodes,
        ENTER,
        "",
        "nodes/proxy",
        Names::Any,
    ),
    (
        CapabilityKind::ReadSecrets,
        READ,
        "",
        "secrets",
        Names::None,
    ),
    (
        CapabilityKind::ReadSecretsByName,
        READ,
        "",
        "secrets",
        Names::Any,
    ),
    (
        CapabilityKind::EditConfigMaps,
        CHANGE,
        "",
        "configmaps",
        Names::Any,
    ),
    (
        CapabilityKind::CreateCertificate,
        CREATE,
        CERTIFICATES,
        REQUESTS,
        Names::None,
    ),
    (
        CapabilityKind::ApproveCertificate,
        CHANGE,
        CERTIFICATES,
        APPROVALS,
        Names::Any,
    ),
    (
        CapabilityKind::ApproveSigner,
        &["approve"],
        CERTIFICATES,
        "signers",
        Names::Any,
    ),
    (
        CapabilityKind::BindClusterRoles,
        &["bind"],
        API_GROUP,
        "clusterroles",
        Names::Any,
    ),
    (
        CapabilityKind::BindRoles,
        &["bind"],
        API_GROUP,
        "roles",
        Names::Any,
    ),
    (
        CapabilityKind::WriteClusterRoleBindings,
        WRITE,
        API_GROUP,
        "clusterrolebindings",
        Names::Any,
    ),
    (
        CapabilityKind::WriteRoleBindings,
        WRITE,
        API_GROUP,
        "rolebindings",
        Names::Any,
    ),
    (
        CapabilityKind::EscalateClusterRoles,
        &["escalate"],
        API_GROUP,
        "clusterroles",
        Names::Any,
    ),
    (
        CapabilityKind::EscalateRoles,
        &["escalate"],
        API_GROUP,
        "roles",
        Names::Any,
    ),
    (
        CapabilityKind::UpdateClusterRoles,
        CHANGE,
        API_GROUP,
        "clusterroles",
        Names::Any,
    ),
    (
        CapabilityKind::UpdateRoles,
        CHANGE,
        API_GROUP,
        "roles",
        Names::Any,
    ),
    (
        CapabilityKind::CreateClusterRoles,
        CREATE,
        API_GROUP,
        "clusterroles",
        Names::None,
    ),
    (
        CapabilityKind::CreateRoles,
        CREATE,
        API_GROUP,
        "roles",
        Names::None,
    ),
];
