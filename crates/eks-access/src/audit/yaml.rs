//! Roles as YAML with comments. Every text is in double quotes, so that every reader reads it as text.

use std::fmt::Write;

use k8s_rbac::{Metadata, Objects, PolicyRule, RoleRef, Subject};
use printable_text::Printable;

use super::minimal::RuleUse;
use super::tally::Tally;

/// Writes the objects, `ClusterRole`s first. `uses` are the uses of each role, in this order.
pub(super) fn write(objects: &Objects, uses: &[Vec<RuleUse>]) -> String {
    let mut out = String::new();
    let mut uses = uses.iter();
    let mut next = || uses.next().map(Vec::as_slice).unwrap_or_default();
    for role in &objects.cluster_roles {
        role_into(&mut out, "ClusterRole", &role.metadata, &role.rules, next());
    }
    for role in &objects.roles {
        role_into(&mut out, "Role", &role.metadata, &role.rules, next());
    }
    for binding in &objects.cluster_role_bindings {
        let (metadata, role) = (&binding.metadata, &binding.role_ref);
        binding_into(
            &mut out,
            "ClusterRoleBinding",
            metadata,
            role,
            &binding.subjects,
        );
    }
    for binding in &objects.role_bindings {
        let (metadata, role) = (&binding.metadata, &binding.role_ref);
        binding_into(&mut out, "RoleBinding", metadata, role, &binding.subjects);
    }
    out
}

/// Writes a rule as an item of a list.
pub(super) fn rule_into(out: &mut String, rule: &PolicyRule) {
    let lists = [
        ("apiGroups", &rule.api_groups),
        ("resources", &rule.resources),
        ("resourceNames", &rule.resource_names),
        ("nonResourceURLs", &rule.non_resource_urls),
        ("verbs", &rule.verbs),
    ];
    let mut mark = "- ";
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let list: Vec<String> = list.iter().map(|text| quoted(text)).collect();
        line(out, format_args!("{mark}{key}: [{}]", list.join(", ")));
        mark = "  ";
    }
}

fn role_into(
    out: &mut String,
    kind: &str,
    metadata: &Metadata,
    rules: &[PolicyRule],
    uses: &[RuleUse],
) {
    head_into(out, kind, metadata);
    line(out, format_args!("rules:"));
    for (rule, one) in rules.iter().zip(uses) {
        comment_into(out, one.tally());
        rule_into(out, rule);
    }
}

fn binding_into(
    out: &mut String,
    kind: &str,
    metadata: &Metadata,
    role: &RoleRef,
    subjects: &[Subject],
) {
    head_into(out, kind, metadata);
    line(out, format_args!("roleRef:"));
    line(out, format_args!("  apiGroup: {}", quoted(&role.api_group)));
    line(out, format_args!("  kind: {}", quoted(&role.kind)));
    line(out, format_args!("  name: {}", quoted(&role.name)));
    line(out, format_args!("subjects:"));
    for subject in subjects {
        line(out, format_args!("- kind: {}", quoted(&subject.kind)));
        line(out, format_args!("  name: {}", quoted(&subject.name)));
        for (key, text) in [
            ("apiGroup", &subject.api_group),
            ("namespace", &subject.namespace),
        ] {
            if !text.is_empty() {
                line(out, format_args!("  {key}: {}", quoted(text)));
            }
        }
    }
}

fn head_into(out: &mut String, kind: &str, metadata: &Metadata) {
    line(out, format_args!("---"));
    line(
        out,
        format_args!("apiVersion: rbac.authorization.k8s.io/v1"),
    );
    line(out, format_args!("kind: {kind}"));
    line(out, format_args!("metadata:"));
    line(out, format_args!("  name: {}", quoted(&metadata.name)));
    if !metadata.namespace.is_empty() {
        line(
            out,
            format_args!("  namespace: {}", quoted(&metadata.namespace)),
        );
    }
}

fn comment_into(out: &mut String, tally: &Tally) {
    let count = tally.count();
    let requests = if count == 1 { "request" } else { "requests" };
    let clients: Vec<String> = tally
        .clients()
        .iter()
        .map(|client| Printable::new(client).to_string())
        .collect();
    let by = if clients.is_empty() { "" } else { " by " };
    line(
        out,
        format_args!("# {count} {requests}{by}{}", clients.join(", ")),
    );
    if !tally.first().is_empty() {
        let (first, last) = (Printable::new(tally.first()), Printable::new(tally.last()));
        line(out, format_args!("# from {first} to {last}"));
    }
    line(
        out,
        format_args!("# first {}", Printable::new(tally.example())),
    );
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` does not fail.
    let _ = writeln!(out, "{text}");
}

/// Writes a text in double quotes. Characters that a terminal or a YAML reader may misread are escaped.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}
