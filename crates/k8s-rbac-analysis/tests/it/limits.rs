//! Rules that expand to too many permissions to list or to compare.

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Metadata, Objects, Policy, PolicyRule, RoleRef, Subject, User,
};
use k8s_rbac_analysis::{MAX_DIFF_STEPS, MAX_PERMISSIONS, diff, permissions};

/// One user with one rule. Each list of the rule has this many entries.
fn wide(entries: usize) -> serde_json::Value {
    let list = |prefix: &str| -> Vec<String> {
        (0..entries)
            .map(|number| format!("{prefix}{number}"))
            .collect()
    };
    let rule = PolicyRule {
        verbs: list("verb"),
        api_groups: list("group"),
        resources: list("resource"),
        resource_names: list("name"),
        non_resource_urls: Vec::new(),
    };
    serde_json::json!({
        "clusterRoles": [{"metadata": {"name": "r"}, "rules": [rule]}],
        "clusterRoleBindings": [{
            "metadata": {"name": "b"},
            "subjects": [{"kind": "User", "name": "u"}],
            "roleRef": {"kind": "ClusterRole", "name": "r"},
        }],
    })
}

#[test]
fn a_rule_that_spells_out_too_much_is_too_large() {
    let policy = |entries| Policy::new(serde_json::from_value(wide(entries)).unwrap());
    let nothing = Policy::default();
    let user = User::new("u", [""; 0]);
    let fits = policy(10);
    assert_eq!(permissions(&fits, &user).unwrap().atoms().len(), 10_000);
    assert_eq!(permissions(&fits, &user).unwrap().rules().len(), 1);
    let policy = policy(100);
    assert_eq!(
        permissions(&policy, &user).unwrap_err().limit(),
        MAX_PERMISSIONS
    );
    // Rules are compared instead of permissions.
    let changes = diff(&nothing, &policy).unwrap();
    let [change] = changes.changes() else {
        panic!("{changes}");
    };
    assert!(change.is_by_rule() && change.gained().is_empty());
    assert_eq!(
        (change.gained_rules().len(), change.lost_rules().len()),
        (1, 0)
    );
    assert!(
        changes
            .to_string()
            .starts_with("perhaps newly allowed: User \"u\": ")
    );
    // Without verbs there is no permission, however long the other lists are.
    let list: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    let mut idle = wide(1);
    idle["clusterRoles"][0]["rules"] =
        serde_json::json!([{"verbs": [], "apiGroups": list, "resources": list}]);
    let idle = Policy::new(serde_json::from_value(idle).unwrap());
    assert_eq!(permissions(&idle, &user).unwrap().atoms(), []);
    assert!(diff(&nothing, &idle).unwrap().is_empty());
    // A rule that is part of another rule is not a loss. If the other rule covers everything, there
    // is no loss.
    let wider = wide(101);
    let wider = Policy::new(serde_json::from_value(wider).unwrap());
    let changes = diff(&policy, &wider).unwrap();
    let [change] = changes.changes() else {
        panic!("{changes}");
    };
    assert_eq!(
        (change.gained_rules().len(), change.lost_rules().len()),
        (1, 0)
    );
    let mut starred = wide(100);
    starred["clusterRoles"][0]["rules"][0]["verbs"] = serde_json::json!(["*"]);
    let starred = Policy::new(serde_json::from_value(starred).unwrap());
    let changes = diff(&starred, &policy).unwrap();
    let lost: Vec<usize> = changes
        .changes()
        .iter()
        .map(|one| one.lost_rules().len())
        .collect();
    assert_eq!(lost, [1], "{changes}");
    // Equal bindings on both sides are skipped.
    assert!(diff(&policy, &policy).unwrap().is_empty());
}

