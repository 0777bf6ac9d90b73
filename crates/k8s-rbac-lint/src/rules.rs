//! Finds rules that allow everything, permissions that lead to more permissions, or more than the role
//! is meant to allow.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use k8s_rbac::{KubernetesVersion, PolicyRule, ResourceRequest};

use crate::cluster::{AWS_AUTH_NAMESPACE, BoundScope, allows_everything};
use crate::finding::Findings;
use crate::finding_code::FindingCode;
use crate::risky_permissions::{Granted, RiskyPermission, RoleRequirements};
use crate::severity::Severity;
use crate::unreachable::is_kubernetes_group;
use crate::wording::{list, plain};

/// The role of a rule.
pub(crate) struct Context<'o> {
    pub(crate) bound: BoundScope,
    pub(crate) rules: &'o [PolicyRule],
    pub(crate) requirements: RoleRequirements,
    /// The versions that are considered.
    pub(crate) versions: RangeInclusive<KubernetesVersion>,
    /// The namespace of a Role; empty for a `ClusterRole`.
    pub(crate) namespace: &'o str,
    /// The narrowest user-facing role that selects this role.
    pub(crate) aggregates_to: Option<UserFacingRole>,
}

/// A role of the default policy that is meant for users, and into which other roles are aggregated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UserFacingRole {
    View,
    Edit,
    Admin,
}

impl UserFacingRole {
    const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Admin => "admin",
        }
    }

    /// Returns whether this role itself grants a risky permission in the default policy.
    const fn is_meant_to_allow(self, code: FindingCode) -> bool {
        match self {
            Self::View => false,
            Self::Edit | Self::Admin => matches!(
                code,
                FindingCode::AwsAuthWrite
                    | FindingCode::Impersonate
                    | FindingCode::PodExec
                    | FindingCode::PodPortForward
                    | FindingCode::PodUpdate
                    | FindingCode::SecretTokenMint
                    | FindingCode::SecretsRead
                    | FindingCode::SecretsWrite
                    | FindingCode::TokenCreate
                    | FindingCode::WorkloadCreate
            ),
        }
    }
}

/// Checks one rule.
pub(crate) fn check(rule: &PolicyRule, path: &str, context: &Context<'_>, out: &mut Findings) {
    if allows_everything(rule) {
        let severity = match context.bound {
            BoundScope::Cluster => Severity::Critical,
            BoundScope::AwsAuthNamespace | BoundScope::Namespaces | BoundScope::Unbound => {
                Severity::High
            }
        };
        let message = "every verb on every resource of every API group".to_owned();
        out.add_at(severity, FindingCode::FullAccess, path, message);
        check_aggregation(rule, path, context, out);
        return;
    }
    let widened = check_aggregation(rule, path, context, out);
    let mut risks = risks_of(rule, &context.requirements, &context.versions);
    risks.retain(|(permission, _)| applies_in(permission, context));
    check_wildcards(rule, path, &risks, context, out);
    // A code has several lines in the table, but each rule has at most one finding for each code.
    let mut named = risks
        .iter()
        .filter(|(_, granted)| !granted.resources.is_empty())
        .peekable();
    while let Some((permission, first)) = named.next() {
        let mut message = describe(first);
        let mut severity = first.severity;
        while let Some((_, next)) = named.next_if(|(next, _)| next.code == permission.code) {
            message.push_str("; ");
            message.push_str(&describe(next));
            severity = severity.max(next.severity);
        }
        if widened.contains(&permission.code) {
            continue;
        }
        if permission.code == FindingCode::SecretTokenMint {
            message.push_str(&describe_readable(context.rules));
        }
        let severity = severity_in_scope(permission.code, severity, context.bound);
        out.add_at(severity, permission.code, path, message);
    }
}

/// A risky permission and how a rule grants it.
type Risk<'r> = (&'static RiskyPermission, Granted<'r>);

/// Returns the risks of a rule in these versions. The same verb on the same resource is one risk.
fn risks_of<'r>(
    rule: &'r PolicyRule,
    requirements: &RoleRequirements,
    versions: &RangeInclusive<KubernetesVersion>,
) -> Vec<Risk<'r>> {
    let mut risks: Vec<Risk<'_>> = requirements
        .risks(rule)
        .filter(|(permission, _)| permission.is_in(versions))
        .collect();
    let mints = risks
        .iter()
        .any(|(permission, _)| permission.code == FindingCode::SecretTokenMint);
    risks.retain(|(permission, granted)| {
        let is_part_of_mint = mints
            && permission.code == FindingCode::SecretsWrite
            && granted.verbs.as_slice() == ["create"];
        !is_part_of_mint
    });
    risks
}

/// Returns the risks of a role that is granted in the whole cluster, with their severity.
pub(crate) fn risks_in_cluster(
    rules: &[PolicyRule],
    versions: &RangeInclusive<KubernetesVersion>,
) -> BTreeMap<FindingCode, Severity> {
    let requirements = RoleRequirements::of(rules);
    let mut severities = BTreeMap::new();
    for rule in rules {
        for (permission, granted) in risks_of(rule, &requirements, versions) {
            // As for a rule that is judged: a wildcard stands only for what is of use without another role.
            if !granted.resources.is_empty() || granted.is_complete {
                let highest = severities
                    .entry(permission.code)
                    .or_insert(granted.severity);
                *highest = granted.severity.max(*highest);
            }
        }
    }
    severities
}

