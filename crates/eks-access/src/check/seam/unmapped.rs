//! Subjects of bindings that no caller becomes.

use std::collections::{BTreeSet, HashMap};

use aws_auth_map::{Placeholder, RulePrincipal, Template};
use iam_principal::{AccountId, Kind, Principal};
use k8s_rbac::SubjectName;
use k8s_rbac_lint::Severity;
use printable_text::Printable;

use super::names::{FoldedName, Shape, nearest};
use super::{Bound, Power, has_session};
use crate::callers::Effective;
use crate::cluster::Cluster;
use crate::finding::Finding;

/// The prefixes of users and groups that Kubernetes and EKS make themselves, such as `eks:node-manager` (EKS user guide,
/// on the users that EKS creates).
const OF_THE_CLUSTER: [&str; 2] = ["eks:", "system:"];

/// How many rules with the same template are searched for a session that makes a name. Our choice: they differ only
/// in their accounts and in the callers that other rules take from them.
const MAX_ASKED: usize = 16;

impl Cluster {
    /// Finds subjects of bindings that no caller becomes.
    pub(super) fn unmapped(&self, effective: &[Effective<'_>], bound: &Bound) -> Vec<Finding> {
        let reached = Reached::by(self, effective);
        let names = reached.users.iter().chain(&reached.groups).copied();
        let names: BTreeSet<&str> = names.collect();
        let folded = FoldedName::of_all(names.into_iter());
        let groups = bound.groups.iter();
        let groups = groups.map(|(name, power)| (SubjectName::Group(name.clone()), power));
        let users = bound.users.iter();
        let users = users.map(|(name, power)| (SubjectName::User(name.clone()), power));
        groups
            .chain(users)
            .filter(|(subject, power)| power.is_written && !reached.has(subject))
            .filter_map(|(subject, power)| {
                self.unmapped_subject(&subject, power, &reached, &folded)
            })
            .collect()
    }

    fn unmapped_subject(
        &self,
        subject: &SubjectName,
        power: &Power,
        reached: &Reached<'_>,
        names: &[FoldedName<'_>],
    ) -> Option<Finding> {
        let (kind, becomes, name) = match subject {
            SubjectName::User(name) => ("user", "becomes user", name),
            SubjectName::Group(name) => ("group", "is in group", name),
        };
        if OF_THE_CLUSTER.iter().any(|begin| name.starts_with(begin)) {
            return None;
        }
        let near = reached.advice(subject).or_else(|| {
            let near = nearest(name, names)?;
            Some(format!("`{}` is mapped", Printable::new(near)))
        });
        let severity = match near {
            Some(_) => Severity::Medium,
            None => Severity::Low,
        };
        let mut message = format!("no caller {becomes} `{}`", Printable::new(name));
        if let Some(near) = near {
            message.push_str(&format!("; {near}"));
        }
        let finding = Finding::new("unmapped-subject", severity, message)
            .at(power.place(self))
            .about(power.object())
            .in_field(format!("{kind} {name}"))
            .with_help(
                "Map a principal to it, or remove the subject, unless an OIDC provider of the cluster makes it.",
            );
        Some(finding)
    }
}

/// The names that a caller of some rules may have.
struct Reached<'e> {
    cluster: &'e Cluster,
    effective: &'e [Effective<'e>],
    users: BTreeSet<&'e str>,
    groups: BTreeSet<&'e str>,
    /// By the text before the first placeholder.
    templates: HashMap<String, Vec<Reaching>>,
    accounts: BTreeSet<AccountId>,
}

/// The templates of one shape.
struct Reaching {
    shape: Shape,
    is_user: bool,
    /// Whether every name that fits may be the name of a caller, even if no session name of the
    /// rules makes it.
    is_open: bool,
    /// The first rules with such a template, by their numbers.
    rules: Vec<usize>,
}