/// A rule is not a loss if one rule covers it: every verb, group, resource or path, and every name. Each row is
/// in a namespace of its own, or has other paths.
#[test]
fn rules_are_compared_one_by_one_where_permissions_are_too_many() {
    let rule = |text: &str| -> serde_json::Value {
        let parts = text.split("; ").map(|part| part.split_once(' ').unwrap());
        let lists = parts.map(|(key, list)| {
            let list: Vec<&str> = list.split(' ').map(|one| one.trim_matches('-')).collect();
            (key.to_owned(), list.into())
        });
        serde_json::Value::Object(lists.collect())
    };
    let pods = "verbs get; apiGroups -; resources pods";
    let named = "verbs get; apiGroups -; resources pods; resourceNames a";
    let log = "verbs get; apiGroups -; resources pods/log";
    let rows = [
        (pods, "verbs get list; apiGroups -; resources pods", ""),
        (pods, "verbs *; apiGroups *; resources *", ""),
        (pods, "verbs list; apiGroups -; resources pods", "get pods"),
        (
            pods,
            "verbs get; apiGroups apps; resources pods",
            "get pods",
        ),
        (
            pods,
            "verbs get; apiGroups -; resources secrets",
            "get pods",
        ),
        (pods, "verbs get; apiGroups -; resources */log", "get pods"),
        (pods, named, "get pods"),
        (log, "verbs get; apiGroups -; resources */log", ""),
        (
            log,
            "verbs get; apiGroups -; resources */exec",
            "get pods/log",
        ),
        (named, pods, ""),
        (
            named,
            "verbs get; apiGroups -; resources pods; resourceNames b a",
            "",
        ),
        (
            named,
            "verbs get; apiGroups -; resources pods; resourceNames b",
            "get pods named \"a\"",
        ),
        (
            "verbs get list; apiGroups - apps; resources pods; nonResourceURLs /ns",
            "verbs get; apiGroups -; resources secrets",
            "get, list pods, pods.apps",
        ),
        (
            "verbs get; nonResourceURLs /a/b",
            "verbs get; nonResourceURLs /a/*",
            "",
        ),
        (
            "verbs get; nonResourceURLs /c",
            "verbs get; nonResourceURLs /c; resourceNames n",
            "",
        ),
        (
            "verbs get; nonResourceURLs /f",
            "verbs get; nonResourceURLs /g",
            "get URL /f",
        ),
        // The rule allows no request.
        (
            "verbs get; apiGroups apps",
            "verbs get; nonResourceURLs /h",
            "",
        ),
        (
            "verbs get put; nonResourceURLs /d",
            "verbs get; nonResourceURLs /e*",
            "get, put URL /d",
        ),
    ];
    let mut want: Vec<String> = Vec::new();
    let (mut before, mut after) = (wide(100), wide(100));
    before["clusterRoles"] = serde_json::json!([]);
    for (number, (held, holds, lost)) in rows.into_iter().enumerate() {
        let (kind, scope) = match held.contains("resources") {
            true => ("roleBindings", format!("in namespace \"n{number}\"")),
            false => ("clusterRoleBindings", "cluster-wide".to_owned()),
        };
        want.extend((!lost.is_empty()).then(|| format!("{lost} {scope}")));
        for (world, text) in [(&mut before, held), (&mut after, holds)] {
            let role = serde_json::json!({"metadata": {"name": format!("r{number}")}, "rules": [rule(text)]});
            let binding = serde_json::json!({
                "metadata": {"name": format!("b{number}"), "namespace": format!("n{number}")},
                "subjects": [{"kind": "User", "name": "u"}],
                "roleRef": {"kind": "ClusterRole", "name": format!("r{number}")},
            });
            for (key, object) in [("clusterRoles", role), (kind, binding)] {
                match world.get_mut(key).and_then(|list| list.as_array_mut()) {
                    Some(list) => list.push(object),
                    None => world[key] = serde_json::json!([object]),
                }
            }
        }
    }
    let policy = |world| Policy::new(serde_json::from_value(world).unwrap());
    let (before, after) = (policy(before), policy(after));
    let changes = diff(&before, &after).unwrap();
    let [change] = changes.changes() else {
        panic!("{changes}");
    };
    assert!(change.is_by_rule());
    let mut lost: Vec<String> = change
        .lost_rules()
        .iter()
        .map(ToString::to_string)
        .collect();
    lost.sort();
    want.sort();
    assert_eq!(lost, want);
}

