//! Sources that another part of the program reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eks_auth_sources::eks_auth::k8s_rbac::{Manifests, Objects, Request, ResourceRequest, User};
use eks_auth_sources::{Event, NoPolicy, Serving, SourceKind};

use crate::support::{builder, config_map, dev, rbac, reload, username};

#[test]
fn a_feed_is_a_source_as_a_file_is() {
    let sources = builder()
        .with_feed(SourceKind::ConfigMap, "kube-system/aws-auth")
        .start()
        .unwrap();
    let feed = sources.feed(SourceKind::ConfigMap).unwrap();
    assert!(sources.feed(SourceKind::Rbac).is_none());
    assert_eq!(
        feed.name().to_string(),
        "EKSConfigMap (kube-system/aws-auth)"
    );
    let state = || reload(&sources);
    assert_eq!(
        state(),
        (Serving::Nothing, "pending", "unreadable-source".to_owned())
    );
    feed.publish(config_map("1"));
    assert_eq!(state(), (Serving::Current, "", "dev-1".to_owned()));
    feed.disconnected("connection refused");
    assert_eq!(
        state(),
        (Serving::LastGood, "disconnected", "dev-1".to_owned())
    );
    feed.publish(config_map("1"));
    assert_eq!(state(), (Serving::Current, "", "dev-1".to_owned()));
    feed.deleted();
    assert_eq!(state(), (Serving::LastGood, "deleted", "dev-1".to_owned()));
    feed.publish("mapRoles: [".to_owned());
    let (serving, _, user) = state();
    assert_eq!((serving, user.as_str()), (Serving::LastGood, "dev-1"));
    feed.publish(config_map("2"));
    assert_eq!(state(), (Serving::Current, "", "dev-2".to_owned()));
    feed.clear();
    assert_eq!(state(), (Serving::Current, "", "not mapped".to_owned()));
    // RBAC objects do not count as rules.
    feed.publish_objects(Objects::default());
    assert_eq!(
        state(),
        (Serving::LastGood, "not-text", "not mapped".to_owned())
    );
}

#[test]
fn rbac_objects_are_published_as_they_are() {
    let sources = builder()
        .with_feed(SourceKind::Rbac, "RBAC objects of the cluster")
        .start()
        .unwrap();
    assert_eq!(
        sources.snapshot().policy().map(|_| ()),
        Err(NoPolicy::Unreadable)
    );
    let feed = sources.feed(SourceKind::Rbac).unwrap();
    let text = rbac("1");
    feed.publish_objects(Manifests::read([("", text.as_str())]).into_objects());
    let _ = sources.reload_and_wait();
    let snapshot = sources.snapshot();
    let user = User::new("dev-1", Vec::<String>::new());
    let request: Request<'_> = ResourceRequest::new("get", "", "pods").into();
    let response = snapshot.policy().unwrap().authorize(&user, &request);
    assert!(response.decision().is_allow());
    // An empty list of objects is a policy, too.
    feed.clear();
    let report = sources.reload_and_wait();
    assert!(report.is_ready() && report.degraded().next().is_none());
    let snapshot = sources.snapshot();
    let response = snapshot.policy().unwrap().authorize(&user, &request);
    assert!(!response.decision().is_allow());
}

#[test]
fn a_feed_outlives_its_sources_without_effect() {
    let sources = builder()
        .with_feed(SourceKind::ConfigMap, "kube-system/aws-auth")
        .start()
        .unwrap();
    let feed = sources.feed(SourceKind::ConfigMap).unwrap();
    let snapshot = sources.snapshot();
    drop(sources);
    feed.publish(config_map("1"));
    assert_eq!(username(&snapshot, &dev()), "unreadable-source");
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    let observer = Arc::new(|_: &Event| {});
    let of_thread = Arc::downgrade(&observer);
    let sources = builder()
        .with_feed(SourceKind::ConfigMap, "kube-system/aws-auth")
        .with_observer(observer)
        .start()
        .unwrap();
    let other = sources.clone();
    drop(sources);
    let _ = other.reload_and_wait();
    assert!(of_thread.upgrade().is_some());
    drop(other);
    let end = Instant::now() + Duration::from_secs(60);
    while of_thread.upgrade().is_some() {
        assert!(Instant::now() < end, "it still runs");
        std::thread::yield_now();
    }
}
