//! What a template takes from other places, where there may be access entries.

use std::collections::BTreeSet;

use bounded_yaml::{Node, Scalar};

use crate::gather::{Gathered, Text};
use crate::place::Place;
use crate::problem::SourceFault;
use crate::source::SourceKind;

/// A nested stack, and the names that the file with its template may have.
pub(crate) struct NestedStack {
    id: String,
    files: Vec<String>,
    place: Place,
}

/// The transforms of AWS, none of which writes access entries (CloudFormation, "Transform reference"). `AWS::Include` is
/// not among them, since it writes what its file has.
const TRANSFORMS: [&str; 6] = [
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::Serverless-2016-10-31",
    "AWS::ServiceCatalog",
];

/// Leaves no answer if a macro may write resources of the template.
pub(super) fn lose_macros(gathered: &mut Gathered, text: &Text<'_>, template: &Node) {
    let mut names = Vec::new();
    match template.get("Transform") {
        Some(Node::Sequence(items)) => names.extend(items.iter().map(macro_name)),
        Some(node) if !node.is_null() => names.push(macro_name(node)),
        _ => {}
    }
    names.extend(template.get("Fn::Transform").map(macro_name));
    if let Some(name) = names.iter().find(|name| !TRANSFORMS.contains(name)) {
        let what = format!("what the macro {name} writes");
        let give =
            "the output of `aws cloudformation get-template --template-stage Processed` instead";
        let place = text.place(template.offset());
        gathered.lost(place, SourceFault::Unread(what, give));
    }
}

fn macro_name(node: &Node) -> &str {
    let name = node.as_text().or_else(|| node.get("Name")?.as_text());
    name.unwrap_or("of `Transform`")
}

/// Returns whether a type of resource stands for those of another template.
pub(super) fn is_nested(kind: &str) -> bool {
    matches!(
        kind,
        "AWS::CloudFormation::Stack" | "AWS::Serverless::Application"
    ) || kind.ends_with("::MODULE")
}

/// The ids of the nested stacks in which the AWS CDK has its functions for a cluster.
const OF_CDK: [&str; 2] = [
    "ClusterResourceProviderNestedStack",
    "KubectlProviderNestedStack",
];

/// Takes a nested stack, an application, or a module.
pub(super) fn take_nested(gathered: &mut Gathered, text: &Text<'_>, id: &Scalar, resource: &Node) {
    if OF_CDK.iter().any(|of_cdk| id.text().contains(of_cdk)) {
        return;
    }
    let property = |key| resource.get("Properties").and_then(|one| one.get(key));
    let asset = resource
        .get("Metadata")
        .and_then(|one| one.get("aws:asset:path"));
    let addresses = [asset, property("TemplateURL"), property("Location")];
    let addresses = addresses.into_iter().flatten().filter_map(last_text);
    gathered.nested_stacks.push(NestedStack {
        id: id.text().to_owned(),
        files: addresses.map(|one| file_name(one).to_owned()).collect(),
        place: text.place(id.offset()),
    });
}

/// Returns the last text in a value, which ends the address if a function joins it.
fn last_text(node: &Node) -> Option<&str> {
    match node {
        Node::Null => None,
        Node::Scalar(scalar) => Some(scalar.text()),
        Node::Sequence(items) => items.iter().rev().find_map(last_text),
        Node::Mapping(mapping) => last_text(&mapping.entries().last()?.1),
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Leaves no answer for the nested stacks whose templates are not among the documents.
pub(crate) fn lose_unread(gathered: &mut Gathered) {
    let sources = gathered.sources.iter();
    let templates = sources.filter(|source| source.kind() == SourceKind::CloudFormation);
    let given: BTreeSet<&str> = templates
        .map(|source| file_name(source.place().file()))
        .collect();
    let mut unread = std::mem::take(&mut gathered.nested_stacks);
    unread.retain(|stack| !stack.files.iter().any(|file| given.contains(file.as_str())));
    for stack in unread {
        let what = format!("the nested stack {}", stack.id);
        gathered.lost(stack.place, SourceFault::Unread(what, "its template, too"));
    }
}
