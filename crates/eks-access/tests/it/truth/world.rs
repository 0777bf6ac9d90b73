//! Generated clusters: a mapping of every source and mode, roles and bindings, and everyone who may ask.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use aws_auth_map::{
    AccessScope, AuthenticationMode, Backend, BackendKind, IdentityMap, PolicyTable, Reader,
    Resolution,
};
use eks_access::{Document, Options};
use iam_principal::Identity;
use k8s_rbac::{Policy, Request, ResourceRequest, User};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const ROLES: [&str; 4] = ["r0", "r1", "r2", "r3"];
/// The sessions that are tried. The first is the one that stands for any.
pub(crate) const SESSIONS: [&str; 5] = ["SESSION", "alice", "bob", "a@b", "unmapped"];
pub(crate) const USERS: [&str; 2] = ["dev", "ops"];
const USERNAMES: [&str; 4] = ["alice", "bob", "{{SessionName}}", "u:{{SessionName}}"];
const GROUPS: [&str; 4] = ["g1", "g2", "t:{{SessionName}}", "system:masters"];
const POLICIES: [&str; 2] = ["AmazonEKSViewPolicy", "AmazonEKSClusterAdminPolicy"];
const VERBS: [&str; 4] = ["get", "list", "delete", "watch"];
const RESOURCES: [&str; 3] = ["pods", "secrets", "configmaps"];
/// A resource of another API group. Only access policies and rules for everything allow it, so a caller who
/// loses an access policy may lose nothing else.
const OF_OTHER_GROUP: &str = "deployments.apps";
/// `None` stands for the cluster, or every namespace.
const NAMESPACES: [Option<&str>; 4] = [Some("dev"), Some("prod"), Some("other"), None];
const PATHS: [&str; 2] = ["/metrics", "/healthz"];

/// The format that a mapping is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    ConfigMap,
    /// The output of `eksctl get iamidentitymapping`.
    List,
    /// A `ClusterConfig` of eksctl.
    Eksctl,
    /// `IAMIdentityMapping` objects.
    Objects,
    /// The configuration of aws-iam-authenticator.
    Mounted,
    /// The dynamic file of aws-iam-authenticator.
    Dynamic,
}

const FORMATS: [Format; 6] = [
    Format::ConfigMap,
    Format::List,
    Format::Eksctl,
    Format::Objects,
    Format::Mounted,
    Format::Dynamic,
];

/// A rule for a role or a user, or an access entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mapped {
    pub(crate) is_user: bool,
    pub(crate) name: &'static str,
    pub(crate) username: &'static str,
    pub(crate) groups: Vec<&'static str>,
    pub(crate) policy: Option<(&'static str, Option<&'static str>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) format: Format,
    pub(crate) rules: Vec<Mapped>,
    pub(crate) has_account: bool,
    pub(crate) entries: Vec<Mapped>,
    pub(crate) mode: AuthenticationMode,
    pub(crate) roles: Vec<Value>,
    pub(crate) bindings: Vec<Value>,
}

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

    const fn name(self) -> (bool, &'static str) {
        match self {
            Self::Session(role, _) => (false, role),
            Self::User(name) => (true, name),
        }
    }
}

/// Something to ask for.
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

    /// The words of `kubectl auth can-i`.
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

    /// The attributes of the request, as the RBAC oracle takes them.
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

fn mapped(usernames: &'static [&'static str]) -> impl Strategy<Value = Mapped> {
    let policy = (
        select(&POLICIES[..]),
        option::of(select(&["dev", "prod"][..])),
    );
    (
        prop_oneof![
            4 => select(&ROLES[..]).prop_map(|name| (false, name)),
            1 => select(&USERS[..]).prop_map(|name| (true, name)),
        ],
        select(usernames),
        subsequence(GROUPS.to_vec(), 0..=2),
        option::of(policy),
    )
        .prop_map(|((is_user, name), username, groups, policy)| Mapped {
            is_user,
            name,
            // A user of IAM has no session.
            username: if is_user { "alice" } else { username },
            groups: match is_user {
                true => groups
                    .into_iter()
                    .filter(|one| !one.contains('{'))
                    .collect(),
                false => groups,
            },
            policy,
        })
}

fn role() -> impl Strategy<Value = (bool, Value)> {
    let rule = prop_oneof![
        5 => (
            subsequence(vec!["get", "list", "delete", "*"], 1..=2),
            subsequence(vec!["pods", "secrets", "*"], 1..=2),
        )
            .prop_map(|(verbs, resources)| json!({"apiGroups": [""], "verbs": verbs, "resources": resources})),
        1 => Just(json!({"verbs": ["get"], "nonResourceURLs": ["/metrics"]})),
    ];
    (any::<bool>(), vec(rule, 1..3)).prop_map(|(is_namespaced, rules)| {
        let of_paths = |rule: &Value| rule.get("nonResourceURLs").is_some();
        let is_namespaced = is_namespaced && !rules.iter().any(of_paths);
        (is_namespaced, json!(rules))
    })
}

