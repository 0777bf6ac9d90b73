use std::time::SystemTime;

use aws_auth_map::IdentityMap;
use eks_auth_server::{SharedSnapshot, Snapshot, SourceStatus};

#[test]
fn a_snapshot_is_ready_once_every_source_was_read() {
    let shared = SharedSnapshot::new(Snapshot::new(IdentityMap::new()));
    assert!(shared.load().is_ready());
    let (file, cluster) = (SourceStatus::new("file"), SourceStatus::new("cluster"));
    let waiting = shared.update(|now| now.with_source(file.clone()).with_source(cluster.clone()));
    assert!(!waiting.is_ready());
    let good = file.clone().succeeded(SystemTime::UNIX_EPOCH);
    let half = shared.update(|now| now.with_source(good.clone()));
    assert!(!half.is_ready());
    let bad = good.clone().failed("line 3");
    assert!(bad.is_ready() && !bad.is_healthy());
    let all = shared.update(|now| {
        now.with_source(bad.clone())
            .with_source(cluster.clone().succeeded(SystemTime::UNIX_EPOCH))
    });
    assert!(all.is_ready());
    assert_eq!(all.generation(), 3);
    assert_eq!(all.sources().len(), 2);
    assert_eq!(all.sources()[0].last_error(), Some("line 3"));
    // Earlier snapshots stay unchanged.
    assert!(!waiting.is_ready());
}

#[test]
fn concurrent_updates_are_not_lost() {
    let shared = SharedSnapshot::new(Snapshot::new(IdentityMap::new()));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let shared = &shared;
            scope.spawn(move || {
                for _ in 0..100 {
                    let status = SourceStatus::new(thread.to_string());
                    shared.update(|now| now.with_source(status.clone()));
                }
            });
        }
    });
    let last = shared.load();
    assert_eq!(last.generation(), 400);
    assert_eq!(last.sources().len(), 4);
}
