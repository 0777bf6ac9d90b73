//! The permissions by which an identity obtains more permissions.

use k8s_rbac::{API_GROUP, PolicyRule, ResourceRequest};

use crate::escalation_paths::capability_kind::CapabilityKind;
use crate::escalation_paths::mode::Mode;

/// One capability that a rule of a role grants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capability<'p> {
    pub(super) kind: CapabilityKind,
    /// The resource with its subresource.
    pub(super) resource: &'static str,
    /// The `resourceNames` of the rule. Empty if the rule names no object, and so allows every
    /// object.
    pub(super) names: &'p [String],
    /// The index of the rule in its role.
    pub(super) rule: usize,
    /// The requests. `None` if a verb of the rule describes them.
    pattern: Option<&'static Pattern>,
}

impl Capability<'_> {
    /// Returns whether the capability applies to an object of this name.
    pub(super) fn allows_name(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|own| own == name)
    }
}

impl<'p> Capability<'p> {
    /// Lists the parts of the capability whose requests two rules allow: its own rule, and the rule that
    /// names the requests of a constrained impersonation.
    pub(super) fn constrained(
        &self,
        rule: &PolicyRule,
        mode: Mode,
        requests: &'p PolicyRule,
    ) -> Vec<Self> {
        let is_allowed = self
            .pattern
            .is_some_and(|pattern| pattern.is_allowed_in(mode, rule, requests));
        if !is_allowed {
            return Vec::new();
        }
        let named = |names| Self { names, ..*self };
        match (self.names, requests.resource_names.as_slice()) {
            (names, []) | ([], names) => vec![named(names)],
            (own, others) => own
                .iter()
                .filter(|name| others.contains(name))
                .map(|name| named(std::slice::from_ref(name)))
                .collect(),
        }
    }
}

/// Lists the capabilities that the rules of a role grant, on a cluster of Kubernetes 1.`minor`.
pub(super) fn capabilities(rules: &[PolicyRule], minor: u8) -> Vec<Capability<'_>> {
    let mut found = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let capability = |kind, resource, pattern| Capability {
            kind,
            resource,
            names: &rule.resource_names,
            rule: number,
            pattern,
        };
        let patterns = PATTERNS
            .iter()
            .filter(|pattern| pattern.matches(rule, minor));
        found.extend(
            patterns.map(|pattern| capability(pattern.kind, pattern.resource, Some(pattern))),
        );
        let modes = Mode::ALL.into_iter().filter(|mode| mode.is_served(minor));
        for mode in modes.filter(|mode| mode.is_named_by(rule)) {
            found.push(capability(CapabilityKind::ActInMode(mode), "", None));
        }
    }
    found
}

/// Lists the capabilities of all verbs on all resources of Kubernetes.
pub(super) fn all_capabilities<'p>() -> Vec<Capability<'p>> {
    let capability = |pattern: &'static Pattern| Capability {
        kind: pattern.kind,
        resource: pattern.resource,
        names: &[],
        rule: 0,
        pattern: Some(pattern),
    };
    let is_built_in = |pattern: &&Pattern| !pattern.kind.is_of_custom_resource();
    PATTERNS
        .iter()
        .filter(is_built_in)
        .map(capability)
        .collect()
}

/// The resource of an impersonated extra, up to its key.
pub(super) const EXTRAS: &str = "userextras/";

/// The objects that a rule must allow for a capability.
#[derive(Clone, Copy, Debug)]
enum Names {
    /// Any object: the step examines the names, or they do not matter.
    Any,
    /// Every object.
    Every,
    /// A request without a name, such as the creation of an object.
    Nameless,
}

/// The requests that a rule must allow for a capability.
#[derive(Clone, Copy, Debug)]
struct Pattern {
    kind: CapabilityKind,
    /// The verbs, one of which is enough.
    verbs: &'static [&'static str],
    group: &'static str,
    resource: &'static str,
    names: Names,
    /// The minor versions of Kubernetes 1 to which it applies: the first and the last.
    versions: (u8, u8),
}

