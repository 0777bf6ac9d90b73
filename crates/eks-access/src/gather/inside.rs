//! Roles, bindings and mappings inside of objects and documents that are not read. They must not be treated as absent.

use aws_auth_map::Section;
use bounded_yaml::{Mapping, Node};
use iam_principal::{Kind, Principal};

/// The kinds of RBAC.
const KINDS: [&str; 4] = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

/// The groups of objects that report what happened, which has no effect.
const REPORTS: [&str; 2] = ["admission.k8s.io", "audit.k8s.io"];

/// The groups and kinds of objects for which a controller in the cluster makes bindings: Capsule, the hierarchical namespace
/// controller, and rbac-manager.
const BINDING: [(&str, &str); 4] = [
    ("capsule.clastix.io", "Tenant"),
    ("hnc.x-k8s.io", "HierarchyConfiguration"),
    ("hnc.x-k8s.io", "SubnamespaceAnchor"),
    ("rbacmanager.reactiveops.io", "RBACDefinition"),
];

/// The beginnings of the types of resources that give access in states and programs of Pulumi (Pulumi Registry: AWS, AWS
/// Native and Kubernetes).
const OF_PULUMI: [&str; 4] = [
    "aws-native:eks:AccessEntry",
    "aws:eks/access",
    "aws:eks:Access",
    "kubernetes:rbac.authorization.k8s.io/",
];

/// What to give in place of a value with roles, bindings or a mapping inside.
pub(crate) const INSTEAD: &str = "the objects of the cluster, as `kubectl get -o yaml` prints them, and its access entries, \
                                  as `aws eks describe-access-entry` does";

/// Returns whether a value has a role, a binding, a mapping or an access entry inside, also in a text.
pub(crate) fn is_access(node: &Node) -> bool {
    gives_access(node) || has_text_with_access(node)
}

/// Returns whether an API object of an unknown kind has a role, a binding, a mapping or an access entry inside.
pub(super) fn has_access(group: &str, kind: &str, object: &Node) -> bool {
    let is_access =
        |object: &Mapping| has_section(object) || has_principal(object) || is_below(object);
    BINDING.contains(&(group, kind))
        || !REPORTS.contains(&group) && object.as_mapping().is_some_and(is_access)
}

/// Returns whether a value is or has a role, a binding, a mapping, or a resource that gives access.
fn gives_access(node: &Node) -> bool {
    match node {
        Node::Null | Node::Scalar(_) => false,
        Node::Sequence(items) => is_entry_in_order(items) || items.iter().any(gives_access),
        Node::Mapping(mapping) => {
            is_rbac(mapping)
                || is_binding(mapping)
                || is_role(mapping)
                || has_section(mapping)
                || has_principal(mapping)
                || is_entry_with_other_keys(mapping)
                || has_access_policy(mapping)
                || is_entry_of_controller(mapping)
                || is_of_pulumi(mapping)
                || is_below(mapping)
        }
    }
}

fn is_below(mapping: &Mapping) -> bool {
    let mut values = mapping.entries().iter().map(|(_, value)| value);
    values.any(gives_access)
}

fn text<'n>(mapping: &'n Mapping, key: &str) -> &'n str {
    mapping.get(key).and_then(Node::as_text).unwrap_or_default()
}

/// A reference to a role, such as that of an owner, has no rules.
fn is_rbac(mapping: &Mapping) -> bool {
    let has = |key| mapping.get(key).is_some();
    let group = text(mapping, "apiVersion").split_once('/');
    KINDS.contains(&text(mapping, "kind"))
        && group.is_some_and(|(group, _)| group == k8s_rbac::API_GROUP)
        && (has("rules") || has("roleRef") || has("aggregationRule"))
}

/// A binding in a list that has the kind for it.
fn is_binding(mapping: &Mapping) -> bool {
    let is_named =
        |role: &Mapping| !text(role, "kind").is_empty() && !text(role, "name").is_empty();
    let role = mapping.get("roleRef").and_then(Node::as_mapping);
    mapping.get("subjects").is_some() && role.is_some_and(is_named)
}

/// A role in a list that has the kind for it. A manifest of the Operator Lifecycle Manager has rules without metadata.
fn is_role(mapping: &Mapping) -> bool {
    let rules = mapping.get("rules").and_then(Node::as_sequence);
    let has_verbs = |rule: &Node| {
        rule.get("verbs")
            .is_some_and(|verbs| verbs.as_sequence().is_some())
    };
    mapping.get("metadata").is_some() && rules.is_some_and(|rules| rules.iter().any(has_verbs))
}

