//! Kustomizations, and patches of what they build.

use bounded_yaml::Node;

use crate::document::Document;
use crate::place::Place;
use crate::problem::{Cause, Problem, SourceFault};

/// The names of the file of a Kustomization, which needs neither `apiVersion` nor `kind` (Kustomize,
/// `konfig.RecognizedKustomizationFileNames`).
const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The field that makes each ConfigMap of files.
const GENERATOR: &str = "configMapGenerator";

/// The name of the ConfigMap with the mapping.
const MAPPING: &str = "aws-auth";

/// The fields that change names, namespaces or objects. Of the others, [`LABELS`] may change which roles are aggregated, and
/// the rest, such as `images`, has no part in access.
const CHANGES: [&str; 14] = [
    "components",
    GENERATOR,
    "generators",
    "helmChartInflationGenerator",
    "helmCharts",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "transformers",
    "vars",
];

/// The fields that add labels to each object, also to the roles that another role aggregates.
const LABELS: [&str; 2] = ["commonLabels", "labels"];

/// The fields of a Kustomization of Flux that change names, namespaces or objects (kustomize-controller, `KustomizationSpec`).
const CHANGES_OF_FLUX: [&str; 9] = [
    "commonMetadata",
    "components",
    "namePrefix",
    "nameSuffix",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "postBuild",
    "targetNamespace",
];

/// The fields that name other files of objects.
const RESOURCES: [&str; 2] = ["bases", "resources"];

/// The kinds that give access.
const KINDS: [&str; 7] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "IAMIdentityMapping",
    "Role",
    "RoleBinding",
    "ServiceAccount",
];

/// The beginnings of the paths of patches that change access.
const PATCHED: [&str; 6] = [
    "/aggregationRule",
    "/data/map",
    "/metadata/name",
    "/roleRef",
    "/rules",
    "/subjects",
];

/// A Kustomization among the documents.
pub(super) struct Kustomization {
    place: Place,
    /// The first field that changes the objects.
    change: Option<&'static str>,
    /// The files and directories that it has.
    resources: Vec<String>,
}

impl Kustomization {
    /// Takes what a Kustomization does.
    pub(super) fn of(place: Place, node: &Node) -> Self {
        let mut changes = CHANGES.into_iter().chain(LABELS);
        let resources = RESOURCES.into_iter().filter_map(|field| node.get(field));
        let resources = resources.filter_map(Node::as_sequence).flatten();
        Self {
            place,
            change: changes
                .find(|field| node.get(field).is_some_and(|one| does_change(field, one))),
            resources: resources
                .filter_map(Node::as_text)
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Returns the problem that the objects of the documents are not those that it builds. `None` if they are.
    pub(super) fn unbuilt(self, documents: &[Document]) -> Option<Problem> {
        let file = self.place.file();
        let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
        let is_there = |path: &str| {
            let path = joined(directory, path);
            let mut names = documents.iter().map(|one| joined("", one.name()));
            names.any(|name| {
                let rest = name.strip_prefix(path.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.is_empty())
            })
        };
        let what = match self.change {
            Some(field) => format!("it has `{field}`"),
            None => {
                let missing = self.resources.iter().find(|path| !is_there(path))?;
                format!("its resource {missing} is not among the files")
            }
        };
        let fault = SourceFault::Kustomization(what);
        Some(Problem::lost(self.place, Cause::Source(fault)))
    }
}

/// Returns whether a document has the name of the file of a Kustomization.
pub(super) fn is_file(name: &str) -> bool {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    FILES.contains(&name)
}

/// Returns whether the value of a field changes objects that give access.
fn does_change(field: &str, value: &Node) -> bool {
    let is_about_access = |patch: &Node| {
        let kind = patch.get("target").and_then(|target| target.get("kind"));
        let kind = kind.and_then(Node::as_text);
        kind.is_none_or(|kind| KINDS.contains(&kind))
    };
    let is_mapping = |generator: &Node| {
        let name = generator.get("name").and_then(Node::as_text);
        name.is_some_and(|name| name.starts_with(MAPPING))
    };
    match value {
        labels if LABELS.contains(&field) => has_label_of_aggregation(labels),
        Node::Sequence(items) if field == GENERATOR => items.iter().any(is_mapping),
        Node::Null => false,
        Node::Scalar(text) => !text.text().is_empty(),
        Node::Sequence(items) if field.starts_with("patches") => items.iter().any(is_about_access),
        Node::Sequence(items) => !items.is_empty(),
        Node::Mapping(_) => true,
    }
}

/// Returns whether a value has a label by which roles are aggregated, such as
/// `rbac.authorization.k8s.io/aggregate-to-view`.
fn has_label_of_aggregation(node: &Node) -> bool {
    match node {
        Node::Null | Node::Scalar(_) => false,
        Node::Sequence(items) => items.iter().any(has_label_of_aggregation),
        Node::Mapping(mapping) => mapping
            .entries()
            .iter()
            .any(|(key, value)| is_of_aggregation(key.text()) || has_label_of_aggregation(value)),
    }
}

fn is_of_aggregation(label: &str) -> bool {
    label.contains("aggregate") || label.contains("rbac")
}

/// Returns the field of a Kustomization of Flux that may change objects that give access. `None` if it has no such field.
pub(super) fn change_of_flux(node: &Node) -> Option<&'static str> {
    let spec = node.get("spec")?;
    CHANGES_OF_FLUX.into_iter().find(|field| {
        let value = spec.get(field).filter(|value| !value.is_null());
        value.is_some_and(|value| match *field {
            "commonMetadata" => has_label_of_aggregation(value),
            field => does_change(field, value),
        })
    })
}

/// Finds an operation of a JSON patch, which is a list of them, that changes roles, bindings or the mapping (RFC 6902).
pub(super) fn patched(node: &Node) -> Option<SourceFault> {
    if let Some(items) = node.as_sequence() {
        return items.iter().find_map(patched);
    }
    let operation = node.get("op")?.as_text()?;
    let path = node.get("path")?.as_text()?;
    let is_patch = ["add", "copy", "move", "remove", "replace"].contains(&operation);
    let is_label = path.starts_with("/metadata/labels") && is_of_aggregation(path);
    let is_access = is_label || PATCHED.iter().any(|begin| path.starts_with(begin));
    (is_patch && is_access).then(|| SourceFault::Patch(path.to_owned()))
}

/// Joins a path to a directory, without `.` and `..`.
fn joined(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
