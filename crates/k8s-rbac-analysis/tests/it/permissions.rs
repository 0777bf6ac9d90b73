//! All permissions of a user, and the differences between two policies: cases, and theorems that
//! compare with the oracle.

use k8s_rbac::reference;
use k8s_rbac::{
    ClusterRoleBinding, Coverage, Manifests, Metadata, Objects, Permission, Policy, PolicyRule,
    Request, ResourceRequest, RoleBinding, SubjectName, User,
};
use k8s_rbac_analysis::{ScopedPermission, diff, permissions};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::Deserialize;
use testkit::Report;

use k8s_rbac_oracle::strategies::{question, rule, world};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    permissions: Vec<Listed>,
    #[serde(default)]
    diff: Vec<Compared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    manifests: String,
    user: String,
    #[serde(default)]
    groups: Vec<String>,
    rules: Vec<String>,
    #[serde(default)]
    atoms: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compared {
    name: String,
    before: String,
    after: String,
    lines: String,
}

pub(crate) fn read(manifests: &str) -> Objects {
    let manifests = Manifests::read([("case.yaml", manifests)]);
    assert_eq!(manifests.problems(), []);
    manifests.into_objects()
}

#[test]
fn permissions_and_differences_are_as_the_cases_say() {
    let mut report = Report::new();
    let file = testkit::toml::<File>("testdata/permissions.toml");
    for case in file.permissions {
        let policy = Policy::new(read(&case.manifests));
        let user = User::new(case.user, case.groups);
        let permissions = permissions(&policy, &user).unwrap();
        let rules = permissions.rules();
        let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
        report.check(&case.name, &rules, &case.rules);
        if !case.atoms.is_empty() {
            let atoms = permissions.atoms().iter();
            let atoms: Vec<String> = atoms.map(ToString::to_string).collect();
            report.check(&case.name, &atoms, &case.atoms);
        }
    }
    for case in file.diff {
        let (before, after) = (read(&case.before), read(&case.after));
        let (before, after) = (Policy::new(before), Policy::new(after));
        let forth = diff(&before, &after).unwrap();
        report.check(&case.name, &forth.to_string(), &case.lines);
        report.check(&case.name, &forth.is_empty(), &case.lines.is_empty());
        let back = diff(&after, &before).unwrap();
        let one = forth.changes().iter();
        let one: Vec<_> = one.map(|c| (c.identity(), c.gained(), c.lost())).collect();
        let other = back.changes().iter();
        let other: Vec<_> = other
            .map(|c| (c.identity(), c.lost(), c.gained()))
            .collect();
        report.check(&case.name, &one, &other);
    }
    report.finish();
}

/// A request that an atom allows. Another atom allows it only if it covers this atom: each wildcard
/// becomes a text that no other rule mentions.
struct Witness {
    parts: [String; 5],
    namespace: String,
    is_path: bool,
}

impl Witness {
    fn of(atom: &ScopedPermission<'_>) -> Self {
        let fresh = |text: &str, fresh: &str| match text {
            "*" => fresh.to_owned(),
            text => text.to_owned(),
        };
        let namespace = atom.namespace().unwrap_or("fresh-namespace").to_owned();
        match atom.permission() {
            Permission::Path { verb, path } => {
                let path = match path.strip_suffix('*') {
                    Some(start) => format!("{start}fresh"),
                    None => path.to_owned(),
                };
                let none = String::new;
                Self {
                    parts: [fresh(verb, "fresh-verb"), path, none(), none(), none()],
                    namespace,
                    is_path: true,
                }
            }
            Permission::Resource {
                verb,
                group,
                resource,
                name,
            } => {
                let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
                Self {
                    parts: [
                        fresh(verb, "fresh-verb"),
                        fresh(group, "fresh.group"),
                        fresh(resource, "fresh"),
                        subresource.to_owned(),
                        name.unwrap_or("fresh-name").to_owned(),
                    ],
                    namespace,
                    is_path: false,
                }
            }
        }
    }

