//! What a rule gives: everything, something from which more can be made, more than its role is
//! known for.

use crate::cluster::{Reach, allows_everything};
use crate::finding::Findings;
use crate::finding_code::FindingCode;
use crate::risky_permissions::{Given, Met, RISKY_PERMISSIONS, RiskyPermission};
use crate::severity::Severity;
use crate::unreachable::is_own_group;
use crate::wording::{list, plain};
use k8s_rbac::PolicyRule;

/// The role that a rule is of.
pub(crate) struct Context<'w> {
    pub(crate) reach: Reach,
    pub(crate) rules: &'w [PolicyRule],
    pub(crate) met: Met,
    /// The namespace of a Role; empty for a `ClusterRole`.
    pub(crate) namespace: &'w str,
    /// Which of `view`, `edit` and `admin` collect the role, the narrowest.
    pub(crate) widens: Option<Widened>,
}

/// The roles for users of the default policy, which others may add to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Widened {
    View,
    Edit,
    Admin,
}

impl Widened {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Admin => "admin",
        }
    }
}

/// Where aws-auth is.
const AWS_AUTH_NAMESPACE: &str = "kube-system";

/// Looks at one rule.
pub(crate) fn check(rule: &PolicyRule, path: &str, context: &Context<'_>, out: &mut Findings) {
    if allows_everything(rule) {
        let severity = match context.reach {
            Reach::Cluster => Severity::Critical,
            Reach::Namespaces | Reach::Unbound => Severity::High,
        };
        let message = "every verb on every resource of every group".to_owned();
        out.add_at(severity, FindingCode::FullAccess, path, message);
        return widening(rule, path, context, out);
    }
    let given: Vec<(&RiskyPermission, Given<'_>)> = (RISKY_PERMISSIONS.iter())
        .filter_map(|danger| Some((danger, danger.given_by(rule, &context.met)?)))
        .filter(|(danger, _)| is_reached(danger, context))
        .collect();
    wildcards(rule, path, &given, context, out);
    let mut named = given
        .iter()
        .filter(|(_, given)| !given.resources.is_empty())
        .peekable();
    // One finding for each code: a code has several lines in the table.
    while let Some((danger, first)) = named.next() {
        let mut text = allows(first);
        let mut is_complete = first.is_complete;
        while let Some((_, more)) = named.next_if(|(next, _)| next.code == danger.code) {
            text.push_str("; ");
            text.push_str(&allows(more));
            is_complete |= more.is_complete;
        }
        let severity = severity_of(danger.code, is_complete, context.reach);
        out.add_at(severity, danger.code, path, text);
    }
    widening(rule, path, context, out);
}

fn is_reached(danger: &RiskyPermission, context: &Context<'_>) -> bool {
    match danger.code {
        // Elsewhere there is no aws-auth.
        FindingCode::AwsAuthWrite => {
            context.reach == Reach::Cluster || context.namespace == AWS_AUTH_NAMESPACE
        }
        // A namespace that a Role is in can be changed through it, but it is what it is for.
        FindingCode::NamespaceWrite
        | FindingCode::NodesProxy
        | FindingCode::WebhookWrite
        | FindingCode::ApiServiceWrite
        | FindingCode::PersistentVolumeCreate
        | FindingCode::CsrApproval => context.namespace.is_empty(),
        _ => true,
    }
}

fn severity_of(code: FindingCode, is_complete: bool, reach: Reach) -> Severity {
    let severity = match reach {
        Reach::Cluster => code.severity(),
        // aws-auth is in one namespace anyhow.
        _ if code == FindingCode::AwsAuthWrite => code.severity(),
        Reach::Namespaces | Reach::Unbound => code.severity().lowered(),
    };
    if is_complete {
        severity
    } else {
        severity.min(Severity::Low)
    }
}

fn wildcards(
    rule: &PolicyRule,
    path: &str,
    given: &[(&RiskyPermission, Given<'_>)],
    context: &Context<'_>,
    out: &mut Findings,
) {
    let has_star = |list: &[String]| list.iter().any(|entry| entry == "*");
    if has_star(&rule.resources) && rule.resource_names.is_empty() {
        let included = given.iter().filter(|(_, given)| given.resources.is_empty());
        let mut codes: Vec<FindingCode> = included.clone().map(|(danger, _)| danger.code).collect();
        codes.dedup();
        let severity = included
            .map(|(danger, given)| severity_of(danger.code, given.is_complete, context.reach))
            .fold(
                of_groups(FindingCode::WildcardResources, rule),
                Severity::max,
            );
        let verbs = list(&rule.verbs);
        let of = if has_star(&rule.api_groups) {
            "every group".to_owned()
        } else {
            format!("API group {}", list(&rule.api_groups))
        };
        let mut message = format!("{verbs} on every resource of {of}");
        if !codes.is_empty() {
            let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
            message = format!("{message}, which includes {}", codes.join(", "));
        }
        out.add_at(severity, FindingCode::WildcardResources, path, message);
    } else if has_star(&rule.api_groups) && !rule.resources.is_empty() {
        let message = format!("{} in every API group", list(&rule.resources));
        out.add(FindingCode::WildcardGroups, path, message);
    }
    if has_star(&rule.verbs) && !rule.resources.is_empty() && !has_star(&rule.resources) {
        let message = format!("every verb on {}", list(&rule.resources));
        out.add_at(
            of_groups(FindingCode::WildcardVerbs, rule),
            FindingCode::WildcardVerbs,
            path,
            message,
        );
    }
    let mut urls = rule.non_resource_urls.iter();
    if urls.any(|url| matches!(url.as_str(), "*" | "/*")) {
        let message = format!("{} on every path", list(&rule.verbs));
        out.add(FindingCode::WildcardUrls, path, message);
    }
}

/// Who has API groups of his own often gives all of them, to what serves them and to its users.
fn of_groups(code: FindingCode, rule: &PolicyRule) -> Severity {
    let is_shared = |group: &String| group == "*" || is_own_group(group);
    if rule.api_groups.iter().any(is_shared) {
        code.severity()
    } else {
        Severity::Info
    }
}

fn widening(rule: &PolicyRule, path: &str, context: &Context<'_>, out: &mut Findings) {
    let Some(widened) = context.widens else {
        return;
    };
    let codes = (RISKY_PERMISSIONS.iter())
        .filter(|danger| danger.given_by(rule, &context.met).is_some())
        .map(|danger| danger.code)
        .filter(|&code| !is_meant_for(widened, code));
    let mut names: Vec<&str> = codes.map(FindingCode::as_str).collect();
    names.dedup();
    let mut verbs = rule.verbs.iter().map(String::as_str);
    let writes = verbs.find(|verb| !matches!(*verb, "get" | "list" | "watch"));
    match (widened, writes) {
        _ if !names.is_empty() => {
            let message = format!("{} gets {}", widened.as_str(), names.join(", "));
            out.add(FindingCode::AggregationWidens, path, message);
        }
        (Widened::View, Some(verb)) if !rule.resources.is_empty() => {
            let message = format!("view, which is for reading, gets {}", plain(verb));
            let severity = Severity::Medium;
            out.add_at(severity, FindingCode::AggregationWidens, path, message);
        }
        _ => {}
    }
}

/// What the default policy gives with these roles itself.
const fn is_meant_for(widened: Widened, code: FindingCode) -> bool {
    match widened {
        Widened::View => false,
        Widened::Edit | Widened::Admin => matches!(
            code,
            FindingCode::AwsAuthWrite
                | FindingCode::Impersonate
                | FindingCode::PodExec
                | FindingCode::SecretsRead
                | FindingCode::SecretsWrite
                | FindingCode::TokenCreate
                | FindingCode::WorkloadCreate
        ),
    }
}

fn allows(given: &Given<'_>) -> String {
    format!("{} on {}", list(&given.verbs), list(&given.resources))
}