impl Pattern {
    const fn new(
        kind: CapabilityKind,
        verbs: &'static [&'static str],
        group: &'static str,
        resource: &'static str,
        names: Names,
    ) -> Self {
        Self {
            kind,
            verbs,
            group,
            resource,
            names,
            versions: (0, u8::MAX),
        }
    }

    const fn since(mut self, minor: u8) -> Self {
        self.versions.0 = minor;
        self
    }

    const fn until(mut self, minor: u8) -> Self {
        self.versions.1 = minor;
        self
    }

    fn matches(&self, rule: &PolicyRule, minor: u8) -> bool {
        let (first, last) = self.versions;
        (first..=last).contains(&minor)
            && self.verbs.iter().any(|verb| rule.allows_verb(verb))
            && self.allows_objects(rule)
    }

    /// Returns whether a constrained impersonation may make a request that the rule of the other identity
    /// allows.
    fn is_allowed_in(&self, mode: Mode, rule: &PolicyRule, requests: &PolicyRule) -> bool {
        let mut verbs = self.verbs.iter();
        verbs.any(|verb| rule.allows_verb(verb) && mode.allows_verb(requests, verb))
            && self.allows_objects(requests)
    }

    fn allows_objects(&self, rule: &PolicyRule) -> bool {
        let has_resource = || match self.kind {
            // The key of an extra is its subresource.
            CapabilityKind::ImpersonateExtra => rule
                .resources
                .iter()
                .any(|entry| entry.starts_with(self.resource)),
            _ => {
                let (resource, subresource) =
                    self.resource.split_once('/').unwrap_or((self.resource, ""));
                let request = ResourceRequest::new("", self.group, resource);
                rule.allows_resource(&request.with_subresource(subresource))
            }
        };
        let has_names = || match self.names {
            Names::Any => true,
            Names::Every => rule.resource_names.is_empty(),
            Names::Nameless => rule.allows_name(None),
        };
        // Wildcards alone do not show that the cluster has a custom resource.
        let is_named = || {
            rule.api_groups.iter().any(|group| group == self.group)
                || rule.resources.iter().any(|entry| entry == self.resource)
        };
        rule.allows_group(self.group)
            && (!self.kind.is_of_custom_resource() || is_named())
            && has_resource()
            && has_names()
    }
}

/// The group of the EKS controller of ACK (AWS Controllers for Kubernetes).
const ACK: &str = "eks.services.k8s.aws";
const ADMISSION: &str = "admissionregistration.k8s.io";
/// The group of aws-iam-authenticator, whose objects it reads in the backend mode `CRD`.
const AUTHENTICATOR: &str = "iamauthenticator.k8s.aws";
const AUTHENTICATION: &str = "authentication.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

const CHANGE: &[&str] = &["patch", "update"];
const CREATE: &[&str] = &["create"];
const CREATE_OR_GET: &[&str] = &["create", "get"];
const IMPERSONATE: &[&str] = &["impersonate"];
/// The answer to a patch contains the object, even if the patch is empty.
const READ_OR_PATCH: &[&str] = &["get", "list", "patch", "watch"];

/// The first version in which exec and attach over `WebSockets`, which begin with a GET, need `create` as
/// well: the feature gate `AuthorizePodWebsocketUpgradeCreatePermission`.
const CREATE_FOR_EXEC: u8 = 35;
const GET_FOR_EXEC: u8 = 34;

/// The first version that serves `MutatingAdmissionPolicy` by default.
const MUTATING_POLICIES: u8 = 36;

