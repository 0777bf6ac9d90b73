//! The way callers enter a cluster, and the callers that may do everything there.

use std::collections::BTreeSet;

use aws_auth_map::{AccessPolicy, AccessScope, Change, Resolution};
use k8s_rbac::{BindingView, PRIVILEGED_GROUP, PolicyRule, SubjectName, User};

use crate::callers::Effective;
use crate::cluster::Cluster;

/// The access policy that allows everything (EKS user guide, "Review access policy permissions").
const CLUSTER_ADMIN: &str = "AmazonEKSClusterAdminPolicy";

/// A caller on both sides. `None` if the caller becomes no user there.
pub(super) struct Caller {
    pub(super) before: Option<Door>,
    pub(super) after: Option<Door>,
}

/// The way a caller enters the cluster: as a user, with access policies.
pub(super) struct Door {
    pub(super) user: User,
    pub(super) policies: Vec<AccessPolicy>,
}

impl Door {
    pub(super) fn of(resolution: &Resolution) -> Option<Self> {
        let Resolution::Mapped(mapped) = resolution else {
            return None;
        };
        let user = mapped.user();
        Some(Self {
            user: User::new(user.username(), user.groups().iter().cloned()).authenticated(),
            policies: mapped.access_policies().to_vec(),
        })
    }

    pub(super) fn is_administrator(&self) -> bool {
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

    /// Builds a caller for whom the same rule decides on both sides.
    pub(super) fn unchanged(one: &Effective<'_>, new: &Cluster) -> Self {
        let before = Resolution::Mapped(one.authenticated.mapped().clone());
        let after = new.resolve(&one.caller).ok();
        Self {
            before: Door::of(&before),
            after: after.and_then(|(_, resolution, _)| Door::of(&resolution)),
        }
    }
}

/// Returns whether a caller may do everything by its group or its access policy.
pub(super) fn is_administrator(resolution: &Resolution) -> bool {
    Door::of(resolution).is_some_and(|door| door.is_administrator())
}

/// Returns whether any caller may do everything in a cluster.
pub(super) fn has_administrator(cluster: &Cluster) -> bool {
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
    // A binding may name a session, or a principal that is mapped by its account.
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
