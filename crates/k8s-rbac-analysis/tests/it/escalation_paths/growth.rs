//! The work of a search grows with the policy and the steps, and ends at a goal.

use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Objects, Policy, PolicyRule, ResourceRequest,
    RoleBinding, Subject, SubjectName, User,
};
use k8s_rbac_analysis::escalation_paths::{EscalationSearch, Goal};

use super::bound;
use super::worlds::{named, own, role_ref};

fn cluster_role(name: &str, rules: &[(&[&str], &str, &str, &[&str])]) -> ClusterRole {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    let rule = |&(verbs, group, resource, names): &(&[&str], &str, &str, &[&str])| PolicyRule {
        verbs: texts(verbs),
        api_groups: own(group),
        resources: own(resource),
        resource_names: texts(names),
        non_resource_urls: Vec::new(),
    };
    ClusterRole {
        metadata: named(name, ""),
        rules: rules.iter().map(rule).collect(),
        aggregation_rule: None,
    }
}

fn bind(world: &mut Objects, namespace: Option<&str>, role: &str, subject: Subject) {
    let role_ref = role_ref("ClusterRole", role);
    let subjects = vec![subject];
    match namespace {
        None => world.cluster_role_bindings.push(ClusterRoleBinding {
            metadata: named(&format!("b{}", world.cluster_role_bindings.len()), ""),
            subjects,
            role_ref,
        }),
        Some(namespace) => world.role_bindings.push(RoleBinding {
            metadata: named(&format!("b{}", world.role_bindings.len()), namespace),
            subjects,
            role_ref,
        }),
    }
}

fn subject_called(kind: &str, name: &str) -> Subject {
    Subject {
        kind: kind.to_owned(),
        name: name.to_owned(),
        ..Subject::default()
    }
}

/// A user who may bind any of some roles in some namespaces. Each role allows the same.
fn roles_in_namespaces(roles: usize, namespaces: usize) -> Objects {
    let mut world = Objects::default();
    let bind_any: (&[&str], &str, &str, &[&str]) = (&["bind"], API_GROUP, "clusterroles", &[]);
    let write: (&[&str], &str, &str, &[&str]) = (&["create"], API_GROUP, "rolebindings", &[]);
    for number in 0..roles {
        let name = format!("r{number}");
        let rules = [
            bind_any,
            write,
            (&["escalate"], API_GROUP, "roles", &[]),
            (&["update"], API_GROUP, "roles", &["x"]),
        ];
        world.cluster_roles.push(cluster_role(&name, &rules));
    }
    world
        .cluster_roles
        .push(cluster_role("ops", &[bind_any, write]));
    for number in 0..namespaces {
        let namespace = format!("ns{number}");
        bind(
            &mut world,
            Some(&namespace),
            "ops",
            subject_called("User", "u"),
        );
    }
    world
}

/// Users, each of which may impersonate the next.
fn chain_of_users(length: usize) -> Objects {
    let mut world = Objects::default();
    for number in 0..length {
        let (role, next) = (
            format!("r{number}"),
            format!("u{}", number.saturating_add(1)),
        );
        let rules: [(&[&str], &str, &str, &[&str]); 1] =
            [(&["impersonate"], "", "users", &[&next])];
        world.cluster_roles.push(cluster_role(&role, &rules));
        let user = if number == 0 {
            "u".to_owned()
        } else {
            format!("u{number}")
        };
        bind(&mut world, None, &role, subject_called("User", &user));
    }
    world
}

/// Roles that each allow binding the next role.
fn chain_of_roles(length: usize) -> Objects {
    let mut world = Objects::default();
    for number in 0..length {
        let (role, next) = (
            format!("r{number}"),
            format!("r{}", number.saturating_add(1)),
        );
        let rules: [(&[&str], &str, &str, &[&str]); 2] = [
            (&["bind"], API_GROUP, "clusterroles", &[&next]),
            (&["create"], API_GROUP, "clusterrolebindings", &[]),
        ];
        world.cluster_roles.push(cluster_role(&role, &rules));
    }
    bind(&mut world, None, "r0", subject_called("User", "u"));
    world
}

