//! Lists that go on in another answer.

use bounded_yaml::Node;

/// How to get the rest of a list of Kubernetes.
pub(super) const OF_KUBERNETES: &str =
    "give the output of `kubectl get`, which asks for every page";

/// How to get the rest of a list of AWS.
pub(super) const OF_AWS: &str =
    "run the command again without `--max-items` and `--no-paginate`, so that it prints every page";

/// The kinds of lists, without `List`, that have a part of a cluster beside roles and bindings. A list without a kind may
/// have any.
const KINDS: [&str; 13] = [
    "",
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "IAMIdentityMapping",
    "Job",
    "Pod",
    "PodTemplate",
    "ReplicaSet",
    "ReplicationController",
    "ServiceAccount",
    "StatefulSet",
];

/// Returns whether the API server has more of a list that has a part of a cluster (Kubernetes API concepts, "Retrieving
/// large results sets in chunks").
pub(super) fn is_cut_off(list: &Node, group: &str, of_items: &str) -> bool {
    let next = list.get("metadata").and_then(|one| one.get("continue"));
    next.is_some_and(is_token) && (group == k8s_rbac::API_GROUP || KINDS.contains(&of_items))
}

/// Returns whether AWS has more of a list: the EKS API has `nextToken`, the IAM API `IsTruncated`, and the AWS command line
/// `NextToken` for both.
pub(super) fn is_page(answer: &Node) -> bool {
    let has_token = |key| answer.get(key).is_some_and(is_token);
    has_token("NextToken")
        || has_token("nextToken")
        || answer.get("IsTruncated").and_then(Node::as_text) == Some("true")
}

/// Returns whether AWS has more access entries. The pages of the access policies of one principal are not meant.
pub(super) fn is_page_of_entries(node: &Node) -> bool {
    match node {
        Node::Sequence(items) => items.iter().any(is_page_of_entries),
        _ => node.get("accessEntries").is_some() && is_page(node),
    }
}

/// Returns whether an answer has some principals of an account and not all: `aws iam get-role` and `get-user` print one, and
/// `get-group` the users of a group.
pub(super) fn is_part_of_principals(answer: &Node) -> bool {
    let is_there = |key| answer.get(key).is_some();
    ["Group", "Role", "User"].into_iter().any(is_there)
}

fn is_token(node: &Node) -> bool {
    !node.is_null() && node.as_text() != Some("")
}
