//! `can` agrees with asking the mapping and then the policy. `who` agrees with trying every caller.

use std::fmt::Write as _;

use aws_auth_map::{AccessPolicy, AccessScope, AuthenticationMode, PolicyTable};
use eks_access::{Cluster, Document, Options, Question, Verdict, Who};
use k8s_rbac::{Policy, Request, ResourceRequest, User};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(crate) const ROLES: [&str; 4] = ["r0", "r1", "r2", "r3"];
const USERNAMES: [&str; 4] = ["alice", "bob", "{{SessionName}}", "u:{{SessionName}}"];
const GROUPS: [&str; 3] = ["g1", "g2", "t:{{SessionName}}"];
/// The sessions that are tried. The first session stands for any session.
const SESSIONS: [&str; 4] = ["SESSION", "alice", "bob", "x"];
const POLICIES: [&str; 2] = ["AmazonEKSViewPolicy", "AmazonEKSClusterAdminPolicy"];

/// A rule of the ConfigMap, or an access entry.
#[derive(Clone, Debug)]
struct Mapped {
    role: &'static str,
    username: &'static str,
    groups: Vec<&'static str>,
    policy: Option<(&'static str, Option<&'static str>)>,
}

#[derive(Clone, Debug)]
struct Binding {
    namespace: Option<&'static str>,
    role: usize,
    kind: &'static str,
    name: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    rules: Vec<Mapped>,
    entries: Vec<Mapped>,
    roles: Vec<(Vec<&'static str>, Vec<&'static str>)>,
    bindings: Vec<Binding>,
    pub(crate) mode: AuthenticationMode,
}

fn mapped(usernames: &'static [&'static str]) -> impl Strategy<Value = Mapped> {
    let policy = (
        select(&POLICIES[..]),
        option::of(select(&["dev", "prod"][..])),
    );
    (
        select(&ROLES[..]),
        select(usernames),
        subsequence(GROUPS.to_vec(), 0..=2),
        option::of(policy),
    )
        .prop_map(|(role, username, groups, policy)| Mapped {
            role,
            username,
            groups,
            policy,
        })
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let role = (
        subsequence(vec!["get", "list"], 1..=2),
        subsequence(vec!["pods", "secrets"], 1..=2),
    );
    let subject = select(
        &[
            ("Group", "g1"),
            ("Group", "g2"),
            ("Group", "t:alice"),
            ("User", "alice"),
            ("User", "bob"),
            ("User", "u:bob"),
            ("User", "nobody"),
        ][..],
    );
    let binding = (
        option::of(select(&["dev", "prod"][..])),
        0..3_usize,
        subject,
    )
        .prop_map(|(namespace, role, (kind, name))| Binding {
            namespace,
            role,
            kind,
            name,
        });
    (
        vec(mapped(&USERNAMES), 0..6),
        // EKS wants a colon before the session name.
        vec(mapped(&["alice", "bob", "u:{{SessionName}}"]), 0..3),
        vec(role, 3),
        vec(binding, 0..6),
        select(&AuthenticationMode::ALL[..]),
    )
        .prop_map(|(rules, mut entries, roles, bindings, mode)| {
            // A principal has one entry.
            let mut seen = std::collections::HashSet::new();
            entries.retain(|entry| seen.insert(entry.role));
            World {
                rules,
                entries,
                roles,
                bindings,
                mode,
            }
        })
}

pub(crate) fn arn(role: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{role}")
}

impl World {
    pub(crate) fn documents(&self) -> Vec<Document> {
        let mut map =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: aws-auth, namespace: kube-system}\n\
                       data:\n  mapRoles: |\n"
                .to_owned();
        if self.rules.is_empty() {
            map.push_str("    []\n");
        }
        for rule in &self.rules {
            let (arn, name, groups) = (arn(rule.role), rule.username, &rule.groups);
            let _ = writeln!(
                map,
                "    - {{rolearn: '{arn}', username: '{name}', groups: {groups:?}}}"
            );
        }
        let mut entries = String::new();
        for entry in &self.entries {
            let (arn, name, groups) = (arn(entry.role), entry.username, &entry.groups);
            let _ = writeln!(
                entries,
                r#"{{"principalArn": "{arn}", "username": "{name}", "kubernetesGroups": {groups:?}, "type": "STANDARD"}}"#
            );
            if let Some((policy, namespace)) = entry.policy {
                let scope = match namespace {
                    None => r#"{"type": "cluster"}"#.to_owned(),
                    Some(name) => format!(r#"{{"type": "namespace", "namespaces": ["{name}"]}}"#),
                };
                let _ = writeln!(
                    entries,
                    r#"{{"principalArn": "{arn}", "policyArn": "arn:aws:eks::aws:cluster-access-policy/{policy}", "accessScope": {scope}}}"#
                );
            }
        }
        let mut documents = vec![
            Document::new("aws-auth.yaml", map),
            Document::new("rbac.yaml", self.manifests()),
        ];
        let entries = match self.entries.is_empty() {
            true => "{\"accessEntries\": []}".to_owned(),
            false => entries,
        };
        documents.push(Document::new("entries.json", entries));
        documents
    }

