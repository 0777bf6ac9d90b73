//! The Terraform that `convert` writes, read by a parser of HCL and evaluated as Terraform plans it.

use std::collections::BTreeSet;

use eks_access::{Cluster, ConvertOptions, Document, Options, Target};
use hcl::eval::{Context, Evaluate as _};
use hcl::{Block, Body, Map, Value};
use serde_json::json;

/// Returns the plan of a configuration in the form of `terraform show -json`. `planned_values` has
/// the values that the configuration gives.
pub(super) fn plan(text: &str) -> serde_json::Value {
    let body: Body = hcl::from_str(text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let mut context = Context::new();
    let mut resources = Vec::new();
    let mut entries = Map::new();
    let mut addresses = BTreeSet::new();
    for block in body.blocks() {
        match block.identifier() {
            "resource" => {
                let [kind, name] = labels(block);
                let values = evaluate(block.body(), &context);
                let address = format!("{kind}.{name}");
                assert!(
                    addresses.insert(address.clone()),
                    "{address} is there twice"
                );
                assert!(is_identifier(&name), "{name}");
                if kind == "aws_eks_access_entry" {
                    entries.insert(name.clone(), values.clone());
                    context.declare_var(kind.as_str(), Value::Object(entries.clone()));
                }
                resources.push(json!({
                    "address": address,
                    "mode": "managed",
                    "type": kind,
                    "name": name,
                    "provider_name": "registry.terraform.io/hashicorp/aws",
                    "values": values,
                }));
            }
            "import" => {
                let to = attribute(block, "to");
                let to = hcl::format::to_string(to).unwrap();
                assert!(addresses.contains(&to), "nothing to import: {to}");
                attribute(block, "id").evaluate(&context).unwrap();
            }
            other => panic!("{other}"),
        }
    }
    json!({
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": { "root_module": { "resources": resources } },
    })
}

fn labels(block: &Block) -> [String; 2] {
    let labels: Vec<String> = block
        .labels()
        .iter()
        .map(|label| label.as_str().to_owned())
        .collect();
    labels.try_into().unwrap()
}

fn attribute<'b>(block: &'b Block, key: &str) -> &'b hcl::Expression {
    let mut attributes = block.body().attributes();
    attributes
        .find(|attribute| attribute.key() == key)
        .unwrap()
        .expr()
}

/// Evaluates the attributes and blocks of a resource. Terraform has a list for each block.
fn evaluate(body: &Body, context: &Context<'_>) -> Value {
    let mut values = Map::new();
    for attribute in body.attributes() {
        let value = attribute.expr().evaluate(context);
        values.insert(attribute.key().to_owned(), value.unwrap());
    }
    for block in body.blocks() {
        let value = Value::Array(vec![evaluate(block.body(), context)]);
        values.insert(block.identifier().to_owned(), value);
    }
    Value::Object(values)
}

/// Whether Terraform takes a name (Terraform language, "Identifiers").
fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

#[test]
fn text_that_looks_like_an_expression_stays_text() {
    let groups = [
        "a${b}",
        "%{c}",
        "$${d}",
        "$$",
        "%%{",
        "e\\n",
        "\"f\"",
        "${",
        "%",
        "ü",
        "g\u{202e}h",
    ];
    let entry = json!({
        "principalArn": "arn:aws:iam::111122223333:role/dev",
        "kubernetesGroups": groups,
        "username": "dev:{{SessionName}}",
        "type": "STANDARD",
    });
    let document = Document::new("entry.json", entry.to_string());
    let cluster = Cluster::from_documents([document], &Options::new());
    let settings = ConvertOptions {
        cluster_name: Some("a \"${b}\"".to_owned()),
        ..ConvertOptions::default()
    };
    let converted = cluster
        .convert(Target::Terraform, &settings, &Options::new())
        .unwrap();
    let plan = plan(&converted.output);
    let values = &plan["planned_values"]["root_module"]["resources"][0]["values"];
    assert_eq!(values["kubernetes_groups"], json!(groups));
    assert_eq!(values["cluster_name"], "a \"${b}\"");
    assert_eq!(values["user_name"], "dev:{{SessionName}}");
}

/// The page on the migration compares the cluster with a plan. This is the plan of the configuration beside
/// the page.
#[test]
fn the_plan_of_the_migration_page_is_that_of_its_configuration() {
    let read = |name: &str| {
        let directory = "../../examples/offline/eks-access/docs/migration";
        let path = format!("{}/{directory}/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let written: serde_json::Value = serde_json::from_str(&read("plan.json")).unwrap();
    assert_eq!(written, plan(&read("entries.tf")));
}
