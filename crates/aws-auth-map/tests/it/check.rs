//! Mistakes that show only when all sources are read together.

use aws_auth_map::{
    AccessPolicy, AccessScope, Backend, BackendKind, BackendModes, BackendModesError, IdentityMap,
    MapProblem, PolicyTable, Rule, Rules, Template, read_config_map,
};
use serde::Deserialize;
use testkit::Report;

use crate::{outcome, session};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    sources: Vec<(String, String)>,
    #[serde(default)]
    reserved: Vec<String>,
    mode: Option<String>,
    printed: Vec<String>,
}

const NODES: &str = "mapRoles: [{rolearn: 'A:role/nodes', username: \
                     'system:node:{{EC2PrivateDNSName}}', groups: ['system:nodes']}]";

fn printed(found: &MapProblem) -> String {
    let problem = found.problem();
    let line = problem.line().map(|line| line.to_string());
    format!(
        "{} {} {} {}",
        found.backend().map_or("-", BackendKind::as_str),
        problem.code(),
        problem.at(),
        line.as_deref().unwrap_or("-"),
    )
}

#[test]
fn each_case_has_its_problems() {
    let mut report = Report::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/check.toml");
    for case in &testkit::toml::<File>(path).case {
        let mut map = IdentityMap::new();
        for (mode, text) in &case.sources {
            let text = match text.strip_prefix("NODES") {
                Some(rest) => [NODES, rest].concat(),
                None => text.clone(),
            };
            let text = text.replace("'A:", "'arn:aws:iam::111122223333:");
            let kind = mode.parse().expect("a mode");
            let prefixes = case.reserved.iter().map(String::as_str);
            let backend = Backend::new(kind, read_config_map(&text).0);
            map = map.with_backend(backend.with_reserved_prefixes(prefixes));
        }
        if let Some(mode) = &case.mode {
            let mode = mode.parse().expect("a mode");
            map = map.with_authentication_mode(mode);
        }
        let got: Vec<String> = map.check().iter().map(printed).collect();
        report.check(&case.name, &got, &case.printed);
    }
    report.finish();
}

#[test]
fn a_policy_that_the_table_does_not_contain_is_reported() {
    let mut rules = Rules::new();
    for name in ["AmazonEKSViewPolicy", "AmazonEKSNewPolicy"] {
        let arn = format!("arn:aws:eks::aws:cluster-access-policy/{name}");
        let policies = vec![AccessPolicy::new(&arn, AccessScope::Cluster)];
        let rule = Rule::exact(
            &format!("arn:aws:iam::111122223333:role/{name}"),
            Template::parse("u"),
            Vec::new(),
        );
        rules.push_entry(rule.with_access_policies(policies));
    }
    let map = IdentityMap::new().with_backend(Backend::new(BackendKind::AccessEntries, rules));
    let of = |table: PolicyTable| table.check(&map).iter().map(printed).collect::<Vec<_>>();
    let unknown = |index| format!("AccessEntries unknown-access-policy accessEntry[{index}] -");
    assert_eq!(of(PolicyTable::eks()), [unknown(1)]);
    assert_eq!(of(PolicyTable::new()), [unknown(0), unknown(1)]);
}

#[test]
fn a_problem_of_a_map_prints_its_source() {
    let text = NODES.replace("A:", "arn:aws:iam::111122223333:");
    let backend = |kind| Backend::new(kind, read_config_map(&text).0);
    let map = IdentityMap::new()
        .with_backend(backend(BackendKind::MountedFile))
        .with_backend(backend(BackendKind::EksConfigMap));
    let printed: Vec<String> = map.check().iter().map(ToString::to_string).collect();
    assert_eq!(
        printed,
        [
            "EKSConfigMap: mapRoles[0] (line 1, column 13): never used: `mapRoles[0]` of \
             MountedFile, which is searched first, matches the same principals"
        ]
    );
}

#[test]
fn modes_are_read_as_upstreams_flag() {
    let kinds = |text: &str| {
        text.parse::<BackendModes>()
            .map(|modes| modes.kinds().to_vec())
    };
    assert_eq!(
        kinds("EKSConfigMap,MountedFile"),
        Ok(vec![BackendKind::EksConfigMap, BackendKind::MountedFile])
    );
    assert_eq!(
        kinds("ConfigMap,File,CRD,DynamicFile").map(|kinds| kinds.len()),
        Ok(4)
    );
    assert_eq!(kinds(""), Err(BackendModesError::Empty));
    assert_eq!(kinds("CRD,"), Err(BackendModesError::Unknown));
    assert_eq!(kinds("CRD, File"), Err(BackendModesError::Unknown));
    assert_eq!(kinds("crd"), Err(BackendModesError::Unknown));
    assert_eq!(kinds("AccessEntries"), Err(BackendModesError::Unknown));
    assert_eq!(kinds("CRD,File,CRD"), Err(BackendModesError::Duplicate));
    assert_eq!(BackendModes::default().kinds(), [BackendKind::MountedFile]);
}

#[test]
fn sources_are_searched_in_the_order_of_the_modes_and_no_others() {
    let backend = |kind: BackendKind| {
        let mut rules = Rules::new();
        let username = Template::parse(kind.as_str());
        let arn = "arn:aws:iam::111122223333:role/dev";
        rules.push_role(Rule::exact(arn, username, Vec::new()));
        Backend::new(kind, rules)
    };
    let first = |modes: &str, kinds: &[BackendKind]| {
        let modes: BackendModes = modes.parse().expect("modes");
        let map = modes.chain(kinds.iter().copied().map(backend));
        outcome(&map.resolve(&session("dev", "s")))
    };
    let modes: BackendModes = "EKSConfigMap,MountedFile,CRD".parse().expect("modes");
    assert_eq!(modes.to_string(), "EKSConfigMap,MountedFile,CRD");
    use BackendKind::{AccessEntries, Crd, EksConfigMap, MountedFile};
    let all = [Crd, MountedFile, EksConfigMap];
    assert_eq!(first("EKSConfigMap,MountedFile,CRD", &all), "EKSConfigMap");
    assert_eq!(first("MountedFile,EKSConfigMap", &all), "MountedFile");
    assert_eq!(first("DynamicFile", &all), "not-mapped");
    assert_eq!(
        first("MountedFile", &[MountedFile, AccessEntries]),
        "AccessEntries"
    );
}

#[test]
fn many_exact_rules_hide_no_pattern_that_is_covered() {
    let rule = |key: &str, name: &str| {
        format!("- {{{key}: 'arn:aws:iam::111122223333:role/{name}', username: a}}\n")
    };
    let exact: String = (0..1000).map(|n| rule("rolearn", &n.to_string())).collect();
    let patterns = rule("rolearnLike", "*") + &rule("rolearnLike", "dev-*");
    let rules = crate::rules(&format!("mapRoles:\n{exact}{patterns}"));
    let found = crate::map(rules).check();
    let codes: Vec<String> = found.iter().map(printed).collect();
    let covered = "EKSConfigMap covered mapRoles[1001] 1003";
    assert!(codes.iter().any(|it| it == covered), "{codes:?}");
}
