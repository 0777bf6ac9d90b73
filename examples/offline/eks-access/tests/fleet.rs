//! The option `--fleet`.

use super::parse;
use crate::run;

#[test]
fn each_cluster_of_a_fleet_is_asked() {
    let fleet = std::env::temp_dir().join(format!("eks-access-fleet-{}", std::process::id()));
    let map = |group: &str| {
        format!(
            "mapUsers:\n- {{userarn: 'arn:aws:iam::111122223333:user/a', username: a, groups: ['{group}']}}\n"
        )
    };
    for (name, text) in [
        ("one", map("system:masters")),
        ("two", map("devs")),
        ("three", "Error from server (Forbidden): x".to_owned()),
    ] {
        std::fs::create_dir_all(fleet.join(name)).unwrap();
        std::fs::write(fleet.join(name).join("aws-auth.yaml"), text).unwrap();
    }
    let asked = "can arn:aws:iam::111122223333:user/a delete nodes --fleet";
    let answer = run(&parse(&format!("{asked} {}", fleet.display())));
    std::fs::remove_dir_all(&fleet).unwrap();
    assert_eq!(answer.status, 2);
    let clusters = &answer.data["clusters"];
    assert_eq!(clusters["one"]["verdict"], "yes");
    assert_eq!(clusters["two"]["verdict"], "no");
    assert_eq!(clusters["three"]["error"]["code"], "unreadable");
    assert!(answer.text.contains("# one\nyes: "), "{}", answer.text);
}
