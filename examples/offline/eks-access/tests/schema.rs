//! The JSON of every command conforms to `schema.json`.

use boon::{Compiler, SchemaIndex, Schemas};
use clap::CommandFactory as _;
use serde_json::Value;

use program::output::FAILED;

use super::{DEV, Directory, NODES, OPS, VIEW, answer, config_map, run};
use crate::args::Args;

const SCHEMA: &str = include_str!("../schema.json");

/// The address under which the schema is compiled. Nothing is loaded from it.
const URL: &str = "https://example.com/eks-access/schema.json";

const AUDIT_LOG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../crates/eks-access/testdata/audit_sample.jsonl"
);

/// The part of SARIF 2.1.0 that the program writes.
const SARIF: &str = include_str!("../testdata/sarif.schema.json");

struct Schema {
    schemas: Schemas,
    compiler: Compiler,
}

impl Schema {
    fn new(text: &str) -> Self {
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        let schema: Value = serde_json::from_str(text).unwrap();
        compiler.add_resource(URL, schema).unwrap();
        Self {
            schemas: Schemas::new(),
            compiler,
        }
    }

    fn index(&mut self, definition: &str) -> SchemaIndex {
        let place = match definition {
            "" => URL.to_owned(),
            name => format!("{URL}#/$defs/{name}"),
        };
        self.compiler.compile(&place, &mut self.schemas).unwrap()
    }

    /// Asserts that a value conforms to a definition, and so to the whole schema.
    #[track_caller]
    fn check(&mut self, definition: &str, value: &Value, line: &str) {
        for index in [self.index(definition), self.index("")] {
            if let Err(error) = self.schemas.validate(value, index) {
                panic!("{line}: {error}\n{value:#}");
            }
        }
    }
}

#[test]
fn every_command_prints_what_the_schema_says() {
    let dir = Directory::new("schema");
    let map = dir.file("aws-auth.yaml", &config_map(&[NODES, OPS, DEV]));
    let other = dir.file("other.yaml", &config_map(&[NODES, DEV]));
    let rbac = dir.file("rbac.yaml", VIEW);
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: dev}, spec: {containers: []}}\n---\n\
               {apiVersion: v1, kind: Service, metadata: {name: s, namespace: dev}}\n";
    let pods = dir.file("pods.yaml", pod);
    let lost = dir.file("lost.yaml", "Error from server (Forbidden): x\n");
    let baseline = dir.file(
        "baseline",
        "stale Role/x # gone\nunmapped-subject ClusterRoleBinding/dev # meant\n",
    );
    let dev = "arn:aws:sts::111122223333:assumed-role/dev/s";
    let files = format!("-f {map} -f {rbac} -f {pods}");
    let all = "15-eksctl-get-output.yaml -f 02-own-output-back.jsonl";
    let mut schema = Schema::new(SCHEMA);
    let mut commands: Vec<String> = Vec::new();
    for (definition, line) in [
        ("can", format!("can {dev} list pods -n dev {files}")),
        ("can", format!("can --as u delete pods -A {files}")),
        (
            "answers",
            format!("can {dev} list pods secrets -n dev {files}"),
        ),
        ("error", format!("can {dev} list podz {files}")),
        ("error", format!("can {dev} list pods -f {lost}")),
        (
            "error",
            "can --as dev list pods -f /no/such/file -o json".to_owned(),
        ),
        ("why", format!("why {dev} list pods -n dev {files}")),
        ("why", format!("why {dev} delete pods -A {files}")),
        (
            "why",
            format!("why {dev}x delete pods -f 15-eksctl-get-output.yaml -f {rbac}"),
        ),
        ("who", format!("who list pods -n dev {files}")),
        ("list", format!("list {dev} {files}")),
        ("list", format!("list {dev} --by namespace {files}")),
        ("whoami", format!("whoami {dev} {files}")),
        (
            "whoami",
            format!("whoami arn:aws:iam::111122223333:user/x {files}"),
        ),
        (
            "whoami",
            "whoami arn:aws:iam::111122223333:role/eu-demo-admin -f 02-own-output-back.jsonl"
                .to_owned(),
        ),
        ("callers", format!("callers -f {all}")),
        ("check", format!("check {files}")),
        ("check", format!("check {files} --baseline {baseline}")),
        ("check", "check 17-empty-entry.yaml".to_owned()),
        ("baseline", format!("check {files} --print-baseline")),
        ("diff", format!("diff {map} {other} --caller {dev}")),
        ("diff", format!("diff {map} {map} -f {rbac}")),
        ("error", format!("diff {map} {rbac}")),
        (
            "edit",
            format!("edit add arn:aws:iam::111122223333:role/new --username n -f {map}"),
        ),
        (
            "edit",
            format!("edit remove arn:aws:iam::111122223333:role/ops -f {map}"),
        ),
        ("convert", format!("convert --to entries -f {map}")),
        (
            "convert",
            "convert --to config-map -f 03-eksctl-cluster-config.yaml".to_owned(),
        ),
        (
            "convert",
            "convert --to cloudformation --cluster c -f 06-sso-role-to-entry.yaml".to_owned(),
        ),
        ("escalate", format!("escalate {dev} {files}")),
        (
            "escalate",
            format!("escalate --as dev --to system:masters {files}"),
        ),
        ("write", format!("write {dev} {rbac} {files}")),
        ("report", format!("report {files}")),
        ("auditUsers", format!("audit {AUDIT_LOG}")),
        (
            "minimalRole",
            format!("audit {AUDIT_LOG} --for k8s-developer"),
        ),
        ("denied", format!("audit {AUDIT_LOG} --denied")),
        ("unused", format!("audit {AUDIT_LOG} --unused {files}")),
    ] {
        let form = if line.contains(" -o ") {
            ""
        } else {
            " -o json"
        };
        let found = answer(&format!("{line}{form}"));
        let printed: Value = serde_json::from_str(&found.text).unwrap();
        schema.check(definition, &printed, &line);
        commands.extend(line.split(' ').next().map(str::to_owned));
    }
    // These commands print text for people or shells only.
    commands.extend(["completions", "help", "man"].map(str::to_owned));
    let known = Args::command();
    for command in known.get_subcommands().map(clap::Command::get_name) {
        assert!(
            commands.iter().any(|one| one == command),
            "{command} has no schema"
        );
    }
}

