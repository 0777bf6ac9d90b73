//! The answers: each as text for people, and as data.

use std::fmt::Write as _;

use k8s_rbac::{BindingGrant, Forbidden, Grant, PRIVILEGED_GROUP, Request, SubjectName, User};
use k8s_rbac_analysis::can_i::Question;
use k8s_rbac_analysis::{
    AllowedNamespaces, Permissions, RuleSources, ScopedPermission, ScopedRule, allowed_namespaces,
    explain, permissions, who_can,
};
use printable_text::Printable;
use serde_json::{Value, json};

use crate::args::{Asked, QuestionArg, UserArgs};
use crate::world::{World, tell};

/// What came out.
pub(crate) struct Answer {
    /// Whether the answer is yes, or nothing was found.
    pub(crate) is_good: bool,
    pub(crate) text: String,
    pub(crate) data: Value,
}

pub(crate) fn can(asked: &Asked, world: &World) -> Result<Answer, String> {
    check_user(&asked.user, world)?;
    let (question, user) = (read(&asked.question, world)?, user_of(&asked.user));
    let request = question.request();
    let response = world.policy.authorize(&user, &request);
    let is_good = response.decision().is_allow();
    let reason = match is_good {
        true => response.reason(),
        false => Forbidden::new(&user.name, request, &response.reason()).to_string(),
    };
    let dash = if reason.is_empty() { "" } else { " - " };
    Ok(Answer {
        is_good,
        text: format!("{}{dash}{}\n", word(is_good), Printable::new(&reason)),
        data: json!({ "allowed": is_good, "reason": reason }),
    })
}

pub(crate) fn why(asked: &Asked, world: &World) -> Result<Answer, String> {
    check_user(&asked.user, world)?;
    let (question, user) = (read(&asked.question, world)?, user_of(&asked.user));
    let request = question.request();
    let is_good = world
        .policy
        .authorize(&user, &request)
        .decision()
        .is_allow();
    let explanation = explain(&world.policy, &user, &request);
    let mut text = format!("{}\n{explanation}", word(is_good));
    let sources = sources(world);
    for grant in explanation.grants() {
        let from = sources.of_grant(grant);
        if let Some(from) = from.last() {
            let (rule, from) = (grant.rule(), Printable::new(from));
            let _ = writeln!(
                text,
                "note: {rule} is aggregated from ClusterRole \"{from}\""
            );
        }
    }
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let data = json!({ "allowed": is_good, "explanation": lines });
    Ok(Answer {
        is_good,
        text,
        data,
    })
}

pub(crate) fn who(question: &QuestionArg, world: &World) -> Result<Answer, String> {
    let question = read(question, world)?;
    let allowed = who_can(&world.policy, &question.request());
    for unresolved in allowed.unresolved() {
        tell(&format!("{}: {unresolved}", unresolved.binding()));
    }
    let sources = sources(world);
    let (mut text, mut data) = (String::new(), Vec::new());
    for allowed in allowed.subjects() {
        // A subject of an unknown kind matches no user.
        let Some(identity) = allowed.identity() else {
            continue;
        };
        let by = allowed.grant().map(|grant| by(&grant, &sources));
        let by = by.unwrap_or_else(|| "may do everything".to_owned());
        let _ = writeln!(text, "{identity}  {by}");
        data.push(json!({ "subject": identity.to_string(), "by": by }));
    }
    Ok(Answer {
        is_good: data.len() > 1,
        text,
        data: Value::Array(data),
    })
}

pub(crate) fn in_which(asked: &Asked, world: &World) -> Result<Answer, String> {
    check_user(&asked.user, world)?;
    let (question, user) = (read(&asked.question, world)?, user_of(&asked.user));
    let Request::Resource(request) = question.request() else {
        return Err("a path is in no namespace".to_owned());
    };
    let sources = sources(world);
    let lines = match allowed_namespaces(&world.policy, &user, &request) {
        AllowedNamespaces::Everywhere(Grant::Binding(grant)) => {
            vec![("*".to_owned(), by(&grant, &sources))]
        }
        AllowedNamespaces::Everywhere(_) => vec![("*".to_owned(), "may do everything".to_owned())],
        AllowedNamespaces::Only(list) => {
            let list = list.into_iter();
            list.map(|(namespace, grant)| (namespace.to_owned(), by(&grant, &sources)))
                .collect()
        }
    };
    let text = lines
        .iter()
        .map(|(namespace, by)| format!("{namespace}  {by}\n"));
    let data = lines
        .iter()
        .map(|(namespace, by)| json!({ "namespace": namespace, "by": by }));
    Ok(Answer {
        is_good: !lines.is_empty(),
        text: text.collect(),
        data: data.collect(),
    })
}

pub(crate) fn list(user: &UserArgs, world: &World) -> Result<Answer, String> {
    check_user(user, world)?;
    let user = user_of(user);
    let permissions = permissions(&world.policy, &user);
    let permissions: Permissions<'_> = permissions.map_err(|why| why.to_string())?;
    for unresolved in permissions.unresolved() {
        tell(&format!("{}: {unresolved}", unresolved.binding()));
    }
    let rules = permissions.rules();
    Ok(Answer {
        is_good: !rules.is_empty(),
        text: rules.iter().map(|rule| format!("{rule}\n")).collect(),
        data: rules.iter().map(rule_data).collect(),
    })
}

