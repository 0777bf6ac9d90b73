//! Checks how the mapping and RBAC fit together: finds groups that no binding names, and bindings for
//! users and groups that no caller becomes.

pub(super) mod names;
mod unmapped;

use std::collections::BTreeMap;

use aws_auth_map::{Placeholder, Template};
use iam_principal::{AccountId, Principal};
use k8s_rbac::{BindingName, PolicyRule, SubjectName};
use k8s_rbac_lint::Severity;
use printable_text::Printable;

use self::names::{FoldedName, Shape, nearest};
use crate::callers::Effective;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::place::Place;
use crate::resolved::SYSTEM_GROUPS;

/// The group that EKS gives to Windows nodes. It has an effect without a binding in the documents (EKS user
/// guide).
const WINDOWS_NODES: &str = "eks:kube-proxy-windows";

impl Cluster {
    /// Compares the users and groups of the mapping with the subjects of bindings. Without bindings, or
    /// without a mapping, there is nothing to compare.
    pub(super) fn findings_of_seam(&self) -> Vec<Finding> {
        if !self.rbac().is_any_written() || !self.has_mapping() {
            return Vec::new();
        }
        let effective = self.effective_rules();
        let bound = Bound::of(self);
        let names = FoldedName::of_all(bound.groups.keys().map(String::as_str));
        let mut findings: Vec<Finding> = effective
            .iter()
            .flat_map(|one| self.unbound(one, &bound, &names))
            .collect();
        findings.extend(
            effective
                .iter()
                .flat_map(|one| self.by_session_name(one, &bound)),
        );
        findings.extend(self.unmapped(&effective, &bound));
        findings
    }

    /// Finds the groups of a rule that no binding names.
    fn unbound(
        &self,
        one: &Effective<'_>,
        bound: &Bound,
        names: &[FoldedName<'_>],
    ) -> Vec<Finding> {
        let mapped = one.authenticated.mapped();
        let user = mapped.user();
        let is_known = |group: &String| {
            group == WINDOWS_NODES
                || SYSTEM_GROUPS.contains(&group.as_str())
                || bound.groups.contains_key(group)
        };
        // The rest of such a name is chosen by the session.
        let templates = one.rule.map_or(&[][..], |rule| rule.groups());
        let is_any_bound = |template: &Template| bound.is_any_of(&bound.groups, template);
        let unbound: Vec<&String> = user
            .groups()
            .iter()
            .enumerate()
            .filter(|(at, group)| !is_known(group) && !templates.get(*at).is_some_and(is_any_bound))
            .map(|(_, group)| group)
            .collect();
        let is_node = user.groups().iter().any(|group| group == "system:nodes");
        let has_other = user
            .groups()
            .iter()
            .any(|group| bound.groups.contains_key(group) || group == "system:masters")
            || templates.iter().any(is_any_bound);
        let is_powerless = !has_other
            && !is_node
            && !bound.users.contains_key(user.username())
            && mapped.access_policies().is_empty()
            && mapped.policy_gaps().is_empty()
            && !match one.rule {
                Some(rule) => bound.is_any_of(&bound.users, rule.username()),
                // The caller's ARN is the username.
                None => bound.has_user_of(one.authenticated.identity().account()),
            };
        let place = self.place_of_mapping(one.backend, one.at);
        let object = format!("{} {}", one.at.section(), one.principal);
        let finding = |code: &'static str, severity, message: String| {
            Finding::new(code, severity, message)
                .at(place.clone())
                .about(object.clone())
        };
        if is_powerless && unbound.is_empty() {
            let name = Printable::new(user.username());
            return vec![
                finding(
                    "powerless-user",
                    Severity::Medium,
                    format!("no binding names user `{name}`, who is in no group and has no access policy"),
                )
                .with_help("Bind a role to the user, or add a group that is bound."),
            ];
        }
        let severity = match is_powerless {
            true => Severity::High,
            false => Severity::Medium,
        };
        unbound
            .into_iter()
            .map(|group| {
                let mut message = format!("no binding names group `{}`", Printable::new(group));
                if let Some(near) = nearest(group, names) {
                    message.push_str(&format!("; `{}` is bound", Printable::new(near)));
                }
                finding("unbound-group", severity, message)
                    .in_field(format!("group {group}"))
                    .with_help("Bind a role to the group, or correct its name.")
            })
            .collect()
    }

