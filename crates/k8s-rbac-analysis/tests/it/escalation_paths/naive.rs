//! The oracle of the search. It tries everything that a user might try, until it finds no new
//! permission.

use std::collections::BTreeSet;

use k8s_rbac::reference;
use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Metadata, Objects, PRIVILEGED_GROUP,
    ResourceRequest, RoleBinding, RoleRef, Subject, SubjectName, User,
};

use super::worlds::{NAMES, NAMESPACES, everything, named, role_ref};

/// The identities that a world names, the default service accounts and the privileged group.
fn candidates(world: &Objects) -> BTreeSet<SubjectName> {
    let cluster = world.cluster_role_bindings.iter();
    let cluster = cluster.flat_map(|b| b.subjects.iter().map(|s| SubjectName::of(s, None)));
    let mut all: BTreeSet<SubjectName> = cluster.flatten().collect();
    for binding in &world.role_bindings {
        let namespace = binding.metadata.namespace.as_str();
        let subjects = binding.subjects.iter();
        all.extend(subjects.filter_map(|s| SubjectName::of(s, Some(namespace))));
        let default = User::service_account(namespace, "default");
        all.insert(SubjectName::User(default.name));
    }
    all.insert(SubjectName::Group(PRIVILEGED_GROUP.to_owned()));
    all
}

/// The maker of requests: a user. Another user may impersonate the user, only for some requests.
#[derive(Clone)]
struct Actor {
    user: User,
    /// The user that impersonates it, and the mode.
    impersonator: Option<(User, &'static str)>,
}

impl Actor {
    fn new(user: User) -> Self {
        Self {
            user,
            impersonator: None,
        }
    }
}

/// The truth by trial. The world grows by each permission that the user can obtain.
pub(super) struct Naive {
    world: Objects,
    start: User,
    pub(super) reached: BTreeSet<SubjectName>,
    pub(super) candidates: BTreeSet<SubjectName>,
    /// The first candidates, and the user.
    named: BTreeSet<SubjectName>,
    pub(super) has_everything: bool,
}

impl Naive {
    pub(super) fn run(world: &Objects, start: &User) -> Self {
        let own = start.groups.iter().cloned().map(SubjectName::Group);
        let own: BTreeSet<SubjectName> =
            own.chain([SubjectName::User(start.name.clone())]).collect();
        let candidates = candidates(world);
        let mut naive = Self {
            world: world.clone(),
            start: start.clone(),
            reached: BTreeSet::new(),
            candidates: candidates.difference(&own).cloned().collect(),
            named: candidates.union(&own).cloned().collect(),
            has_everything: false,
        };
        loop {
            let before = (naive.reached.len(), naive.world.clone());
            naive.round();
            if naive.has_everything || before == (naive.reached.len(), naive.world.clone()) {
                return naive;
            }
        }
    }

    fn round(&mut self) {
        let mut users = vec![self.start.clone()];
        users.extend(self.reached.iter().map(|identity| match identity {
            SubjectName::Group(name) => User::new("nobody", [name.clone()]).authenticated(),
            SubjectName::User(_) => match identity.as_service_account() {
                Some(account) => User::service_account(account.namespace(), account.name()),
                None => match identity {
                    SubjectName::User(name) => User::new(name.clone(), [""; 0]).authenticated(),
                    SubjectName::Group(_) => User::default(),
                },
            },
        }));
        let mut seen = BTreeSet::new();
        while let Some(user) = users.pop() {
            if !seen.insert((user.name.clone(), user.groups.clone())) {
                continue;
            }
            users.extend(self.teams(&user));
            let star = ResourceRequest::new("*", "*", "*").with_name("fresh");
            self.has_everything |= self.holds(&user, star);
            for actor in self.constrained(&user) {
                self.act(&actor);
            }
            self.act(&Actor::new(user));
        }
    }

    /// Tries all steps that an actor might take.
    fn act(&mut self, actor: &Actor) {
        let candidates: Vec<SubjectName> = self.candidates.iter().cloned().collect();
        for identity in candidates {
            if self.may_become(actor, &identity) {
                self.has_everything |= identity == SubjectName::Group(PRIVILEGED_GROUP.to_owned());
                self.reached.insert(identity);
            }
        }
        self.bind_and_escalate(actor);
    }