pub(crate) fn diff(before: &World, after: &World) -> Result<Answer, String> {
    let diff = k8s_rbac_analysis::diff(&before.policy, &after.policy);
    let diff = diff.map_err(|why| why.to_string())?;
    let atoms = |atoms: &[ScopedPermission<'_>]| -> Vec<String> {
        atoms.iter().map(ScopedPermission::to_string).collect()
    };
    let rules = |rules: &[ScopedRule<'_>]| -> Vec<String> {
        rules.iter().map(ScopedRule::to_string).collect()
    };
    let changes = diff.changes().iter().map(|change| {
        let identity = change.identity().to_string();
        if change.is_by_rule() {
            tell(&format!(
                "{identity} has too many permissions to compare one by one: a rule that is listed may be \
                 covered by several others together"
            ));
            return json!({
                "subject": identity,
                "perhapsNewlyAllowed": rules(change.gained_rules()),
                "perhapsNoLongerAllowed": rules(change.lost_rules()),
            });
        }
        json!({
            "subject": identity,
            "newlyAllowed": atoms(change.gained()),
            "noLongerAllowed": atoms(change.lost()),
        })
    });
    Ok(Answer {
        is_good: diff.is_empty(),
        text: diff.to_string(),
        data: changes.collect(),
    })
}

fn rule_data(rule: &ScopedRule<'_>) -> Value {
    json!({ "namespaces": rule.namespaces(), "rule": rule.to_rule() })
}

/// Says by which grant, and where its rule came from if the role is aggregated.
/// Returns the origin of the rules of aggregated roles, and names the roles for which it is not known.
fn sources(world: &World) -> RuleSources<'_> {
    let sources = RuleSources::of(&world.objects);
    for role in sources.unknown() {
        let role = Printable::new(role);
        tell(&format!(
            "ClusterRole {role} aggregates too much: where its rules come from is not known"
        ));
    }
    sources
}

fn by(grant: &BindingGrant<'_>, sources: &RuleSources<'_>) -> String {
    let mut text = format!("by {grant}");
    for source in sources.of_grant(grant) {
        let _ = write!(text, ", from \"{}\"", Printable::new(source));
    }
    text
}

/// Parses a question. One about a resource that neither Kubernetes nor the files have is an error: the
/// answer would be about a typing error.
pub(crate) fn read(question: &QuestionArg, world: &World) -> Result<Question, String> {
    let text = &question.question;
    let question = Question::parse_without_context(text)
        .map_err(|why| format!("`{}`: {why}", Printable::new(text)))?;
    let kinds = world.kinds.iter().map(String::as_str);
    if let Some(unknown) = question.unknown_resource(&world.policy, kinds) {
        return Err(unknown.to_string());
    }
    if let Some(mistyped) = question.mistyped(&world.policy) {
        return Err(mistyped.to_string());
    }
    for warning in question.warnings() {
        tell(&format!(
            "warning: {}",
            Printable::new(&warning.to_string())
        ));
    }
    Ok(question)
}

/// The groups that Kubernetes has, but for those of the service accounts of a namespace and of bootstrap
/// tokens.
///
/// As upstream: `apiserver/pkg/authentication/user`, and the default policy.
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

/// Refuses names that only a typing error explains, and notes names that no binding has.
pub(crate) fn check_user(user: &UserArgs, world: &World) -> Result<(), String> {
    let is_account = SubjectName::User(user.name.clone())
        .as_service_account()
        .is_some();
    if user.name.starts_with("system:serviceaccount") && !is_account {
        return Err(format!(
            "--as {}: a service account is system:serviceaccount:NAMESPACE:NAME",
            Printable::new(&user.name)
        ));
    }
    for group in &user.groups {
        let is_below = |parent: &str| {
            let rest = group.strip_prefix(parent);
            rest.is_some_and(|rest| rest.starts_with(':') && rest.len() > 1)
        };
        let is_known = SYSTEM_GROUPS.contains(&group.as_str())
            || is_below("system:bootstrappers")
            || is_below("system:serviceaccounts");
        let identity = SubjectName::Group(group.clone());
        if group.starts_with("system:") && !is_known && !world.is_bound(&identity) {
            return Err(format!(
                "--as-group {}: neither Kubernetes nor a binding has this group; the groups of Kubernetes \
                 are {}, system:bootstrappers:NAME and system:serviceaccounts:NAMESPACE",
                Printable::new(group),
                SYSTEM_GROUPS.join(", ")
            ));
        }
    }
    let is_bound = |group: &String| {
        group == PRIVILEGED_GROUP || world.is_bound(&SubjectName::Group(group.clone()))
    };
    let (bound, unbound): (Vec<&String>, Vec<&String>) =
        user.groups.iter().partition(|group| is_bound(group));
    for group in unbound {
        tell(&format!(
            "no binding names {}",
            SubjectName::Group(group.clone())
        ));
    }
    let name = SubjectName::User(user.name.clone());
    if bound.is_empty() && !world.is_bound(&name) {
        tell(&format!("no binding names {name}"));
    }
    Ok(())
}

/// Builds the user as authentication would.
pub(crate) fn user_of(user: &UserArgs) -> User {
    let identity = SubjectName::User(user.name.clone());
    let mut made = match identity.as_service_account() {
        Some(account) => User::service_account(account.namespace(), account.name()),
        None => User::new(user.name.clone(), [""; 0]),
    };
    made.groups.extend(user.groups.iter().cloned());
    made.authenticated()
}

fn word(is_yes: bool) -> &'static str {
    if is_yes { "yes" } else { "no" }
}
