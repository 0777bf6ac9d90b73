//! All callers and users, and all requests about them.

use k8s_rbac::{Request, ResourceRequest, User};
use serde_json::{Value, json};

use super::{ACCOUNT, ROLES, USERS};

/// The sessions that are tried. The first session stands for any session.
pub(crate) const SESSIONS: [&str; 5] = ["SESSION", "alice", "bob", "a@b", "unmapped"];
const VERBS: [&str; 4] = ["get", "list", "delete", "watch"];
const RESOURCES: [&str; 3] = ["pods", "secrets", "configmaps"];
/// A resource of another API group. Only access policies and rules for everything allow it, so a caller who
/// loses an access policy may lose nothing else.
const OF_OTHER_GROUP: &str = "deployments.apps";
/// `None` stands for the cluster, or every namespace.
const NAMESPACES: [Option<&str>; 4] = [Some("dev"), Some("prod"), Some("other"), None];
const PATHS: [&str; 2] = ["/metrics", "/healthz"];

/// A caller of AWS.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    Session(&'static str, &'static str),
    User(&'static str),
}

impl Caller {
    pub(crate) fn all() -> Vec<Self> {
        let sessions = ROLES
            .into_iter()
            .flat_map(|role| SESSIONS.map(|session| Self::Session(role, session)));
        sessions.chain(USERS.map(Self::User)).collect()
    }

    pub(crate) fn arn(self) -> String {
        match self {
            Self::Session(role, session) => {
                format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}")
            }
            Self::User(name) => format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        }
    }

    pub(crate) fn principal(self) -> String {
        match self {
            Self::Session(role, _) => format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
            Self::User(_) => self.arn(),
        }
    }

    pub(crate) fn id(self) -> String {
        match self {
            Self::Session(_, session) => format!("AROAEXAMPLE:{session}"),
            Self::User(_) => "AIDAEXAMPLE".to_owned(),
        }
    }

    pub(super) const fn name(self) -> (bool, &'static str) {
        match self {
            Self::Session(role, _) => (false, role),
            Self::User(name) => (true, name),
        }
    }
}

/// A request to ask about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Resource(&'static str, &'static str, Option<&'static str>),
    Path(&'static str),
}

impl Asked {
    pub(crate) fn all() -> Vec<Self> {
        let mut all = PATHS.map(Self::Path).to_vec();
        for verb in VERBS {
            for resource in RESOURCES.into_iter().chain([OF_OTHER_GROUP]) {
                all.extend(NAMESPACES.map(|name| Self::Resource(verb, resource, name)));
            }
        }
        all
    }

    /// The request in the words of `kubectl auth can-i`.
    pub(crate) fn line(self) -> String {
        match self {
            Self::Resource(verb, resource, Some(name)) => format!("{verb} {resource} -n {name}"),
            Self::Resource(verb, resource, None) => format!("{verb} {resource} -A"),
            Self::Path(path) => format!("get {path}"),
        }
    }

    pub(crate) fn request(self) -> Request<'static> {
        match self {
            Self::Resource(verb, resource, namespace) => {
                let (resource, group) = of_group(resource);
                let request = ResourceRequest::new(verb, group, resource);
                match namespace {
                    Some(name) => request.in_namespace(name).into(),
                    None => request.into(),
                }
            }
            Self::Path(path) => Request::path("get", path),
        }
    }

    /// The attributes of the request, in the form of the RBAC oracle.
    pub(crate) fn attributes(self, user: &User) -> Value {
        let mut attributes = json!({"user": user.name, "groups": user.groups});
        let more = match self {
            Self::Resource(verb, resource, namespace) => {
                let (resource, group) = of_group(resource);
                json!({"resourceRequest": true, "verb": verb, "apiGroup": group,
                "resource": resource, "namespace": namespace.unwrap_or_default()})
            }
            Self::Path(path) => json!({"resourceRequest": false, "verb": "get", "path": path}),
        };
        let (to, from) = (attributes.as_object_mut(), more.as_object());
        to.unwrap().extend(from.unwrap().clone());
        attributes
    }
}

/// Splits `deployments.apps` into the resource and its API group, which is empty for `pods`.
fn of_group(resource: &'static str) -> (&'static str, &'static str) {
    resource.split_once('.').unwrap_or((resource, ""))
}