impl<'e> Reached<'e> {
    fn by(cluster: &'e Cluster, effective: &'e [Effective<'e>]) -> Self {
        let mut reached = Self {
            cluster,
            effective,
            users: BTreeSet::new(),
            groups: BTreeSet::new(),
            templates: HashMap::new(),
            accounts: BTreeSet::new(),
        };
        for (number, one) in effective.iter().enumerate() {
            let user = one.authenticated.user();
            reached.users.insert(user.username());
            let groups = user.groups().iter().map(String::as_str);
            reached.groups.extend(groups);
            let Some(rule) = one.rule else {
                let account = one.authenticated.identity().account();
                reached.accounts.insert(account);
                continue;
            };
            let is_pattern = matches!(rule.principal(), RulePrincipal::Pattern(_));
            reached.add(number, true, rule.username(), is_pattern);
            for group in rule.groups() {
                reached.add(number, false, group, is_pattern);
            }
        }
        reached
    }

    fn add(&mut self, number: usize, is_user: bool, template: &Template, is_pattern: bool) {
        let shape = Shape::of(template);
        let known = self.templates.entry(shape.begin.clone()).or_default();
        let is_same = |one: &&mut Reaching| one.is_user == is_user && one.shape == shape;
        let is_open = is_open(template, is_pattern);
        match known.iter_mut().find(is_same) {
            Some(one) if one.rules.len() < MAX_ASKED => {
                one.is_open |= is_open;
                one.rules.push(number);
            }
            Some(one) => one.is_open = true,
            None => known.push(Reaching {
                shape,
                is_user,
                is_open,
                rules: vec![number],
            }),
        }
    }

    /// Returns whether a caller may be the user or in the group.
    fn has(&self, subject: &SubjectName) -> bool {
        let (is_user, names, name) = match subject {
            SubjectName::User(name) => (true, &self.users, name),
            SubjectName::Group(name) => (false, &self.groups, name),
        };
        let is_of_account = || {
            let principal = Principal::parse(name).ok();
            let principal = principal.filter(|one| one.kind() != Kind::AssumedRole);
            principal.is_some_and(|one| self.accounts.contains(&one.account()))
        };
        names.contains(name.as_str())
            || self.fitting(name).any(|one| {
                one.is_user == is_user && (one.is_open || self.has_session(one, subject))
            })
            || is_user && !self.accounts.is_empty() && is_of_account()
    }

    /// Returns whether a session of one of the rules makes the name.
    fn has_session(&self, reaching: &Reaching, subject: &SubjectName) -> bool {
        let mut rules = reaching.rules.iter();
        rules.any(|number| {
            let one = self.effective.get(*number);
            one.is_some_and(|one| self.cluster.session_for(one, subject).is_some())
        })
    }

    /// Returns the templates whose shape fits a name.
    fn fitting(&self, name: &str) -> impl Iterator<Item = &Reaching> {
        let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
        let beginnings = ends.filter_map(|end| self.templates.get(name.get(..end)?));
        beginnings.flatten().filter(|one| one.shape.fits(name))
    }

    /// Returns which subject was probably meant: a subject of the other kind, or a name without the `@` of a
    /// session name.
    fn advice(&self, subject: &SubjectName) -> Option<String> {
        let without_at = |name: &str| name.replace('@', "-");
        let (kind, other, renamed, name) = match subject {
            SubjectName::User(name) => {
                let renamed = SubjectName::User(without_at(name));
                ("group", SubjectName::Group(name.clone()), renamed, name)
            }
            SubjectName::Group(name) => {
                let renamed = SubjectName::Group(without_at(name));
                ("user", SubjectName::User(name.clone()), renamed, name)
            }
        };
        if self.has(&other) {
            return Some(format!("{kind} `{}` is mapped", Printable::new(name)));
        }
        let dashed = without_at(name);
        let is_session = |one: &Reaching| {
            let mut rules = one
                .rules
                .iter()
                .filter_map(|number| self.effective.get(*number));
            rules.any(|one| {
                one.rule.is_some_and(|rule| {
                    has_session(rule.username()) || rule.groups().iter().any(has_session)
                })
            })
        };
        let is_meant =
            dashed != *name && self.fitting(&dashed).any(is_session) && self.has(&renamed);
        is_meant.then(|| {
            format!(
                "`{}` is mapped, since `{{{{SessionName}}}}` has `-` in place of `@`",
                Printable::new(&dashed)
            )
        })
    }
}

/// Returns whether a template has more placeholders than the name of the session and a known account.
fn is_open(template: &Template, is_pattern: bool) -> bool {
    template.placeholders().any(|(name, _)| match name {
        Placeholder::SessionName | Placeholder::SessionNameRaw => false,
        Placeholder::AccountId => is_pattern,
        _ => true,
    })
}