/// Returns whether a risk exists in the scope of the role.
fn applies_in(permission: &RiskyPermission, context: &Context<'_>) -> bool {
    let is_namespaced = !context.namespace.is_empty();
    let is_in_namespaces = matches!(
        context.bound,
        BoundScope::AwsAuthNamespace | BoundScope::Namespaces
    );
    let grants_cluster_scoped = !is_namespaced && !is_in_namespaces;
    (grants_cluster_scoped || !permission.is_cluster_scoped())
        && match permission.code {
            FindingCode::AwsAuthWrite => {
                context.bound >= BoundScope::AwsAuthNamespace
                    || context.namespace == AWS_AUTH_NAMESPACE
            }
            // A Role can grant changes of its own namespace, but that is its purpose.
            FindingCode::NamespaceWrite => !is_namespaced,
            _ => true,
        }
}

fn severity_in_scope(code: FindingCode, severity: Severity, bound: BoundScope) -> Severity {
    match bound {
        BoundScope::Cluster => severity,
        // aws-auth exists in one namespace only, but a mapping in any namespace applies to the whole
        // cluster.
        _ if matches!(
            code,
            FindingCode::AwsAuthWrite | FindingCode::IamMappingWrite
        ) =>
        {
            severity
        }
        BoundScope::AwsAuthNamespace | BoundScope::Namespaces | BoundScope::Unbound => {
            severity.lowered()
        }
    }
}

fn check_wildcards(
    rule: &PolicyRule,
    path: &str,
    risks: &[Risk<'_>],
    context: &Context<'_>,
    out: &mut Findings,
) {
    let has_wildcard = |list: &[String]| list.iter().any(|entry| entry == "*");
    if has_wildcard(&rule.resources) && rule.resource_names.is_empty() {
        let code = FindingCode::WildcardResources;
        let included = risks
            .iter()
            .filter(|(_, granted)| granted.resources.is_empty() && granted.is_complete);
        let mut codes: Vec<&str> = included
            .clone()
            .map(|(permission, _)| permission.code.as_str())
            .collect();
        codes.dedup();
        let severity = included
            .map(|(permission, granted)| {
                severity_in_scope(permission.code, granted.severity, context.bound)
            })
            .fold(severity_by_group(code, rule), Severity::max);
        let groups = if has_wildcard(&rule.api_groups) {
            "every API group".to_owned()
        } else {
            format!("API group {}", list(&rule.api_groups))
        };
        let mut message = format!("{} on every resource of {groups}", list(&rule.verbs));
        if !codes.is_empty() {
            message = format!("{message}, which includes {}", codes.join(", "));
        }
        out.add_at(severity, code, path, message);
    } else if has_wildcard(&rule.api_groups) && !rule.resources.is_empty() {
        let message = format!("{} in every API group", list(&rule.resources));
        out.add(FindingCode::WildcardGroups, path, message);
    }
    let has_resources = !rule.resources.is_empty() && !has_wildcard(&rule.resources);
    if has_wildcard(&rule.verbs) && has_resources {
        let code = FindingCode::WildcardVerbs;
        let message = format!("every verb on {}", list(&rule.resources));
        out.add_at(severity_by_group(code, rule), code, path, message);
    }
    let mut urls = rule.non_resource_urls.iter();
    if urls.any(|url| matches!(url.as_str(), "*" | "/*")) {
        let message = format!("{} on every path", list(&rule.verbs));
        out.add(FindingCode::WildcardUrls, path, message);
    }
}

/// Returns `Info` if the API groups do not belong to Kubernetes: operators commonly allow everything
/// in their own API groups.
fn severity_by_group(code: FindingCode, rule: &PolicyRule) -> Severity {
    let is_shared = |group: &String| group == "*" || is_kubernetes_group(group);
    if rule.api_groups.iter().any(is_shared) {
        code.severity()
    } else {
        Severity::Info
    }
}

/// Checks the permissions that a rule adds to a user-facing role. Returns the codes of the reported
/// risks.
fn check_aggregation(
    rule: &PolicyRule,
    path: &str,
    context: &Context<'_>,
    out: &mut Findings,
) -> Vec<FindingCode> {
    let Some(target) = context.aggregates_to else {
        return Vec::new();
    };
    let mut codes: Vec<FindingCode> = context
        .requirements
        .risks(rule)
        .map(|(permission, _)| permission)
        .filter(|permission| permission.is_in(&context.versions))
        .map(|permission| permission.code)
        .filter(|&code| !target.is_meant_to_allow(code))
        .collect();
    codes.dedup();
    let code = FindingCode::AggregationWidens;
    if !codes.is_empty() {
        let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        let message = format!("adds {} to {}", names.join(", "), target.as_str());
        out.add(code, path, message);
        return codes;
    }
    let is_write = |verb: &&String| !matches!(verb.as_str(), "get" | "list" | "watch");
    let write = rule.verbs.iter().find(is_write);
    if let (UserFacingRole::View, Some(verb), false) = (target, write, rule.resources.is_empty()) {
        let message = format!("adds {} to view, which is meant for reading", plain(verb));
        out.add_at(Severity::Medium, code, path, message);
    }
    codes
}

/// Names the secrets that the rules of a role allow reading by name.
fn describe_readable(rules: &[PolicyRule]) -> String {
    let secrets = ResourceRequest::new("get", "", "secrets");
    let allows_reading = |rule: &&PolicyRule| {
        let mut verbs = ["get", "list", "watch", "patch"].into_iter();
        rule.allows_group("")
            && rule.allows_resource(&secrets)
            && verbs.any(|verb| rule.allows_verb(verb))
    };
    let names: Vec<&String> = rules
        .iter()
        .filter(allows_reading)
        .flat_map(|rule| &rule.resource_names)
        .collect();
    let noun = if names.len() == 1 {
        "secret"
    } else {
        "secrets"
    };
    format!(", and reading the {noun} {}", list(&names))
}

fn describe(granted: &Granted<'_>) -> String {
    format!("{} on {}", list(&granted.verbs), list(&granted.resources))
}
