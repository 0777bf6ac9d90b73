//! The last good versions on disk.

use std::fs;

use eks_auth_sources::eks_auth::k8s_rbac::{Manifests, Request, ResourceRequest, User};
use eks_auth_sources::{Event, Serving, SourceKind};

use crate::support::{Events, Folder, builder, config_map, of_config_map, only, rbac, reload};

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Returns the only state file.
fn state_file(folder: &Folder) -> std::path::PathBuf {
    let mut files: Vec<_> = fs::read_dir(folder.path("state"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

fn with_state(folder: &Folder) -> eks_auth_sources::SourcesBuilder {
    of_config_map(folder).with_state_dir(folder.path("state"))
}

#[test]
fn the_last_good_version_survives_a_restart() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let sources = with_state(&folder).start().unwrap();
    folder.write("aws-auth.yaml", &config_map("2"));
    let _ = sources.reload_and_wait();
    drop(sources);
    for broken in [None, Some(""), Some("mapRoles: [")] {
        match broken {
            None => folder.remove("aws-auth.yaml"),
            Some(text) => folder.write("aws-auth.yaml", text),
        }
        let (builder, events) = Events::of(with_state(&folder));
        let sources = builder.start().unwrap();
        assert!(sources.report().is_ready());
        let (serving, fault, user) = reload(&sources);
        assert_eq!(
            (serving, user.as_str()),
            (Serving::Restored, "dev-2"),
            "{broken:?}"
        );
        assert!(!fault.is_empty());
        events.wait(
            |event| matches!(event, Event::Restored { saved_at, .. } if *saved_at > 1_700_000_000),
        );
    }
    // A good file is in effect, whatever version was saved.
    folder.write("aws-auth.yaml", &config_map("3"));
    let sources = with_state(&folder).start().unwrap();
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-3".to_owned()));
    // From then on, the saved version is not read again.
    folder.write("aws-auth.yaml", "");
    let (serving, _, user) = reload(&sources);
    assert_eq!((serving, user.as_str()), (Serving::LastGood, "dev-3"));
}

#[test]
fn what_was_restored_is_replaced_by_the_next_good_version() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    drop(with_state(&folder).start().unwrap());
    folder.remove("aws-auth.yaml");
    let sources = with_state(&folder).start().unwrap();
    assert_eq!(reload(&sources).0, Serving::Restored);
    folder.write("aws-auth.yaml", "[");
    assert_eq!(reload(&sources).2, "dev-1");
    folder.write("aws-auth.yaml", &config_map("2"));
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-2".to_owned()));
}

#[test]
fn feeds_are_restored_before_they_report() {
    let folder = Folder::new();
    let start = || {
        builder()
            .with_feed(SourceKind::ConfigMap, "kube-system/aws-auth")
            .with_feed(SourceKind::Rbac, "RBAC objects")
            .with_state_dir(folder.path("state"))
            .start()
            .unwrap()
    };
    let sources = start();
    let text = rbac("1");
    let objects = Manifests::read([("", text.as_str())]).into_objects();
    sources
        .feed(SourceKind::Rbac)
        .unwrap()
        .publish_objects(objects);
    sources
        .feed(SourceKind::ConfigMap)
        .unwrap()
        .publish(config_map("1"));
    let _ = sources.reload_and_wait();
    drop(sources);
    let sources = start();
    assert!(sources.report().is_ready());
    let snapshot = sources.snapshot();
    let user = User::new(
        crate::support::username(&snapshot, &crate::support::dev()),
        [""; 0],
    );
    let request: Request<'_> = ResourceRequest::new("get", "", "pods").into();
    let response = snapshot.policy().unwrap().authorize(&user, &request);
    assert!(response.decision().is_allow(), "{user:?}");
}

#[test]
fn a_state_file_that_is_broken_or_not_of_this_source_is_not_used() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    drop(with_state(&folder).start().unwrap());
    let file = state_file(&folder);
    let good = fs::read_to_string(&file).unwrap();
    folder.remove("aws-auth.yaml");
    let broken = [
        String::new(),
        good.chars().take(200).collect(),
        good.replace("\"format\":1", "\"format\":2"),
        good.replace("EKSConfigMap", "CRD"),
        good.replace("aws-auth.yaml\",\"saved_at", "other.yaml\",\"saved_at"),
        good.replace("mapRoles: |", "mapRoles: [|"),
        // If a saved version is incomplete, no part of it is used.
        good.replace("- userarn", "- - userarn: ["),
    ];
    for text in broken {
        assert_ne!(text, good);
        fs::write(&file, &text).unwrap();
        let sources = with_state(&folder).start().unwrap();
        assert_eq!(reload(&sources).2, "unreadable-source", "{text}");
        assert!(only(&sources.report()).state_fault.is_some(), "{text}");
        assert!(!sources.report().is_ready());
    }
    // The next good version replaces it.
    let sources = with_state(&folder).start().unwrap();
    folder.write("aws-auth.yaml", &config_map("2"));
    assert_eq!(reload(&sources).2, "dev-2");
    assert_eq!(only(&sources.report()).state_fault, None);
}

