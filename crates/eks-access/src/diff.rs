//! Compares two clusters: which callers gain or lose access, and which permissions change.

mod comparable;
mod compared;
mod door;
mod findings;
mod powers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use aws_auth_map::{Change, ChangeKind, Lockout, Resolution};
use k8s_rbac::SubjectName;
use k8s_rbac_lint::Severity;
use printable_text::Printable;
use serde::Serialize;

use self::door::{Caller, is_administrator};
use self::findings::{finding_of_change, findings_of_subject, lockout_finding, place_of};
use self::powers::Powers;
use crate::baseline::Baseline;
use crate::cluster::Cluster;
use crate::finding::{Finding, one_line};
use crate::format::{Accepted, Report};
use crate::no_answer::NoAnswer;
use crate::place::Place;
use crate::who::CallerArn;

/// The limit on the permissions that the text of one difference lists. Our choice; the number of the other
/// permissions follows.
const MAX_LISTED: usize = 3;

/// The differences between two clusters. Prints as terminated lines, lockouts first.
///
/// It is empty exactly if every caller, user and group may do the same. If a caller becomes another user
/// who may do the same, as after the migration from the ConfigMap to access entries, that is a
/// [note](Self::notes).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDiff {
    lockouts: Vec<Finding>,
    differences: Vec<Finding>,
    accepted: Vec<Accepted>,
    is_exhaustive: bool,
    notes: Vec<String>,
}

impl ClusterDiff {
    /// Returns the changes that lock out nodes, administrators or the caller who makes the change.
    #[must_use]
    pub fn lockouts(&self) -> &[Finding] {
        &self.lockouts
    }

    /// Returns the differences, by the kind of change and the caller.
    #[must_use]
    pub fn differences(&self) -> &[Finding] {
        &self.differences
    }

    /// Returns the lockouts and differences that were accepted, with the reasons.
    #[must_use]
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// Returns notes on changes without effect.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns whether there is no difference.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lockouts.is_empty() && self.differences.is_empty() && self.is_exhaustive
    }

    /// Returns whether every kind of caller was compared. If not, a comparison without lockouts is not an
    /// answer.
    #[must_use]
    pub const fn is_exhaustive(&self) -> bool {
        self.is_exhaustive
    }

    /// Returns the exit status of a program with this answer: 0 no difference, 1 differences, 2 no answer, 3
    /// a lockout.
    #[must_use]
    pub const fn exit_status(&self) -> u8 {
        match (self.lockouts.is_empty(), self.is_exhaustive) {
            (false, _) => 3,
            (true, false) => 2,
            (true, true) if self.differences.is_empty() => 0,
            (true, true) => 1,
        }
    }

    /// Removes the lockouts and differences that the baseline accepts. Returns the entries that accepted
    /// nothing.
    pub fn accept(&mut self, baseline: &Baseline) -> Baseline {
        let of_lockouts = baseline.apply(std::mem::take(&mut self.lockouts));
        let of_differences = of_lockouts
            .stale
            .apply(std::mem::take(&mut self.differences));
        self.lockouts = of_lockouts.findings;
        self.differences = of_differences.findings;
        self.accepted.extend(of_lockouts.accepted);
        self.accepted.extend(of_differences.accepted);
        of_differences.stale
    }

    /// Returns the differences as findings, for the formats of other tools.
    #[must_use]
    pub fn report(&self) -> Report {
        let findings = self.lockouts.iter().chain(&self.differences);
        let mut report = Report::new("diff", findings.cloned().collect());
        report.accepted.clone_from(&self.accepted);
        report.warnings.clone_from(&self.notes);
        if !self.is_exhaustive {
            report.unreadable.push(NOT_EXHAUSTIVE.to_owned());
        }
        report
    }
}

const NOT_EXHAUSTIVE: &str = "not every caller was compared: the patterns combine in too many ways; there may \
                              be more changes and lockouts";

