//! The answers from audit logs, as text and as data.

use std::fmt::Write as _;

use eks_access::audit::{
    AuditCounts, AuditLog, DeniedRequest, Generalization, MinimalRole, UnusedRule,
};
use printable_text::Printable;
use serde_json::json;

use crate::print::Answer;

pub(super) fn minimal(role: &MinimalRole, user: &str) -> Answer {
    let yaml = role.to_yaml();
    let mut aside = Vec::new();
    for one in role.generalizations() {
        match one {
            Generalization::EveryNamespace(action) => {
                aside.push(format!("{action}: the role allows it in every namespace"));
            }
            Generalization::TooManyNames(action) => {
                aside.push(format!("{action}: the role allows it for every name"));
            }
            // No other rule can allow a request without a name.
            _ => {}
        }
    }
    for one in role.left_out() {
        let (action, count) = (&one.action, times(one.count));
        aside.push(format!(
            "{action}: left out, since the rule would have a wildcard ({count})"
        ));
    }
    if yaml.is_empty() {
        aside.push(format!(
            "the log has no request that needs a role for {}",
            Printable::new(user)
        ));
    }
    Answer {
        status: u8::from(yaml.is_empty()),
        text: yaml,
        data: json!({ "minimalRole": role }),
        aside,
        failure: None,
    }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

pub(super) fn denied(all: &[DeniedRequest]) -> Answer {
    let mut text = String::new();
    for one in all {
        let user = Printable::new(&one.user().username);
        let names = one.tally().names().named();
        let names: Vec<String> = names
            .iter()
            .map(|name| Printable::new(name).to_string())
            .collect();
        let _ = write!(text, "{user}: {}", one.action());
        if !names.is_empty() {
            let _ = write!(text, ", {}", names.join(", "));
        }
        let _ = writeln!(
            text,
            " ({}, last {})",
            times(one.tally().count()),
            Printable::new(one.tally().last())
        );
        if one.is_allowed_now() {
            text.push_str("  allowed now\n");
            continue;
        }
        for near in one.near_misses() {
            let _ = writeln!(text, "  nearly by {near}");
        }
        match one.addition() {
            None => text.push_str("  a rule for it would have a wildcard\n"),
            Some(addition) => {
                match &addition.namespace {
                    None => text.push_str("  add to a ClusterRole:\n"),
                    Some(namespace) => {
                        let namespace = Printable::new(namespace);
                        let _ = writeln!(text, "  add to a Role in namespace {namespace}:");
                    }
                }
                for line in addition.to_string().lines() {
                    let _ = writeln!(text, "    {line}");
                }
            }
        }
    }
    if all.is_empty() {
        text.push_str("no request was denied\n");
    }
    Answer {
        status: u8::from(!all.is_empty()),
        text,
        data: json!({ "denied": all }),
        aside: Vec::new(),
        failure: None,
    }
}

pub(super) fn unused(all: &[UnusedRule<'_>]) -> Answer {
    let mut text = String::new();
    for one in all {
        let role = one.role();
        let (kind, name) = (Printable::new(role.kind), Printable::new(role.name));
        let number = one.number().saturating_add(1);
        let _ = write!(text, "{} of {kind} {name}, rule {number}: ", one.binding());
        match one.is_unused() {
            true => text.push_str("never used"),
            false => {
                let verbs = one.unused_verbs();
                let verbs: Vec<String> = verbs
                    .iter()
                    .map(|verb| Printable::new(verb).to_string())
                    .collect();
                let _ = write!(text, "never used for {}", verbs.join(", "));
            }
        }
        let _ = writeln!(text, " ({})", one.rule());
    }
    if all.is_empty() {
        text.push_str("every rule was used\n");
    }
    Answer {
        status: u8::from(!all.is_empty()),
        text,
        data: json!({ "unused": all }),
        aside: Vec::new(),
        failure: None,
    }
}

/// Lists the users of a log.
pub(super) fn users(log: &AuditLog) -> Answer {
    let users = log.users();
    let mut text = String::new();
    for (user, (allowed, denied)) in &users {
        let _ = writeln!(
            text,
            "{}: {allowed} allowed, {denied} denied",
            Printable::new(user)
        );
    }
    let data: Vec<_> = users
        .iter()
        .map(|(user, (allowed, denied))| json!({"username": user, "allowed": allowed, "denied": denied}))
        .collect();
    Answer {
        status: u8::from(users.is_empty()),
        text,
        data: json!({ "users": data }),
        aside: Vec::new(),
        failure: None,
    }
}

/// Writes which events and lines the answer leaves out.
pub(crate) fn of_counts(counts: &AuditCounts) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |count: u64, one: &str, many: &str| match count {
        0 => {}
        1 => lines.push(format!("not used: 1 {one}")),
        count => lines.push(format!("not used: {count} {many}")),
    };
    add(
        counts.unreadable,
        "unreadable event: the answer may lack what it has",
        "unreadable events: the answer may lack what they have",
    );
    add(
        counts.too_long,
        "event that is too long: the answer may lack what it has",
        "events that are too long: the answer may lack what they have",
    );
    for (version, count) in &counts.other_versions {
        let version = Printable::new(version);
        let of = |what: &str| format!("{what} of version {version}");
        add(*count, &of("event"), &of("events"));
    }
    add(
        counts.not_events,
        "line that is not an audit event",
        "lines that are not audit events",
    );
    add(
        counts.undecided,
        "request without a decision, such as a failed login",
        "requests without a decision, such as failed logins",
    );
    if counts.cut > 0 {
        lines.push(
            "an answer of AWS is a part of the events: it has `nextToken`, or its query did not end or has a limit; give \
             each page, or results of shorter times"
                .to_owned(),
        );
    }
    let places = counts.places.iter();
    lines.extend(
        places.map(|one| format!("{}:{}: unreadable", Printable::new(&one.file), one.number)),
    );
    lines
}