fn binding() -> impl Strategy<Value = (Option<&'static str>, usize, &'static str, &'static str)> {
    let subject = select(
        &[
            ("Group", "g1"),
            ("Group", "g2"),
            ("Group", "t:alice"),
            ("Group", "t:a-b"),
            ("Group", "system:authenticated"),
            ("User", "alice"),
            ("User", "bob"),
            ("User", "u:bob"),
            ("User", "a-b"),
            ("User", "arn:aws:iam::111122223333:user/dev"),
            ("User", "unmapped"),
        ][..],
    );
    (
        option::of(select(&["dev", "prod"][..])),
        0..3_usize,
        subject,
    )
        .prop_map(|(namespace, role, (kind, name))| (namespace, role, kind, name))
}

const API: &str = "rbac.authorization.k8s.io";

fn object(kind: &str, namespace: Option<&str>, name: &str) -> Value {
    let metadata = match namespace {
        Some(namespace) => json!({"name": name, "namespace": namespace}),
        None => json!({ "name": name }),
    };
    json!({"apiVersion": format!("{API}/v1"), "kind": kind, "metadata": metadata})
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    (
        select(&FORMATS[..]),
        vec(mapped(&USERNAMES), 0..6),
        any::<bool>(),
        // EKS wants a colon before the session name.
        vec(mapped(&["alice", "bob", "u:{{SessionName}}"]), 0..4),
        vec(role(), 3),
        vec(binding(), 0..7),
        select(&AuthenticationMode::ALL[..]),
    )
        .prop_map(
            |(format, mut rules, has_account, mut entries, roles, bindings, mode)| {
                // A principal has one entry, and no group `system:` or placeholder in a group.
                let mut seen = BTreeSet::new();
                entries.retain(|one| seen.insert((one.is_user, one.name)));
                for entry in &mut entries {
                    entry
                        .groups
                        .retain(|group| !group.starts_with("system:") && !group.contains('{'));
                }
                let mut seen = BTreeSet::new();
                if matches!(format, Format::Objects) {
                    // Of several objects for one principal, upstream takes any.
                    rules.retain(|one| seen.insert((one.is_user, one.name)));
                }
                let is_eks = matches!(format, Format::ConfigMap | Format::List | Format::Eksctl);
                let mut world = World {
                    format,
                    rules,
                    has_account: has_account && !matches!(format, Format::Objects),
                    entries: if is_eks { entries } else { Vec::new() },
                    mode: if is_eks {
                        mode
                    } else {
                        AuthenticationMode::ApiAndConfigMap
                    },
                    roles: Vec::new(),
                    bindings: Vec::new(),
                };
                for (at, (is_namespaced, rules)) in roles.iter().enumerate() {
                    let name = format!("role{at}");
                    let namespaces: &[Option<&str>] = match is_namespaced {
                        true => &[Some("dev"), Some("prod")],
                        false => &[None],
                    };
                    for namespace in namespaces {
                        let kind = if *is_namespaced {
                            "Role"
                        } else {
                            "ClusterRole"
                        };
                        let mut role = object(kind, *namespace, &name);
                        role["rules"] = rules.clone();
                        world.roles.push(role);
                    }
                }
                for (at, (namespace, role, subject, name)) in bindings.into_iter().enumerate() {
                    let is_namespaced = roles[role].0;
                    // A cluster-wide binding cannot refer to a Role.
                    let namespace = namespace.or_else(|| is_namespaced.then_some("dev"));
                    let kind = if namespace.is_some() {
                        "RoleBinding"
                    } else {
                        "ClusterRoleBinding"
                    };
                    let of = if is_namespaced { "Role" } else { "ClusterRole" };
                    let mut binding = object(kind, namespace, &format!("b{at}"));
                    binding["roleRef"] =
                        json!({"apiGroup": API, "kind": of, "name": format!("role{role}")});
                    binding["subjects"] = json!([{"apiGroup": API, "kind": subject, "name": name}]);
                    world.bindings.push(binding);
                }
                world
            },
        )
}

impl World {
    pub(crate) fn options(&self) -> Options {
        Options::new()
            .without_default_policy()
            .with_authentication_mode(self.mode)
    }

    fn is_of_users(of_users: bool) -> impl Fn(&&Mapped) -> bool {
        move |rule| rule.is_user == of_users
    }

    /// The rules of a section, with a key for the ARN.
    fn section(&self, of_users: bool, key: &str) -> Vec<Value> {
        let rules = self.rules.iter().filter(Self::is_of_users(of_users));
        rules
            .map(|rule| {
                let arn = rule.arn();
                json!({key: arn, "username": rule.username, "groups": rule.groups})
            })
            .collect()
    }

