//! One file, with good versions, bad versions, and no version.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eks_auth_sources::{
    Event, Fault, MAX_PROBLEMS, Observer, Report, Serving, Snapshot, Sources, Watching,
};

use crate::support::{
    Events, Folder, admin, config_map, dev, is_applied, of_config_map, only, reload, username,
};

fn started(folder: &Folder) -> Sources {
    of_config_map(folder).start().unwrap()
}

#[test]
fn a_bad_version_keeps_the_last_good_one() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let sources = started(&folder);
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-1".to_owned()));
    let good = config_map("2");
    let half: String = good.chars().take(good.find("mapUsers").unwrap()).collect();
    let bad = [
        ("", "empty"),
        (" \n\n", "empty"),
        ("mapRoles: [", "syntax"),
        (&format!("{half}mapU"), "syntax"),
        ("{}", "not-a-config-map"),
        ("kind: Pod\napiVersion: v1\n", "not-a-config-map"),
        // One section cannot be read, and another can.
        (&good.replace("- rolearn", "- - rolearn: ["), "syntax"),
    ];
    for (text, code) in bad {
        folder.write("aws-auth.yaml", text);
        let (serving, fault, user) = reload(&sources);
        assert_eq!(
            (serving, user.as_str()),
            (Serving::LastGood, "dev-1"),
            "{text}"
        );
        assert_eq!(fault, code, "{text}");
        // The report stays ready: requests are decided.
        let report = sources.report();
        assert!(report.is_ready());
        assert_eq!(report.degraded().count(), 1);
    }
    folder.remove("aws-auth.yaml");
    let missing = (Serving::LastGood, "missing", "dev-1".to_owned());
    assert_eq!(reload(&sources), missing);
    // The same version comes again. It is in effect, so the fault is gone.
    folder.write("aws-auth.yaml", &config_map("1"));
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-1".to_owned()));
    folder.write("aws-auth.yaml", &good);
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-2".to_owned()));
}

#[test]
fn a_version_with_a_bad_section_is_not_applied_in_part() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let sources = started(&folder);
    let broken = config_map("2").replace("- userarn", "- - userarn: [");
    folder.write("aws-auth.yaml", &broken);
    assert_eq!(reload(&sources).0, Serving::LastGood);
    // Both users come from the first version.
    let snapshot = sources.snapshot();
    assert_eq!(username(&snapshot, &admin()), "admin-1");
    assert_eq!(username(&snapshot, &dev()), "dev-1");
}

#[test]
fn an_entry_that_cannot_be_read_does_not_keep_a_version_back() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let sources = started(&folder);
    folder.write(
        "aws-auth.yaml",
        &config_map("2").replace("groups: [devs]", "groups: 7"),
    );
    // The entry refuses its caller, and the other entry has its new user.
    let refused = (Serving::Current, "", "unreadable-rule".to_owned());
    assert_eq!(reload(&sources), refused);
    assert_eq!(username(&sources.snapshot(), &admin()), "admin-2");
    let report = sources.report();
    assert_eq!(only(&report).problems.count(), 1, "{report:?}");
}

#[test]
fn of_a_version_with_very_many_problems_the_first_are_kept() {
    let folder = Folder::new();
    let entries = "    - {}\n".repeat(MAX_PROBLEMS + 7);
    folder.write("aws-auth.yaml", &format!("{}{entries}", config_map("1")));
    let (builder, events) = Events::of(of_config_map(&folder));
    let sources = builder.start().unwrap();
    let problems = only(&sources.report()).problems.clone();
    assert_eq!(problems.iter().count(), MAX_PROBLEMS);
    assert_eq!(problems.left_out(), 7);
    let applied = events.drain().into_iter().find_map(|event| match event {
        Event::Applied { problems, .. } => Some(problems),
        _ => None,
    });
    assert_eq!(applied, Some(problems));
}

#[test]
fn without_a_good_version_the_readable_part_is_served_until_a_better_one() {
    let folder = Folder::new();
    let broken = config_map("1").replace("- userarn", "- - userarn: [");
    folder.write("aws-auth.yaml", &broken);
    let sources = started(&folder);
    assert_eq!(username(&sources.snapshot(), &admin()), "admin-1");
    assert_eq!(username(&sources.snapshot(), &dev()), "unreadable-section");
    assert_eq!(only(&sources.report()).serving, Serving::ReadablePart);
    folder.write("aws-auth.yaml", &broken.replace("admin-1", "admin-2"));
    assert_eq!(reload(&sources).0, Serving::ReadablePart);
    assert_eq!(username(&sources.snapshot(), &admin()), "admin-2");
    folder.write("aws-auth.yaml", &config_map("3"));
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-3".to_owned()));
}

#[test]
fn a_first_version_of_which_nothing_can_be_read_is_not_ready() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", "data: [\n");
    let sources = started(&folder);
    let report = sources.report();
    assert_eq!(only(&report).serving, Serving::Nothing);
    assert!(!report.is_ready());
    assert_eq!(username(&sources.snapshot(), &dev()), "unreadable-source");
    folder.write("aws-auth.yaml", &config_map("1"));
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-1".to_owned()));
    // Later the last good version stays in effect.
    folder.write("aws-auth.yaml", "data: [\n");
    assert_eq!(reload(&sources).0, Serving::LastGood);
    assert!(sources.report().is_ready());
}

