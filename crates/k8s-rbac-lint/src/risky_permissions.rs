//! Permissions from which more can be made, as a table.
//!
//! What is in it: Kubernetes' own list (its documentation, "Role Based Access Control Good
//! Practices", privilege escalation risks), and what tools of this kind agree on.

use crate::finding_code::FindingCode;
use k8s_rbac::PolicyRule;

/// A permission from which more can be made.
pub(crate) struct RiskyPermission {
    pub(crate) code: FindingCode,
    group: &'static str,
    /// With their subresources.
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// The object names for which it is one, where a rule gives names; for others it is none.
    names: &'static [&'static str],
    /// What else it takes, if anything: verbs, group and resources of which one each is enough.
    needs: Option<Needs>,
}

struct Needs {
    verbs: &'static [&'static str],
    group: &'static str,
    resources: &'static [&'static str],
}

const CORE: &str = "";
const RBAC: &str = "rbac.authorization.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const READING: &[&str] = &["get", "list", "watch"];
const WRITING: &[&str] = &["create", "update", "patch"];
const CHANGING: &[&str] = &["update", "patch"];

const fn danger(
    code: FindingCode,
    verbs: &'static [&'static str],
    group: &'static str,
    resources: &'static [&'static str],
) -> RiskyPermission {
    RiskyPermission {
        code,
        group,
        resources,
        verbs,
        names: &[],
        needs: None,
    }
}

impl RiskyPermission {
    const fn even_named(mut self, names: &'static [&'static str]) -> Self {
        self.names = names;
        self
    }

    const fn together_with(
        mut self,
        verbs: &'static [&'static str],
        group: &'static str,
        resources: &'static [&'static str],
    ) -> Self {
        self.needs = Some(Needs {
            verbs,
            group,
            resources,
        });
        self
    }
}

pub(crate) const RISKY_PERMISSIONS: &[RiskyPermission] = &[
    danger(FindingCode::SecretsRead, READING, CORE, &["secrets"]),
    danger(FindingCode::SecretsWrite, WRITING, CORE, &["secrets"]),
    danger(FindingCode::AwsAuthWrite, CHANGING, CORE, &["configmaps"]).even_named(&["aws-auth"]),
    // Upstream asks for escalate when a role is written, so that it takes both.
    danger(
        FindingCode::EscalateVerb,
        &["escalate"],
        RBAC,
        &["roles", "clusterroles"],
    )
    .even_named(&["cluster-admin", "admin", "edit", "view"])
    .together_with(WRITING, RBAC, &["roles", "clusterroles"]),
    danger(
        FindingCode::BindVerb,
        &["bind"],
        RBAC,
        &["roles", "clusterroles"],
    )
    .even_named(&["cluster-admin"])
    .together_with(WRITING, RBAC, &["rolebindings", "clusterrolebindings"]),
    danger(
        FindingCode::Impersonate,
        &["impersonate"],
        CORE,
        &["users", "groups", "serviceaccounts"],
    )
    .even_named(&["system:masters"]),
    // The verbs of constrained impersonation, which 1.36 has by default.
    danger(
        FindingCode::Impersonate,
        &[
            "impersonate",
            "impersonate:arbitrary-node",
            "impersonate:serviceaccount",
            "impersonate:user-info",
        ],
        "authentication.k8s.io",
        &["users", "groups", "serviceaccounts"],
    ),
    danger(
        FindingCode::TokenCreate,
        &["create"],
        CORE,
        &["serviceaccounts/token"],
    ),
    danger(
        FindingCode::PodExec,
        &["get", "create"],
        CORE,
        &["pods/exec", "pods/attach"],
    ),
    danger(
        FindingCode::PodExec,
        CHANGING,
        CORE,
        &["pods/ephemeralcontainers"],
    ),
    danger(
        FindingCode::WorkloadCreate,
        WRITING,
        CORE,
        &["replicationcontrollers"],
    ),
    danger(FindingCode::WorkloadCreate, &["create"], CORE, &["pods"]),
    danger(
        FindingCode::WorkloadCreate,
        WRITING,
        "apps",
        &["daemonsets", "deployments", "replicasets", "statefulsets"],
    ),
    danger(
        FindingCode::WorkloadCreate,
        WRITING,
        "batch",
        &["cronjobs", "jobs"],
    ),
    danger(
        FindingCode::NodesProxy,
        &["get", "create", "update", "patch", "delete"],
        CORE,
        &["nodes/proxy"],
    ),
    danger(
        FindingCode::CsrApproval,
        CHANGING,
        CERTIFICATES,
        &["certificatesigningrequests/approval"],
    )
    .together_with(&["approve"], CERTIFICATES, &["signers"]),
    danger(
        FindingCode::CsrApproval,
        &["sign"],
        CERTIFICATES,
        &["signers"],
    )
    .even_named(&["kubernetes.io/*", "kubernetes.io/kube-apiserver-client"])
    .together_with(
        CHANGING,
        CERTIFICATES,
        &["certificatesigningrequests/status"],
    ),
    danger(
        FindingCode::WebhookWrite,
        WRITING,
        "admissionregistration.k8s.io",
        &[
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ],
    ),
    danger(
        FindingCode::ApiServiceWrite,
        WRITING,
        "apiregistration.k8s.io",
        &["apiservices"],
    ),
    danger(
        FindingCode::PersistentVolumeCreate,
        &["create"],
        CORE,
        &["persistentvolumes"],
    ),
    danger(FindingCode::NamespaceWrite, CHANGING, CORE, &["namespaces"]),
];