    fn request(&self) -> Request<'_> {
        let [verb, group, resource, subresource, name] = &self.parts;
        if self.is_path {
            return Request::path(verb, group);
        }
        ResourceRequest::new(verb, group, resource)
            .in_namespace(&self.namespace)
            .with_subresource(subresource)
            .with_name(name)
            .into()
    }
}

fn allows(atom: &ScopedPermission<'_>, request: &Request<'_>) -> bool {
    let is_there = atom.namespace().is_none() || atom.namespace() == request.namespace();
    is_there && reference::rule_allows(&atom.permission().to_rule(), request)
}

/// The user that no binding names.
pub(crate) fn only(identity: &SubjectName) -> User {
    match identity {
        SubjectName::Group(name) => User::new("fresh-user", [name.clone()]),
        SubjectName::User(name) => User::new(name.clone(), [""; 0]),
    }
}

fn identities(user: &User) -> Vec<SubjectName> {
    let groups = user.groups.iter().cloned().map(SubjectName::Group);
    groups
        .chain([SubjectName::User(user.name.clone())])
        .collect()
}

/// A world that allows the same. All objects have other names and another order, every subject has
/// a binding of its own, and rules are split.
fn rewritten(world: &Objects) -> Objects {
    let apart = |rules: &[PolicyRule]| -> Vec<PolicyRule> {
        let permissions = rules.iter().rev().flat_map(PolicyRule::permissions);
        permissions.map(|permission| permission.to_rule()).collect()
    };
    let renamed = |metadata: &Metadata, prefix: &str| Metadata {
        name: format!("{prefix}{}", metadata.name),
        ..metadata.clone()
    };
    let mut other = Objects::default();
    for role in &world.roles {
        let mut role = role.clone();
        role.metadata = renamed(&role.metadata, "new-");
        role.rules = apart(&role.rules);
        other.roles.push(role);
    }
    for role in world.cluster_roles.iter().rev() {
        let mut role = role.clone();
        role.metadata = renamed(&role.metadata, "new-");
        role.rules = apart(&role.rules);
        other.cluster_roles.push(role);
    }
    for binding in &world.role_bindings {
        for (number, subject) in binding.subjects.iter().enumerate() {
            let mut role_ref = binding.role_ref.clone();
            role_ref.name = format!("new-{}", role_ref.name);
            other.role_bindings.push(RoleBinding {
                metadata: renamed(&binding.metadata, &format!("{number}-")),
                subjects: vec![subject.clone()],
                role_ref,
            });
        }
    }
    for binding in world.cluster_role_bindings.iter().rev() {
        for (number, subject) in binding.subjects.iter().enumerate() {
            let mut role_ref = binding.role_ref.clone();
            role_ref.name = format!("new-{}", role_ref.name);
            other.cluster_role_bindings.push(ClusterRoleBinding {
                metadata: renamed(&binding.metadata, &format!("{number}-")),
                subjects: vec![subject.clone()],
                role_ref,
            });
        }
    }
    other
}

