//! Readers see either a whole change or no part of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use k8s_rbac::{ClusterRoleBinding, Metadata, Policy, PolicyStore};

fn binding(name: &str) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: Metadata {
            name: name.to_owned(),
            ..Metadata::default()
        },
        ..ClusterRoleBinding::default()
    }
}

#[test]
fn a_change_is_seen_whole_or_not_at_all() {
    let store = PolicyStore::new(Policy::default());
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    let snapshot = store.snapshot();
                    let count = || snapshot.bindings().count();
                    let before = count();
                    assert!(before == 0 || before == 2, "{before} of 2 bindings");
                    thread::yield_now();
                    assert_eq!(count(), before);
                }
            });
        }
        for _ in 0..2_000 {
            store.update(|policy| ["a", "b"].map(|n| policy.put_cluster_role_binding(binding(n))));
            let removed = store
                .update(|policy| ["a", "b"].map(|name| policy.remove_cluster_role_binding(name)));
            assert_eq!(removed, [true; 2]);
        }
        is_done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_change_that_panics_leaves_the_policy_as_it_was() {
    let store = PolicyStore::new(Policy::default());
    let panicked = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            store.update(|policy| {
                policy.put_cluster_role_binding(binding("a"));
                std::panic::panic_any(());
            });
        });
        writer.join().is_err()
    });
    assert!(panicked);
    assert_eq!(store.snapshot().bindings().count(), 0);
    store.update(|policy| policy.put_cluster_role_binding(binding("b")));
    assert_eq!(store.snapshot().bindings().count(), 1);
}