/// How a rule gives a dangerous permission.
pub(crate) struct Given<'r> {
    /// The verbs of it that the rule gives, or `*`.
    pub(crate) verbs: Vec<&'r str>,
    /// The resources of it that the rule names, as it names them; none if it names all.
    pub(crate) resources: Vec<&'r str>,
    /// Whether the role gives what else it takes.
    pub(crate) is_complete: bool,
}

impl RiskyPermission {
    /// Says how a rule gives this permission, if it does.
    pub(crate) fn given_by<'r>(&self, rule: &'r PolicyRule, met: &Met) -> Option<Given<'r>> {
        let is_named = |names: &[String]| {
            names.is_empty() || names.iter().any(|name| self.names.contains(&name.as_str()))
        };
        if !rule.allows_group(self.group) || !is_named(&rule.resource_names) {
            return None;
        }
        let verbs = entries(&rule.verbs, |entry| {
            entry == "*" || self.verbs.contains(&entry)
        });
        let resources = entries(&rule.resources, |entry| {
            self.resources.iter().any(|known| is_resource(entry, known))
        });
        let is_any = rule.resources.iter().any(|entry| entry == "*");
        if verbs.is_empty() || (resources.is_empty() && !is_any) {
            return None;
        }
        Some(Given {
            verbs,
            resources,
            is_complete: self.needs.is_none() || met.0.contains(&self.code),
        })
    }
}

/// The codes of which a role gives what else it takes.
pub(crate) struct Met(Vec<FindingCode>);

impl Met {
    pub(crate) fn of(role: &[PolicyRule]) -> Self {
        let are_met = |danger: &&RiskyPermission| {
            let needs = danger.needs.as_ref();
            needs.is_some_and(|needs| role.iter().any(|rule| needs.are_in(rule)))
        };
        Self(
            RISKY_PERMISSIONS
                .iter()
                .filter(are_met)
                .map(|danger| danger.code)
                .collect(),
        )
    }
}

impl Needs {
    fn are_in(&self, rule: &PolicyRule) -> bool {
        let has_resource = |entry: &String| {
            entry == "*" || self.resources.iter().any(|known| is_resource(entry, known))
        };
        rule.allows_group(self.group)
            && self.verbs.iter().any(|verb| rule.allows_verb(verb))
            && rule.resources.iter().any(has_resource)
    }
}

/// Returns the entries of a list that fit, each once; only the star, if it is among them.
fn entries(list: &[String], fits: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for entry in list.iter().map(String::as_str).filter(|entry| fits(entry)) {
        if entry == "*" {
            return vec![entry];
        }
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// Says whether an entry names a resource: as it is, or its subresource of every resource.
fn is_resource(entry: &str, resource: &str) -> bool {
    entry == resource
        || entry.strip_prefix("*/").is_some_and(|of_any| {
            resource
                .split_once('/')
                .is_some_and(|(_, subresource)| subresource == of_any)
        })
}
