//! The option `--fleet`.

use std::fs;

use program::output::FAILED;

use super::{DEV, Directory, FOUND, NODES, OPS, answer, check, config_map, parse};
use crate::LOCKOUT;
use crate::run;

/// Writes a fleet: a directory with a ConfigMap for each cluster.
fn fleet(dir: &Directory, name: &str, clusters: &[(&str, String)]) -> String {
    for (cluster, text) in clusters {
        fs::create_dir_all(dir.0.join(name).join(cluster)).unwrap();
        dir.file(&format!("{name}/{cluster}/aws-auth.yaml"), text);
    }
    dir.0.join(name).display().to_string()
}

#[test]
fn each_cluster_of_a_fleet_is_asked() {
    let map = |group: &str| {
        format!(
            "mapUsers:\n- {{userarn: 'arn:aws:iam::111122223333:user/a', username: a, groups: ['{group}']}}\n"
        )
    };
    let dir = Directory::new("fleet");
    let fleet = fleet(
        &dir,
        "fleet",
        &[
            ("one", map("system:masters")),
            ("two", map("devs")),
            ("three", "Error from server (Forbidden): x".to_owned()),
        ],
    );
    let asked = "can arn:aws:iam::111122223333:user/a delete nodes --fleet";
    let answer = run(&parse(&format!("{asked} {fleet}")));
    assert_eq!(answer.status, 2);
    let clusters = &answer.data["clusters"];
    assert_eq!(clusters["one"]["verdict"], "yes");
    assert_eq!(clusters["two"]["verdict"], "no");
    assert_eq!(clusters["three"]["error"]["code"], "unreadable");
    assert!(answer.text.contains("# one\nyes: "), "{}", answer.text);
}

#[test]
fn two_fleets_are_compared_by_cluster() {
    let dir = Directory::new("fleets");
    let all = config_map(&[NODES, OPS, DEV]);
    let old = fleet(
        &dir,
        "old",
        &[
            ("gone", all.clone()),
            ("less", all.clone()),
            ("locked", all.clone()),
            ("same", all.clone()),
        ],
    );
    let new = fleet(
        &dir,
        "new",
        &[
            ("added", all.clone()),
            ("less", config_map(&[NODES, OPS])),
            ("locked", config_map(&[NODES, DEV])),
            ("same", all),
        ],
    );
    let answer = answer(&format!("diff {old} {new} --fleet {new} -o json"));
    let clusters = &answer.data["clusters"];
    assert_eq!(answer.status, LOCKOUT);
    assert_eq!(clusters["same"]["differences"], serde_json::json!([]));
    assert_eq!(clusters["less"]["differences"][0]["code"], "loses");
    assert_eq!(
        clusters["locked"]["lockouts"][0]["code"],
        "lockout-no-administrator"
    );
    // A cluster that only one fleet has gets no answer: a missing directory does not prove that the cluster has no
    // callers.
    for only in ["gone", "added"] {
        assert!(
            clusters[only]["error"]["message"].is_string(),
            "{only}: {}",
            clusters[only]
        );
    }
    let same = fleet(&dir, "same", &[("same", config_map(&[NODES, OPS]))]);
    check(
        &format!("diff {same} {same} --fleet {same}"),
        0,
        &["# same\nnote: neither side has roles or bindings"],
    );
}

#[test]
fn what_is_about_one_cluster_is_refused_with_the_reason() {
    let dir = Directory::new("fleet-refused");
    let map = config_map(&[
        NODES,
        OPS,
        "  - {rolearn: 'arn:aws:iam::111122223333:role/x/y', username: y}\n",
    ]);
    let fleet = fleet(&dir, "fleet", &[("one", map.clone())]);
    let other = dir.file("other.yaml", &map);
    for (line, why) in [
        ("edit dedupe".to_owned(), "an edit changes one ConfigMap"),
        ("check --fix".to_owned(), "--fix changes one ConfigMap"),
        (format!("check {other}"), "give either files or --fleet"),
        (
            "audit audit.log --save".to_owned(),
            "the part of one cluster",
        ),
        (
            format!("audit {other}"),
            "a path in the directory of each cluster",
        ),
        ("check -o sarif".to_owned(), "one document for each cluster"),
        ("check -o junit".to_owned(), "one document for each cluster"),
    ] {
        check(&format!("{line} --fleet {fleet}"), FAILED, &[why]);
    }
    let text = fs::read_to_string(dir.0.join("fleet/one/aws-auth.yaml")).unwrap();
    assert_eq!(text, map);
    check(
        &format!("check --fleet {fleet}"),
        FOUND,
        &["# one\n", "role-path"],
    );
    // The directory is the name of the cluster.
    check(
        &format!("convert --to terraform --fleet {fleet}"),
        FOUND,
        &["= \"one\"\n"],
    );
}