/// A version in effect is newer than the saved version, or the same.
#[test]
fn the_state_is_read_at_the_start_only() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let sources = with_state(&folder).start().unwrap();
    folder.write("aws-auth.yaml", "mapRoles: [");
    let kept = (Serving::LastGood, "syntax", "dev-1".to_owned());
    assert_eq!(reload(&sources), kept);
    let generation = sources.report().generation;
    folder.remove("aws-auth.yaml");
    let kept = (Serving::LastGood, "missing", "dev-1".to_owned());
    assert_eq!(reload(&sources), kept);
    assert_eq!(sources.report().generation, generation);
}

#[cfg(unix)]
#[test]
fn no_other_user_may_write_to_the_state() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    drop(with_state(&folder).start().unwrap());
    let file = state_file(&folder);
    assert_eq!((mode(&folder.path("state")), mode(&file)), (0o700, 0o600));
    folder.remove("aws-auth.yaml");
    let user = || reload(&with_state(&folder).start().unwrap()).2;
    set_mode(&file, 0o620);
    assert_eq!(user(), "unreadable-source");
    set_mode(&file, 0o640);
    assert_eq!(user(), "dev-1");
    set_mode(&folder.path("state"), 0o777);
    assert_eq!(user(), "unreadable-source");
    set_mode(&folder.path("state"), 0o750);
    assert_eq!(user(), "dev-1");
    // A link may point to a file of another user.
    fs::rename(&file, folder.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(folder.path("elsewhere"), &file).unwrap();
    assert_eq!(user(), "unreadable-source");
}

#[test]
fn a_state_directory_that_cannot_be_written_does_no_harm() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    // The directory's parent is a file, so that not even root can create the directory.
    folder.write("file", "");
    let (builder, events) =
        Events::of(of_config_map(&folder).with_state_dir(folder.path("file/state")));
    let sources = builder.start().unwrap();
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-1".to_owned()));
    events.wait(|event| matches!(event, Event::StateFault { .. }));
    assert!(only(&sources.report()).state_fault.is_some());
    assert!(sources.report().is_ready());
    folder.write("aws-auth.yaml", &config_map("2"));
    assert_eq!(reload(&sources).2, "dev-2");
    // When the disk has room again, the version is written by the next comparison.
    folder.remove("file");
    assert_eq!(reload(&sources).2, "dev-2");
    assert_eq!(only(&sources.report()).state_fault, None);
    let repeated = events.drain();
    assert!(
        !repeated
            .iter()
            .any(|event| matches!(event, Event::StateFault { .. }))
    );
}

/// If no file can be created, the attempts go on, and each has the same fault.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_takes_no_file_has_one_fault() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let fault = || {
        let sources = of_config_map(&folder).with_state_dir("/proc/self");
        let report = sources.start().unwrap().report();
        only(&report).state_fault.clone().unwrap()
    };
    let first = fault();
    assert!(first.starts_with("/proc/self: "), "{first}");
    assert_eq!(fault(), first);
}
