//! The power of a set of permissions, on one scale.

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{PolicyRule, Request, ResourceRequest};
use serde::{Serialize, Serializer};

use crate::cluster::Cluster;
use crate::resolved::Resolved;

/// The power of permissions, in ascending order. Questions that [`Cluster::can`] answers decide
/// each level, for the whole cluster or for one namespace.
///
/// A rule for objects with certain names is [`Read`](Self::Read) or [`Write`](Self::Write), for any
/// objects.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AccessLevel {
    /// No permission.
    None,
    /// Unknown: there are access policies that are not known, and no other permissions.
    Unknown,
    /// To read objects, other than all Secrets.
    Read,
    /// To change objects, or any verb other than `get`, `list` and `watch`.
    Write,
    /// To read Secrets, which hold credentials.
    Secrets,
    /// To run containers, or to act as a service account, with its permissions.
    Workloads,
    /// To get permissions that the user does not have, or to act as another user or group.
    Escalate,
    /// Every verb on every resource.
    Full,
}

/// A question that decides a level.
struct Asked {
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
}

const fn ask(verb: &'static str, group: &'static str, resource: &'static str) -> Asked {
    Asked {
        verb,
        group,
        resource,
        subresource: "",
    }
}

const fn ask_sub(verb: &'static str, resource: &'static str, subresource: &'static str) -> Asked {
    Asked {
        verb,
        group: "",
        resource,
        subresource,
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

const FULL: &[Asked] = &[ask("*", "*", "*")];

/// Source: Kubernetes documentation, "Role Based Access Control Good Practices", the privilege escalation
/// risks of the verbs `escalate`, `bind` and `impersonate`, of CSRs and of admission webhooks.
const ESCALATE: &[Asked] = &[
    ask("escalate", RBAC, "clusterroles"),
    ask("escalate", RBAC, "roles"),
    ask("bind", RBAC, "clusterroles"),
    ask("bind", RBAC, "roles"),
    ask("impersonate", "", "users"),
    ask("impersonate", "", "groups"),
    ask("approve", "certificates.k8s.io", "signers"),
    ask(
        "create",
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
    ),
    ask(
        "update",
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
    ),
    ask(
        "patch",
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
    ),
];

/// Source: as before, "Workload creation", "Persistent volume creation", "Access to `proxy` subresource of
/// Nodes" and "Token request".
const WORKLOADS: &[Asked] = &[
    ask("create", "", "pods"),
    ask("create", "apps", "deployments"),
    ask("create", "apps", "daemonsets"),
    ask("create", "apps", "statefulsets"),
    ask("create", "apps", "replicasets"),
    ask("create", "", "replicationcontrollers"),
    ask("create", "batch", "jobs"),
    ask("create", "batch", "cronjobs"),
    ask_sub("create", "pods", "exec"),
    ask_sub("get", "pods", "exec"),
    ask_sub("patch", "pods", "ephemeralcontainers"),
    ask_sub("update", "pods", "ephemeralcontainers"),
    ask_sub("create", "serviceaccounts", "token"),
    ask("impersonate", "", "serviceaccounts"),
    ask_sub("create", "nodes", "proxy"),
    ask_sub("get", "nodes", "proxy"),
    ask("create", "", "persistentvolumes"),
];

const SECRETS: &[Asked] = &[
    ask("get", "", "secrets"),
    ask("list", "", "secrets"),
    ask("watch", "", "secrets"),
];

/// The levels that questions decide, the greatest first.
const ASKED: [(AccessLevel, &[Asked]); 4] = [
    (AccessLevel::Full, FULL),
    (AccessLevel::Escalate, ESCALATE),
    (AccessLevel::Workloads, WORKLOADS),
    (AccessLevel::Secrets, SECRETS),
];

impl Asked {
    const fn request<'n>(&self, namespace: Option<&'n str>) -> ResourceRequest<'n> {
        let request = ResourceRequest::new(self.verb, self.group, self.resource)
            .with_subresource(self.subresource);
        match namespace {
            Some(namespace) => request.in_namespace(namespace),
            None => request,
        }
    }
}

impl AccessLevel {
    /// All levels, in ascending order.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Unknown,
        Self::Read,
        Self::Write,
        Self::Secrets,
        Self::Workloads,
        Self::Escalate,
        Self::Full,
    ];

    /// Returns a stable code in kebab case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unknown => "unknown",
            Self::Read => "read",
            Self::Write => "write",
            Self::Secrets => "secrets",
            Self::Workloads => "workloads",
            Self::Escalate => "escalate",
            Self::Full => "full",
        }
    }

    /// Returns the letter that stands for the level in a matrix.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::None => "–",
            Self::Unknown => "?",
            Self::Read => "R",
            Self::Write => "W",
            Self::Secrets => "S",
            Self::Workloads => "X",
            Self::Escalate => "E",
            Self::Full => "F",
        }
    }

    /// Returns the class of the level in the style sheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::None => "N",
            Self::Unknown => "Q",
            level => level.letter(),
        }
    }

    /// Returns the level in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::None => "No permissions",
            Self::Unknown => "Not known",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Secrets => "Read Secrets",
            Self::Workloads => "Run workloads",
            Self::Escalate => "Escalate",
            Self::Full => "Full control",
        }
    }

    /// Returns the meaning of the level, in one sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::None => "No permissions beyond those of every authenticated user.",
            Self::Unknown => "The access policies are not known.",
            Self::Read => "Reads objects, but not all Secrets.",
            Self::Write => "Changes objects, or has another verb than get, list and watch.",
            Self::Secrets => "Reads Secrets, which hold credentials.",
            Self::Workloads => {
                "Runs containers or acts as a service account, and so gets the permissions of service accounts."
            }
            Self::Escalate => {
                "Can get more permissions: escalate, bind, impersonate, approve certificates, or change admission."
            }
            Self::Full => "Every verb on every resource.",
        }
    }

    /// Returns the level of a role, from its rules.
    pub(super) fn of_rules(rules: &[PolicyRule]) -> Self {
        let asked = ASKED.into_iter().find(|(_, questions)| {
            questions.iter().any(|question| {
                let request = Request::from(question.request(None));
                rules.iter().any(|rule| rule.allows(&request))
            })
        });
        let is_reading = |verb: &String| is_reading(verb);
        match asked {
            Some((level, _)) => level,
            None if rules.iter().all(|rule| rule.verbs.is_empty()) => Self::None,
            None if rules.iter().flat_map(|rule| &rule.verbs).all(is_reading) => Self::Read,
            None => Self::Write,
        }
    }
}

/// Returns whether a verb reads.
pub(super) fn is_reading(verb: &str) -> bool {
    matches!(verb, "get" | "list" | "watch")
}

impl Display for AccessLevel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AccessLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Cluster {
    /// Finds the greatest level that a question decides, with the first request that is allowed.
    pub(super) fn level_by_question<'n>(
        &self,
        resolved: &Resolved,
        namespace: Option<&'n str>,
    ) -> Option<(AccessLevel, Request<'n>)> {
        ASKED.into_iter().find_map(|(level, questions)| {
            let requests = questions
                .iter()
                .map(|question| Request::from(question.request(namespace)));
            let mut allowed =
                requests.filter(|request| self.decide(resolved, request).is_allowed());
            Some((level, allowed.next()?))
        })
    }
}
