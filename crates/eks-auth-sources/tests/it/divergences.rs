use eks_auth_sources::SourceKind;
use testkit::Divergences;

use crate::support::{Folder, admin, builder, config_map, dev, of_config_map, reload, username};

const DYNAMIC: &str = r#"{"mapUsers": [{"userarn": "arn:aws:iam::111122223333:user/dev",
    "username": "dev-1", "groups": []}]}"#;

const MOUNTED: &str =
    "server: {mapUsers: [{userARN: 'arn:aws:iam::111122223333:user/dev', username: dev-1}]}\n";

/// The behavior of upstream was read from its source.
#[test]
fn every_divergence_is_listed_and_real() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/divergences.toml"
    ));
    let compare =
        |case, upstream: &str, ours: String| rows.compare(case, &upstream.to_owned(), &ours);

    let sources = builder()
        .with_feed(SourceKind::ConfigMap, "kube-system/aws-auth")
        .start()
        .unwrap();
    let feed = sources.feed(SourceKind::ConfigMap).unwrap();
    feed.publish(config_map("1"));
    let _ = sources.reload_and_wait();
    feed.deleted();
    compare("config-map-deleted", "not mapped", reload(&sources).2);
    feed.publish(config_map("2").replace("  map", "  other"));
    compare("config-map-empty", "not mapped", reload(&sources).2);
    // The deletion counts. eks-auth-kube also reports such a deletion after an interruption.
    feed.clear();
    compare("config-map-deleted-unwatched", "dev-1", reload(&sources).2);

    let folder = Folder::new();
    folder.write("modes.json", r#"{"backendMode": "MountedFil"}"#);
    folder.write("aws-auth.yaml", &config_map("1"));
    let sources = of_config_map(&folder)
        .with_file(SourceKind::BackendModes, folder.path("modes.json"))
        .start()
        .unwrap();
    compare(
        "backend-modes-unreadable",
        "dev-1",
        username(&sources.snapshot(), &dev()),
    );
    assert!(!sources.report().is_ready());

    folder.write("modes.json", r#"{"backendMode": "EKSConfigMap"}"#);
    let _ = sources.reload_and_wait();
    folder.write("modes.json", r#"{"backendMode": "CRD"}"#);
    let _ = sources.reload_and_wait();
    compare(
        "backend-modes-without-a-source",
        "not mapped",
        username(&sources.snapshot(), &dev()),
    );

    let sources = of_config_map(&folder).start().unwrap();
    let broken = config_map("2").replace("- userarn", "- - userarn: [");
    folder.write("aws-auth.yaml", &broken);
    let _ = sources.reload_and_wait();
    compare(
        "config-map-section",
        "admin-2",
        username(&sources.snapshot(), &admin()),
    );

    let sources = builder()
        .with_feed(SourceKind::ConfigMap, "kube-system/aws-auth")
        .start()
        .unwrap();
    // A watch that the API server refuses publishes nothing.
    compare("config-map-unreachable", "not mapped", reload(&sources).2);
    sources.feed(SourceKind::ConfigMap).unwrap().deleted();
    compare("config-map-missing", "not mapped", reload(&sources).2);

    let start = |kind, name| {
        let builder = builder().with_file(kind, folder.path(name));
        builder.start().unwrap()
    };
    let sources = start(SourceKind::DynamicFile, "dynamic.json");
    compare("dynamic-file-missing", "not mapped", reload(&sources).2);
    folder.write("dynamic.json", DYNAMIC);
    let _ = sources.reload_and_wait();
    folder.remove("dynamic.json");
    compare("dynamic-file-deleted", "not mapped", reload(&sources).2);

    // The test acts as if the kernel gave no watch.
    folder.write("dynamic.json", DYNAMIC);
    let sources = builder()
        .with_file(SourceKind::DynamicFile, folder.path("dynamic.json"))
        .with_polling()
        .start()
        .unwrap();
    compare(
        "dynamic-file-unwatched",
        "not mapped",
        username(&sources.snapshot(), &dev()),
    );

    folder.write("config.yaml", MOUNTED);
    let sources = start(SourceKind::MountedFile, "config.yaml");
    assert_eq!(username(&sources.snapshot(), &dev()), "dev-1");
    folder.write("config.yaml", &MOUNTED.replace("dev-1", "dev-2"));
    compare("mounted-file-changed", "dev-1", reload(&sources).2);
    rows.finish();
}