    /// Finds the users that another user can impersonate for some requests: alone, and with every group that
    /// the other user can impersonate.
    fn constrained(&self, user: &User) -> Vec<Actor> {
        fn impersonate<'a>(mode: &'a str, resource: &'a str, name: &'a str) -> ResourceRequest<'a> {
            ResourceRequest::new(mode, "authentication.k8s.io", resource).with_name(name)
        }
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let may_group =
            |name: &str| self.holds(user, impersonate("impersonate:user-info", "groups", name));
        let groups: Vec<String> = (self.named.iter())
            .filter_map(|identity| match identity {
                SubjectName::Group(name) if name != PRIVILEGED_GROUP => Some(name.clone()),
                _ => None,
            })
            .filter(|name| may_group(name) || may_group("*"))
            .collect();
        let mut users: BTreeSet<&str> = NAMES.into_iter().chain(["fresh"]).collect();
        let nodes: Vec<String> = users
            .iter()
            .map(|name| format!("system:node:{name}"))
            .collect();
        users.extend(nodes.iter().map(String::as_str));
        users.extend(self.named.iter().filter_map(|identity| match identity {
            SubjectName::User(name) => Some(name.as_str()),
            SubjectName::Group(_) => None,
        }));
        for name in users {
            let identity = SubjectName::User(name.to_owned());
            let impersonated = if let Some(account) = identity.as_service_account() {
                let request = impersonate(
                    "impersonate:serviceaccount",
                    "serviceaccounts",
                    account.name(),
                );
                vec![(
                    request.in_namespace(account.namespace()),
                    User::service_account(account.namespace(), account.name()),
                    "serviceaccount",
                )]
            } else if let Some(node) = name
                .strip_prefix("system:node:")
                .filter(|node| !node.contains('/'))
            {
                let as_node = User::new(name, ["system:nodes"]).authenticated();
                vec![(
                    impersonate("impersonate:arbitrary-node", "nodes", node),
                    as_node,
                    "arbitrary-node",
                )]
            } else {
                let request = impersonate("impersonate:user-info", "users", name);
                vec![
                    (request, User::new(name, [""; 0]), "user-info"),
                    (request, User::new(name, groups.clone()), "user-info"),
                ]
            };
            // A user or a node that no binding names may do the same as any other such user or
            // node.
            let is_named = self.named.contains(&identity);
            for (request, other, mode) in impersonated {
                let stands_for = (is_named.then_some(name), other.groups.clone(), mode);
                if !seen.contains(&stands_for) && self.holds(user, request) {
                    seen.insert(stands_for);
                    found.push(Actor {
                        user: other.authenticated(),
                        impersonator: Some((user.clone(), mode)),
                    });
                }
            }
        }
        found
    }

    /// Finds the users that a request can impersonate together with every group that it can.
    fn teams(&self, user: &User) -> Vec<User> {
        fn impersonate<'a>(resource: &'a str, name: &'a str) -> ResourceRequest<'a> {
            ResourceRequest::new("impersonate", "", resource).with_name(name)
        }
        let groups: Vec<String> = (self.named.iter())
            .filter_map(|identity| match identity {
                SubjectName::Group(name) if name != PRIVILEGED_GROUP => Some(name.clone()),
                _ => None,
            })
            .filter(|name| self.holds(user, impersonate("groups", name)))
            .collect();
        if groups.is_empty() {
            return Vec::new();
        }
        let mut users: Vec<String> = (self.named.iter())
            .filter_map(|identity| match (identity, identity.as_service_account()) {
                (SubjectName::User(whole), Some(account)) => {
                    let request = impersonate("serviceaccounts", account.name())
                        .in_namespace(account.namespace());
                    self.holds(user, request).then(|| whole.clone())
                }
                (SubjectName::User(name), None) => {
                    let request = impersonate("users", name);
                    self.holds(user, request).then(|| name.clone())
                }
                _ => None,
            })
            .collect();
        if self.may_impersonate_anybody(&Actor::new(user.clone())) {
            users.push("nobody".to_owned());
        }
        let with = |name| User::new(name, groups.clone()).authenticated();
        users.into_iter().map(with).collect()
    }

    fn may_impersonate_anybody(&self, actor: &Actor) -> bool {
        let impersonate = |resource, namespace| {
            ResourceRequest::new("impersonate", "", resource).in_namespace(namespace)
        };
        let mut namespaces = NAMESPACES.iter().chain(&["fresh"]);
        self.may_any(actor, &["impersonate"], impersonate("users", ""))
            || namespaces.any(|namespace| {
                let request = impersonate("serviceaccounts", namespace);
                self.may_any(actor, &["impersonate"], request)
            })
    }

    /// Returns whether an actor may make a request. Impersonations do not nest.
    fn may(&self, actor: &Actor, request: ResourceRequest<'_>) -> bool {
        let is_allowed = match &actor.impersonator {
            None => true,
            Some(_) if request.verb() == "impersonate" => false,
            Some((impersonator, mode)) => {
                let verb = format!("impersonate-on:{mode}:{}", request.verb());
                self.holds(impersonator, asked(&verb, &request))
            }
        };
        is_allowed && self.holds(&actor.user, request)
    }

    /// Returns whether an actor has a permission that the API server asks for while it serves a request.
    fn may_while_served(&self, actor: &Actor, request: ResourceRequest<'_>) -> bool {
        self.holds(&actor.user, request)
    }

    fn holds(&self, user: &User, request: ResourceRequest<'_>) -> bool {
        reference::is_allowed(&self.world, user, &request.into())
    }

    fn may_any(&self, actor: &Actor, verbs: &[&str], request: ResourceRequest<'_>) -> bool {
        let names = NAMES.iter().chain(&["fresh"]);
        names.into_iter().any(|name| {
            verbs
                .iter()
                .any(|verb| self.may(actor, asked(verb, &request).with_name(name)))
        })
    }

    fn may_become(&self, actor: &Actor, identity: &SubjectName) -> bool {
        let certificates =
            |verb, resource| ResourceRequest::new(verb, "certificates.k8s.io", resource);
        let requests = "certificatesigningrequests";
        let has_certificate = self.may(actor, certificates("create", requests))
            && self.may_any(
                actor,
                &["update", "patch"],
                certificates("", requests).with_subresource("approval"),
            )
            && self.may_while_served(
                actor,
                certificates("approve", "signers").with_name("kubernetes.io/kube-apiserver-client"),
            );
        let is_master = *identity == SubjectName::Group(PRIVILEGED_GROUP.to_owned());
        if has_certificate && !is_master {
            return true;
        }
        let impersonate = |resource, namespace, name| {
            ResourceRequest::new("impersonate", "", resource)
                .in_namespace(namespace)
                .with_name(name)
        };
        match (identity, identity.as_service_account()) {
            (_, Some(account)) => {
                let (namespace, name) = (account.namespace(), account.name());
                let request = |verb, group, resource| {
                    ResourceRequest::new(verb, group, resource).in_namespace(namespace)
                };
                let secret = format!("{name}-token-x");
                self.may(actor, impersonate("serviceaccounts", namespace, name))
                    || self.may(
                        actor,
                        request("create", "", "serviceaccounts")
                            .with_subresource("token")
                            .with_name(name),
                    )
                    || self.may_run(actor, namespace)
                    || (self.may(actor, request("create", "", "secrets"))
                        && self.may_any(
                            actor,
                            &["get", "list", "patch", "watch"],
                            request("", "", "secrets"),
                        ))
                    || ["get", "list", "patch", "watch"].iter().any(|verb| {
                        self.may(actor, request(verb, "", "secrets").with_name("fresh"))
                            || self.may(actor, request(verb, "", "secrets").with_name(&secret))
                    })
            }
            (SubjectName::User(name), None) => self.may(actor, impersonate("users", "", name)),
            (SubjectName::Group(name), None) => {
                let request =
                    |verb| ResourceRequest::new(verb, "", "configmaps").in_namespace("kube-system");
                let may_on_map = |verb| self.may(actor, request(verb).with_name("aws-auth"));
                let may_replace = || {
                    self.may(actor, request("create"))
                        && (may_on_map("delete") || self.may(actor, request("deletecollection")))
                };
                let is_mapped =
                    is_master && (may_on_map("update") || may_on_map("patch") || may_replace());
                let may_group = self.may(actor, impersonate("groups", "", name));
                is_mapped || (may_group && self.may_impersonate_anybody(actor))
            }
        }
    }

    /// Returns whether a user controls pods of a namespace.
    fn may_run(&self, actor: &Actor, namespace: &str) -> bool {
        let request = |group, resource| {
            ResourceRequest::new("create", group, resource).in_namespace(namespace)
        };
        let kinds = [
            ("", "replicationcontrollers"),
            ("apps", "daemonsets"),
            ("apps", "deployments"),
            ("apps", "replicasets"),
            ("apps", "statefulsets"),
            ("batch", "cronjobs"),
        ];
        let once = [("", "pods"), ("batch", "jobs")];
        let mut all = kinds.iter().chain(&once);
        let pods = |subresource| request("", "pods").with_subresource(subresource);
        let change = ["patch", "update"];
        all.any(|(group, kind)| self.may(actor, request(group, kind)))
            || kinds
                .iter()
                .any(|(group, kind)| self.may_any(actor, &change, request(group, kind)))
            || self.may_any(actor, &["create"], pods("exec"))
            || self.may_any(actor, &["create"], pods("attach"))
            || self.may_any(actor, &change, request("", "pods"))
            || self.may_any(actor, &change, pods("ephemeralcontainers"))
            || self.may_any(
                actor,
                &["create", "get"],
                ResourceRequest::new("get", "", "nodes").with_subresource("proxy"),
            )
    }

    fn bind_and_escalate(&mut self, actor: &Actor) {
        let rbac = |verb, resource, namespace| {
            ResourceRequest::new(verb, API_GROUP, resource).in_namespace(namespace)
        };
        let roles: Vec<(&str, String, String)> = (self.world.cluster_roles.iter())
            .map(|role| ("ClusterRole", String::new(), role.metadata.name.clone()))
            .chain(self.world.roles.iter().map(|role| {
                let Metadata {
                    name, namespace, ..
                } = &role.metadata;
                ("Role", namespace.clone(), name.clone())
            }))
            .filter(|(.., name)| name != "gained")
            .collect();
        for namespace in ["", "kube-system", "ns1", "ns2"] {
            let bindings = if namespace.is_empty() {
                "clusterrolebindings"
            } else {
                "rolebindings"
            };
            let may_write = self.may(actor, rbac("create", bindings, namespace))
                || self.may_any(actor, &["update", "patch"], rbac("", bindings, namespace));
            for (kind, own, name) in &roles {
                let resource = if *kind == "Role" {
                    "roles"
                } else {
                    "clusterroles"
                };
                let is_there = *kind == "ClusterRole" || own == namespace;
                let bind = rbac("bind", resource, namespace).with_name(name);
                if is_there && may_write && self.may_while_served(actor, bind) {
                    self.give(kind, name, namespace);
                }
                let write = |verb| rbac(verb, resource, own).with_name(name);
                let may_rewrite = self.may_while_served(actor, write("escalate"))
                    && (self.may(actor, write("update")) || self.may(actor, write("patch")));
                if is_there && may_rewrite && self.is_held(kind, name, namespace) {
                    self.give_everything(namespace);
                }
            }
            for (resource, own) in [("clusterroles", ""), ("roles", namespace)] {
                let is_there = resource == "clusterroles" || !namespace.is_empty();
                let may_make = self.may(actor, rbac("create", resource, own))
                    && self.may_while_served(actor, rbac("escalate", resource, own));
                let bind = rbac("bind", resource, namespace);
                let may_bind = NAMES
                    .iter()
                    .chain(&["fresh"])
                    .any(|name| self.may_while_served(actor, bind.with_name(name)));
                if is_there && may_make && may_bind && may_write {
                    self.give_everything(namespace);
                }
            }
        }
    }

    /// Returns whether the user or a reached identity has a role in a namespace.
    fn is_held(&self, kind: &str, name: &str, namespace: &str) -> bool {
        let is_of = |subjects: &[Subject], namespace: Option<&str>| {
            subjects.iter().any(|subject| {
                let identity = SubjectName::of(subject, namespace);
                identity.is_some_and(|identity| {
                    let is_own = match &identity {
                        SubjectName::Group(name) => self.start.groups.contains(name),
                        SubjectName::User(name) => self.start.name == *name,
                    };
                    is_own || self.reached.contains(&identity)
                })
            })
        };
        let fits = |role: &RoleRef| role.kind == kind && role.name == name;
        if namespace.is_empty() {
            let mut bindings = self.world.cluster_role_bindings.iter();
            return bindings.any(|b| fits(&b.role_ref) && is_of(&b.subjects, None));
        }
        self.world.role_bindings.iter().any(|b| {
            let own = b.metadata.namespace.as_str();
            own == namespace && fits(&b.role_ref) && is_of(&b.subjects, Some(own))
        })
    }

    fn give(&mut self, kind: &str, name: &str, namespace: &str) {
        let metadata = named(&format!("{kind}-{name}"), namespace);
        let subjects = vec![Subject {
            kind: "User".to_owned(),
            name: self.start.name.clone(),
            ..Subject::default()
        }];
        let role_ref = role_ref(kind, name);
        if namespace.is_empty() {
            let all = &mut self.world.cluster_role_bindings;
            if all.iter().all(|binding| binding.metadata != metadata) {
                all.push(ClusterRoleBinding {
                    metadata,
                    subjects,
                    role_ref,
                });
            }
        } else {
            let all = &mut self.world.role_bindings;
            if all.iter().all(|binding| binding.metadata != metadata) {
                all.push(RoleBinding {
                    metadata,
                    subjects,
                    role_ref,
                });
            }
        }
    }

    fn give_everything(&mut self, namespace: &str) {
        let metadata = named("gained", "");
        let all = &mut self.world.cluster_roles;
        if all.iter().all(|role| role.metadata != metadata) {
            all.push(ClusterRole {
                metadata,
                rules: vec![everything()],
                aggregation_rule: None,
            });
        }
        self.give("ClusterRole", "gained", namespace);
    }
}

/// Builds the request for another verb, without a name unless it has one.
fn asked<'r>(verb: &'r str, request: &ResourceRequest<'r>) -> ResourceRequest<'r> {
    let asked = ResourceRequest::new(verb, request.group(), request.resource())
        .with_subresource(request.subresource().unwrap_or_default())
        .in_namespace(request.namespace().unwrap_or_default());
    match request.name() {
        Some(name) => asked.with_name(name),
        None => asked,
    }
}