/// Many service accounts of some namespaces, each in a binding of its own, bindings of every service account, and a
/// user who runs pods.
fn accounts(count: usize, namespaces: usize) -> Objects {
    let mut world = Objects::default();
    let rules: [(&[&str], &str, &str, &[&str]); 2] = [
        (&["escalate", "bind"], API_GROUP, "roles", &["x", "y"]),
        (&["create"], "", "pods", &[]),
    ];
    world.cluster_roles.push(cluster_role("run", &rules));
    bind(&mut world, None, "run", subject_called("User", "u"));
    for (number, namespace) in (0..count).zip((0..namespaces).cycle()) {
        let account = subject_called("ServiceAccount", &format!("a{number}"));
        let namespace = format!("ns{namespace}");
        bind(&mut world, Some(&namespace), "run", account);
    }
    for _ in 0..count / 10 {
        bind(
            &mut world,
            None,
            "run",
            subject_called("Group", "system:serviceaccounts"),
        );
    }
    world
}

/// Users who may each bind any of some roles, and another user who may impersonate them.
fn binders(users: usize, roles: usize) -> Objects {
    let mut world = Objects::default();
    let bind_any: (&[&str], &str, &str, &[&str]) = (&["bind"], API_GROUP, "clusterroles", &[]);
    let write: (&[&str], &str, &str, &[&str]) =
        (&["create"], API_GROUP, "clusterrolebindings", &[]);
    world
        .cluster_roles
        .push(cluster_role("ops", &[bind_any, write]));
    for number in 0..users {
        let user = subject_called("User", &format!("v{number}"));
        bind(&mut world, None, "ops", user);
    }
    for number in 0..roles {
        let rules: [(&[&str], &str, &str, &[&str]); 1] = [(&["get"], "", "configmaps", &[])];
        let role = cluster_role(&format!("r{number}"), &rules);
        world.cluster_roles.push(role);
    }
    let any: (&[&str], &str, &str, &[&str]) = (&["impersonate"], "", "users", &[]);
    world.cluster_roles.push(cluster_role("any", &[any]));
    bind(&mut world, None, "any", subject_called("User", "u"));
    world
}

/// A user with many rules for impersonation, who then gains role after role.
fn impersonations(rules: usize, roles: usize) -> Objects {
    let mut world = chain_of_roles(roles);
    let names: Vec<String> = (0..rules).map(|number| format!("v{number}")).collect();
    let names: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
    let rules: Vec<(&[&str], &str, &str, &[&str])> = names
        .iter()
        .map(|name| (&["impersonate"][..], "", "users", &name[..]))
        .collect();
    world
        .cluster_roles
        .push(cluster_role("impersonate", &rules));
    bind(&mut world, None, "impersonate", subject_called("User", "u"));
    world
}

#[test]
fn the_work_grows_with_the_policy_and_the_steps() {
    for (name, world) in [
        ("roles in namespaces", roles_in_namespaces(60, 20)),
        ("roles in more namespaces", roles_in_namespaces(60, 80)),
        ("more roles in namespaces", roles_in_namespaces(120, 20)),
        ("users", chain_of_users(500)),
        ("more users", chain_of_users(2_000)),
        ("roles", chain_of_roles(500)),
        ("more roles", chain_of_roles(2_000)),
        ("accounts", accounts(500, 100)),
        ("more accounts", accounts(2_000, 100)),
        ("accounts of more namespaces", accounts(2_000, 2_000)),
        ("users who bind", binders(400, 400)),
        ("more users who bind", binders(800, 800)),
        ("impersonations", impersonations(300, 500)),
        ("more impersonations", impersonations(600, 1_000)),
    ] {
        let bindings = world.role_bindings.len() + world.cluster_role_bindings.len();
        let policy = Policy::new(world);
        let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
        let steps = search.paths().unwrap().steps().len();
        assert!(steps > 400, "{name}: {steps}");
        // The cost of an identity or a role depends only on its own rules.
        let limited = search.with_max_work((steps + bindings) * 40);
        assert!(
            limited.paths().is_ok(),
            "{name}: {steps} steps, {bindings} bindings"
        );
    }
}

