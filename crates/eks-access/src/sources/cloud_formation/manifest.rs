//! Kubernetes objects in resources of a template: resources of the AWS CDK, and of the public extension
//! `AWSQS::Kubernetes::Resource`.

use bounded_yaml::{Limits, Node, Scalar, documents};

use super::values::{Template, fields, properties};
use crate::gather::{Gathered, Text};
use crate::problem::SourceFault;
use crate::source::SourceKind;
use crate::sources::without_offsets;

/// The limit on the text of a manifest, in bytes: the limit of a template (CloudFormation quotas).
pub(super) const MAX_MANIFEST: usize = 1_048_576;

/// Words of a manifest that has a part in the answers.
const WORDS: [&str; 7] = [
    "AccessEntry",
    "IAMIdentityMapping",
    "aws-auth",
    "mapAccounts",
    "mapRoles",
    "mapUsers",
    k8s_rbac::API_GROUP,
];

/// Takes the objects in the `Manifest` of a resource, a JSON or YAML text. If the manifest is about access and
/// depends on values that are known only after the template is deployed, the cluster is unknown.
pub(super) fn take_manifest(
    gathered: &mut Gathered,
    text: &Text<'_>,
    template: &Template<'_>,
    (id, kind): (&Scalar, &str),
    resource: &Node,
) {
    let place = text.place(id.offset());
    let manifest = resource
        .get("Properties")
        .and_then(|one| one.get("Manifest"));
    let filled = match properties(resource).and_then(fields) {
        Ok(_) => manifest.map(|manifest| template.resolve_manifest(manifest)),
        Err(why) => Some(Err(why)),
    };
    let filled = match filled {
        Some(Ok(filled)) => filled,
        Some(Err(why)) => {
            if manifest.is_none_or(may_have_access) {
                let what = format!("the manifest of {}: {why}", id.text());
                gathered.lost(place, SourceFault::NotKnownYet(what));
            } else {
                gathered.skip(text, format!("{kind} of CloudFormation"), resource);
            }
            return;
        }
        None => {
            // The extension AWSQS takes an address in place of a manifest.
            let what = format!("the manifest of {}", id.text());
            gathered.lost(place, SourceFault::Unread(what, "that manifest, too"));
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

/// Returns whether a manifest that is not filled in may have a part in the answers: it has a word of access, or its kind
/// is not written.
fn may_have_access(manifest: &Node) -> bool {
    has_text(manifest, &WORDS) || !has_text(manifest, &["kind"])
}

/// Returns whether a text in a value has one of some words.
pub(super) fn has_text(node: &Node, words: &[&str]) -> bool {
    match node {
        Node::Null => false,
        Node::Scalar(scalar) => words.iter().any(|word| scalar.text().contains(word)),
        Node::Sequence(items) => items.iter().any(|item| has_text(item, words)),
        Node::Mapping(mapping) => {
            let mut values = mapping.entries().iter().map(|(_, value)| value);
            values.any(|value| has_text(value, words))
        }
    }
}