    /// Finds users and groups with bindings that a session can become by choosing its name.
    fn by_session_name(&self, one: &Effective<'_>, bound: &Bound) -> Vec<Finding> {
        let Some(rule) = one.rule else {
            return Vec::new();
        };
        let place = self.place_of_mapping(one.backend, one.at);
        let object = format!("{} {}", one.at.section(), one.principal);
        let found = |kind: &'static str, session: String, name: &String, power: &Power| {
            let severity = match power.is_everything {
                true => Severity::Critical,
                false => Severity::High,
            };
            let message = format!(
                "a session named `{session}` becomes {kind} `{}`, which {} binds to {}",
                Printable::new(name),
                power.binding,
                power.role
            );
            Finding::new("bound-by-session-name", severity, message)
                .at(place.clone())
                .about(object.clone())
                .with_help(
                    "Write a prefix before the session name that no other name has, or map the role to a \
                     fixed name.",
                )
        };
        // STS allows few characters in the name of a session, and the map may have another rule for it.
        let session = |subject: SubjectName| self.session_for(one, &subject).flatten();
        let mut findings = Vec::new();
        for group in rule.groups().iter().filter(|group| has_session(group)) {
            let shape = Shape::of(group);
            let fitting = shape.among(&bound.groups);
            findings.extend(fitting.filter_map(|(name, power)| {
                let session = session(SubjectName::Group(name.clone()))?;
                Some(found("a member of group", session, name, power))
            }));
        }
        // With a prefix, the rule is meant for the users with this prefix.
        let username = rule.username().source();
        if has_session(rule.username()) && username.starts_with(['{', '<']) {
            let shape = Shape::of(rule.username());
            let fitting = shape.among(&bound.users);
            findings.extend(fitting.filter_map(|(name, power)| {
                let session = session(SubjectName::User(name.clone()))?;
                Some(found("user", session, name, power))
            }));
        }
        findings
    }
}

/// The most powerful grant of a subject of bindings.
struct Power {
    binding: String,
    /// Kind, namespace and name.
    binding_name: (&'static str, String, String),
    role: String,
    is_everything: bool,
    /// Whether the binding is in the documents, not in the default policy.
    is_written: bool,
}

impl Power {
    fn place(&self, cluster: &Cluster) -> Option<Place> {
        let (kind, namespace, name) = &self.binding_name;
        cluster.rbac().place(kind, namespace, name)
    }

    fn object(&self) -> String {
        let (kind, namespace, name) = &self.binding_name;
        match namespace.as_str() {
            "" => format!("{kind}/{name}"),
            namespace => format!("{kind}/{namespace}/{name}"),
        }
    }
}

/// The users and groups that bindings in effect name. Service accounts are left out.
#[derive(Default)]
struct Bound {
    users: BTreeMap<String, Power>,
    groups: BTreeMap<String, Power>,
}

impl Bound {
    fn of(cluster: &Cluster) -> Self {
        let mut bound = Self::default();
        for binding in cluster.policy().bindings() {
            let name = match binding.name() {
                BindingName::ClusterRoleBinding { name } => {
                    ("ClusterRoleBinding", String::new(), name.to_owned())
                }
                BindingName::RoleBinding { namespace, name } => {
                    ("RoleBinding", namespace.to_owned(), name.to_owned())
                }
            };
            let is_written = cluster.rbac().place(name.0, &name.1, &name.2).is_some();
            let is_everything = binding.namespace().is_none()
                && binding
                    .rules()
                    .unwrap_or_default()
                    .iter()
                    .any(allows_everything);
            for subject in binding.subjects() {
                let Some(identity) = SubjectName::of(&subject, binding.namespace()) else {
                    continue;
                };
                if identity.as_service_account().is_some() {
                    continue;
                }
                let (list, name_of_subject) = match identity {
                    SubjectName::User(name) => (&mut bound.users, name),
                    SubjectName::Group(name) => (&mut bound.groups, name),
                };
                let power = Power {
                    binding: binding.name().to_string(),
                    binding_name: name.clone(),
                    role: format!(
                        "{} \"{}\"",
                        binding.role_ref().kind,
                        Printable::new(binding.role_ref().name)
                    ),
                    is_everything,
                    is_written,
                };
                match list.get(&name_of_subject) {
                    Some(known) if known.is_everything || !is_everything => {}
                    _ => {
                        list.insert(name_of_subject, power);
                    }
                }
            }
        }
        bound
    }

    /// Returns whether a name with a part that the session chooses may be one of these names.
    fn is_any_of(&self, names: &BTreeMap<String, Power>, template: &Template) -> bool {
        template.placeholders().next().is_some()
            && Shape::of(template).among(names).next().is_some()
    }

    /// Returns whether the ARN of a principal of an account is bound.
    fn has_user_of(&self, account: AccountId) -> bool {
        let principals = self
            .users
            .keys()
            .filter_map(|name| Principal::parse(name).ok());
        principals.map(|one| one.account()).any(|of| of == account)
    }
}

fn allows_everything(rule: &PolicyRule) -> bool {
    let has_all = |list: &[String]| list.iter().any(|one| one == "*");
    has_all(&rule.verbs)
        && has_all(&rule.api_groups)
        && has_all(&rule.resources)
        && rule.resource_names.is_empty()
}

fn has_session(template: &Template) -> bool {
    template
        .placeholders()
        .any(|(name, _)| matches!(name, Placeholder::SessionName | Placeholder::SessionNameRaw))
}
