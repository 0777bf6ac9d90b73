//! Input that is made to cost much. Every input gets an answer, with work in proportion to its
//! size. Quadratic work would take hours here.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Metadata, Objects, Policy, PolicyRule, Request,
    ResourceRequest, RoleRef, Subject, User,
};

const MANY: usize = 100_000;

fn metadata(name: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        ..Metadata::default()
    }
}

fn rule(verb: &str, resource: String) -> PolicyRule {
    PolicyRule {
        verbs: vec![verb.to_owned()],
        api_groups: vec![String::new()],
        resources: vec![resource],
        ..PolicyRule::default()
    }
}

fn binding(name: &str, role: &str, subjects: Vec<Subject>) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: metadata(name),
        subjects,
        role_ref: RoleRef {
            kind: "ClusterRole".to_owned(),
            name: role.to_owned(),
            ..RoleRef::default()
        },
    }
}

fn user(name: &str) -> Subject {
    Subject {
        kind: "User".to_owned(),
        name: name.to_owned(),
        ..Subject::default()
    }
}

fn role(rules: usize) -> ClusterRole {
    ClusterRole {
        metadata: metadata("role"),
        rules: (0..rules)
            .map(|number| rule("get", format!("resource{number}")))
            .collect(),
        aggregation_rule: None,
    }
}

fn allows(policy: &Policy, user: &User, resource: &str) -> bool {
    let request: Request<'_> = ResourceRequest::new("get", "", resource).into();
    policy.rbac(user, &request).decision().is_allow()
}

#[test]
fn a_role_of_many_rules_is_asked_and_replaced() {
    let mut policy = Policy::new(Objects {
        cluster_roles: vec![role(MANY)],
        // There are so many rules that they are looked up.
        cluster_role_bindings: (0..40)
            .map(|number| binding(&format!("b{number}"), "role", vec![user("u")]))
            .collect(),
        ..Objects::default()
    });
    let alice = User::new("u", [""; 0]);
    assert!(allows(&policy, &alice, "resource99999"));
    assert!(!allows(&policy, &alice, "pods"));
    let before = policy.clone();
    policy.put_cluster_role(role(MANY / 2));
    assert!(!allows(&policy, &alice, "resource99999"));
    assert!(allows(&before, &alice, "resource99999"));
}

#[test]
fn a_binding_of_many_subjects_is_asked_and_replaced() {
    let subjects: Vec<Subject> = (0..MANY)
        .map(|number| user(&format!("u{number}")))
        .collect();
    let same = vec![user("same"); MANY];
    let mut policy = Policy::new(Objects {
        cluster_roles: vec![role(1)],
        cluster_role_bindings: vec![
            binding("many", "role", subjects.clone()),
            binding("same", "role", same),
        ],
        ..Objects::default()
    });
    for name in ["u0", "u99999", "same"] {
        assert!(allows(&policy, &User::new(name, [""; 0]), "resource0"));
    }
    let others = subjects.into_iter().skip(1).collect();
    policy.put_cluster_role_binding(binding("many", "role", others));
    assert!(policy.remove_cluster_role_binding("same"));
    assert!(!allows(&policy, &User::new("u0", [""; 0]), "resource0"));
    assert!(!allows(&policy, &User::new("same", [""; 0]), "resource0"));
    assert!(allows(&policy, &User::new("u99999", [""; 0]), "resource0"));
}

#[test]
fn a_user_in_many_groups_is_decided_about() {
    let mut policy = Policy::default();
    policy.put_cluster_role(role(1));
    policy.put_cluster_role_binding(binding("b", "role", vec![user("u")]));
    let groups = (0..MANY).map(|number| format!("g{number}"));
    assert!(allows(
        &policy,
        &User::new("u", groups.clone()),
        "resource0"
    ));
    assert!(!allows(&policy, &User::new("v", groups), "resource0"));
}

#[test]
fn one_group_of_many_dangling_bindings_is_told_of_each() {
    let mut policy = Policy::default();
    for number in 0..2_000 {
        let role = format!("missing{number}");
        policy.put_cluster_role_binding(binding(&format!("b{number}"), &role, vec![user("u")]));
    }
    let request = ResourceRequest::new("get", "", "pods").into();
    let alice = User::new("u", [""; 0]);
    assert_eq!(policy.rbac(&alice, &request).unresolved().len(), 2_000);
    for number in 0..2_000 {
        assert!(policy.remove_cluster_role_binding(&format!("b{number}")));
    }
    assert_eq!(policy.rbac(&alice, &request).unresolved(), []);
    assert_eq!(policy.objects(), Objects::default());
}

#[cfg(feature = "yaml")]
mod manifests {
    use k8s_rbac::Manifests;

    use super::MANY;

    /// Reads a text that must give one problem, and no object.
    #[track_caller]
    fn check_refused(text: &str) {
        let manifests = Manifests::read([("f", text)]);
        assert_eq!(manifests.problems().len(), 1, "{:?}", manifests.problems());
        assert_eq!(manifests.objects(), &k8s_rbac::Objects::default());
    }

    #[test]
    fn deep_nesting_is_refused() {
        check_refused(&"[".repeat(MANY));
        check_refused(&"{\"items\":[".repeat(MANY));
        check_refused(&"[[]:".repeat(MANY));
        check_refused(&"{?".repeat(MANY));
    }

    #[test]
    fn aliases_of_aliases_are_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for number in 1..20 {
            let before = format!("*a{}, ", number - 1).repeat(10);
            text.push_str(&format!("a{number}: &a{number} [{}]\n", before.trim_end()));
        }
        check_refused(&text);
    }

    #[test]
    fn many_aliases_of_one_large_node_are_refused() {
        let large = "x, ".repeat(10_000);
        let text = format!("a: &a [{large}]\nb: [{}]\n", "*a, ".repeat(4_000));
        check_refused(&text);
    }

    #[test]
    fn a_list_of_lists_is_read() {
        let head = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[";
        let role = "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRole\",\
                    \"metadata\":{\"name\":\"r\"}}";
        let text = format!("{}{role}{}", head.repeat(20), "]}".repeat(20));
        let manifests = Manifests::read([("f", &*text)]);
        assert_eq!(manifests.problems(), []);
        assert_eq!(manifests.objects().cluster_roles.len(), 1);
        // Beyond the greatest depth, the text is refused like any other nesting.
        check_refused(&format!("{}{role}{}", head.repeat(MANY), "]}".repeat(MANY)));
    }
}
