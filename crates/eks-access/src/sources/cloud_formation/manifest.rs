//! Kubernetes objects in resources of a template: resources of the AWS CDK, and of the public extension
//! `AWSQS::Kubernetes::Resource`.

use bounded_yaml::{Limits, Mapping, Node, Scalar, documents};

use super::values::Template;
use crate::gather::{Gathered, Text};
use crate::problem::SourceFault;
use crate::source::SourceKind;

/// The limit on the text of a manifest, in bytes: the limit of a template (CloudFormation quotas).
pub(super) const MAX_MANIFEST: usize = 1_048_576;

/// Words of a manifest that has a part in the answers.
const WORDS: [&str; 3] = ["aws-auth", "mapRoles", k8s_rbac::API_GROUP];

/// Takes the objects in the `Manifest` of a resource, a JSON or YAML text. If the manifest is about access and
/// depends on values that are known only after the template is deployed, the cluster is unknown.
pub(super) fn take_manifest(
    gathered: &mut Gathered,
    text: &Text<'_>,
    template: &Template<'_>,
    (id, kind): (&Scalar, &str),
    properties: Option<&Node>,
) {
    let Some(manifest) = properties.and_then(|one| one.get("Manifest")) else {
        return;
    };
    let place = text.place(id.offset());
    let filled = match template.resolve_manifest(manifest) {
        Ok(filled) => filled,
        Err(why) => {
            if has_word(manifest) {
                let what = format!("the manifest of {}: {why}", id.text());
                gathered.lost(place, SourceFault::NotKnownYet(what));
            } else {
                gathered.skip(text, format!("{kind} of CloudFormation"), manifest);
            }
            return;
        }
    };
    let limits = Limits::new().with_max_bytes(MAX_MANIFEST);
    for document in documents(&filled, &limits) {
        let document = match document {
            Ok(document) => without_offsets(&document),
            Err(error) => {
                // The position of the error is in the manifest, not in the template.
                let what = format!("the manifest of {}: {error}", id.text());
                gathered.lost(place, SourceFault::NotRead(what));
                return;
            }
        };
        let objects = match document {
            Node::Sequence(objects) => objects,
            Node::Null => continue,
            object => vec![object],
        };
        let objects = objects.into_iter();
        gathered
            .objects
            .extend(objects.map(|object| (text.index, object, SourceKind::CloudFormation)));
    }
}

/// Returns whether a text in a value has a word of access.
fn has_word(node: &Node) -> bool {
    match node {
        Node::Null => false,
        Node::Scalar(scalar) => WORDS.iter().any(|word| scalar.text().contains(word)),
        Node::Sequence(items) => items.iter().any(has_word),
        Node::Mapping(mapping) => mapping.entries().iter().any(|(_, value)| has_word(value)),
    }
}

/// Drops the offsets, which count in the manifest and not in the template.
fn without_offsets(node: &Node) -> Node {
    let plain = |scalar: &Scalar| Scalar::new(scalar.text(), scalar.kind());
    match node {
        Node::Null => Node::Null,
        Node::Scalar(scalar) => Node::Scalar(plain(scalar)),
        Node::Sequence(items) => Node::Sequence(items.iter().map(without_offsets).collect()),
        Node::Mapping(mapping) => {
            let entries = mapping.entries().iter();
            let entries = entries.map(|(key, value)| (plain(key), without_offsets(value)));
            Node::Mapping(Mapping::from_entries(entries.collect()))
        }
    }
}
