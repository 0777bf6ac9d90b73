//! Figures by size, as tables: a policy of up to a million bindings, and how the time of each analysis
//! grows with its input.
//!
//! ```console
//! $ cargo bench --bench rbac_scale
//! $ cargo bench --bench rbac_scale -- policy
//! $ cargo bench --bench rbac_scale -- analyses
//! ```
#![expect(clippy::print_stdout, reason = "the tables are the output")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use k8s_rbac::{
    ClusterRole, ClusterRoleBinding, Metadata, Objects, Policy, PolicyRule, PolicyStore,
    ResourceRequest, RoleBinding, RoleRef, Subject, User,
};
use k8s_rbac_analysis::{diff, escalation_paths, explain, permissions, who_can};
use k8s_rbac_oracle::sized_policy::{
    Rules, Scope, Shared, USERS, objects_with, request, rule, subject, user,
};

/// How long one figure is measured at most, unless a single round takes longer.
const MAX_TIME: Duration = Duration::from_secs(3);

/// The most rounds of one figure. The fastest round is printed, since other programs on the machine disturb
/// it least.
const MAX_ROUNDS: usize = 7;

/// How long a round is at least, under `cargo bench`: the system counts processor time in steps of up to ten
/// milliseconds.
const ROUND: Duration = match cfg!(debug_assertions) {
    true => Duration::ZERO,
    false => Duration::from_millis(100),
};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let is_bench = has("--bench");
    let is_all = !has("policy") && !has("analyses");
    if is_all || has("policy") {
        let sizes: &[usize] = match is_bench {
            true => &[1_000, 10_000, 100_000, 1_000_000],
            false => &[100],
        };
        policies(sizes);
    }
    if is_all || has("analyses") {
        let sizes = match is_bench {
            true => [1_000, 10_000, 100_000],
            false => [10, 20, 40],
        };
        analyses(sizes);
    }
}

fn policies(sizes: &[usize]) {
    println!(
        "| bindings | rules | build | bytes a binding | 3 groups: deny, allow | rotating | 50 groups: \
         deny, allow | rotating | put binding | put role |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    for &size in sizes {
        for (rules, name) in [(Rules::Equal, "equal"), (Rules::Own, "own")] {
            let mut built = None;
            let counted = allocation_counter::measure(|| {
                let objects = objects_with(Scope::Cluster, size, Shared::None, rules);
                let before = processor_time();
                let policy = Policy::new(objects);
                built = Some((policy, processor_time().saturating_sub(before)));
            });
            let Some((policy, build)) = built else {
                continue;
            };
            let bytes = usize::try_from(counted.bytes_current).unwrap_or_default();
            let mut row = format!(
                "| {size} | {name} | {} | {} |",
                text(build),
                bytes.checked_div(size).unwrap_or_default()
            );
            for groups in [3, 50] {
                let users: Vec<User> = (0..USERS)
                    .map(|number| user(number, groups, size))
                    .collect();
                for users in [users.get(..1).unwrap_or_default(), users.as_slice()] {
                    let [deny, allow] =
                        ["create", "list"].map(|verb| decide(&policy, users, verb, verb == "list"));
                    let _ = write!(row, " {deny}, {allow} |");
                }
            }
            let [binding, role] = updates(policy, size);
            println!("{row} {binding} | {role} |");
        }
    }
}

/// Returns the time of one decision, as text.
fn decide(policy: &Policy, users: &[User], verb: &str, is_allowed: bool) -> String {
    let request = request(verb);
    // The number of decisions is the same for one user and for many.
    let users = || users.iter().cycle().take(USERS);
    let all = time(|| {
        users()
            .filter(|user| policy.authorize(black_box(user), &request).is_allow())
            .count()
    });
    let allowed = users()
        .filter(|user| policy.authorize(user, &request).is_allow())
        .count();
    assert_eq!(allowed, if is_allowed { USERS } else { 0 });
    text(
        all.checked_div(u32::try_from(USERS).unwrap_or(1))
            .unwrap_or_default(),
    )
}

/// Returns the time of putting a binding and a role while a reader holds the old policy, as text.
fn updates(policy: Policy, size: usize) -> [String; 2] {
    let store = PolicyStore::new(policy);
    let mut number: usize = 0;
    let mut next = || {
        number = number
            .wrapping_add(7_919)
            .checked_rem(size)
            .unwrap_or_default();
        number
    };
    let binding = time(|| {
        let before = store.snapshot();
        let (number, role) = (next(), next());
        let subjects = vec![subject("User", &format!("other-{number}"))];
        let binding = cluster_binding(&format!("role-{number}"), &format!("role-{role}"), subjects);
        store.update(|policy| policy.put_cluster_role_binding(binding));
        before
    });
    let role = time(|| {
        let before = store.snapshot();
        let role = cluster_role(&format!("role-{}", next()), vec![rule("watch")]);
        store.update(|policy| policy.put_cluster_role(role));
        before
    });
    [binding, role].map(text)
}

/// A policy in which `size` bindings give roles to other users or to this one, and questions about it.
struct World {
    policy: Policy,
    user: User,
}

