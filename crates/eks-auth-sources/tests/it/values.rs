//! The facts about sources beyond the rules in them.

use eks_auth_sources::{Serving, SourceKind};

use crate::support::{Folder, builder, config_map, of_config_map, reload};

#[test]
fn each_state_of_a_source_has_a_name() {
    for (serving, name) in [
        (Serving::Current, "current"),
        (Serving::LastGood, "last-good"),
        (Serving::Nothing, "nothing"),
        (Serving::ReadablePart, "readable-part"),
        (Serving::Restored, "restored"),
    ] {
        assert_eq!(serving.as_str(), name);
    }
}

#[test]
fn the_number_of_a_snapshot_grows_with_each_change() {
    let folder = Folder::new();
    folder.write("aws-auth.yaml", &config_map("1"));
    let sources = of_config_map(&folder).start().unwrap();
    let first = sources.snapshot().generation();
    for version in ["2", "3"] {
        let before = sources.snapshot().generation();
        folder.replace("aws-auth.yaml", &config_map(version));
        reload(&sources);
        assert_eq!(sources.snapshot().generation(), before + 1);
        assert_eq!(sources.report().generation, before + 1);
    }
    assert!(sources.snapshot().generation() > first);
    // The same text again is not a change.
    let before = sources.snapshot().generation();
    reload(&sources);
    assert_eq!(sources.snapshot().generation(), before);
}

#[test]
fn a_builder_prints_how_many_sources_it_has() {
    let folder = Folder::new();
    let builder = builder().with_file(SourceKind::ConfigMap, folder.path("aws-auth.yaml"));
    let printed = format!("{builder:?}");
    assert!(printed.contains("sources: 1"), "{printed}");
}