/// Returns whether an object has the kind and the content of a role or a binding, and another group.
pub(super) fn is_of_wrong_group(kind: &str, object: &Node) -> bool {
    let has = |key| object.get(key).is_some();
    KINDS.contains(&kind) && (has("roleRef") || has("rules"))
}

/// A section has entries, or a text with them. The schema of an object with a section has neither.
fn has_section(mapping: &Mapping) -> bool {
    let has_entries = |node: &Node| match node {
        Node::Sequence(items) => !items.is_empty(),
        Node::Scalar(scalar) => !scalar.text().is_empty(),
        Node::Mapping(_) | Node::Null => false,
    };
    let mut sections = Section::ALL.into_iter().map(Section::key);
    sections.any(|section| mapping.get(section).is_some_and(has_entries))
}

/// An access entry, or an entry of the mapping. Terraform, CloudFormation, eksctl, the AWS SDKs and controllers in a cluster
/// each spell the principal in another way.
fn has_principal(mapping: &Mapping) -> bool {
    let is_text = |key| {
        mapping
            .get(key)
            .is_some_and(|node| node.as_text().is_some())
    };
    let is_of_map = ["rolearn", "userarn"].into_iter().any(is_text) && is_text("username");
    let mut entries = mapping.entries().iter();
    let is_principal = |key: &str| {
        let letters = key.bytes().filter(|byte| *byte != b'_');
        letters
            .map(|byte| byte.to_ascii_lowercase())
            .eq(*b"principalarn")
    };
    is_of_map
        || entries
            .any(|(key, value)| is_principal(key.text()) && value.as_text().is_some_and(is_arn))
}

/// Returns whether a text is an ARN, or is filled in with one.
fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") || text.contains("${") || text.contains("{{")
}

/// An access entry whose keys were given by a query, such as `--query '{arn: principalArn, groups: kubernetesGroups}'`.
fn is_entry_with_other_keys(mapping: &Mapping) -> bool {
    let of_user = ["groups", "kubernetesGroups", "username"];
    is_principal(text(mapping, "arn")) && of_user.into_iter().any(|key| mapping.get(key).is_some())
}

/// An access entry whose values were put into a list by a query, such as `--query '[principalArn, kubernetesGroups]'`. The
/// tags of a role are objects.
fn is_entry_in_order(items: &[Node]) -> bool {
    let is_arn = |item: &Node| item.as_text().is_some_and(is_principal);
    let is_text = |item: &Node| matches!(item, Node::Scalar(_));
    let are_groups = |item: &Node| {
        let groups = item.as_sequence();
        groups.is_some_and(|groups| groups.iter().all(is_text))
    };
    items.iter().any(is_arn) && items.iter().any(are_groups)
}

fn is_principal(arn: &str) -> bool {
    let kind = Principal::parse(arn).map(|principal| principal.kind());
    matches!(kind, Ok(Kind::Role | Kind::User))
}

/// An access policy of EKS that a principal has.
fn has_access_policy(mapping: &Mapping) -> bool {
    text(mapping, "policyArn").contains(":eks::aws:cluster-access-policy/")
}

/// An access entry for a controller in a cluster, in a template of objects.
fn is_entry_of_controller(mapping: &Mapping) -> bool {
    let kinds = ["AccessEntry", "AccessPolicyAssociation"];
    kinds.contains(&text(mapping, "kind")) && text(mapping, "apiVersion").contains("eks")
}

/// Returns whether a text in a document has a role, a binding or a mapping, such as the manifests in the values of a chart.
fn has_text_with_access(node: &Node) -> bool {
    match node {
        Node::Null => false,
        Node::Scalar(scalar) => {
            let has = |word: &str| scalar.text().contains(word);
            has(k8s_rbac::API_GROUP) && (has("roleRef") || has("rules"))
                || has("rolearn") && has("username")
                || has("AWS::EKS::AccessEntry")
        }
        Node::Sequence(items) => items.iter().any(has_text_with_access),
        Node::Mapping(mapping) => {
            let mut values = mapping.entries().iter().map(|(_, value)| value);
            values.any(has_text_with_access)
        }
    }
}

fn is_of_pulumi(mapping: &Mapping) -> bool {
    let kind = text(mapping, "type");
    OF_PULUMI.iter().any(|prefix| kind.starts_with(prefix))
}