    fn accounts(&self) -> Vec<&'static str> {
        if self.has_account {
            vec![ACCOUNT]
        } else {
            Vec::new()
        }
    }

    /// The data of the ConfigMap with the same rules.
    fn data(&self) -> Value {
        json!({
            "mapRoles": json!(self.section(false, "rolearn")).to_string(),
            "mapUsers": json!(self.section(true, "userarn")).to_string(),
            "mapAccounts": json!(self.accounts()).to_string(),
        })
    }

    fn server_config(&self) -> Value {
        json!({"clusterID": "c", "server": {"mapRoles": self.section(false, "roleARN"),
            "mapUsers": self.section(true, "userARN"), "mapAccounts": self.accounts(),
            "backendMode": ["MountedFile"]}})
    }

    fn dynamic_file(&self) -> Value {
        json!({"LastUpdatedDateTime": "1700000000", "Version": "1",
            "mapRoles": self.section(false, "rolearn"), "mapUsers": self.section(true, "userarn"),
            "mapAccounts": self.accounts()})
    }

    fn objects(&self) -> Vec<Value> {
        let rules = self.rules.iter().enumerate();
        rules
            .map(|(at, rule)| {
                json!({"apiVersion": "iamauthenticator.k8s.aws/v1alpha1", "kind": "IAMIdentityMapping",
                    "metadata": {"name": format!("o{at}")},
                    "spec": {"arn": rule.arn(), "username": rule.username, "groups": rule.groups}})
            })
            .collect()
    }

    /// The document with the mapping.
    pub(crate) fn mapping(&self) -> String {
        let list = |key: &str| {
            let mut list = self.section(false, if key.is_empty() { "rolearn" } else { key });
            list.extend(self.section(true, if key.is_empty() { "userarn" } else { key }));
            list.extend(self.accounts().iter().map(|id| json!({ "account": id })));
            list
        };
        match self.format {
            Format::ConfigMap => json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": self.data()})
            .to_string(),
            Format::List => json!(list("")).to_string(),
            Format::Eksctl => json!({"apiVersion": "eksctl.io/v1alpha5", "kind": "ClusterConfig",
                "metadata": {"name": "c", "region": "eu-west-1"}, "iamIdentityMappings": list("arn")})
            .to_string(),
            Format::Objects => joined(&self.objects()),
            Format::Mounted => self.server_config().to_string(),
            Format::Dynamic => self.dynamic_file().to_string(),
        }
    }

    fn entries_text(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            let arn = entry.arn();
            let described = json!({"principalArn": arn, "username": entry.username,
                "kubernetesGroups": entry.groups, "type": "STANDARD"});
            let _ = writeln!(text, "{described}");
            if let Some((policy, namespace)) = entry.policy {
                let scope = match namespace {
                    None => json!({"type": "cluster"}),
                    Some(name) => json!({"type": "namespace", "namespaces": [name]}),
                };
                let policy = format!("arn:aws:eks::aws:cluster-access-policy/{policy}");
                let held = json!({"principalArn": arn, "policyArn": policy, "accessScope": scope});
                let _ = writeln!(text, "{held}");
            }
        }
        text
    }

    pub(crate) fn manifests(&self) -> String {
        joined(&[self.roles.as_slice(), &self.bindings].concat())
    }

    pub(crate) fn documents(&self) -> Vec<Document> {
        let mut documents = vec![Document::new("rbac.yaml", self.manifests())];
        let is_empty =
            self.rules.is_empty() && matches!(self.format, Format::List | Format::Objects);
        if !is_empty || self.has_account {
            documents.push(Document::new("mapping.yaml", self.mapping()));
        }
        if !self.entries.is_empty() {
            documents.push(Document::new("entries.json", self.entries_text()));
        }
        documents
    }

    /// Whether there is a mapping at all: an empty list is no document.
    pub(crate) fn has_mapping(&self) -> bool {
        self.documents().len() > 1
    }

    /// The map, as its library reads it.
    pub(crate) fn identity_map(&self) -> IdentityMap {
        let (reader, text) = (Reader::new(), self.mapping());
        let (kind, (rules, _)) = match self.format {
            Format::ConfigMap => (BackendKind::EksConfigMap, reader.read_config_map(&text)),
            Format::List => (
                BackendKind::EksConfigMap,
                reader.read_identity_mapping_list(&text),
            ),
            Format::Eksctl => {
                let (config, problems) = reader.read_cluster_config(&text);
                let rules = config.identity_mappings().clone();
                (BackendKind::EksConfigMap, (rules, problems))
            }
            Format::Objects => (BackendKind::Crd, reader.read_identity_mappings(&text)),
            Format::Mounted => (BackendKind::MountedFile, reader.read_mounted_file(&text)),
            Format::Dynamic => (
                BackendKind::DynamicFile,
                reader.read_dynamic_file(&text).unwrap(),
            ),
        };
        let mut map = IdentityMap::new();
        if !self.entries.is_empty() {
            let (entries, _) = reader.read_access_entries(&self.entries_text());
            map = map.with_backend(Backend::new(BackendKind::AccessEntries, entries));
        }
        map.with_backend(Backend::new(kind, rules))
            .with_authentication_mode(self.mode)
    }

    /// The backend of the mapping's oracle: upstream reads a ConfigMap where EKS has another format of it.
    pub(crate) fn backend(&self) -> Value {
        match self.format {
            Format::ConfigMap | Format::List | Format::Eksctl => {
                json!({"mode": "EKSConfigMap", "data": self.data()})
            }
            Format::Objects => json!({"mode": "CRD", "objects": self.objects()}),
            Format::Mounted => {
                json!({"mode": "MountedFile", "config": self.server_config().to_string()})
            }
            Format::Dynamic => {
                json!({"mode": "DynamicFile", "content": self.dynamic_file().to_string()})
            }
        }
    }

    /// The roles and bindings, as the RBAC oracle takes them.
    pub(crate) fn rbac(&self) -> Value {
        let of_kind = |kind: &str| -> Vec<&Value> {
            let all = self.roles.iter().chain(&self.bindings);
            all.filter(|one| one["kind"] == kind).collect()
        };
        json!({"roles": of_kind("Role"), "clusterRoles": of_kind("ClusterRole"),
            "roleBindings": of_kind("RoleBinding"), "clusterRoleBindings": of_kind("ClusterRoleBinding")})
    }

    /// The access entry that decides for a caller, if the mode has entries.
    pub(crate) fn entry(&self, caller: Caller) -> Option<&Mapped> {
        let (is_user, name) = caller.name();
        let entries = self.entries.iter();
        let mut entries = entries.filter(|_| self.mode != AuthenticationMode::ConfigMap);
        entries.find(|one| one.is_user == is_user && one.name == name)
    }
}