#[test]
fn the_answers_of_a_fleet_are_as_the_schema_says() {
    let dir = Directory::new("schema-fleet");
    for name in ["one", "two"] {
        std::fs::create_dir_all(dir.0.join(name)).unwrap();
        dir.file(&format!("{name}/aws-auth.yaml"), &config_map(&[NODES, OPS]));
    }
    let fleet = dir.0.display();
    let mut schema = Schema::new(SCHEMA);
    for line in [
        "callers".to_owned(),
        "check".to_owned(),
        "can arn:aws:iam::111122223333:role/ops get pods secrets".to_owned(),
        "can arn:aws:iam::111122223333:role/ops get podz".to_owned(),
        "convert --to terraform".to_owned(),
        format!("diff {fleet} {fleet}"),
    ] {
        let found = answer(&format!("{line} --fleet {fleet} -o json"));
        let printed: Value = serde_json::from_str(&found.text).unwrap();
        assert_eq!(
            printed["clusters"].as_object().map(serde_json::Map::len),
            Some(2),
            "{line}"
        );
        schema.check("clusters", &printed, &line);
    }
}

#[test]
fn every_key_is_in_camel_case() {
    fn keys(value: &Value, of_schema: bool, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    if of_schema && key == "properties" {
                        found.extend(value.as_object().unwrap().keys().cloned());
                    }
                    keys(value, of_schema, found);
                }
            }
            Value::Array(list) => list.iter().for_each(|one| keys(one, of_schema, found)),
            _ => {}
        }
    }
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut found = Vec::new();
    keys(&schema, true, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for key in found {
        let is_camel = key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(is_camel, "{key}");
    }
}