#[test]
fn a_search_that_exceeds_its_limit_has_no_answer() {
    let policy = Policy::new(chain_of_users(500));
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0])).with_max_work(400);
    assert_eq!(search.paths().unwrap_err().limit(), 400);
    let far = Goal::Subject(SubjectName::User("u499".to_owned()));
    assert!(search.path_to(&far).is_err());
    // A goal that is met before the limit has an answer.
    let near = Goal::Subject(SubjectName::User("u3".to_owned()));
    let path = search.path_to(&near).unwrap();
    assert_eq!(path.map(|path| path.steps().len()), Some(3));
}

/// The first round reaches each of many users, and the goal is one of the first users.
#[test]
fn a_goal_in_a_large_round_ends_the_search() {
    let mut world = Objects::default();
    let rules: [(&[&str], &str, &str, &[&str]); 1] = [(&["impersonate"], "", "users", &[])];
    world.cluster_roles.push(cluster_role("any", &rules));
    bind(&mut world, None, "any", subject_called("User", "u"));
    let rules: [(&[&str], &str, &str, &[&str]); 1] = [(&["get"], "", "secrets", &[])];
    world.cluster_roles.push(cluster_role("secrets", &rules));
    for number in 0..5_000 {
        bind(
            &mut world,
            None,
            "secrets",
            subject_called("User", &format!("v{number}")),
        );
    }
    let policy = Policy::new(world);
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0])).with_max_work(20_000);
    let read = ResourceRequest::new("get", "", "secrets").in_namespace("ns");
    let path = search
        .path_to(&Goal::Request(read.into()))
        .unwrap()
        .unwrap();
    let targets: Vec<String> = path
        .steps()
        .iter()
        .map(|step| step.target().to_string())
        .collect();
    assert_eq!(targets, [r#"becomes User "v0""#]);
}

/// Users who may each impersonate any user together with groups of their own choice. Each group has one
/// permission.
fn impersonators(users: usize, groups: usize, of_groups: (&[&str], &str, &str)) -> Objects {
    let mut world = Objects::default();
    let (verbs, group, resource) = of_groups;
    let rule: (&[&str], &str, &str, &[&str]) = (verbs, group, resource, &[]);
    world.cluster_roles.push(cluster_role("of-groups", &[rule]));
    for number in 0..groups {
        let subject = subject_called("Group", &format!("g{number}"));
        bind(&mut world, None, "of-groups", subject);
    }
    let any: (&[&str], &str, &str, &[&str]) = (&["impersonate"], "", "users", &[]);
    world.cluster_roles.push(cluster_role("any", &[any]));
    bind(&mut world, None, "any", subject_called("User", "u"));
    for number in 0..users {
        // Few of these sets contain another set.
        let others: Vec<String> = (0..groups)
            .filter(|at| number % 16 != at % 16 && number / 16 != at / 2)
            .map(|at| format!("g{at}"))
            .collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let rules: [(&[&str], &str, &str, &[&str]); 2] = [
            (&["impersonate"], "", "users", &[]),
            (&["impersonate"], "", "groups", &others),
        ];
        let role = format!("r{number}");
        world.cluster_roles.push(cluster_role(&role, &rules));
        let subject = subject_called("User", &format!("u{number}"));
        bind(&mut world, None, &role, subject);
    }
    world
}

/// The search examines a user with groups only if the user and the groups hold permissions that are used
/// together.
#[test]
fn groups_cost_little_where_they_add_nothing_to_a_user() {
    let of_groups: (&[&str], &str, &str) = (&["bind"], API_GROUP, "clusterroles");
    for (users, groups) in [(100, 20), (300, 20)] {
        let policy = Policy::new(impersonators(users, groups, of_groups));
        let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
        let limited = search.with_max_work(users * (users + 10 * groups) * 12);
        let steps = limited.paths().unwrap().steps().len();
        assert_eq!(steps, users + groups, "{users} users, {groups} groups");
    }
}

/// If the groups add to each user, the work is counted, so that the search ends with or without an answer.
#[test]
fn the_work_of_impersonating_users_with_groups_is_counted() {
    let of_groups: (&[&str], &str, &str) =
        (&["impersonate"], "authentication.k8s.io", "userextras/x");
    let policy = Policy::new(impersonators(100, 20, of_groups));
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
    // Each of 100 impersonators may impersonate each of 100 users with 18 groups.
    let limit = 100 * 100 * 30;
    let limited = search.clone().with_max_work(limit);
    assert!(limited.paths().is_err());
    assert!(search.paths().is_ok());
}

/// The names that a permission is limited to count, whether there are such objects or not.
#[test]
fn the_work_of_names_is_counted() {
    let names: Vec<String> = (0..1_000).map(|number| format!("r{number}")).collect();
    let policy = bound::policy(&[(
        "u",
        bound::rule("bind", API_GROUP, "roles", &names.join(" ")),
    )]);
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
    assert!(search.clone().with_max_work(1_000).paths().is_err());
    assert!(search.with_max_work(1_100).paths().is_ok());
}

/// Users who may each impersonate the same other users together with some groups. The other users hold one permission
/// for a certificate and the groups hold another, so the search examines them together.
fn with_groups(
    impersonators: usize,
    groups: usize,
    others: usize,
    groups_of: impl Fn(usize) -> Vec<usize>,
) -> Policy {
    let names = |prefix: &str, numbers: &[usize]| {
        let names = numbers.iter().map(|number| format!("{prefix}{number}"));
        names.collect::<Vec<_>>().join(" ")
    };
    let all = |count: usize| (0..count).collect::<Vec<_>>();
    let impersonate = |resource, names: &str| bound::rule("impersonate", "", resource, names);
    let mut bound = vec![(
        "u".to_owned(),
        impersonate("users", &names("u", &all(impersonators))),
    )];
    for number in 0..impersonators {
        let user = format!("u{number}");
        bound.push((
            user.clone(),
            impersonate("users", &names("v", &all(others))),
        ));
        let groups = names("g", &groups_of(number));
        bound.push((user, impersonate("groups", &groups)));
    }
    for number in 0..others {
        let request = bound::rule("create", bound::CERTIFICATES, bound::REQUESTS, "");
        bound.push((format!("v{number}"), request));
    }
    for number in 0..groups {
        let approval = bound::rule("update", bound::CERTIFICATES, bound::APPROVAL, "");
        bound.push((format!("%g{number}"), approval));
    }
    let bound: Vec<_> = bound
        .iter()
        .map(|(subject, rule)| (subject.as_str(), rule.clone()))
        .collect();
    bound::policy(&bound)
}

/// A user in some of the groups that they were already impersonated with may do nothing more.
#[test]
fn a_user_in_fewer_groups_costs_little() {
    let (impersonators, others) = (40, 100);
    let policy = with_groups(impersonators, impersonators, others, |number| {
        (0..=number).collect()
    });
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
    let limited = search.with_max_work(impersonators * others * 25);
    let steps = limited.paths().unwrap().steps().len();
    assert_eq!(steps, 2 * impersonators + others);
}

/// No set of many sets of groups contains another set, and each set is compared with all.
#[test]
fn the_work_of_comparing_sets_of_groups_is_counted() {
    let (impersonators, groups) = (3_000, 512);
    let policy = with_groups(impersonators, groups, 1, |number| {
        let first = number % groups;
        vec![first, (first + 1 + number / groups) % groups]
    });
    let search = EscalationSearch::new(&policy, &User::new("u", [""; 0]));
    // Half of the pairs, a word for 64 groups, and 64 comparisons of words for a unit.
    let comparisons = impersonators * impersonators / 2 * (groups / 64) / 64;
    assert!(search.clone().with_max_work(comparisons).paths().is_err());
    assert!(search.with_max_work(2 * comparisons).paths().is_ok());
}