/// The permissions that are left out could not cover a permission that differs, and there are more than a comparison
/// may list.
#[test]
fn only_permissions_that_may_cover_a_difference_count() {
    // Each of several namespaces has as many permissions as fit into a few.
    let (mut before, mut after) = (wide(10), wide(10));
    for (world, namespaces) in [(&mut before, 110), (&mut after, 111)] {
        world["clusterRoleBindings"] = serde_json::json!([]);
        world["roleBindings"] = (0..namespaces)
            .map(|number| {
                serde_json::json!({
                    "metadata": {"name": "b", "namespace": format!("n{number}")},
                    "subjects": [{"kind": "User", "name": "u"}],
                    "roleRef": {"kind": "ClusterRole", "name": "r"},
                })
            })
            .collect();
    }
    let policy = |world| Policy::new(serde_json::from_value(world).unwrap());
    let (before, after) = (policy(before), policy(after));
    let changes = diff(&before, &after).unwrap();
    let gained: Vec<(bool, usize)> = changes
        .changes()
        .iter()
        .map(|one| (one.is_by_rule(), one.gained().len()))
        .collect();
    assert_eq!(gained, [(false, 10_000)]);
    // One rule in one place, with other words.
    let (before, mut after) = (wide(100), wide(100));
    after["clusterRoles"][0]["rules"]
        .as_array_mut()
        .unwrap()
        .push(serde_json::json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}));
    let (before, after) = (policy(before), policy(after));
    let changes = diff(&before, &after).unwrap();
    assert_eq!(
        changes.to_string(),
        "newly allowed: User \"u\": get pods cluster-wide\n"
    );
}

/// Each subject reads the words of the same rule, which allows no request. The last subject reads the words of
/// another rule.
#[test]
fn a_comparison_reads_so_many_words_and_no_more() {
    let words = 1 << 18;
    let policy = |subjects: usize| {
        let groups = (1..words).map(|number| number.to_string()).collect();
        let role = |name: &str, rule: PolicyRule| ClusterRole {
            metadata: Metadata {
                name: name.to_owned(),
                ..Metadata::default()
            },
            rules: vec![rule],
            aggregation_rule: None,
        };
        let idle = PolicyRule {
            api_groups: groups,
            ..PolicyRule::default()
        };
        let get = PolicyRule {
            verbs: vec!["get".to_owned()],
            non_resource_urls: vec!["/metrics".to_owned()],
            ..PolicyRule::default()
        };
        let user = |name: String| Subject {
            kind: "User".to_owned(),
            name,
            ..Subject::default()
        };
        let binding = |role: &str, subjects: Vec<Subject>| ClusterRoleBinding {
            metadata: Metadata {
                name: role.to_owned(),
                ..Metadata::default()
            },
            subjects,
            role_ref: RoleRef {
                kind: "ClusterRole".to_owned(),
                name: role.to_owned(),
                ..RoleRef::default()
            },
        };
        let idlers = (0..subjects).map(|number| user(format!("u{number}")));
        Policy::new(Objects {
            cluster_roles: vec![role("idle", idle), role("get", get)],
            cluster_role_bindings: vec![
                binding("idle", idlers.collect()),
                binding("get", vec![user("v".to_owned())]),
            ],
            ..Objects::default()
        })
    };
    let nothing = Policy::default();
    for (subjects, word) in [
        (MAX_DIFF_STEPS / words - 1, "newly allowed"),
        (MAX_DIFF_STEPS / words, "perhaps newly allowed"),
    ] {
        let policy = policy(subjects);
        let changes = diff(&nothing, &policy).unwrap();
        assert_eq!(
            changes.to_string(),
            format!("{word}: User \"v\": get URL /metrics cluster-wide\n")
        );
    }
}

#[test]
fn where_rules_cannot_be_compared_either_there_is_no_answer() {
    // Long rules. No rule covers another.
    let policy = |side: &str| {
        let texts = |prefix: String, count: usize| -> Vec<String> {
            (0..count)
                .map(|number| format!("{prefix}{number}"))
                .collect()
        };
        let rules = (0..5).map(|number| PolicyRule {
            verbs: texts(format!("{side}{number}-"), 4_000),
            api_groups: vec![String::new()],
            resources: texts("r".to_owned(), 300),
            ..PolicyRule::default()
        });
        let mut objects: Objects = serde_json::from_value(wide(1)).unwrap();
        objects.cluster_roles[0].rules = rules.collect();
        Policy::new(objects)
    };
    let error = diff(&policy("a"), &policy("b")).unwrap_err();
    assert_eq!(error.limit(), MAX_DIFF_STEPS);
}
