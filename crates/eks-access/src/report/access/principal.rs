//! A principal with its permissions, and the order of levels.

use k8s_rbac::SubjectName;
use serde::Serialize;

use crate::callers::Caller;
use crate::escalate::EscalationStep;
use crate::listing::ListedRule;
use crate::report::level::AccessLevel;
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::Step;
use crate::who::Who;
use crate::why::NearMiss;

/// The permissions of one principal: a principal of AWS, or a user or service account that a binding names and that no
/// caller of AWS becomes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrincipalAccess {
    #[serde(flatten)]
    pub(in crate::report) caller: Caller,
    pub(in crate::report) is_of_aws: bool,
    pub(in crate::report) level: AccessLevel,
    /// Whether it has the level in the whole cluster, and not only in namespaces.
    pub(in crate::report) is_cluster_wide: bool,
    /// The level in a namespace that has no cell.
    pub(in crate::report) level_elsewhere: AccessLevel,
    pub(in crate::report) mapping: Vec<Step>,
    pub(in crate::report) cells: Vec<AccessCell>,
    pub(in crate::report) rules: Vec<ListedRule>,
    pub(in crate::report) near_misses: Vec<NearMiss>,
    /// The steps of a shortest chain to full access, if the principal does not have it.
    pub(in crate::report) chain: Vec<EscalationStep>,
    pub(in crate::report) notes: Vec<String>,
    /// The caller or user that the answers are for.
    #[serde(skip)]
    pub(in crate::report) who: Who,
    /// The user and the groups of the principal.
    #[serde(skip)]
    pub(in crate::report) identities: Vec<SubjectName>,
}

impl PrincipalAccess {
    /// Returns the principal, the user that it becomes, and the rule that maps it. A user or service account that no
    /// caller of AWS becomes is a principal with the same name.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns whether it is a principal of AWS, and not a user or service account that a binding names.
    #[must_use]
    pub const fn is_of_aws(&self) -> bool {
        self.is_of_aws
    }

    /// Returns the level of the greatest risk among the cells.
    #[must_use]
    pub const fn level(&self) -> AccessLevel {
        self.level
    }

    /// Returns the permissions in the whole cluster, if there are any, then the permissions in each
    /// namespace that has its own permissions, in the order of the names.
    #[must_use]
    pub fn cells(&self) -> &[AccessCell] {
        &self.cells
    }

    /// Returns the level in a namespace that has no cell: the level of the permissions in the whole
    /// cluster, without permissions on paths.
    #[must_use]
    pub const fn level_elsewhere(&self) -> AccessLevel {
        self.level_elsewhere
    }

    /// Returns the steps of a shortest chain by which the principal gets full access to the cluster. Empty if there
    /// is no chain, or if it has full access already.
    #[must_use]
    pub fn chain(&self) -> &[EscalationStep] {
        &self.chain
    }

    /// Returns the place of the level in the order of risk: see [`rank`].
    pub(in crate::report) const fn rank(&self) -> u8 {
        rank(self.level, self.is_cluster_wide)
    }
}

/// The permissions of one principal in the whole cluster or in one namespace, with reasons.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessCell {
    /// `None` for the whole cluster.
    pub(in crate::report) namespace: Option<String>,
    pub(in crate::report) level: AccessLevel,
    /// The access policies that may add to the level, and are not known.
    pub(in crate::report) unknown_policies: Vec<UnknownPolicy>,
    pub(in crate::report) verbs: Vec<String>,
    /// A request that needs the level.
    pub(in crate::report) request: Option<String>,
    /// The ways to the request.
    pub(in crate::report) ways: Vec<Vec<Step>>,
    pub(in crate::report) ways_left_out: usize,
    #[serde(skip)]
    pub(in crate::report) door: Door,
}

impl AccessCell {
    /// Returns the namespace. `None` for the whole cluster.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Returns the level there, including the permissions in the whole cluster.
    #[must_use]
    pub const fn level(&self) -> AccessLevel {
        self.level
    }

    /// Returns the verbs that are allowed there on some resource or path, in the order of the Kubernetes
    /// documentation; `*` for every verb. Verbs that Kubernetes allows every authenticated user are
    /// left out.
    #[must_use]
    pub fn verbs(&self) -> &[String] {
        &self.verbs
    }

    /// Returns the ways to a request that needs the level.
    #[must_use]
    pub fn ways(&self) -> &[Vec<Step>] {
        &self.ways
    }
}

/// The first way to a level: the user, group or access entry, and the role or policy.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Door {
    pub(in crate::report) subject: String,
    pub(in crate::report) role: String,
}

/// Orders levels by risk. A level in the whole cluster is a greater risk than a level in some
/// namespaces. But reading or writing in the whole cluster is a smaller risk than taking over a
/// namespace.
pub(in crate::report) const fn rank(level: AccessLevel, is_cluster_wide: bool) -> u8 {
    match (level, is_cluster_wide) {
        (AccessLevel::Full, true) => 13,
        (AccessLevel::Escalate, true) => 12,
        (AccessLevel::Workloads, true) => 11,
        (AccessLevel::Secrets, true) => 10,
        (AccessLevel::Full, false) => 9,
        (AccessLevel::Escalate, false) => 8,
        (AccessLevel::Workloads, false) => 7,
        (AccessLevel::Secrets, false) => 6,
        (AccessLevel::Write, true) => 5,
        (AccessLevel::Write, false) => 4,
        (AccessLevel::Read, true) => 3,
        (AccessLevel::Read, false) => 2,
        (AccessLevel::Unknown, _) => 1,
        (AccessLevel::None, _) => 0,
    }
}