/// The name of an analysis, its input by size, and a run, which returns the size of its result.
type Analysis = (&'static str, fn(usize) -> World, fn(&World) -> usize);

fn analyses(sizes: [usize; 3]) {
    let analyses: [Analysis; 10] = [
        ("permissions, of a user with 3 bindings", of_others, |it| {
            permissions(&it.policy, &it.user).map_or(0, |found| found.atoms().len())
        }),
        ("permissions, of a user with all bindings", of_one, |it| {
            permissions(&it.policy, &it.user).map_or(0, |found| found.atoms().len())
        }),
        ("who-can, where 3 may", of_others, |it| {
            let request = ResourceRequest::new("get", "apps", "deployments").into();
            who_can(&it.policy, &request).subjects().len()
        }),
        ("who-can, where all may", of_accounts, |it| {
            let request = ResourceRequest::new("get", "", "pods").into();
            who_can(&it.policy, &request).subjects().len()
        }),
        ("explain", of_others, |it| {
            let request = ResourceRequest::new("get", "", "secrets").in_namespace("ns1");
            explain(&it.policy, &it.user, &request.into())
                .near_misses()
                .len()
        }),
        ("view of a user", of_others, |it| {
            let view = it.policy.view(&it.user);
            let request = ResourceRequest::new("get", "", "pods").in_namespace("ns1");
            usize::from(view.authorize(&request.into()).is_allow())
        }),
        ("differences, none", of_others, |it| {
            diff(&it.policy, &it.policy).map_or(0, |found| found.changes().len())
        }),
        ("differences, of one rule for all", of_others, |it| {
            let mut after = it.policy.clone();
            let mut rules = view_rules();
            rules.push(rule("deletecollection"));
            after.put_cluster_role(cluster_role("view", rules));
            diff(&it.policy, &after).map_or(0, |found| found.changes().len())
        }),
        ("escalation paths, none", of_others, |it| {
            escalation_paths(&it.policy, &it.user).map_or(0, |found| found.steps().len())
        }),
        ("escalation paths, to all accounts", of_accounts, |it| {
            escalation_paths(&it.policy, &it.user).map_or(0, |found| found.steps().len())
        }),
    ];
    let [first, second, third] = sizes;
    println!(
        "| analysis | {first} | {second} | {third} | slope | slope | result |\n\
         |---|---|---|---|---|---|---|"
    );
    for (name, world, run) in analyses {
        let measured = sizes.map(|size| {
            let world = world(size);
            let result = run(&world);
            (time(|| run(&world)), result)
        });
        let [(one, _), (two, _), (three, result)] = measured;
        println!(
            "| {name} | {} | {} | {} | {} | {} | {result} |",
            text(one),
            text(two),
            text(three),
            slope(first, one, second, two),
            slope(second, two, third, three),
        );
    }
}

/// Returns the exponent by which a time grows between two sizes: 0 if the time stays the same, 1 if it grows
/// in proportion.
fn slope(from: usize, before: Duration, to: usize, after: Duration) -> String {
    let log = |number: f64| number.max(f64::MIN_POSITIVE).log2();
    let size = |size: usize| u32::try_from(size).map_or(f64::INFINITY, f64::from);
    let time = log(after.as_secs_f64()) - log(before.as_secs_f64());
    format!("{:.2}", time / (log(size(to)) - log(size(from))))
}

/// Bindings of other users in namespaces of a hundred each, and a user in 50 groups, three of which have
/// bindings.
fn of_others(size: usize) -> World {
    let mut objects = Objects::default();
    objects
        .cluster_roles
        .push(cluster_role("view", view_rules()));
    for number in 0..size {
        let subjects = vec![subject("User", &format!("user-{number}"))];
        objects
            .role_bindings
            .push(namespaced(number, size, subjects, "view"));
    }
    for group in ["g7", "g23", "g42"] {
        let subjects = vec![subject("Group", group)];
        objects
            .cluster_role_bindings
            .push(cluster_binding(group, "view", subjects));
    }
    let groups = (0..50).map(|number| format!("g{number}"));
    World {
        policy: Policy::new(objects),
        user: User::new("alice", groups),
    }
}

/// Bindings of one user, in namespaces of a hundred each, to a tenth as many roles of three rules.
fn of_one(size: usize) -> World {
    let mut objects = Objects::default();
    let roles = size.div_ceil(10);
    for number in 0..roles {
        let mut rules = view_rules();
        let mut own = rule("update");
        own.resource_names = vec![format!("name-{number}")];
        rules.push(own);
        let role = cluster_role(&format!("role-{number}"), rules);
        objects.cluster_roles.push(role);
    }
    for number in 0..size {
        let role = format!("role-{}", number.checked_rem(roles).unwrap_or_default());
        let subjects = vec![subject("User", "alice")];
        objects
            .role_bindings
            .push(namespaced(number, size, subjects, &role));
    }
    World {
        policy: Policy::new(objects),
        user: User::new("alice", [""; 0]),
    }
}

/// Service accounts with a binding each in namespaces of a hundred, all in one group that may read pods, and
/// a user who may run as any of them. The accounts may read Secrets, bind roles or change pods.
fn of_accounts(size: usize) -> World {
    let of_core = |verbs: &[&str], group: &str, resource: &str| PolicyRule {
        verbs: verbs.iter().map(|&verb| verb.to_owned()).collect(),
        api_groups: vec![group.to_owned()],
        resources: vec![resource.to_owned()],
        ..PolicyRule::default()
    };
    let read = of_core(&["get", "list"], "", "pods");
    let mut objects = Objects::default();
    let rules = [
        of_core(&["get", "list"], "", "secrets"),
        of_core(&["bind"], k8s_rbac::API_GROUP, "roles"),
        of_core(&["patch"], "", "pods"),
    ];
    for (number, rule) in rules.into_iter().enumerate() {
        let role = cluster_role(&format!("r{number}"), vec![rule]);
        objects.cluster_roles.push(role);
    }
    let run = of_core(&["create"], "", "pods");
    objects.cluster_roles.push(cluster_role("run", vec![run]));
    objects.cluster_roles.push(cluster_role("read", vec![read]));
    let alice = vec![subject("User", "alice")];
    objects
        .cluster_role_bindings
        .push(cluster_binding("run", "run", alice));
    let mut accounts = Vec::new();
    for number in 0..size {
        let account = Subject {
            kind: "ServiceAccount".to_owned(),
            name: format!("a{number}"),
            namespace: namespace_of(number, size),
            ..Subject::default()
        };
        let role = format!("r{}", number.rem_euclid(3));
        objects
            .role_bindings
            .push(namespaced(number, size, vec![account.clone()], &role));
        accounts.push(account);
    }
    objects
        .cluster_role_bindings
        .push(cluster_binding("read", "read", accounts));
    World {
        policy: Policy::new(objects),
        user: User::new("alice", [""; 0]),
    }
}

fn namespace_of(number: usize, size: usize) -> String {
    format!("ns{}", number.rem_euclid(size.div_ceil(100)))
}

fn view_rules() -> Vec<PolicyRule> {
    let of = |group: &str, resources: &[&str]| PolicyRule {
        verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
        api_groups: vec![group.to_owned()],
        resources: resources.iter().map(|&one| one.to_owned()).collect(),
        ..PolicyRule::default()
    };
    vec![
        of("", &["pods", "pods/log", "services", "configmaps"]),
        of("apps", &["deployments", "statefulsets"]),
    ]
}

fn namespaced(number: usize, size: usize, subjects: Vec<Subject>, role: &str) -> RoleBinding {
    RoleBinding {
        metadata: metadata(&format!("b{number}"), &namespace_of(number, size)),
        subjects,
        role_ref: role_ref(role),
    }
}

fn cluster_binding(name: &str, role: &str, subjects: Vec<Subject>) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: metadata(name, ""),
        subjects,
        role_ref: role_ref(role),
    }
}

