//! What callers may do through every door, before and after.

use std::collections::{BTreeMap, BTreeSet};

use aws_auth_map::{AccessPolicy, AccessScope, Change, Diff, Lockout, Resolution};
use k8s_rbac::{
    API_GROUP, BindingView, ClusterRole, ClusterRoleBinding, Metadata, Objects, PRIVILEGED_GROUP,
    Policy, PolicyRule, Role, RoleBinding, RoleRef, Subject, SubjectName, User,
};
use k8s_rbac_lint::Severity;

use super::MAX_LISTED;
use crate::callers::Effective;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::no_answer::NoAnswer;

/// The access policy that allows everything (EKS user guide, "Review access policy permissions").
const CLUSTER_ADMIN: &str = "AmazonEKSClusterAdminPolicy";

/// Two clusters, to compare what callers may do in them.
pub(super) struct Powers<'c> {
    old: &'c Cluster,
    new: &'c Cluster,
    namespaces: BTreeSet<String>,
    is_policy_known: bool,
}

/// A caller on both sides. `None` if it is no user there.
pub(super) struct Caller {
    before: Option<Door>,
    after: Option<Door>,
}

/// How a caller enters the cluster: a user, and access policies beside it.
struct Door {
    user: User,
    policies: Vec<AccessPolicy>,
}

impl Door {
    fn of(resolution: &Resolution) -> Option<Self> {
        let Resolution::Mapped(mapped) = resolution else {
            return None;
        };
        let user = mapped.user();
        Some(Self {
            user: User::new(user.username(), user.groups().iter().cloned()).authenticated(),
            policies: mapped.access_policies().to_vec(),
        })
    }

    fn is_administrator(&self) -> bool {
        let is_admin = |policy: &AccessPolicy| {
            policy.name() == CLUSTER_ADMIN && *policy.scope() == AccessScope::Cluster
        };
        self.user
            .groups
            .iter()
            .any(|group| group == PRIVILEGED_GROUP)
            || self.policies.iter().any(is_admin)
    }
}

impl Caller {
    pub(super) fn of_change(change: &Change) -> Self {
        Self {
            before: Door::of(change.before().resolution()),
            after: Door::of(change.after().resolution()),
        }
    }

    pub(super) fn between(before: Resolution, after: Resolution) -> Self {
        Self {
            before: Door::of(&before),
            after: Door::of(&after),
        }
    }

    /// The caller of a rule that decides for it on both sides.
    pub(super) fn unchanged(one: &Effective<'_>, new: &Cluster) -> Self {
        let before = Resolution::Mapped(one.authenticated.mapped().clone());
        let after = new.resolve(&one.caller).ok();
        Self {
            before: Door::of(&before),
            after: after.and_then(|(_, resolution, _)| Door::of(&resolution)),
        }
    }
}

impl<'c> Powers<'c> {
    pub(super) fn new(old: &'c Cluster, new: &'c Cluster) -> Self {
        let mut namespaces = BTreeSet::new();
        for cluster in [old, new] {
            let bindings = cluster.policy().bindings();
            namespaces
                .extend(bindings.filter_map(|binding| binding.namespace().map(str::to_owned)));
        }
        Self {
            old,
            new,
            namespaces,
            is_policy_known: old.rbac().is_any_written() && new.rbac().is_any_written(),
        }
    }

    /// Returns whether the roles and bindings decide what a changed caller may do. Without them, only that
    /// it is an administrator, or that it is granted the same by name, is known.
    pub(super) fn is_known(&self, change: &Change) -> bool {
        if self.is_policy_known {
            return true;
        }
        let (before, after) = (
            Door::of(change.before().resolution()),
            Door::of(change.after().resolution()),
        );
        let (Some(before), Some(after)) = (before, after) else {
            return true;
        };
        if before.is_administrator() && after.is_administrator() {
            return true;
        }
        // Nodes are authorized by name. A kubelet needs the other group only if it registers itself.
        let own = |door: &Door| -> BTreeSet<String> {
            let mut names: BTreeSet<String> = door.user.groups.iter().cloned().collect();
            names.remove("system:bootstrappers");
            names.insert(format!("user {}", door.user.name));
            names
        };
        own(&before) == own(&after)
    }

    /// Returns whether a caller of the new side may do everything.
    pub(super) fn has_new_administrator(&self) -> bool {
        self.is_policy_known && has_administrator(self.new)
    }

    /// Returns whether the last caller who may do everything by a binding is gone. One that is in the
    /// privileged group, or has the access policy, is compared with the mapping.
    pub(super) fn loses_every_administrator(&self, of_map: &Diff) -> bool {
        self.is_policy_known
            && !of_map.lockouts().contains(&Lockout::NoAdministrator)
            && has_administrator(self.old)
            && !has_administrator(self.new)
    }

