//! The permissions of callers before and after, by RBAC and access policies.

use std::collections::{BTreeMap, BTreeSet};

use aws_auth_map::{AccessScope, Change, Diff, Lockout};
use k8s_rbac::{
    API_GROUP, ClusterRole, ClusterRoleBinding, Metadata, Objects, Policy, PolicyRule, Role,
    RoleBinding, RoleRef, Subject, SubjectName, User,
};

use super::compared::Compared;
use super::door::{Caller, Door, has_administrator};
use printable_text::Printable;

use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;

/// Two clusters in which the permissions of callers are compared.
pub(super) struct Powers<'c> {
    old: &'c Cluster,
    new: &'c Cluster,
    namespaces: BTreeSet<String>,
    is_policy_known: bool,
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

    /// Returns whether the roles and bindings show the permissions of a changed caller. Without them, it
    /// is only known whether the caller is an administrator, or has the same names.
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

    /// Returns whether the last caller who may do everything by a binding is gone. Callers in the
    /// privileged group, or with the access policy, are compared with the mapping.
    pub(super) fn loses_every_administrator(&self, of_map: &Diff) -> bool {
        self.is_policy_known
            && !of_map.lockouts().contains(&Lockout::NoAdministrator)
            && has_administrator(self.old)
            && !has_administrator(self.new)
    }

    /// Returns whether a caller certainly keeps every permission. For access policies whose rules are not published,
    /// and for users and groups without roles and bindings, only the names are compared.
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

    /// Compares the permissions of callers. Each caller is the user of a separate policy, with all rules of
    /// RBAC and access policies.
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
            self.check_missing_roles(name, caller)?;
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

    /// Refuses to compare a caller who has a role that is missing on one side only.
    fn check_missing_roles(&self, name: &str, caller: &Caller) -> Result<(), NoAnswer> {
        let (Some(before), Some(after)) = (&caller.before, &caller.after) else {
            return Ok(());
        };
        let old = self.old.missing_roles_of(&before.user);
        let new = self.new.missing_roles_of(&after.user);
        let mut of_one_side = old.iter().filter(|role| !new.contains(role));
        let of_new = || new.iter().find(|role| !old.contains(role));
        match of_one_side.next().or_else(of_new) {
            None => Ok(()),
            Some(role) => {
                let who = Printable::new(name);
                Err(NoAnswer::UnknownPolicy(format!(
                    "{who} has a role on one side only: {role}"
                )))
            }
        }
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

/// Returns whether a user has the name and every group of another user.
fn has_all_names(user: &User, other: &User) -> bool {
    user.name == other.name && other.groups.iter().all(|group| user.groups.contains(group))
}
