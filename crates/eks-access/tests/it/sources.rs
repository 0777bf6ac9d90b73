//! Which documents are recognized, and the problems of documents that cannot be read:
//! `testdata/sources.toml`.

use eks_access::{Cluster, Document, NoAnswer, Options, Problem};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    documents: Vec<Text>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    unrecognized: Vec<String>,
    callers: Option<Vec<String>>,
    #[serde(default)]
    unreadable: Vec<String>,
    /// The codes of the other problems, if they are checked.
    problems: Option<Vec<String>>,
    mode: Option<String>,
    version: Option<String>,
    dialect: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    text: String,
}

#[test]
fn documents_are_recognized_by_what_they_are() {
    let file: File = toml::from_str(&testkit::text("testdata/sources.toml")).unwrap();
    let mut report = testkit::Report::new();
    for case in file.case {
        let documents = case
            .documents
            .iter()
            .map(|one| Document::new(&one.name, &one.text));
        let cluster = Cluster::from_documents(documents, &Options::new());
        let name = &case.name;
        let sources: Vec<String> = cluster
            .sources()
            .iter()
            .map(|one| format!("{} {}", one.kind(), one.count()))
            .collect();
        report.check(
            &format!("{name}: sources"),
            &sorted(sources),
            &sorted(case.sources),
        );
        let unrecognized = cluster.unrecognized().iter();
        let unrecognized: Vec<String> = unrecognized
            .map(|one| format!("{} {}", one.kind(), one.count()))
            .collect();
        report.check(
            &format!("{name}: unrecognized"),
            &unrecognized,
            &case.unrecognized,
        );
        let codes = |is_unreadable| -> Vec<String> {
            let problems = cluster.problems().iter();
            problems
                .filter(|one| one.is_unreadable() == is_unreadable)
                .map(|one| one.code().to_owned())
                .collect()
        };
        report.check(
            &format!("{name}: unreadable"),
            &codes(true),
            &case.unreadable,
        );
        if let Some(problems) = &case.problems {
            report.check(&format!("{name}: problems"), &codes(false), problems);
        }
        let settings = [
            (cluster.authentication_mode().value().as_str(), &case.mode),
            (cluster.dialect().value().as_str(), &case.dialect),
            (
                &cluster.kubernetes_version().value().to_string(),
                &case.version,
            ),
        ];
        for (got, want) in settings {
            if let Some(want) = want {
                report.check(&format!("{name}: setting"), &got, &want.as_str());
            }
        }
        match (cluster.callers(None), &case.callers) {
            (Ok(callers), Some(want)) => {
                let got: Vec<String> = callers
                    .callers()
                    .iter()
                    .map(|one| {
                        let line = one.to_string();
                        line.rsplit_once(" (")
                            .map_or_else(|| line.clone(), |(line, _)| line.to_owned())
                    })
                    .collect();
                report.check(&format!("{name}: callers"), &got, want);
            }
            (Err(NoAnswer::Unreadable(problems)), None) => {
                report.check(&format!("{name}: lost"), &problems.is_empty(), &false);
            }
            (Err(NoAnswer::NoMapping | NoAnswer::NoMappingInMode(_)), None) => {}
            (got, want) => report.check(
                &format!("{name}: callers"),
                &format!("{got:?}"),
                &format!("{want:?}"),
            ),
        }
    }
    report.finish();
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

#[test]
fn a_text_for_people_is_answered_with_the_command_for_programs() {
    let terraform = "give the output of `terraform show -json PLAN`";
    let kubectl = "give the output of `kubectl get … -o yaml`";
    let plan = "\nTerraform used the selected providers to generate the following execution\nplan. Resource actions are indicated \
                with the following symbols:\n  + create\n\nTerraform will perform the following actions:\n\n  \
                # aws_eks_access_entry.a will be created\n  + resource \"aws_eks_access_entry\" \"a\" {\n";
    for (text, command) in [
        (
            "# access\nresource \"aws_eks_access_entry\" \"a\" {\n  cluster_name = \"c\"\n}\n",
            terraform,
        ),
        ("terraform {\n  a = \"b: c\"\n}\n", terraform),
        (plan, terraform),
        (
            "  # aws_eks_access_entry.a will be created\n  + resource \"aws_eks_access_entry\" \"a\" {\n      \
             + cluster_name  = \"c\"\n      + principal_arn = \"arn:aws:iam::111122223333:role/a\"\n    }\n\nPlan: 1 to add, 0 to \
             change, 0 to destroy.\n",
            terraform,
        ),
        (
            "-/+ resource \"kubernetes_config_map\" \"aws_auth\" {\n    ~ data = {\n        ~ \"mapRoles\" = <<-EOT\n            \
             - rolearn: a\n        EOT\n    }\n}\n",
            terraform,
        ),
        ("NAME       DATA   AGE\naws-auth   2      3d\n", kubectl),
        (
            "NAME   ROLE   AGE\nkubeadm:get-nodes   ClusterRole/kubeadm: x   3d\n",
            kubectl,
        ),
        (
            "No resources found in kube-system namespace.",
            "in place of its output",
        ),
    ] {
        let cluster = Cluster::from_documents([Document::new("a", text)], &Options::new());
        let unreadable: Vec<String> = cluster.unreadable().map(ToString::to_string).collect();
        assert_eq!(unreadable.len(), 1, "{text}: {unreadable:?}");
        assert!(
            unreadable.concat().ends_with(command),
            "{text}: {unreadable:?}"
        );
    }
}

#[test]
fn a_text_of_a_template_has_at_most_8192_bytes() {
    // The texts are joined one by one, so the second text makes the whole too long.
    let is_filled_in = |lengths: [usize; 2]| {
        let parts = lengths.map(|length| "x".repeat(length));
        let username = serde_json::json!({"Fn::Join": ["", parts]});
        let properties = serde_json::json!({
            "PrincipalArn": "arn:aws:iam::111122223333:role/dev",
            "Username": username,
        });
        let entry = serde_json::json!({"Type": "AWS::EKS::AccessEntry", "Properties": properties});
        let template = serde_json::json!({"Resources": {"Dev": entry}}).to_string();
        let documents = [Document::new("template.json", template)];
        let cluster = Cluster::from_documents(documents, &Options::new());
        let codes: Vec<&str> = cluster.unreadable().map(Problem::code).collect();
        assert!(codes.is_empty() || codes == ["not-known-yet"], "{codes:?}");
        codes.is_empty()
    };
    assert!(is_filled_in([8190, 2]));
    assert!(!is_filled_in([8190, 3]));
}