impl Display for ClusterDiff {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for finding in self.lockouts.iter().chain(&self.differences) {
            let word = match &*finding.code {
                code if code.starts_with("lockout-") => "lockout",
                code => code,
            };
            write!(f, "{word}: {}", one_line(&finding.message))?;
            match &finding.place {
                Some(place) => writeln!(f, " ({place})")?,
                None => writeln!(f)?,
            }
        }
        for one in &self.accepted {
            let Finding { code, message, .. } = &one.finding;
            write!(f, "accepted: {code}: {}", one_line(message))?;
            match one.reason.as_str() {
                "" => writeln!(f)?,
                reason => writeln!(f, " ({})", Printable::new(reason))?,
            }
        }
        if !self.is_exhaustive {
            writeln!(f, "{NOT_EXHAUSTIVE}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

impl Cluster {
    /// Compares this cluster with a new one. If the caller who makes the change is given and loses
    /// access or a permission, that is a lockout.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`]; [`NoAnswer::NoMappingOf`] if only one side has a mapping, or if the
    /// authentication mode leaves out every rule of the old side; [`NoAnswer::NoPolicyOf`] if only one side has roles
    /// and bindings; [`NoAnswer::NoMapping`] if there is nothing to compare; the errors of the caller's identity;
    /// [`NoAnswer::UnknownPolicy`] if access policies of a caller are known on one side only; [`NoAnswer::TooLarge`].
    ///
    /// A new side with a mapping that cannot be read refuses every caller, which is an answer.
    pub fn diff(&self, new: &Self, caller: Option<&CallerArn>) -> Result<ClusterDiff, NoAnswer> {
        self.check_comparable(new)?;
        let identity = caller
            .map(|caller| self.identity_on_both_sides(new, caller))
            .transpose()?;
        let (before, after) = (self.identity_map(), new.identity_map());
        let of_map = match &identity {
            Some(identity) => before.diff_for(after, identity),
            None => before.diff(after),
        };
        comparable::check_policies(&of_map)?;
        let mut powers = Powers::new(self, new);
        let of_policy = k8s_rbac_analysis::diff(self.policy(), new.policy())
            .map_err(|why| NoAnswer::TooLarge(why.to_string()))?;
        let changed: BTreeSet<&SubjectName> = of_policy
            .changes()
            .iter()
            .map(k8s_rbac_analysis::Change::identity)
            .collect();

        let mut callers: BTreeMap<String, Caller> = BTreeMap::new();
        for change in of_map
            .changes()
            .iter()
            .filter(|change| change.is_possible())
        {
            callers.insert(change.affected().to_string(), Caller::of_change(change));
        }
        // Callers that stay the same user, but whose user or groups get other permissions.
        for one in self.effective_rules() {
            let user = one.authenticated.user();
            let is_affected = changed.iter().any(|subject| match subject {
                SubjectName::User(name) => name == user.username(),
                SubjectName::Group(name) => user.groups().contains(name) || is_implied(name),
            });
            if is_affected && !callers.contains_key(&one.principal) {
                callers.insert(one.principal.clone(), Caller::unchanged(&one, new));
            }
        }
        // A role may be another user, or in another group, for each of its sessions.
        let mut bound = self.bound_names().clone();
        bound.extend(new.bound_names().iter().cloned());
        let mut sessions: BTreeMap<String, String> = BTreeMap::new();
        let between = |caller: &CallerArn| -> Result<Caller, NoAnswer> {
            let resolve = |cluster: &Self| -> Result<Resolution, NoAnswer> {
                let identity = cluster.identity(caller)?;
                Ok(cluster.identity_map().resolve(&identity))
            };
            Ok(Caller::between(resolve(self)?, resolve(new)?))
        };
        for named in [self, new]
            .into_iter()
            .flat_map(|one| one.named_sessions(&bound))
        {
            let name = named.to_string();
            callers.insert(name.clone(), between(&named.caller)?);
            sessions.insert(name, named.principal);
        }
        // Each principal of an account is a separate user, and bindings may name some of them.
        for (arn, account) in [self, new]
            .into_iter()
            .flat_map(|one| one.principals_of_accounts(&bound))
        {
            callers.insert(arn.to_string(), between(&arn)?);
            sessions.insert(arn.to_string(), account);
        }
        if let (Some(arn), Some(identity)) = (caller, &identity) {
            let resolve = |cluster: &Self| cluster.identity_map().resolve(identity);
            callers.insert(
                arn.to_string(),
                Caller::between(resolve(self), resolve(new)),
            );
        }
        let compared = powers.compare(&callers)?;

        let mut diff = ClusterDiff {
            lockouts: Vec::new(),
            differences: Vec::new(),
            accepted: Vec::new(),
            is_exhaustive: of_map.is_exhaustive(),
            notes: self.notes_on_parts(new),
        };
        let is_same = |affected: &str| {
            let mut of_affected = sessions
                .iter()
                .filter(|(_, principal)| *principal == affected);
            compared.is_same(affected) && of_affected.all(|(name, _)| compared.is_same(name))
        };
        for change in of_map.changes() {
            let same = is_same(&change.affected().to_string()) && powers.is_known(change);
            match same && !is_another_node(change) {
                true => diff.notes.push(format!("{change}, who may do the same")),
                false => diff.differences.push(finding_of_change(change, self, new)),
            }
        }
        for (name, caller) in &callers {
            let principal = sessions.get(name).unwrap_or(name);
            let is_of_change = of_map.changes().iter().any(|change| {
                change.affected().to_string() == *principal && change.kind() != ChangeKind::Changes
            });
            if is_of_change {
                // These permissions are gained or lost with the access itself.
                continue;
            }
            diff.differences.extend(compared.findings(name, caller));
        }
        for change in of_policy.changes() {
            diff.differences.extend(findings_of_subject(change));
        }
        for lockout in of_map.lockouts() {
            let keeps = || {
                let name = caller?.to_string();
                Some(powers.keeps(&name, callers.get(&name)?, &compared))
            };
            let finding = lockout_finding(lockout, caller, keeps() == Some(true), &powers);
            let place = || self.place_of_lockout(new, &of_map, lockout, caller);
            diff.lockouts
                .extend(finding.map(|finding| finding.at(place())));
        }
        if powers.loses_every_administrator(&of_map) {
            diff.lockouts.push(Finding::new(
                "lockout-no-administrator",
                Severity::Critical,
                "no caller may do everything any more",
            ));
        }
        if let Some(arn) = caller
            && let Some(lost) = compared.lost(&arn.to_string())
            && !diff.lockouts.iter().any(|one| one.code == "lockout-caller")
        {
            diff.lockouts.push(
                Finding::new(
                    "lockout-caller",
                    Severity::Critical,
                    format!("you will no longer be allowed to {lost}"),
                )
                .about(arn.to_string())
                .at(self.place_of_caller(new, arn)),
            );
        }
        Ok(diff)
    }

    /// Returns the place of the rule that causes a lockout: the rule that decides now, else the rule that
    /// decided before.
    fn place_of_lockout(
        &self,
        new: &Self,
        of_map: &aws_auth_map::Diff,
        lockout: &Lockout,
        caller: Option<&CallerArn>,
    ) -> Option<Place> {
        let mut changes = of_map.changes().iter();
        let change = match lockout {
            Lockout::Nodes(affected) => changes.find(|one| one.affected() == affected),
            Lockout::NoAdministrator => {
                changes.find(|one| is_administrator(one.before().resolution()))
            }
            _ => return self.place_of_caller(new, caller?),
        }?;
        place_of(change.after(), new).or_else(|| place_of(change.before(), self))
    }

    /// Returns the place of the rule that maps a caller: the rule that decides now, else the rule that
    /// decided before.
    fn place_of_caller(&self, new: &Self, caller: &CallerArn) -> Option<Place> {
        [new, self].into_iter().find_map(|cluster| {
            let (_, resolution, _) = cluster.resolve(caller).ok()?;
            let (backend, rule) = match &resolution {
                Resolution::Mapped(mapped) => (mapped.backend_index(), mapped.rule()),
                Resolution::Refused(refusal) => (refusal.backend_index(), refusal.rule()?),
                Resolution::NotMapped => return None,
            };
            cluster.place_of_mapping(backend, rule)
        })
    }
}

/// Returns whether every authenticated caller is in a group.
fn is_implied(group: &str) -> bool {
    group == "system:authenticated"
}

/// Returns whether a node becomes a node with another name. The node authorizer, which is not RBAC,
/// identifies nodes by their names.
fn is_another_node(change: &Change) -> bool {
    let node = |resolution: &Resolution| {
        let user = resolution.user()?;
        let is_node = user.groups().iter().any(|group| group == "system:nodes");
        is_node.then(|| user.username().to_owned())
    };
    node(change.before().resolution()) != node(change.after().resolution())
}
