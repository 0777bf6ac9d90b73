//! Answers from logs as findings, for the formats of other tools.

use k8s_rbac::BindingName;
use k8s_rbac_lint::Severity;
use printable_text::Printable;

use super::denied::{Addition, DeniedRequest};
use super::unused::UnusedRule;
use crate::cluster::Cluster;
use crate::finding::Finding;

impl UnusedRule<'_> {
    /// Returns the rule as a finding, `unused-rule` or `partly-unused-rule`, with its place in the documents of the
    /// cluster. For a rule of the default policy, the place is the binding's, if the documents have the
    /// binding.
    #[must_use]
    pub fn finding(&self, cluster: &Cluster) -> Finding {
        let (binding, role) = (self.binding(), self.role());
        let (_, place) = cluster.place_of_bound_rule(binding, (role.kind, role.name), self.rule());
        let place = place.or_else(|| cluster.place_of_binding(binding));
        let namespace = match (role.kind, binding) {
            ("Role", BindingName::RoleBinding { namespace, .. }) => format!("{namespace}/"),
            _ => String::new(),
        };
        let rule = self.rule();
        let (code, severity, message, help) = match self.is_unused() {
            true => (
                "unused-rule",
                Severity::Low,
                format!("no request of the log needed it, and {binding} grants it: {rule}"),
                "Remove the rule, if the log is of a time in which everything happened that the rule is for.",
            ),
            false => (
                "partly-unused-rule",
                Severity::Info,
                format!(
                    "no request of the log used it for {}, and {binding} grants it: {rule}",
                    listed(self.unused_verbs().into_iter())
                ),
                "Remove the verbs, if the log is of a time in which everything happened that they are for.",
            ),
        };
        Finding::new(code, severity, message)
            .at(place)
            .about(format!("{}/{namespace}{}", role.kind, role.name))
            .in_field(format!("rules[{}]", self.number()))
            .with_help(help)
    }
}

impl DeniedRequest {
    /// Returns the request as a finding, `denied-request`. It has no place, since it is only in the log.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let names = match self.tally().names().named() {
            [] => String::new(),
            names => format!(" for {}", listed(names.iter().map(AsRef::as_ref))),
        };
        let last = Printable::new(self.tally().last());
        let mut message = match self.tally().count() {
            1 => format!("denied once{names}, at {last}"),
            count => format!("denied {count} times{names}, the last time at {last}"),
        };
        if self.is_allowed_now() {
            message.push_str("; it is allowed now");
        }
        for near in self.near_misses() {
            message.push_str("; nearly allowed by ");
            message.push_str(near);
        }
        let severity = match self.is_allowed_now() {
            true => Severity::Info,
            false => Severity::Low,
        };
        let username = Printable::new(&self.user().username);
        let finding = Finding::new("denied-request", severity, message)
            .about(format!("{username}: {}", self.action()));
        match self.addition() {
            Some(addition) if !self.is_allowed_now() => finding.with_help(help(addition)),
            _ => finding,
        }
    }
}

fn help(addition: &Addition) -> String {
    let role = match &addition.namespace {
        None => "a ClusterRole".to_owned(),
        Some(namespace) => format!("a Role in namespace {}", Printable::new(namespace)),
    };
    format!(
        "If it is meant to be allowed, add this rule to {role}: {}",
        addition.rule
    )
}

fn listed<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts = texts.map(|text| Printable::new(text).to_string());
    texts.collect::<Vec<_>>().join(", ")
}
