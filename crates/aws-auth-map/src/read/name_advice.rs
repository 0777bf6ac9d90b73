//! Names and ARNs that can be read but probably do not have the intended effect.

use iam_principal::{Kind, Principal};

use crate::names::{MASTERS, NODE_PREFIX, NODES};
use crate::problem::ProblemKind;
use crate::rules::Rule;
use crate::rules::arn::fold;
use crate::rules::matching::RulePrincipal;
use crate::rules::template::{Placeholder, Template};

/// The groups that Kubernetes and EKS give a meaning and that start with `system:` (Kubernetes, "Using
/// RBAC Authorization" and "Authenticating"; EKS user guide on nodes).
const SYSTEM_GROUPS: [&str; 8] = [
    "system:authenticated",
    "system:bootstrappers",
    "system:masters",
    "system:monitoring",
    "system:node-proxier",
    "system:nodes",
    "system:serviceaccounts",
    "system:unauthenticated",
];

/// The groups whose subgroups have a meaning too, such as `system:serviceaccounts:NAMESPACE`.
const WITH_SUBGROUPS: [&str; 2] = ["system:bootstrappers:", "system:serviceaccounts:"];

/// The default roles for users (Kubernetes, "Using RBAC Authorization", on user-facing roles), which no
/// group has by default.
const CLUSTER_ROLES: [&str; 4] = ["admin", "cluster-admin", "edit", "view"];

/// The prefix of a service account's username (Kubernetes, "Authenticating").
const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// The usernames of the components of Kubernetes to which its default policy binds roles (Kubernetes, "Using
/// RBAC Authorization", on core component roles).
const COMPONENTS: [&str; 3] = [
    "system:kube-controller-manager",
    "system:kube-proxy",
    "system:kube-scheduler",
];

/// The signs of a placeholder that is not filled in. The name of a principal cannot contain them (IAM
/// user guide, "IAM and AWS STS quotas").
const UNFILLED: [&str; 4] = ["$", "<", ">", "{"];

/// The names of roles that Identity Center creates for a permission set.
const PERMISSION_SET_PREFIX: &str = "awsreservedsso_";

/// The part of an entry that a problem is in.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// The value of a key.
    Key(&'static str),
    /// One of the groups.
    Group(usize),
}

impl Field {
    pub(super) const GROUPS: Self = Self::Key("groups");
    pub(super) const USERNAME: Self = Self::Key("username");
}

/// Reports names and ARNs of a rule that probably do not mean what they seem to, each with its field.
pub(super) fn advise(
    rule: &Rule,
    arn_key: &'static str,
    report: &mut impl FnMut(ProblemKind, Field),
) {
    if let RulePrincipal::Arn(arn) = rule.principal()
        && let Some(kind) = arn_problem(arn)
    {
        report(kind, Field::Key(arn_key));
    }
    let username = rule.username().source();
    if let Some(kind) = username_problem(&username, rule) {
        report(kind, Field::USERNAME);
    }
    for (index, group) in rule.groups().iter().enumerate() {
        if let Some(kind) = group_problem(&group.source()) {
            report(kind, Field::Group(index));
        }
    }
    let has = |name: &str| rule.groups().iter().any(|group| group.source() == name);
    // A person with a node's username is reported separately.
    if has(MASTERS) && has(NODES) && username.starts_with(NODE_PREFIX) {
        report(ProblemKind::NodeInMasters, Field::GROUPS);
    }
}

/// Whether a group is not the group of nodes but was meant to be.
pub(super) fn means_nodes(group: &Template) -> bool {
    let group = group.source();
    match group_problem(&group) {
        Some(ProblemKind::UnknownSystemGroup(meant)) => meant == Some(NODES),
        Some(_) => group.contains(NODES),
        None => false,
    }
}

