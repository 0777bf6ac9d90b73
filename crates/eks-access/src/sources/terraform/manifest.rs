//! Kubernetes objects that resources of Terraform contain, as values or as texts.

use bounded_yaml::{Kind, Limits, Mapping, Node, Scalar, documents};

use super::{Resource, present};
use crate::gather::{Gathered, Text};
use crate::problem::SourceFault;
use crate::source::SourceKind;
use crate::sources::{is_api_object, is_named_like_mapping, without_offsets};

/// The resources that contain a text of objects, and the attribute that has it: of the providers `kubectl`, `k8s` and
/// `kustomization`.
const TEXTS: [(&str, &str); 3] = [
    ("k8s_manifest", "content"),
    ("kubectl_manifest", "yaml_body"),
    ("kustomization_resource", "manifest"),
];

/// The limit on the text of a manifest, in bytes. Our choice: an object of Kubernetes has at most 1.5 MiB in etcd.
const MAX_MANIFEST: usize = 2_097_152;

/// Takes the objects in a resource. Returns whether it is one that contains objects.
pub(super) fn take_manifest(
    gathered: &mut Gathered,
    text: &Text<'_>,
    resource: &Resource<'_>,
) -> bool {
    let place = || text.place(resource.values.offset());
    if resource.kind == "kubernetes_manifest" {
        return take_object(gathered, text, resource);
    }
    let Some((_, key)) = TEXTS.into_iter().find(|(kind, _)| *kind == resource.kind) else {
        return false;
    };
    let manifest = present(resource.values, key).and_then(Node::as_text);
    let Some(manifest) = manifest.filter(|_| !resource.is_unknown(key)) else {
        let what = format!("{key} of {}", resource.address);
        gathered.lost(place(), SourceFault::NotKnownYet(what));
        return true;
    };
    let namespace = present(resource.values, "override_namespace").and_then(Node::as_text);
    let limits = Limits::new().with_max_bytes(MAX_MANIFEST);
    for document in documents(manifest, &limits) {
        match document {
            Ok(Node::Null) => {}
            Ok(object) => {
                let object = without_offsets(&object);
                let object = match namespace {
                    Some(namespace) => in_namespace(&object, namespace),
                    None => object,
                };
                gathered
                    .objects
                    .push((text.index, object, SourceKind::Terraform));
            }
            Err(error) => {
                // The position of the error is in the manifest, not in the plan.
                let what = format!("{key} of {}: {error}", resource.address);
                gathered.lost(place(), SourceFault::NotRead(what));
                break;
            }
        }
    }
    true
}

/// Takes the object of a `kubernetes_manifest`. Returns whether it is one, or may be one.
fn take_object(gathered: &mut Gathered, text: &Text<'_>, resource: &Resource<'_>) -> bool {
    let manifest = resource.values.get("manifest");
    // A state file has the type of the value beside it.
    let manifest = manifest.map(|one| match one.get("value") {
        Some(value) if one.get("type").is_some() => value,
        _ => one,
    });
    let is_unknown = |one: &Node| {
        resource.is_unknown("manifest") && (!is_api_object(one) || may_give_access(one))
    };
    match manifest {
        Some(object) if !is_unknown(object) => {
            if is_api_object(object) {
                let object = (text.index, object.clone(), SourceKind::Terraform);
                gathered.objects.push(object);
            }
            is_api_object(object)
        }
        _ => {
            let what = format!("the manifest of {}", resource.address);
            let place = text.place(resource.values.offset());
            gathered.lost(place, SourceFault::NotKnownYet(what));
            true
        }
    }
}

fn may_give_access(object: &Node) -> bool {
    let field = |key| object.get(key).and_then(Node::as_text);
    let is_rbac = field("apiVersion").is_some_and(|one| one.starts_with(k8s_rbac::API_GROUP));
    let metadata = object.get("metadata");
    let has_name = metadata.is_some_and(|one| one.get("name").is_some());
    let is_config_map = field("kind") == Some("ConfigMap");
    is_rbac || is_config_map && (!has_name || is_named_like_mapping(object))
}

/// Puts an object into a namespace, unless it is of the cluster.
fn in_namespace(object: &Node, namespace: &str) -> Node {
    let is_of_cluster = object
        .get("kind")
        .and_then(Node::as_text)
        .is_some_and(|kind| kind.starts_with("Cluster"));
    let (Node::Mapping(mapping), false) = (object, is_of_cluster) else {
        return object.clone();
    };
    let with_namespace = |metadata: &Node| {
        let entries = metadata.as_mapping().map_or(&[][..], Mapping::entries);
        let others = entries.iter().filter(|(key, _)| key.text() != "namespace");
        let plain = |text: &str| Scalar::new(text, Kind::String);
        let own = (plain("namespace"), Node::Scalar(plain(namespace)));
        Node::Mapping(Mapping::from_entries(
            others.cloned().chain([own]).collect(),
        ))
    };
    let entries = mapping.entries().iter().map(|(key, value)| {
        let value = match key.text() {
            "metadata" => with_namespace(value),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Node::Mapping(Mapping::from_entries(entries.collect()))
}