#[rustfmt::skip]
const PATTERNS: &[Pattern] = {
    use CapabilityKind as Kind;
    use Names::{Any, Every, Nameless};
    &[
        Pattern::new(Kind::Everything, &["*"], "*", "*", Every),
        Pattern::new(Kind::ImpersonateUsers, IMPERSONATE, "", "users", Any),
        Pattern::new(Kind::ImpersonateGroups, IMPERSONATE, "", "groups", Any),
        Pattern::new(Kind::ImpersonateAccounts, IMPERSONATE, "", "serviceaccounts", Any),
        Pattern::new(Kind::ImpersonateExtra, IMPERSONATE, AUTHENTICATION, EXTRAS, Any),
        Pattern::new(Kind::ImpersonateInMode(Mode::UserInfo), &["impersonate:user-info"], AUTHENTICATION, "users", Any).since(Mode::SINCE),
        Pattern::new(Kind::ImpersonateGroupsInMode, &["impersonate:user-info"], AUTHENTICATION, "groups", Any).since(Mode::SINCE),
        Pattern::new(Kind::ImpersonateInMode(Mode::ServiceAccount), &["impersonate:serviceaccount"], AUTHENTICATION, "serviceaccounts", Any).since(Mode::SINCE),
        Pattern::new(Kind::ImpersonateInMode(Mode::ArbitraryNode), &["impersonate:arbitrary-node"], AUTHENTICATION, "nodes", Any).since(Mode::SINCE),
        Pattern::new(Kind::ImpersonateInMode(Mode::AssociatedNode), &["impersonate:associated-node"], AUTHENTICATION, "nodes", Any).since(Mode::SINCE),
        Pattern::new(Kind::Token, CREATE, "", "serviceaccounts/token", Any),
        Pattern::new(Kind::RunPods, CREATE, "", "pods", Nameless),
        Pattern::new(Kind::RunPods, CREATE, "apps", "deployments", Nameless),
        Pattern::new(Kind::RunPods, CHANGE, "apps", "deployments", Any),
        Pattern::new(Kind::RunPods, CREATE, "apps", "daemonsets", Nameless),
        Pattern::new(Kind::RunPods, CHANGE, "apps", "daemonsets", Any),
        Pattern::new(Kind::RunPods, CREATE, "apps", "statefulsets", Nameless),
        Pattern::new(Kind::RunPods, CHANGE, "apps", "statefulsets", Any),
        Pattern::new(Kind::RunPods, CREATE, "apps", "replicasets", Nameless),
        Pattern::new(Kind::RunPods, CHANGE, "apps", "replicasets", Any),
        Pattern::new(Kind::RunPods, CREATE, "", "replicationcontrollers", Nameless),
        Pattern::new(Kind::RunPods, CHANGE, "", "replicationcontrollers", Any),
        // The template of a Job is immutable.
        Pattern::new(Kind::RunPods, CREATE, "batch", "jobs", Nameless),
        Pattern::new(Kind::RunPods, CREATE, "batch", "cronjobs", Nameless),
        Pattern::new(Kind::RunPods, CHANGE, "batch", "cronjobs", Any),
        // WebSockets begin with a GET, SPDY with a POST.
        Pattern::new(Kind::EnterPods, CREATE_OR_GET, "", "pods/exec", Any).until(GET_FOR_EXEC),
        Pattern::new(Kind::EnterPods, CREATE, "", "pods/exec", Any).since(CREATE_FOR_EXEC),
        Pattern::new(Kind::EnterPods, CREATE_OR_GET, "", "pods/attach", Any).until(GET_FOR_EXEC),
        Pattern::new(Kind::EnterPods, CREATE, "", "pods/attach", Any).since(CREATE_FOR_EXEC),
        Pattern::new(Kind::EnterPods, CHANGE, "", "pods/ephemeralcontainers", Any),
        // The kubelet authorizes requests through the proxy by `nodes/proxy` alone.
        Pattern::new(Kind::EnterNodes, CREATE_OR_GET, "", "nodes/proxy", Any),
        // As upstream: pkg/apis/core/validation, ValidatePodUpdate lets images change.
        Pattern::new(Kind::ChangePods, CHANGE, "", "pods", Any),
        Pattern::new(Kind::ReadSecrets, READ_OR_PATCH, "", "secrets", Nameless),
        Pattern::new(Kind::ReadSecretsByName, READ_OR_PATCH, "", "secrets", Any),
        Pattern::new(Kind::CreateSecrets, CREATE, "", "secrets", Nameless),
        Pattern::new(Kind::EditConfigMaps, CHANGE, "", "configmaps", Any),
        Pattern::new(Kind::CreateConfigMaps, CREATE, "", "configmaps", Nameless),
        Pattern::new(Kind::DeleteConfigMaps, &["delete"], "", "configmaps", Any),
        Pattern::new(Kind::DeleteConfigMaps, &["deletecollection"], "", "configmaps", Nameless),
        Pattern::new(Kind::WriteIdentityMappings, CREATE, AUTHENTICATOR, "iamidentitymappings", Nameless),
        Pattern::new(Kind::WriteIdentityMappings, CHANGE, AUTHENTICATOR, "iamidentitymappings", Any),
        Pattern::new(Kind::WriteAccessEntries, CREATE, ACK, "accessentries", Nameless),
        Pattern::new(Kind::WriteAccessEntries, CHANGE, ACK, "accessentries", Any),
        Pattern::new(Kind::WriteNodes, CHANGE, "", "nodes", Any),
        Pattern::new(Kind::WriteNodes, CHANGE, "", "nodes/status", Any),
        Pattern::new(Kind::WriteMutatingWebhooks, CREATE, ADMISSION, "mutatingwebhookconfigurations", Nameless),
        Pattern::new(Kind::WriteMutatingWebhooks, CHANGE, ADMISSION, "mutatingwebhookconfigurations", Any),
        Pattern::new(Kind::ChangeMutatingPolicies, CHANGE, ADMISSION, "mutatingadmissionpolicies", Any).since(MUTATING_POLICIES),
        Pattern::new(Kind::CreateMutatingPolicies, CREATE, ADMISSION, "mutatingadmissionpolicies", Nameless).since(MUTATING_POLICIES),
        Pattern::new(Kind::WriteMutatingPolicyBindings, CREATE, ADMISSION, "mutatingadmissionpolicybindings", Nameless).since(MUTATING_POLICIES),
        Pattern::new(Kind::WriteMutatingPolicyBindings, CHANGE, ADMISSION, "mutatingadmissionpolicybindings", Any).since(MUTATING_POLICIES),
        Pattern::new(Kind::CreateCertificate, CREATE, CERTIFICATES, "certificatesigningrequests", Nameless),
        Pattern::new(Kind::ApproveCertificate, CHANGE, CERTIFICATES, "certificatesigningrequests/approval", Any),
        Pattern::new(Kind::ApproveSigner, &["approve"], CERTIFICATES, "signers", Any),
        Pattern::new(Kind::BindClusterRoles, &["bind"], API_GROUP, "clusterroles", Any),
        Pattern::new(Kind::BindRoles, &["bind"], API_GROUP, "roles", Any),
        Pattern::new(Kind::WriteClusterRoleBindings, CREATE, API_GROUP, "clusterrolebindings", Nameless),
        Pattern::new(Kind::WriteClusterRoleBindings, CHANGE, API_GROUP, "clusterrolebindings", Any),
        Pattern::new(Kind::WriteRoleBindings, CREATE, API_GROUP, "rolebindings", Nameless),
        Pattern::new(Kind::WriteRoleBindings, CHANGE, API_GROUP, "rolebindings", Any),
        Pattern::new(Kind::EscalateClusterRoles, &["escalate"], API_GROUP, "clusterroles", Any),
        Pattern::new(Kind::EscalateRoles, &["escalate"], API_GROUP, "roles", Any),
        Pattern::new(Kind::UpdateClusterRoles, CHANGE, API_GROUP, "clusterroles", Any),
        Pattern::new(Kind::UpdateRoles, CHANGE, API_GROUP, "roles", Any),
        Pattern::new(Kind::CreateClusterRoles, CREATE, API_GROUP, "clusterroles", Nameless),
        Pattern::new(Kind::CreateRoles, CREATE, API_GROUP, "roles", Nameless),
    ]
};