fn role_ref(name: &str) -> RoleRef {
    RoleRef {
        kind: "ClusterRole".to_owned(),
        name: name.to_owned(),
        api_group: k8s_rbac::API_GROUP.to_owned(),
    }
}

fn cluster_role(name: &str, rules: Vec<PolicyRule>) -> ClusterRole {
    ClusterRole {
        metadata: metadata(name, ""),
        rules,
        aggregation_rule: None,
    }
}

fn metadata(name: &str, namespace: &str) -> Metadata {
    Metadata {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        ..Metadata::default()
    }
}

/// Returns the processor time of a run, from the fastest of several rounds.
fn time<T>(mut run: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    let mut fastest = Duration::MAX;
    for round in 0..MAX_ROUNDS {
        if round > 0 && start.elapsed() > MAX_TIME {
            break;
        }
        let before = processor_time();
        let mut runs: u32 = 0;
        let spent = loop {
            drop(black_box(run()));
            runs = runs.saturating_add(1);
            let spent = processor_time().saturating_sub(before);
            if spent >= ROUND {
                break spent;
            }
        };
        fastest = fastest.min(spent.checked_div(runs).unwrap_or_default());
    }
    fastest
}

/// Returns how long this thread has run. Where the system does not count this, the wall clock is used,
/// and the figures include the waiting for other programs.
fn processor_time() -> Duration {
    // See Documentation/scheduler/sched-stats.rst of Linux. The first number is in nanoseconds.
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanos = counted
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Writes a time with two or three digits.
fn text(time: Duration) -> String {
    let nanos = time.as_nanos();
    let (unit, per_unit) = match nanos {
        0..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => ("µs", 1_000),
        1_000_000..1_000_000_000 => ("ms", 1_000_000),
        _ => ("s", 1_000_000_000),
    };
    let tenths = nanos.saturating_mul(10).div_euclid(per_unit);
    match tenths {
        0..1_000 => format!("{}.{} {unit}", tenths.div_euclid(10), tenths.rem_euclid(10)),
        _ => format!("{} {unit}", tenths.div_euclid(10)),
    }
}
