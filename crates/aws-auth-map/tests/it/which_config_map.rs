//! Which ConfigMap of a text is read.

use aws_auth_map::{ConfigMapName, ConfigMapNameError, Reader};
use serde::Deserialize;
use testkit::Report;

use crate::{map, outcome, session};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    config_map: Option<String>,
    text: String,
    want: String,
    problem: Option<String>,
}

#[test]
fn the_named_config_map_is_read_and_no_other() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/which_config_map.toml"
    );
    let mut report = Report::new();
    for case in testkit::toml::<Cases>(path).case {
        let mut reader = Reader::new();
        if let Some(name) = case.config_map {
            reader = reader.with_config_map(name.parse().expect("NAMESPACE/NAME"));
        }
        let (rules, problems) = reader.read_config_map(&case.text);
        let resolution = map(rules).resolve(&session("ops", "s"));
        let problems: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} {}", problem.severity(), problem.code()))
            .filter(|problem| problem != "warning unknown-key")
            .collect();
        let got = (outcome(&resolution), problems);
        let want = (case.want, case.problem.into_iter().collect());
        report.check(&case.name, &got, &want);
    }
    report.finish();
}

#[test]
fn a_name_is_a_namespace_and_a_name() {
    let name: ConfigMapName = "kube-system/aws-auth".parse().expect("a name");
    assert_eq!(name, ConfigMapName::default());
    assert_eq!(name.to_string(), "kube-system/aws-auth");
    for text in ["", "aws-auth", "/aws-auth", "kube-system/", "a/b/c"] {
        assert_eq!(
            text.parse::<ConfigMapName>(),
            Err(ConfigMapNameError),
            "{text}"
        );
    }
}