#[test]
fn a_question_without_an_answer_has_the_format_that_was_asked_for() {
    let dir = Directory::new("no-answer");
    let map = dir.file("aws-auth.yaml", &config_map(&[OPS]));
    let rbac = dir.file("rbac.yaml", VIEW);
    let error = dir.file("error.txt", "Error from server (Forbidden): no\n");
    let mut schema = Schema::new(SARIF);
    for (line, why) in [
        (
            format!("diff {map} {rbac}"),
            "NEW: it maps no AWS identities",
        ),
        (
            format!("diff {error} {map}"),
            "a part of the cluster could not be read",
        ),
        (
            "check -f /no/such/file".to_owned(),
            "No such file or directory",
        ),
        (
            format!("check -f {map} --baseline /no/such/file"),
            "No such file or directory",
        ),
        (
            "audit /no/such/file".to_owned(),
            "No such file or directory",
        ),
        (format!("callers -f {map}"), "choose text, json or yaml"),
        (
            format!("diff {map} {map} --fleet {map}"),
            "one document for each cluster",
        ),
    ] {
        let sarif = answer(&format!("{line} -o sarif"));
        schema.check("", &sarif.data, &line);
        let run = &sarif.data["runs"][0];
        let invocation = &run["invocations"][0];
        assert_eq!(
            (sarif.status, &invocation["executionSuccessful"]),
            (FAILED, &false.into())
        );
        let notification = &invocation["toolExecutionNotifications"][0];
        assert_eq!(notification["level"], "error");
        let text = notification["message"]["text"].as_str().unwrap();
        assert!(text.contains(why), "{line}: {text}");
        assert_eq!(run["results"], serde_json::json!([]), "{line}");
        if why.starts_with("one document") {
            continue;
        }
        for (format, start) in [
            ("github", "::error title=no answer::"),
            ("junit", "<?xml version"),
            ("markdown", "### eks-access "),
        ] {
            let answer = answer(&format!("{line} -o {format}"));
            assert_eq!(answer.status, FAILED);
            assert!(answer.text.starts_with(start), "{line}: {}", answer.text);
            let is_error =
                answer.text.contains("errors=\"") && !answer.text.contains("errors=\"0\"");
            assert_eq!(is_error, format == "junit", "{line}: {}", answer.text);
        }
    }
    // The output names the file that could not be read.
    let (_, text, _) = run(&format!("diff {error} {map} -o github"));
    assert!(text.contains("error.txt: high[error-output]: "), "{text}");
}

#[test]
fn sarif_of_every_command_is_as_the_standard_says() {
    let dir = Directory::new("sarif");
    let map = dir.file("aws%auth.yaml", &config_map(&[NODES, OPS, DEV]));
    let other = dir.file("other.yaml", &config_map(&[NODES]));
    let people = dir.file("people.yaml", &config_map(&[OPS]));
    let rbac = dir.file("rbac.yaml", VIEW);
    let baseline = dir.file(
        "baseline",
        "unmapped-subject ClusterRoleBinding/dev # meant\n",
    );
    let mut schema = Schema::new(SARIF);
    for line in [
        format!("check -f {map} -f {rbac} --baseline {baseline}"),
        format!("check -f {people} --authentication-mode CONFIG_MAP"),
        "check 07-groups-nobody-has.yaml 17-indent-template.yaml".to_owned(),
        "check 16-kubectl-describe.txt".to_owned(),
        format!("diff {map} {other}"),
        format!("diff {other} {map} -f {rbac}"),
        format!("audit {AUDIT_LOG} --denied"),
        format!("audit {AUDIT_LOG} --unused -f {rbac}"),
    ] {
        let answer = answer(&format!("{line} -o sarif"));
        schema.check("", &answer.data, &line);
        let results = answer.data["runs"][0]["results"].as_array().unwrap();
        let notified = &answer.data["runs"][0]["invocations"][0]["toolExecutionNotifications"];
        assert!(!results.is_empty() || notified[0].is_object(), "{line}");
        for (property, wrong) in [("level", "fatal"), ("message", "text"), ("rule", "new")] {
            let mut broken = answer.data.clone();
            let Some(result) = broken["runs"][0]["results"].get_mut(0) else {
                continue;
            };
            result[property] = wrong.into();
            let index = schema.index("");
            assert!(
                schema.schemas.validate(&broken, index).is_err(),
                "{line}: {property}"
            );
        }
    }
}