impl Mapped {
    pub(crate) fn arn(&self) -> String {
        let kind = if self.is_user { "user" } else { "role" };
        format!("arn:aws:iam::{ACCOUNT}:{kind}/{}", self.name)
    }
}

fn joined(objects: &[Value]) -> String {
    let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
    texts.join("\n---\n")
}

/// The libraries of a world, asked one after the other.
pub(crate) struct Libraries {
    pub(crate) map: IdentityMap,
    pub(crate) policy: Policy,
    table: PolicyTable,
}

impl Libraries {
    pub(crate) fn of(world: &World) -> Self {
        Self {
            map: world.identity_map(),
            policy: Policy::from_manifests(&world.manifests()).unwrap(),
            table: PolicyTable::eks(),
        }
    }

    /// Returns the user that a caller becomes, and the access policies beside it. `None` if it is none.
    pub(crate) fn user(&self, caller: Caller) -> Option<(User, Vec<aws_auth_map::AccessPolicy>)> {
        let identity = Identity::new(&caller.arn(), ACCOUNT, &caller.id()).unwrap();
        let Resolution::Mapped(mapped) = self.map.resolve(&identity) else {
            return None;
        };
        let user = mapped.user();
        let user = User::new(user.username(), user.groups().iter().cloned()).authenticated();
        Some((user, mapped.access_policies().to_vec()))
    }

    pub(crate) fn allows(
        &self,
        of: &Option<(User, Vec<aws_auth_map::AccessPolicy>)>,
        request: &Request<'_>,
    ) -> bool {
        let Some((user, policies)) = of else {
            return false;
        };
        self.policy.authorize(user, request).is_allow()
            || policies
                .iter()
                .any(|policy| self.by_policy(policy, request))
    }

    fn by_policy(&self, policy: &aws_auth_map::AccessPolicy, request: &Request<'_>) -> bool {
        let rules = self.table.rules(policy).unwrap_or_default().iter();
        let covers = match policy.scope() {
            AccessScope::Cluster => true,
            AccessScope::Namespaces(names) => request
                .namespace()
                .is_some_and(|namespace| names.iter().any(|name| name == namespace)),
        };
        let mut rules = rules.map(|rule| k8s_rbac::PolicyRule {
            verbs: rule.verbs().to_vec(),
            api_groups: rule.api_groups().to_vec(),
            resources: rule.resources().to_vec(),
            resource_names: rule.resource_names().to_vec(),
            non_resource_urls: rule.non_resource_urls().to_vec(),
        });
        covers && rules.any(|rule| rule.allows(request))
    }
}