/// Returns why a valid ARN matches no caller, or other callers than it seems to.
fn arn_problem(arn: &str) -> Option<ProblemKind> {
    let folded = fold(arn);
    if folded.match_indices("arn:aws").nth(1).is_some() {
        return Some(ProblemKind::ArnInArn);
    }
    if UNFILLED.into_iter().any(|sign| arn.contains(sign)) {
        return Some(ProblemKind::Unfilled);
    }
    let principal = Principal::parse(&folded).ok()?;
    match principal.kind() {
        Kind::Root => Some(ProblemKind::RootArn),
        Kind::Role if principal.name().starts_with("awsservicerolefor") => {
            Some(ProblemKind::ServiceLinkedRole)
        }
        Kind::Role => {
            let set = principal.name().strip_prefix(PERMISSION_SET_PREFIX)?;
            let is_whole = set.rsplit_once('_').is_some_and(|(name, suffix)| {
                !name.is_empty()
                    && suffix.len() == 16
                    && suffix.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
            // A wildcard is reported separately.
            (!is_whole && !set.contains(['*', '?'])).then_some(ProblemKind::PermissionSetSuffix)
        }
        Kind::AssumedRole | Kind::FederatedUser | Kind::User => None,
    }
}

fn username_problem(username: &str, rule: &Rule) -> Option<ProblemKind> {
    if is_in_angle_brackets(username) {
        return Some(ProblemKind::AngleBrackets);
    }
    if username.trim() != username {
        return Some(ProblemKind::NameWithSpaces);
    }
    if username.chars().any(is_invisible) {
        return Some(ProblemKind::InvisibleCharacter);
    }
    if SYSTEM_GROUPS.contains(&username) {
        return Some(ProblemKind::UserNamedAsGroup);
    }
    if username.starts_with(SERVICE_ACCOUNT_PREFIX) {
        return Some(ProblemKind::ServiceAccountName);
    }
    if COMPONENTS.contains(&username) {
        return Some(ProblemKind::ComponentName);
    }
    let is_node = rule.groups().iter().any(|group| group.source() == NODES);
    let name = username.strip_prefix(NODE_PREFIX)?;
    if !is_node || name.is_empty() {
        return None;
    }
    let placeholders = rule.username().placeholders();
    let mut names = placeholders.map(|(name, _)| name).peekable();
    if names.peek().is_none() {
        let is_fixed = !name.contains(['{', '<', '(', '$']);
        return is_fixed.then_some(ProblemKind::FixedNodeName);
    }
    names
        .all(|name| matches!(name, Placeholder::AccessKeyId | Placeholder::AccountId))
        .then_some(ProblemKind::NodeNamedByCaller)
}

/// Returns whether a character after a letter is invisible or moves other text.
fn is_invisible(c: char) -> bool {
    let pair = String::from_iter(['a', c]);
    c.is_control() || (!c.is_ascii() && pair.escape_debug().ne(pair.chars()))
}

fn group_problem(group: &str) -> Option<ProblemKind> {
    if group.is_empty() {
        return Some(ProblemKind::EmptyGroup);
    }
    if is_in_angle_brackets(group) {
        return Some(ProblemKind::AngleBrackets);
    }
    let begins_again = group.split_whitespace().skip(1).any(is_system);
    if group.contains(',') || group.contains(" - ") || begins_again {
        return Some(ProblemKind::SeveralGroups);
    }
    if group.trim() != group {
        return Some(ProblemKind::NameWithSpaces);
    }
    if group.chars().any(is_invisible) {
        return Some(ProblemKind::InvisibleCharacter);
    }
    if let Some(role) = CLUSTER_ROLES.into_iter().find(|role| *role == group) {
        return Some(ProblemKind::ClusterRoleAsGroup(role));
    }
    let folded = group.to_ascii_lowercase();
    let is_known = SYSTEM_GROUPS.contains(&group)
        || WITH_SUBGROUPS
            .iter()
            .any(|begin| group.starts_with(begin) && group.len() > begin.len());
    // A session name may complete the group, which is reported separately.
    let is_open = group.contains(['{', '<', '$']);
    if is_known || is_open || !is_system(group) {
        return None;
    }
    let meant = SYSTEM_GROUPS
        .into_iter()
        .find(|known| *known == folded)
        .or_else(|| nearest(&folded));
    Some(ProblemKind::UnknownSystemGroup(meant))
}

/// Returns whether a name has the prefix that Kubernetes reserves, in any case.
fn is_system(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("system:")
}

/// Returns the known group that an unknown one probably means.
fn nearest(group: &str) -> Option<&'static str> {
    if group.contains("admin") || group.contains("master") {
        return Some(MASTERS);
    }
    SYSTEM_GROUPS
        .into_iter()
        .find(|known| crate::edit_distance::edit_distance(known.as_bytes(), group.as_bytes()) <= 2)
}

/// Whether a name is in angle brackets, as documentation writes a part that the reader replaces.
fn is_in_angle_brackets(name: &str) -> bool {
    let inner = name
        .trim()
        .strip_prefix('<')
        .and_then(|name| name.strip_suffix('>'));
    inner.is_some_and(|inner| !inner.starts_with('<'))
}

#[cfg(test)]
mod tests {
    use super::{arn_problem, group_problem};
    use crate::problem::ProblemKind;

    #[test]
    fn system_groups_are_a_closed_list() {
        for (group, code) in [
            ("system:masters", None),
            ("system:bootstrappers:kubeadm:default-node-token", None),
            ("system:serviceaccounts:dev", None),
            ("dev", None),
            ("", Some("empty-group")),
            ("eks:kube-proxy-windows", None),
            ("system:{{SessionName}}", None),
            ("system:admin", Some("unknown-system-group")),
            ("System:Masters", Some("unknown-system-group")),
            ("system:cluster-admins", Some("unknown-system-group")),
            ("system:node", Some("unknown-system-group")),
            ("system:serviceaccounts:", Some("unknown-system-group")),
            (" system:masters", Some("name-with-spaces")),
            ("system:masters,system:nodes", Some("several-groups-in-one")),
            ("ops - system:masters", Some("several-groups-in-one")),
            (
                "system:bootstrappers system:nodes",
                Some("several-groups-in-one"),
            ),
            ("view system:masters", Some("several-groups-in-one")),
            ("system:masters ", Some("name-with-spaces")),
            ("<system:masters>", Some("angle-brackets")),
            ("cluster-admin", Some("cluster-role-as-group")),
            ("view", Some("cluster-role-as-group")),
            ("viewers", None),
        ] {
            assert_eq!(group_problem(group).map(ProblemKind::code), code, "{group}");
        }
        let meant = |group| match group_problem(group) {
            Some(ProblemKind::UnknownSystemGroup(meant)) => meant,
            _ => None,
        };
        assert_eq!(meant("system:admin"), Some("system:masters"));
        assert_eq!(meant("SYSTEM:NODES"), Some("system:nodes"));
        assert_eq!(meant("system:node"), Some("system:nodes"));
        assert_eq!(meant("system:kube-scheduler"), None);
    }

    #[test]
    fn arns_that_match_other_callers_than_they_seem_to() {
        let arn = |resource: &str| format!("arn:aws:iam::111122223333:{resource}");
        for (resource, code) in [
            ("role/dev", None),
            ("user/dev", None),
            ("root", Some("root-arn")),
            (
                "role/AWSServiceRoleForAmazonEKS",
                Some("service-linked-role"),
            ),
            (
                "role/arn:aws:iam::111122223333:role/dev",
                Some("arn-in-arn"),
            ),
            ("role/AWSReservedSSO_Dev_0123456789abcdef", None),
            ("role/AWSReservedSSO_Dev_Ops_0123456789abcdef", None),
            ("role/AWSReservedSSO_Dev", Some("permission-set-suffix")),
            (
                "role/AWSReservedSSO_Dev_0123",
                Some("permission-set-suffix"),
            ),
            ("role/AWSReservedSSO_Dev_*", None),
            ("role/<name>", Some("unfilled")),
            ("role/${name}", Some("unfilled")),
            ("user/a+=,.@_-b", None),
        ] {
            assert_eq!(
                arn_problem(&arn(resource)).map(ProblemKind::code),
                code,
                "{resource}"
            );
        }
    }
}
