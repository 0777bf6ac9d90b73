//! Typing errors: words that are one edit away from a word of Kubernetes.

use k8s_rbac::api_resources::SUBRESOURCES;

/// The shortest word that is taken for a typing error. Our choice: shorter words are one edit away from
/// too many other words.
const MIN_LEN: usize = 4;

/// The verbs of requests for resources that Kubernetes uses.
const VERBS: [&str; 14] = [
    "approve",
    "attest",
    "bind",
    "create",
    "delete",
    "deletecollection",
    "escalate",
    "get",
    "impersonate",
    "list",
    "patch",
    "sign",
    "update",
    "watch",
];

/// HTTP methods, each with the verb of a request for a resource that it becomes.
///
/// As upstream: apiserver, `pkg/endpoints/request`, `RequestInfo`.
const METHODS: [(&str, &str); 2] = [("post", "create"), ("put", "update")];

/// Returns the verb that was probably meant by a word, for a request for a resource of Kubernetes.
pub(crate) fn verb_meant(word: &str) -> Option<&'static str> {
    let method = METHODS.iter().find(|(method, _)| *method == word);
    method
        .map(|(_, verb)| *verb)
        .or_else(|| meant(word, VERBS.iter().copied()))
}

/// Returns the subresource that was probably meant by a word.
pub(crate) fn subresource_meant(word: &str) -> Option<&'static str> {
    meant(word, SUBRESOURCES.iter().copied())
}

/// Returns the known word that differs from a word by one inserted, deleted, replaced or swapped letter.
/// `None` if the word is known.
pub(crate) fn meant<'k>(
    word: &str,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    if known.clone().any(|one| one == word) {
        return None;
    }
    known
        .filter(|one| word.len().max(one.len()) >= MIN_LEN)
        .find(|one| is_one_edit_away(word.as_bytes(), one.as_bytes()))
}

fn is_one_edit_away(one: &[u8], other: &[u8]) -> bool {
    let same = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other);
    let start = same.count();
    let (one, other) = (one.get(start..), other.get(start..));
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    let pairs = one.iter().rev().zip(other.iter().rev());
    let end = pairs.take_while(|(one, other)| one == other).count();
    let differing = |rest: &[u8]| rest.len().saturating_sub(end);
    match (differing(one), differing(other)) {
        (0, 1) | (1, 0) | (1, 1) => true,
        (2, 2) => matches!((one, other), ([a, b, ..], [c, d, ..]) if a == d && b == c),
        _ => false,
    }
}
