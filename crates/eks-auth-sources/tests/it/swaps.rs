//! Files that are replaced while requests are decided.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use eks_auth_sources::eks_auth::k8s_rbac::{Request, ResourceRequest, User};
use eks_auth_sources::{SETTLE, Snapshot, SourceKind, Sources};

use crate::support::{
    Events, Folder, admin, builder, config_map, dev, is_applied, of_config_map, rbac, replace,
    username,
};

/// Returns the version by which both callers are judged.
#[track_caller]
fn version(snapshot: &Snapshot) -> String {
    let (admin, dev) = (username(snapshot, &admin()), username(snapshot, &dev()));
    let version = dev.strip_prefix("dev-").unwrap_or(&dev);
    assert_eq!(
        admin.strip_prefix("admin-"),
        Some(version),
        "{admin}, {dev}"
    );
    version.to_owned()
}

/// Judges callers on two threads until `change` is done. Returns the number of judgements.
fn under_load(sources: &Sources, judge: fn(&Snapshot), change: impl FnOnce()) -> usize {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = || {
            let mut count = 0_usize;
            while !is_done.load(Ordering::Relaxed) {
                judge(&sources.snapshot());
                count = count.saturating_add(1);
            }
            count
        };
        let threads = [scope.spawn(load), scope.spawn(load)];
        change();
        is_done.store(true, Ordering::Relaxed);
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    })
}

#[test]
fn a_file_replaced_100_times_a_second_is_never_torn() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("0"));
    let (builder, events) = Events::of(of_config_map(&folder));
    let sources = builder.start().unwrap();
    let path = folder.path("aws-auth.yaml");
    let judged = under_load(
        &sources,
        |snapshot| drop(version(snapshot)),
        || {
            for number in 1..=100 {
                // The texts have different lengths, so that a mix of two would not be read as one
                // text.
                let padding = "#".repeat(number * 37 % 400);
                replace(
                    &path,
                    &format!("{}{padding}\n", config_map(&number.to_string())),
                );
                if number % 10 == 0 {
                    sources.reload();
                }
                thread::sleep(Duration::from_millis(10));
            }
        },
    );
    assert!(judged > 1_000, "{judged}");
    // Some versions were applied meanwhile, and finally the last version.
    let _ = sources.reload_and_wait();
    assert_eq!(version(&sources.snapshot()), "100");
    let applied = events
        .drain()
        .iter()
        .filter(|event| is_applied(event))
        .count();
    assert!(applied > 1, "{applied}");
    assert_eq!(sources.report().sources[0].rejected, 0);
}

#[test]
fn a_file_written_piece_by_piece_is_applied_when_it_is_whole() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let (builder, events) = Events::of(of_config_map(&folder).with_settle(SETTLE));
    let sources = builder.start().unwrap();
    events.wait(is_applied);
    // The text has a comment of many lines. Every prefix that ends in the comment is a file with
    // only the role.
    let whole = config_map("2");
    let (roles, users) = whole.split_at(whole.find("  mapUsers").unwrap());
    under_load(
        &sources,
        |snapshot| drop(version(snapshot)),
        || {
            use std::io::Write;
            let mut file = fs::File::create(folder.path("aws-auth.yaml")).unwrap();
            for piece in [roles, "  # one\n", "  # two\n", users] {
                file.write_all(piece.as_bytes()).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
            drop(file);
            events.wait(is_applied);
            let _ = sources.reload_and_wait();
        },
    );
    assert_eq!(version(&sources.snapshot()), "2");
}

/// Whether the policy has the same version as the mapping rules.
fn is_one_version(snapshot: &Snapshot) {
    let request: Request<'_> = ResourceRequest::new("get", "", "pods").into();
    let user = User::new(username(snapshot, &dev()), Vec::<String>::new());
    let response = snapshot.policy().unwrap().authorize(&user, &request);
    assert!(response.decision().is_allow(), "{user:?}");
}

#[cfg(unix)]
#[test]
fn the_files_of_a_mounted_config_map_change_together() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    let volume = folder.path("volume");
    // The kubelet writes files in this way (pkg/volume/util/atomic_writer.go).
    let mount = |version: usize| {
        let data = volume.join(format!("..2026_{version}"));
        fs::create_dir_all(data.join("rbac")).unwrap();
        let text = version.to_string();
        fs::write(data.join("aws-auth.yaml"), config_map(&text)).unwrap();
        fs::write(data.join("rbac.yaml"), rbac(&text)).unwrap();
        symlink(format!("..2026_{version}"), volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
        if let Some(before) = version.checked_sub(1) {
            let _ = fs::remove_dir_all(volume.join(format!("..2026_{before}")));
        }
    };
    fs::create_dir_all(&volume).unwrap();
    mount(1);
    for name in ["aws-auth.yaml", "rbac.yaml"] {
        symlink(format!("..data/{name}"), volume.join(name)).unwrap();
    }
    let (builder, events) = Events::of(
        builder()
            .with_file(SourceKind::ConfigMap, volume.join("aws-auth.yaml"))
            .with_file(SourceKind::Rbac, &volume),
    );
    // The ConfigMap is skipped among the manifests.
    let sources = builder.start().unwrap();
    events.drain();
    under_load(&sources, is_one_version, || {
        for number in 2..=5 {
            mount(number);
            events.wait(is_applied);
        }
        let _ = sources.reload_and_wait();
    });
    assert_eq!(version(&sources.snapshot()), "5");
}

#[cfg(unix)]
#[test]
fn a_directory_behind_a_link_is_replaced_as_a_whole() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    for version in ["1", "2"] {
        let text = rbac(version);
        let (role, binding) = text.split_once("---\n").unwrap();
        folder.write(&format!("v{version}/role.yaml"), role);
        folder.write(&format!("v{version}/nested/binding.yml"), binding);
        folder.write(&format!("v{version}/.hidden.yaml"), "[");
        folder.write(&format!("v{version}/README.md"), "[");
    }
    symlink("v1", folder.path("current")).unwrap();
    let (builder, events) =
        Events::of(builder().with_file(SourceKind::Rbac, folder.path("current")));
    let sources = builder.start().unwrap();
    events.wait(is_applied);
    let is_allowed = |name: &str| {
        let snapshot = sources.snapshot();
        let policy = snapshot.policy().unwrap();
        let user = User::new(name, Vec::<String>::new());
        let request: Request<'_> = ResourceRequest::new("get", "", "pods").into();
        policy.authorize(&user, &request).decision().is_allow()
    };
    assert!(is_allowed("dev-1") && !is_allowed("dev-2"));
    symlink("v2", folder.path("next")).unwrap();
    fs::rename(folder.path("next"), folder.path("current")).unwrap();
    events.wait(is_applied);
    let _ = sources.reload_and_wait();
    assert!(!is_allowed("dev-1") && is_allowed("dev-2"));
}