    /// Returns whether a caller certainly keeps every permission. Of access policies with rules that are not published,
    /// and of users and groups without roles and bindings, only the names tell.
    pub(super) fn keeps(&self, name: &str, caller: &Caller, compared: &Compared) -> bool {
        let (Some(before), Some(after)) = (&caller.before, &caller.after) else {
            return false;
        };
        if after.is_administrator() {
            return true;
        }
        let unknown = |door: &Door, cluster: &Cluster| unknown_policies(Some(door), cluster);
        compared.lost(name).is_none()
            && unknown(before, self.old).is_subset(&unknown(after, self.new))
            && (self.is_policy_known || has_all_names(&after.user, &before.user))
    }

    /// Compares what callers may do: each is the user of a policy of its own, with the rules of every door.
    pub(super) fn compare(
        &mut self,
        callers: &BTreeMap<String, Caller>,
    ) -> Result<Compared, NoAnswer> {
        let mut before = Objects::default();
        let mut after = Objects::default();
        for (name, caller) in callers {
            if let Some(door) = &caller.before {
                self.add(name, door, self.old, &mut before);
            }
            if let Some(door) = &caller.after {
                self.add(name, door, self.new, &mut after);
            }
        }
        let (before, after) = (Policy::new(before), Policy::new(after));
        let diff = k8s_rbac_analysis::diff(&before, &after)
            .map_err(|why| NoAnswer::TooLarge(why.to_string()))?;
        let mut compared = Compared::default();
        for change in diff.changes() {
            let SubjectName::User(name) = change.identity() else {
                continue;
            };
            let texts = |rules: &[k8s_rbac_analysis::ScopedRule<'_>]| -> Vec<String> {
                rules.iter().map(ToString::to_string).collect()
            };
            compared.changes.insert(
                name.clone(),
                (texts(change.gained_rules()), texts(change.lost_rules())),
            );
        }
        for (name, caller) in callers {
            let (before, after) = (
                unknown_policies(caller.before.as_ref(), self.old),
                unknown_policies(caller.after.as_ref(), self.new),
            );
            if before != after {
                let names = before.symmetric_difference(&after).cloned().collect();
                compared.unknown.insert(name.clone(), names);
            }
        }
        Ok(compared)
    }

    /// Adds the rules that a caller has in a cluster, for a user of the caller's name.
    fn add(&self, name: &str, door: &Door, cluster: &Cluster, objects: &mut Objects) {
        let mut rules: BTreeMap<Option<String>, Vec<PolicyRule>> = BTreeMap::new();
        let mut grant = |namespace: Option<&str>, more: &[PolicyRule]| {
            let list = rules.entry(namespace.map(str::to_owned)).or_default();
            list.extend(more.iter().cloned());
        };
        if door.is_administrator() {
            grant(None, &[everything()]);
        } else {
            for binding in cluster.policy().bindings() {
                if binding.subject_for(&door.user).is_some() {
                    grant(binding.namespace(), binding.rules().unwrap_or_default());
                }
            }
            for policy in &door.policies {
                let granted = cluster.access_policies().get(policy).unwrap_or_default();
                match policy.scope() {
                    AccessScope::Cluster => grant(None, granted),
                    AccessScope::Namespaces(patterns) => {
                        for pattern in patterns {
                            grant(Some(pattern), granted);
                        }
                        for namespace in &self.namespaces {
                            if policy.scope().covers(Some(namespace)) {
                                grant(Some(namespace), granted);
                            }
                        }
                    }
                }
            }
        }
        for (namespace, rules) in rules {
            let number = objects
                .roles
                .len()
                .saturating_add(objects.cluster_roles.len());
            let metadata = Metadata {
                name: number.to_string(),
                namespace: namespace.clone().unwrap_or_default(),
                ..Metadata::default()
            };
            let subjects = vec![Subject {
                kind: "User".to_owned(),
                api_group: API_GROUP.to_owned(),
                name: name.to_owned(),
                namespace: String::new(),
            }];
            let kind = match namespace {
                Some(_) => "Role",
                None => "ClusterRole",
            };
            let role_ref = RoleRef {
                api_group: API_GROUP.to_owned(),
                kind: kind.to_owned(),
                name: metadata.name.clone(),
            };
            if namespace.is_some() {
                objects.roles.push(Role {
                    metadata: metadata.clone(),
                    rules,
                });
                objects.role_bindings.push(RoleBinding {
                    metadata,
                    role_ref,
                    subjects,
                });
            } else {
                objects.cluster_roles.push(ClusterRole {
                    metadata: metadata.clone(),
                    rules,
                    ..ClusterRole::default()
                });
                objects.cluster_role_bindings.push(ClusterRoleBinding {
                    metadata,
                    role_ref,
                    subjects,
                });
            }
        }
    }
}

