//! Fields that the API does not have.

use bounded_yaml::Node;

use super::{Fault, join};

/// The fields of an object that are the same for each kind.
const OF_OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// The fields of the metadata of an object (Kubernetes API, `ObjectMeta`).
const OF_METADATA: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

const OF_ROLE_REF: [&str; 3] = ["apiGroup", "kind", "name"];

const OF_RULE: [&str; 5] = [
    "apiGroups",
    "nonResourceURLs",
    "resourceNames",
    "resources",
    "verbs",
];

const OF_SUBJECT: [&str; 4] = ["apiGroup", "kind", "name", "namespace"];

/// Finds the fields of an object that its kind does not have, each with its path. `own` are the fields beside those
/// that each object has.
pub(super) fn unknown(node: &Node, own: &[&'static str]) -> Vec<(String, Fault)> {
    let mut found = Vec::new();
    let known: Vec<&'static str> = OF_OBJECT.iter().chain(own).copied().collect();
    check(node, "", &known, &mut found);
    for field in own {
        let Some(part) = node.get(field) else {
            continue;
        };
        let known: &[&'static str] = match *field {
            "roleRef" => &OF_ROLE_REF,
            "rules" => &OF_RULE,
            "subjects" => &OF_SUBJECT,
            _ => continue,
        };
        match part.as_sequence() {
            None => check(part, field, known, &mut found),
            Some(items) => {
                for (number, item) in items.iter().enumerate() {
                    check(item, &format!("{field}[{number}]"), known, &mut found);
                }
            }
        }
    }
    // Clusters have had other fields in the metadata, which say nothing about access.
    if let Some(metadata) = node.get("metadata") {
        let mut of_metadata = Vec::new();
        check(metadata, "metadata", &OF_METADATA, &mut of_metadata);
        found.extend(
            of_metadata
                .into_iter()
                .filter(|(_, fault)| matches!(fault, Fault::UnknownField(Some(_)))),
        );
    }
    found
}

fn check(node: &Node, path: &str, known: &[&'static str], found: &mut Vec<(String, Fault)>) {
    let entries = node.as_mapping().map_or(&[][..], |one| one.entries());
    for (key, _) in entries {
        let key = key.text();
        if !known.contains(&key) {
            found.push((join(path, key), Fault::UnknownField(meant(key, known))));
        }
    }
}

/// Returns the field that a misspelled one means: it differs in case, `_` and `-`, or in one letter, in a long name
/// two.
fn meant(field: &str, known: &[&'static str]) -> Option<&'static str> {
    let folded = fold(field);
    let limit = match folded.len() {
        0..=5 => 1,
        _ => 2,
    };
    let distance = |known: &&&'static str| distance(&folded, &fold(known));
    let nearest = known.iter().min_by_key(distance)?;
    (distance(&nearest) <= limit).then_some(*nearest)
}

fn fold(field: &str) -> Vec<u8> {
    let letters = field.bytes().filter(|byte| !b"_- ".contains(byte));
    // No field of the API is as long as this.
    letters
        .take(40)
        .map(|byte| byte.to_ascii_lowercase())
        .collect()
}

/// Returns how many letters must be added, removed or replaced to make one text of another.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut left = at.saturating_add(1);
        let mut diagonal = at;
        let mut next = vec![left];
        for (above, of_other) in row.iter().skip(1).zip(other) {
            let replaced = diagonal.saturating_add(usize::from(letter != of_other));
            left = replaced.min(left.min(*above).saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(one.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_field_is_recognized() {
        for (field, known, want) in [
            ("verb", &OF_RULE[..], Some("verbs")),
            ("Verbs", &OF_RULE, Some("verbs")),
            ("resource", &OF_RULE, Some("resources")),
            ("api_groups", &OF_RULE, Some("apiGroups")),
            ("nonResourceUrls", &OF_RULE, Some("nonResourceURLs")),
            ("resourceName", &OF_RULE, Some("resourceNames")),
            ("namespace", &OF_RULE, None),
            ("x", &OF_RULE, None),
            ("", &OF_RULE, None),
            ("nmae", &OF_SUBJECT, None),
            ("names", &OF_SUBJECT, Some("name")),
            ("namepsace", &OF_SUBJECT, Some("namespace")),
            ("apiVersion", &OF_SUBJECT, None),
            ("group", &OF_ROLE_REF, None),
            ("lables", &OF_METADATA, Some("labels")),
            ("clusterName", &OF_METADATA, None),
        ] {
            assert_eq!(meant(field, known), want, "{field}");
        }
    }
}