/// Two worlds that differ in a permission, or only in ways that do not matter.
fn two_worlds() -> impl Strategy<Value = (Objects, Objects)> {
    let edits = vec((any::<Index>(), rule(), 0..5_u8), 0..5);
    (world(), edits, any::<bool>()).prop_map(|(before, edits, is_rewritten)| {
        let mut after = before.clone();
        for (at, rule, edit) in edits {
            let (roles, bindings) = (after.cluster_roles.len(), after.cluster_role_bindings.len());
            let Some(role) = after.cluster_roles.get_mut(at.index(roles)) else {
                continue;
            };
            match edit {
                0 => role.rules.push(rule),
                1 => drop(role.rules.pop()),
                2 => role
                    .rules
                    .iter_mut()
                    .for_each(|rule| rule.resource_names.clear()),
                3 => {
                    let at = at.index(after.role_bindings.len());
                    after.role_bindings.remove(at);
                }
                _ => {
                    let binding = after.cluster_role_bindings.get_mut(at.index(bindings));
                    binding
                        .into_iter()
                        .for_each(|binding| drop(binding.subjects.pop()));
                }
            }
        }
        let after = if is_rewritten {
            rewritten(&after)
        } else {
            after
        };
        (before, after)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn permissions_are_what_is_allowed(world in world(), questions in vec(question(), 16)) {
        let policy = Policy::new(world.clone());
        for question in &questions {
            let request = question.request();
            let permissions = permissions(&policy, &question.user).unwrap();
            let is_allowed = reference::is_allowed(&world, &question.user, &request);
            let by_atom = permissions.atoms().iter().any(|atom| allows(atom, &request));
            prop_assert_eq!(by_atom, is_allowed);
            let by_rule = permissions.rules().iter().any(|rule| {
                let is_there = rule.namespaces().is_empty()
                    || request.namespace().is_some_and(|n| rule.namespaces().contains(&n));
                is_there && reference::rule_allows(&rule.to_rule(), &request)
            });
            prop_assert_eq!(by_rule, is_allowed);
        }
    }

    #[test]
    fn no_rule_of_the_permissions_covers_another(world in world(), question in question()) {
        let policy = Policy::new(world);
        let permissions = permissions(&policy, &question.user).unwrap();
        let rules = permissions.rules();
        for (number, rule) in rules.iter().enumerate() {
            for (other_number, other) in rules.iter().enumerate() {
                let namespaces = rule.namespaces().iter();
                let is_there = other.namespaces().is_empty()
                    || (!rule.namespaces().is_empty()
                        && namespaces.clone().any(|n| other.namespaces().contains(n)));
                if number != other_number && is_there {
                    let (rule, other) = (rule.to_rule(), other.to_rule());
                    let missing = Coverage::of([&other], [&rule]).missing().len();
                    prop_assert_eq!(missing, rule.permissions().count(), "{} {}", rule, other);
                }
            }
        }
    }

    #[test]
    fn nothing_differs_if_and_only_if_all_may_do_the_same(
        (before, after) in two_worlds(),
        questions in vec(question(), 16),
    ) {
        let policies = (Policy::new(before.clone()), Policy::new(after.clone()));
        let diff = diff(&policies.0, &policies.1).unwrap();
        // A difference for an identity is a change of that identity that concerns the question.
        for question in &questions {
            let request = question.request();
            let was = reference::is_allowed(&before, &question.user, &request);
            let is = reference::is_allowed(&after, &question.user, &request);
            let own = identities(&question.user);
            let mut changes = diff.changes().iter().filter(|c| own.contains(c.identity()));
            if was != is {
                let is_told = changes.any(|change| {
                    let atoms = if is { change.gained() } else { change.lost() };
                    atoms.iter().any(|atom| allows(atom, &request))
                });
                prop_assert!(is_told, "{:?} {}", request, diff);
            }
        }
        // Each reported change is a real difference.
        for change in diff.changes() {
            let user = only(change.identity());
            for (atoms, world, other) in [
                (change.gained(), &after, &before),
                (change.lost(), &before, &after),
            ] {
                for atom in atoms {
                    let witness = Witness::of(atom);
                    let request = witness.request();
                    prop_assert!(allows(atom, &request), "{atom}");
                    prop_assert!(reference::is_allowed(world, &user, &request), "{atom}");
                    prop_assert!(!reference::is_allowed(other, &user, &request), "{atom}");
                }
            }
        }
    }

    #[test]
    fn names_order_and_form_are_no_difference(world in world()) {
        let policies = (Policy::new(world.clone()), Policy::new(rewritten(&world)));
        prop_assert_eq!(diff(&policies.0, &policies.1).unwrap().to_string(), "");
        prop_assert_eq!(diff(&policies.1, &policies.0).unwrap().to_string(), "");
    }

    #[test]
    fn users_may_do_the_same_if_neither_is_beyond_the_other(
        world in world(),
        questions in vec(question(), 2),
        asked in vec(question(), 16),
    ) {
        let policy = Policy::new(world.clone());
        let (one, other) = (&questions[0].user, &questions[1].user);
        let own = permissions(&policy, one).unwrap();
        let others = permissions(&policy, other).unwrap();
        let (more, less) = (own.beyond(&others), others.beyond(&own));
        prop_assert_eq!(more.is_empty() && less.is_empty(), own.atoms() == others.atoms());
        for question in &asked {
            let request = question.request();
            let is = reference::is_allowed(&world, one, &request);
            let is_other = reference::is_allowed(&world, other, &request);
            prop_assert!(!is || is_other || more.iter().any(|atom| allows(atom, &request)));
        }
        for atom in &more {
            let witness = Witness::of(atom);
            prop_assert!(reference::is_allowed(&world, one, &witness.request()));
            prop_assert!(!reference::is_allowed(&world, other, &witness.request()));
        }
    }
}

#[test]
fn the_worlds_of_the_comparison_are_not_trivial() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut gained, mut lost, mut same) = (0, 0, 0);
    for _ in 0..500 {
        let (before, after) = two_worlds().new_tree(&mut runner).unwrap().current();
        let policies = (Policy::new(before), Policy::new(after));
        let diff = diff(&policies.0, &policies.1).unwrap();
        gained += usize::from(diff.changes().iter().any(|c| !c.gained().is_empty()));
        lost += usize::from(diff.changes().iter().any(|c| !c.lost().is_empty()));
        same += usize::from(diff.is_empty());
    }
    assert!(
        gained >= 50 && lost >= 50 && same >= 50,
        "{gained} {lost} {same}"
    );
}