fn everything() -> PolicyRule {
    let all = || vec!["*".to_owned()];
    PolicyRule {
        verbs: all(),
        api_groups: all(),
        resources: all(),
        non_resource_urls: all(),
        ..PolicyRule::default()
    }
}

/// Returns the access policies of a caller whose rules are not published, with their scopes.
fn unknown_policies(door: Option<&Door>, cluster: &Cluster) -> BTreeSet<String> {
    let policies = door.into_iter().flat_map(|door| &door.policies);
    policies
        .filter(|policy| cluster.access_policies().get(policy).is_none())
        .map(ToString::to_string)
        .collect()
}

/// Returns whether a user has the name and every group of another one.
fn has_all_names(user: &User, other: &User) -> bool {
    user.name == other.name && other.groups.iter().all(|group| user.groups.contains(group))
}

/// Returns whether a caller may do everything by its group or its access policy.
pub(super) fn is_administrator(resolution: &Resolution) -> bool {
    Door::of(resolution).is_some_and(|door| door.is_administrator())
}

/// Returns whether a caller may do everything, by any door.
fn has_administrator(cluster: &Cluster) -> bool {
    let is_all = |list: &[String]| list.iter().any(|one| one == "*");
    let allows_everything = |rule: &PolicyRule| {
        is_all(&rule.verbs)
            && is_all(&rule.api_groups)
            && is_all(&rule.resources)
            && rule.resource_names.is_empty()
    };
    let bindings: Vec<_> = cluster
        .policy()
        .bindings()
        .filter(|binding| {
            binding.namespace().is_none()
                && binding
                    .rules()
                    .unwrap_or_default()
                    .iter()
                    .any(allows_everything)
        })
        .collect();
    let is_of_rule = cluster.effective_rules().iter().any(|one| {
        let mapped = Resolution::Mapped(one.authenticated.mapped().clone());
        Door::of(&mapped).is_some_and(|door| {
            door.is_administrator()
                || bindings
                    .iter()
                    .any(|binding| binding.subject_for(&door.user).is_some())
        })
    });
    // A session, or a principal that its account maps, may be who a binding names.
    let mut named: BTreeSet<SubjectName> = bindings
        .iter()
        .flat_map(BindingView::subjects)
        .filter_map(|subject| SubjectName::of(&subject, None))
        .collect();
    named.insert(SubjectName::Group(PRIVILEGED_GROUP.to_owned()));
    is_of_rule
        || !cluster.named_sessions(&named).is_empty()
        || !cluster.principals_of_accounts(&named).is_empty()
}

/// What callers gain and lose, by name.
#[derive(Default)]
pub(super) struct Compared {
    changes: BTreeMap<String, (Vec<String>, Vec<String>)>,
    /// Access policies that only one side has, and whose rules are not published.
    unknown: BTreeMap<String, Vec<String>>,
}

impl Compared {
    pub(super) fn is_same(&self, name: &str) -> bool {
        !self.changes.contains_key(name) && !self.unknown.contains_key(name)
    }

    /// Returns what a caller loses, in words.
    pub(super) fn lost(&self, name: &str) -> Option<String> {
        let (_, lost) = self.changes.get(name)?;
        (!lost.is_empty()).then(|| listed(lost))
    }

    /// Returns what a caller gains and loses.
    pub(super) fn findings(&self, name: &str, _caller: &Caller) -> Vec<Finding> {
        let mut findings = Vec::new();
        let finding = |code: &'static str, severity, message: String| {
            Finding::new(code, severity, format!("{name}: {message}")).about(name)
        };
        if let Some((gained, lost)) = self.changes.get(name) {
            if !gained.is_empty() {
                findings.push(finding(
                    "gains-permissions",
                    Severity::Medium,
                    listed(gained),
                ));
            }
            if !lost.is_empty() {
                findings.push(finding("loses-permissions", Severity::High, listed(lost)));
            }
        }
        if let Some(policies) = self.unknown.get(name) {
            let message = format!(
                "AWS does not publish the rules of {}, which only one side has",
                policies.join(", ")
            );
            findings.push(finding("unknown-permissions", Severity::Medium, message));
        }
        findings
    }
}

/// Lists permissions up to a limit.
pub(super) fn listed(rules: &[String]) -> String {
    let shown: Vec<&str> = rules.iter().take(MAX_LISTED).map(String::as_str).collect();
    let shown = shown.join("; ");
    match rules.len().saturating_sub(MAX_LISTED) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}
