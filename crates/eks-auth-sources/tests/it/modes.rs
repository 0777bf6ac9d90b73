//! The order of the backends, changed at run time.

use eks_auth_sources::{Event, Serving, SourceKind};

use crate::support::{Events, Folder, builder, config_map, dev, username};

const DYNAMIC: &str = r#"{"mapUsers": [{"userarn": "arn:aws:iam::111122223333:user/dev",
    "username": "dev-dynamic", "groups": []}]}"#;

#[test]
fn the_file_of_backend_modes_changes_the_order() {
    let folder = Folder::new();
    folder.write("rules", &config_map("1"));
    folder.write("dynamic", DYNAMIC);
    let (builder, events) = Events::of(
        builder()
            .with_file(SourceKind::ConfigMap, folder.path("rules"))
            .with_file(SourceKind::DynamicFile, folder.path("dynamic"))
            .with_file(SourceKind::BackendModes, folder.path("modes"))
            .with_backend_modes("EKSConfigMap".parse().unwrap()),
    );
    let sources = builder.start().unwrap();
    // The file is optional.
    assert!(sources.report().is_ready());
    assert_eq!(sources.report().degraded().count(), 0);
    let user = || {
        let report = sources.reload_and_wait();
        let code = report.sources[2]
            .fault
            .as_ref()
            .map_or("", |fault| fault.code());
        (
            username(&sources.snapshot(), &dev()),
            code,
            report.sources[2].serving,
        )
    };
    assert_eq!(user(), ("dev-1".to_owned(), "", Serving::Nothing));
    // A file that is still missing is not a change.
    let generation = sources.report().generation;
    assert_eq!(sources.reload_and_wait().generation, generation);
    folder.write(
        "modes",
        r#"{"backendMode": "DynamicFile EKSConfigMap", "LastUpdatedDateTime": "1764000000"}"#,
    );
    assert_eq!(user(), ("dev-dynamic".to_owned(), "", Serving::Current));
    let modes = sources.snapshot().backend_modes().to_string();
    assert_eq!(modes, "DynamicFile,EKSConfigMap");
    let last = |event: &Event| match event {
        Event::Applied {
            last_updated,
            source,
            ..
        } if source.kind() == SourceKind::BackendModes => *last_updated,
        _ => None,
    };
    assert_eq!(
        last(&events.wait(|event| last(event).is_some())),
        Some(1_764_000_000)
    );
    // The file names a backend without a source or an unknown backend, or is not JSON. The order
    // stays.
    let bad = [
        (r#"{"backendMode": "CRD"}"#, "no-source"),
        (r#"{"backendMode": "Dynamic"}"#, "unknown-mode"),
        (r#"{"backendMode": "#, "not-json"),
        ("", "empty"),
    ];
    for (text, code) in bad {
        folder.write("modes", text);
        assert_eq!(
            user(),
            ("dev-dynamic".to_owned(), code, Serving::LastGood),
            "{text}"
        );
    }
    // As in upstream, the configured order is in effect without the file.
    folder.remove("modes");
    assert_eq!(user(), ("dev-1".to_owned(), "", Serving::Nothing));
    events.wait(|event| matches!(event, Event::Removed { .. }));
    // The new file cannot be read, so the order stays.
    folder.write("modes", "{");
    assert_eq!(user(), ("dev-1".to_owned(), "not-json", Serving::Nothing));
    assert!(sources.report().is_ready());
}

/// The configured order may have a backend that the file leaves out.
#[test]
fn without_a_readable_file_of_backend_modes_at_the_start_callers_get_no_answer() {
    let folder = Folder::new();
    folder.write("rules", &config_map("1"));
    folder.write("dynamic", DYNAMIC);
    folder.write("modes", r#"{"backendMode": "Dynamic"}"#);
    let sources = builder()
        .with_file(SourceKind::ConfigMap, folder.path("rules"))
        .with_file(SourceKind::DynamicFile, folder.path("dynamic"))
        .with_file(SourceKind::BackendModes, folder.path("modes"))
        .start()
        .unwrap();
    let user = || {
        let report = sources.reload_and_wait();
        (username(&sources.snapshot(), &dev()), report.is_ready())
    };
    assert_eq!(user(), ("unreadable-source".to_owned(), false));
    folder.write("modes", r#"{"backendMode": "DynamicFile"}"#);
    assert_eq!(user(), ("dev-dynamic".to_owned(), true));
    folder.remove("modes");
    assert_eq!(user(), ("dev-1".to_owned(), true));
}

/// Without the file, the configured order is in effect, and the sources are ready.
#[test]
fn an_unreadable_file_of_backend_modes_may_be_removed() {
    let folder = Folder::new();
    folder.write("rules", &config_map("1"));
    folder.write("modes", "{");
    let sources = builder()
        .with_file(SourceKind::ConfigMap, folder.path("rules"))
        .with_file(SourceKind::BackendModes, folder.path("modes"))
        .start()
        .unwrap();
    let user = || username(&sources.snapshot(), &dev());
    assert_eq!(user(), "unreadable-source");
    folder.remove("modes");
    assert!(sources.reload_and_wait().is_ready());
    assert_eq!(user(), "dev-1");
}
