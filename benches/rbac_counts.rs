//! Counts that do not depend on the load of the machine: allocations of a decision, bytes of a policy,
//! and, under callgrind, instructions of a decision. It fails if a decision allocates.
//!
//! ```console
//! $ CARGO_PROFILE_RELEASE_STRIP=none cargo bench --bench rbac_counts
//! $ valgrind --tool=callgrind --toggle-collect='*decide_each*' target/release/deps/rbac_counts-… \
//!       cluster 100000 3 create rotating
//! ```
//!
//! The arguments under callgrind are: the kind of bindings (`cluster`, `namespace`, `shared` for one
//! group in all of them, or `own-rules` for roles with their own rules), their number, the number of groups of each user, the
//! verb (the user's own binding allows `list`, the last binding allows `patch`, and no binding allows `create`), and
//! `hot` or `rotating`. It decides 16,384 times, so divide the instructions by that.
#![expect(clippy::print_stdout, reason = "the counts are the output")]

use std::hint::black_box;

use k8s_rbac::{Objects, Policy, Request, User};

use k8s_rbac_oracle::sized_policy::{
    Rules, Scope, Shared, USERS, objects, objects_with, request, user,
};

/// The number of bindings of the counted policy.
const SIZE: usize = 100_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        [place, bindings, groups, verb, way] => {
            let bindings = bindings.parse().unwrap_or_default();
            let groups = groups.parse().unwrap_or_default();
            let policy = policy(place, bindings);
            let users = if way == "hot" { 1 } else { USERS };
            let users: Vec<User> = (0..users)
                .map(|number| user(number, groups, bindings))
                .collect();
            let allowed = decide_each(&policy, &users, &request(verb));
            println!("{allowed} of {USERS} allowed");
        }
        _ => print_counts(),
    }
}

fn print_counts() {
    for place in ["cluster", "namespace", "shared", "own-rules"] {
        let (mut made, mut objects) = (None, None);
        let of_policy = allocation_counter::measure(|| made = Some(policy(place, SIZE)));
        let of_objects = allocation_counter::measure(|| objects = Some(plain(place, SIZE)));
        drop(objects);
        let [of_policy, of_objects] = [of_policy, of_objects]
            .map(|counted| usize::try_from(counted.bytes_current).unwrap_or_default() / SIZE);
        println!("{place}: {of_policy} bytes a binding with its role, {of_objects} as objects");
        for (groups, verb) in [3, 50]
            .into_iter()
            .flat_map(|groups| ["list", "patch", "create"].map(|verb| (groups, verb)))
        {
            let users: Vec<User> = (0..100).map(|number| user(number, groups, SIZE)).collect();
            let policy = made.as_ref();
            let counted = allocation_counter::measure(|| {
                let _ = policy.map(|policy| decide_each(policy, &users, &request(verb)));
            });
            let count = counted.count_total;
            println!("{place}, {groups} groups, {verb}: {count} allocations");
            assert_eq!(count, 0, "a decision allocates");
        }
    }
}

fn policy(place: &str, bindings: usize) -> Policy {
    Policy::new(plain(place, bindings))
}

fn plain(place: &str, bindings: usize) -> Objects {
    match place {
        "namespace" => objects(Scope::Namespace, bindings, Shared::None),
        "shared" => objects(Scope::Cluster, bindings, Shared::Authenticated),
        "own-rules" => objects_with(Scope::Cluster, bindings, Shared::None, Rules::Own),
        _ => objects(Scope::Cluster, bindings, Shared::None),
    }
}

#[inline(never)]
fn decide_each(policy: &Policy, users: &[User], request: &Request<'_>) -> usize {
    let users = users.iter().cycle().take(USERS);
    let responses = users.map(|user| policy.authorize(black_box(user), request));
    responses
        .filter(|response| response.decision().is_allow())
        .count()
}