#[test]
fn permissions_and_differences_are_data() {
    let policy = |rules: serde_json::Value| {
        let objects = serde_json::json!({
            "clusterRoles": [{"metadata": {"name": "r"}, "rules": rules}],
            "clusterRoleBindings": [{"metadata": {"name": "b"},
                "subjects": [{"kind": "User", "name": "u\u{202e}"}],
                "roleRef": {"kind": "ClusterRole", "name": "r"}}],
        });
        Policy::new(serde_json::from_value(objects).unwrap())
    };
    let (before, after) = (
        policy(serde_json::json!([{"verbs": ["get"], "nonResourceURLs": ["/metrics"]}])),
        policy(
            serde_json::json!([{"verbs": ["get", "list"], "apiGroups": ["apps"],
            "resources": ["deployments/scale"], "resourceNames": ["web"]}]),
        ),
    );
    let changes = diff(&before, &after).unwrap();
    assert_eq!(
        serde_json::to_value(&changes).unwrap(),
        serde_json::json!({"changes": [{
            // The count is exact: only text is escaped.
            "subject": {"kind": "User", "name": "u\u{202e}"},
            "isByRule": false,
            "gained": [
                {"verb": "get", "apiGroup": "apps", "resource": "deployments/scale", "resourceName": "web"},
                {"verb": "list", "apiGroup": "apps", "resource": "deployments/scale", "resourceName": "web"},
            ],
            "lost": [{"verb": "get", "nonResourceURL": "/metrics"}],
            "gainedRules": [{"verbs": ["get", "list"], "apiGroups": ["apps"],
                "resources": ["deployments/scale"], "resourceNames": ["web"]}],
            "lostRules": [{"verbs": ["get"], "nonResourceURLs": ["/metrics"]}],
        }]})
    );
}

#[test]
fn permissions_name_the_roles_that_do_not_exist() {
    let objects = read(
        "
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a},
 subjects: [{kind: User, name: u}], roleRef: {kind: ClusterRole, name: gone}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: ns},
 subjects: [{kind: User, name: u}], roleRef: {kind: Role, name: lost}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: c},
 subjects: [{kind: User, name: v}], roleRef: {kind: ClusterRole, name: other}}
",
    );
    let policy = Policy::new(objects);
    let of = permissions(&policy, &User::new("u", [""; 0])).unwrap();
    let unresolved: Vec<String> = of.unresolved().iter().map(ToString::to_string).collect();
    assert_eq!(
        unresolved,
        [
            r#"clusterrole.rbac.authorization.k8s.io "gone" not found"#,
            r#"role.rbac.authorization.k8s.io "lost" not found"#,
        ]
    );
}