#[test]
fn a_file_that_was_never_there_gives_no_answer() {
    let folder = Folder::new();
    let (builder, events) = Events::of(of_config_map(&folder));
    let sources = builder.start().unwrap();
    let report = sources.report();
    assert!(!report.is_ready());
    assert_eq!(only(&report).fault, Some(Fault::Missing));
    assert_eq!(username(&sources.snapshot(), &dev()), "unreadable-source");
    // The watch is on the file's directory, so the file is read when it appears.
    folder.write("aws-auth.yaml", &config_map("1"));
    events.wait(is_applied);
    assert_eq!(reload(&sources), (Serving::Current, "", "dev-1".to_owned()));
}

#[test]
fn what_is_no_text_file_is_a_fault() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let sources = started(&folder);
    folder.remove("aws-auth.yaml");
    std::fs::create_dir(folder.path("aws-auth.yaml")).unwrap();
    assert_eq!(reload(&sources).1, "not-a-file");
    std::fs::remove_dir(folder.path("aws-auth.yaml")).unwrap();
    std::fs::write(folder.path("aws-auth.yaml"), [b'a', 0xff]).unwrap();
    assert_eq!(reload(&sources).1, "not-text");
    let long = format!("{}#{}", config_map("2"), " ".repeat(1 << 20));
    folder.write("aws-auth.yaml", &long);
    let kept = (Serving::LastGood, "too-large", "dev-1".to_owned());
    assert_eq!(reload(&sources), kept);
}

#[test]
fn each_change_is_reported_once() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let (builder, events) = Events::of(of_config_map(&folder));
    let sources = builder.start().unwrap();
    assert_eq!(events.wait(|_| true), Event::Watching(Watching::Events));
    assert!(is_applied(&events.wait(|_| true)));
    for _ in 0..3 {
        let _ = sources.reload_and_wait();
    }
    folder.remove("aws-auth.yaml");
    for _ in 0..3 {
        let _ = sources.reload_and_wait();
    }
    folder.write("aws-auth.yaml", &config_map("1"));
    let _ = sources.reload_and_wait();
    let names: Vec<&str> = events
        .drain()
        .iter()
        .map(|event| match event {
            Event::Applied { .. } => "applied",
            Event::Faulty { is_kept: true, .. } => "kept",
            Event::Recovered { .. } => "recovered",
            _ => "another",
        })
        .collect();
    assert_eq!(names, ["kept", "recovered"]);
    let report = sources.report();
    assert_eq!((only(&report).applied, only(&report).rejected), (1, 1));
}

/// Counts the versions that are published.
#[derive(Default)]
struct Published(AtomicUsize);

impl Observer for Published {
    fn observe(&self, _: &Event) {}

    fn publish(&self, _: &Arc<Snapshot>, _: &Arc<Report>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_snapshot_is_published_when_something_changed() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let published = Arc::new(Published::default());
    let builder = of_config_map(&folder).with_observer(published.clone());
    let sources = builder.start().unwrap();
    for (version, number) in [("1", 1), ("2", 2), ("3", 3)] {
        folder.replace("aws-auth.yaml", &config_map(version));
        for _ in 0..3 {
            let _ = sources.reload_and_wait();
            assert_eq!(published.0.load(Ordering::SeqCst), number);
        }
    }
}

#[test]
fn a_file_that_is_half_written_in_place_is_not_a_version() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let (builder, events) = Events::of(of_config_map(&folder));
    let sources = builder
        .with_settle(Duration::from_millis(50))
        .start()
        .unwrap();
    events.wait(is_applied);
    // The text before the rule of the user is a good ConfigMap.
    let whole = config_map("2").replace("admin-2", "admin-of-a-longer-name-2");
    let half: String = whole
        .chars()
        .take(whole.find("  mapUsers").unwrap())
        .collect();
    folder.write("aws-auth.yaml", &half);
    let unsettled = |event: &Event| {
        matches!(
            event,
            Event::Faulty {
                fault: Fault::Unsettled,
                is_kept: true,
                ..
            }
        )
    };
    events.wait(unsettled);
    assert_eq!(username(&sources.snapshot(), &dev()), "dev-1");
    folder.write("aws-auth.yaml", &whole);
    events.wait(is_applied);
    let _ = sources.reload_and_wait();
    assert_eq!(username(&sources.snapshot(), &dev()), "dev-2");
    // A shorter version that stays is applied later.
    folder.write("aws-auth.yaml", &half);
    events.wait(unsettled);
    events.wait(is_applied);
    assert_eq!(reload(&sources).2, "not mapped");
    // A version that the program asks for is applied at once.
    folder.write("aws-auth.yaml", &whole);
    assert_eq!(reload(&sources).2, "dev-2");
    folder.write("aws-auth.yaml", &half);
    assert_eq!(reload(&sources).2, "not mapped");
}

#[test]
fn polling_sees_what_watches_see() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let (builder, events) = Events::of(of_config_map(&folder).with_polling());
    let sources = builder.start().unwrap();
    let polling = |event: &Event| matches!(event, Event::Watching(Watching::Polling(_)));
    events.wait(polling);
    events.wait(is_applied);
    folder.replace("aws-auth.yaml", &config_map("2"));
    events.wait(is_applied);
    let _ = sources.reload_and_wait();
    assert_eq!(username(&sources.snapshot(), &dev()), "dev-2");
}