    fn manifests(&self) -> String {
        let mut text = String::new();
        let api = "apiVersion: rbac.authorization.k8s.io/v1";
        for (at, (verbs, resources)) in self.roles.iter().enumerate() {
            let _ = writeln!(
                text,
                "---\n{api}\nkind: ClusterRole\nmetadata: {{name: role{at}}}\nrules: [{{apiGroups: [''], \
                 resources: {resources:?}, verbs: {verbs:?}}}]"
            );
        }
        for (at, binding) in self.bindings.iter().enumerate() {
            let (kind, namespace) = match binding.namespace {
                None => ("ClusterRoleBinding", String::new()),
                Some(name) => ("RoleBinding", format!(", namespace: {name}")),
            };
            let Binding {
                role,
                kind: subject,
                name,
                ..
            } = binding;
            let _ = writeln!(
                text,
                "---\n{api}\nkind: {kind}\nmetadata: {{name: b{at}{namespace}}}\nroleRef: {{apiGroup: \
                 rbac.authorization.k8s.io, kind: ClusterRole, name: role{role}}}\nsubjects: [{{apiGroup: \
                 rbac.authorization.k8s.io, kind: {subject}, name: '{name}'}}]"
            );
        }
        text
    }

    /// The rule for a role: its entry, else the last rule of the ConfigMap, if the mode uses these.
    fn rule(&self, role: &str) -> Option<(&Mapped, bool)> {
        let entry = self.entries.iter().find(|one| one.role == role);
        let rule = self.rules.iter().rfind(|one| one.role == role);
        let entry = entry.map(|one| (one, true));
        let rule = rule.map(|one| (one, false));
        match self.mode {
            AuthenticationMode::Api => entry,
            AuthenticationMode::ConfigMap => rule,
            AuthenticationMode::ApiAndConfigMap => entry.or(rule),
        }
    }

    /// Asks the mapping and then the policy and the access policies.
    fn allows(&self, policy: &Policy, role: &str, session: &str, request: &Request<'_>) -> bool {
        let Some((rule, is_entry)) = self.rule(role) else {
            return false;
        };
        let render = |text: &str| text.replace("{{SessionName}}", session);
        let groups = rule.groups.iter().map(|group| render(group));
        let user = User::new(render(rule.username), groups).authenticated();
        let by_policy = rule
            .policy
            .filter(|_| is_entry)
            .is_some_and(|(name, namespace)| {
                let scope = namespace.map_or(AccessScope::Cluster, |name| {
                    AccessScope::Namespaces(vec![name.to_owned()])
                });
                let covers = scope.covers(request.namespace());
                let held = AccessPolicy::new(name, scope);
                let table = eks_auth_rules(&held);
                covers && table.iter().any(|rule| rule.allows(request))
            });
        by_policy || policy.authorize(&user, request).is_allow()
    }
}

/// The rules of an access policy as rules of RBAC.
fn eks_auth_rules(policy: &AccessPolicy) -> Vec<k8s_rbac::PolicyRule> {
    let table = PolicyTable::eks();
    let rules = table.rules(policy).unwrap_or_default().iter();
    rules
        .map(|rule| k8s_rbac::PolicyRule {
            verbs: rule.verbs().to_vec(),
            api_groups: rule.api_groups().to_vec(),
            resources: rule.resources().to_vec(),
            resource_names: rule.resource_names().to_vec(),
            non_resource_urls: rule.non_resource_urls().to_vec(),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn can_asks_each_door_and_who_tries_everyone(
        world in world(),
        verb in select(&["get", "list", "delete"][..]),
        resource in select(&["pods", "secrets"][..]),
        namespace in select(&["dev", "prod", "other"][..]),
    ) {
        let options = Options::new().without_default_policy().with_authentication_mode(world.mode);
        let cluster = Cluster::from_documents(world.documents(), &options);
        prop_assert_eq!(cluster.unreadable().count(), 0, "{:?}", cluster.problems());
        let policy = Policy::from_manifests(&world.manifests()).unwrap();
        let line = format!("{verb} {resource} -n {namespace}");
        let question = Question::parse(&line).unwrap();
        let request = ResourceRequest::new(verb, "", resource).in_namespace(namespace).into();
        let who = cluster.who(&question).unwrap();
        let is_listed = |role: &str, session: &str| {
            who.callers().iter().any(|one| {
                let caller = one.caller();
                let of_session = caller.session_name();
                caller.principal() == arn(role) && of_session.is_none_or(|name| name == session)
            })
        };
        for role in ROLES {
            for session in SESSIONS {
                let want = world.allows(&policy, role, session, &request);
                let caller = format!("arn:aws:sts::111122223333:assumed-role/{role}/{session}");
                let caller = Who::caller(&caller).unwrap();
                let can = cluster.can(&caller, &question).unwrap();
                prop_assert_eq!(can.verdict() == Verdict::Yes, want, "{}", can);
                prop_assert_eq!(is_listed(role, session), want, "{} {}\n{}", role, session, who);
                let why = cluster.why(&caller, &question).unwrap();
                prop_assert_eq!(why.verdict(), can.verdict(), "{}", why);
                prop_assert_eq!(why.ways().is_empty(), !want, "{}", why);
            }
        }
    }
}
