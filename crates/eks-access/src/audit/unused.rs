//! Rules of a policy that no request of a log needed.

use std::collections::{BTreeMap, BTreeSet};

use k8s_rbac::{BindingName, Policy, PolicyRule, RoleRef, Subject, SubjectName};

use super::action::Action;
use super::log::AuditLog;
use super::record::{AuditRecord, Outcome};

/// A rule that a binding grants, and that the log used only partly or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct UnusedRule<'p> {
    binding: BindingName<'p>,
    role: RoleRef<&'p str>,
    rule: &'p PolicyRule,
    number: usize,
    used: BTreeSet<(String, String)>,
    unseen: Vec<Subject<&'p str>>,
}

impl<'p> UnusedRule<'p> {
    /// Returns the binding.
    #[must_use]
    pub const fn binding(&self) -> BindingName<'p> {
        self.binding
    }

    /// Returns the role that it grants.
    #[must_use]
    pub const fn role(&self) -> RoleRef<&'p str> {
        self.role
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> &'p PolicyRule {
        self.rule
    }

    /// Returns the index of the rule in its role.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// Returns whether no request needed the rule.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.used.is_empty()
    }

    /// Returns the verbs for which requests needed the rule, each with a resource (`deployments.apps/scale`)
    /// or a path.
    #[must_use]
    pub const fn used(&self) -> &BTreeSet<(String, String)> {
        &self.used
    }

    /// Returns the verbs of the rule that no request used. They include the wildcard, unless requests used a
    /// verb that the rule does not name.
    #[must_use]
    pub fn unused_verbs(&self) -> Vec<&'p str> {
        let is_used = |verb: &str| match verb {
            "*" => self
                .used
                .iter()
                .any(|(used, _)| !self.rule.verbs.contains(used)),
            verb => self.used.iter().any(|(used, _)| used == verb),
        };
        let verbs = self.rule.verbs.iter().map(String::as_str);
        verbs.filter(|verb| !is_used(verb)).collect()
    }

    /// Returns the subjects of the binding for which the log has no allowed request.
    #[must_use]
    pub fn unseen(&self) -> &[Subject<&'p str>] {
        &self.unseen
    }
}

impl AuditLog {
    /// Lists the rules of a policy that the log did not use completely: rules that no request needed, and
    /// rules with verbs that no request used. A rule of two bindings is listed for each.
    ///
    /// A request that several rules allow used all of them. A log read by [`of_user`](Self::of_user) has only
    /// the bindings of that user.
    #[must_use]
    pub fn unused<'p>(&self, policy: &'p Policy) -> Vec<UnusedRule<'p>> {
        let mut by_user: BTreeMap<_, Vec<&AuditRecord>> = BTreeMap::new();
        for record in self.records() {
            if matches!(record.outcome, Outcome::Allowed(_)) {
                by_user.entry(&record.user).or_default().push(record);
            }
        }
        let users: Vec<_> = by_user
            .into_iter()
            .map(|(user, records)| (user.to_user(), records))
            .collect();
        let mut unused = Vec::new();
        for binding in policy.bindings() {
            let Some(rules) = binding.rules() else {
                continue;
            };
            let own: Vec<_> = users
                .iter()
                .filter(|(user, _)| binding.subject_for(user).is_some())
                .collect();
            if own.is_empty() && self.only().is_some() {
                continue;
            }
            let is_unseen = |subject: &Subject<&str>| {
                let name = SubjectName::of(subject, binding.namespace());
                !own.iter().any(|(user, _)| match &name {
                    Some(SubjectName::User(name)) => user.name == *name,
                    Some(SubjectName::Group(name)) => user.groups.contains(name),
                    None => false,
                })
            };
            let unseen: Vec<Subject<&str>> = binding.subjects().filter(is_unseen).collect();
            for (number, rule) in rules.iter().enumerate() {
                let records = own.iter().flat_map(|(_, records)| records);
                let used: BTreeSet<(String, String)> = records
                    .filter(|record| is_in_scope(&record.action, binding.namespace()))
                    .filter(|record| is_used_by(rule, record))
                    .map(|record| used(&record.action))
                    .collect();
                let found = UnusedRule {
                    binding: binding.name(),
                    role: binding.role_ref(),
                    rule,
                    number,
                    used,
                    unseen: unseen.clone(),
                };
                if found.is_unused() || !found.unused_verbs().is_empty() {
                    unused.push(found);
                }
            }
        }
        unused
    }
}

fn is_in_scope(action: &Action, namespace: Option<&str>) -> bool {
    namespace.is_none() || namespace == action.namespace()
}

/// Returns whether a rule allows a request of a record. If there are too many names, any name
/// counts.
fn is_used_by(rule: &PolicyRule, record: &AuditRecord) -> bool {
    let names = record.tally.names();
    let allows = |name: &str| rule.allows(&record.action.request(name));
    names.iter().any(allows)
        || names.is_too_many()
            && (allows("") || rule.resource_names.iter().any(|name| allows(name)))
}

fn used(action: &Action) -> (String, String) {
    let what = match action {
        Action::Path { path, .. } => path.to_string(),
        Action::Resource {
            api_group,
            resource,
            subresource,
            ..
        } => {
            let dot = if api_group.is_empty() { "" } else { "." };
            let slash = if subresource.is_empty() { "" } else { "/" };
            format!("{resource}{dot}{api_group}{slash}{subresource}")
        }
    };
    (action.verb().to_owned(), what)
}
