//! Two clusters compared: which callers gain or lose access, and what each may do.

mod powers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use aws_auth_map::{Affected, Change, ChangeKind, DiffSide, Lockout, Resolution};
use k8s_rbac::SubjectName;
use k8s_rbac_lint::Severity;
use printable_text::Printable;
use serde::Serialize;

use self::powers::{Caller, Powers};
use crate::baseline::Baseline;
use crate::cluster::Cluster;
use crate::finding::{Finding, one_line};
use crate::format::{Accepted, Report};
use crate::no_answer::{ComparedSide, NoAnswer};
use crate::place::Place;
use crate::who::CallerArn;

/// The limit on the permissions that the text of one difference lists. Our choice; the count of the others
/// follows.
const MAX_LISTED: usize = 3;

/// The differences between two clusters. Prints as terminated lines, lockouts first.
///
/// It is empty exactly where every caller, user and group may do the same. That a caller becomes another
/// user who may do the same, as after the migration from the ConfigMap to access entries, is a
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

    /// Returns whether every kind of caller was compared. If not, and without lockouts, the comparison is no
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

    /// Takes out the lockouts and differences that are meant. Returns the entries that accepted nothing.
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
    /// Compares this cluster with a new one. If the caller who makes the change is given, that it loses
    /// access or a permission is a lockout.
    ///
    /// # Errors
    ///
    /// In this order: [`NoAnswer::Unreadable`]; [`NoAnswer::NoMappingOf`] if only one side has a mapping, or if the
    /// authentication mode leaves out every rule of the old side; [`NoAnswer::NoPolicyOf`] if only one side has roles
    /// and bindings; [`NoAnswer::NoMapping`] if there is nothing to compare; the errors of the caller's identity;
    /// [`NoAnswer::TooLarge`].
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
        // Callers that stay the same user, and whose user or groups are granted something else.
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
        // Each principal of an account is a user of its own, and bindings may name some of them.
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
                // Gained or lost with the access itself.
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

    /// Returns the place of the rule that a lockout comes from: the one that decides now, else the one that did.
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
                changes.find(|one| powers::is_administrator(one.before().resolution()))
            }
            _ => return self.place_of_caller(new, caller?),
        }?;
        place_of(change.after(), new).or_else(|| place_of(change.before(), self))
    }

    /// Returns the place of the rule that maps a caller: the one that decides now, else the one that did.
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

    /// Returns notes on what neither side has, or the new side lost, and what is not compared therefore.
    fn notes_on_parts(&self, new: &Self) -> Vec<String> {
        let mut notes = Vec::new();
        if let (false, Some(note)) = (new.has_rules_in_mode(), new.notes_on_mode()) {
            notes.push(format!("{}: {note}", ComparedSide::New));
        }
        if !self.rbac().is_any_written() {
            notes.push(
                "neither side has roles or bindings, so what users and groups may do is not compared".to_owned(),
            );
        }
        if !self.has_mapping() {
            notes.push("neither side maps AWS identities, so callers are not compared".to_owned());
        }
        notes
    }

    /// Refuses to compare a cluster with a part of one: that a file is missing does not mean that a cluster
    /// has nothing.
    fn check_comparable(&self, new: &Self) -> Result<(), NoAnswer> {
        self.check_readable()?;
        let is_lost_mapping = |problem: &crate::Problem| {
            matches!(problem.cause(), crate::Cause::Mapping(_))
                && crate::check::is_mapping_with_a_slip(problem)
        };
        let unreadable: Vec<_> = new
            .unreadable()
            .filter(|problem| !is_lost_mapping(problem))
            .cloned()
            .collect();
        if !unreadable.is_empty() {
            return Err(NoAnswer::Unreadable(unreadable));
        }
        let has_new_mapping = new.has_mapping() || new.unreadable().next().is_some();
        let lacks_mapping = |side, why: &str| NoAnswer::NoMappingOf {
            side,
            why: why.to_owned(),
        };
        let why = "it maps no AWS identities, and the other side does: give the aws-auth ConfigMap or the access \
                   entries of both";
        match (self.has_mapping(), has_new_mapping) {
            (true, false) => return Err(lacks_mapping(ComparedSide::New, why)),
            (false, true) => return Err(lacks_mapping(ComparedSide::Old, why)),
            _ => {}
        }
        // The new side may have lost its rules by the change: that is an answer.
        if let (false, Some(note)) = (self.has_rules_in_mode(), self.notes_on_mode()) {
            return Err(lacks_mapping(ComparedSide::Old, &note));
        }
        let (has_policy, has_new_policy) =
            (self.rbac().is_any_written(), new.rbac().is_any_written());
        match (has_policy, has_new_policy) {
            (true, false) => return Err(NoAnswer::NoPolicyOf(ComparedSide::New)),
            (false, true) => return Err(NoAnswer::NoPolicyOf(ComparedSide::Old)),
            _ => {}
        }
        if !self.has_mapping() && !has_policy {
            return Err(NoAnswer::NoMapping);
        }
        Ok(())
    }
}

/// Returns whether every authenticated caller is in a group.
fn is_implied(group: &str) -> bool {
    group == "system:authenticated"
}

/// Returns whether a node becomes a node of another name. The node authorizer, which is not RBAC, knows
/// nodes by their names.
fn is_another_node(change: &Change) -> bool {
    let node = |resolution: &Resolution| {
        let user = resolution.user()?;
        let is_node = user.groups().iter().any(|group| group == "system:nodes");
        is_node.then(|| user.username().to_owned())
    };
    node(change.before().resolution()) != node(change.after().resolution())
}

fn place_of(side: &DiffSide, cluster: &Cluster) -> Option<Place> {
    let (kind, rule) = side.rule()?;
    let backends = cluster.identity_map().backends().iter();
    let mut indexes = backends
        .enumerate()
        .filter(|(_, backend)| backend.kind() == kind && backend.rules().rule(rule).is_some());
    indexes.find_map(|(index, _)| cluster.place_of_mapping(index, rule))
}

fn finding_of_change(change: &Change, old: &Cluster, new: &Cluster) -> Finding {
    let severity = match change.kind() {
        ChangeKind::Loses => Severity::High,
        ChangeKind::Changes | ChangeKind::Gains => Severity::Medium,
    };
    let code = change.kind().as_str();
    // The kind is the code.
    let message = change.to_string();
    let message = message.strip_prefix(code).unwrap_or(&message).trim_start();
    let place = place_of(change.after(), new).or_else(|| place_of(change.before(), old));
    Finding::new(code, severity, message)
        .at(place)
        .about(change.affected().to_string())
}

fn findings_of_subject(change: &k8s_rbac_analysis::Change<'_>) -> Vec<Finding> {
    let kinds = [
        ("newly-allowed", Severity::Medium, change.gained_rules()),
        ("no-longer-allowed", Severity::High, change.lost_rules()),
    ];
    kinds
        .into_iter()
        .filter(|(_, _, rules)| !rules.is_empty())
        .map(|(code, severity, rules)| {
            let perhaps = match change.is_by_rule() {
                true => " (each rule may be covered by several others together)",
                false => "",
            };
            let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
            let message = format!("{}: {}{perhaps}", change.identity(), powers::listed(&rules));
            Finding::new(code, severity, message).about(change.identity().to_string())
        })
        .collect()
}

fn lockout_finding(
    lockout: &Lockout,
    caller: Option<&CallerArn>,
    keeps_all: bool,
    powers: &Powers<'_>,
) -> Option<Finding> {
    let about = |affected: &Affected| affected.to_string();
    let (code, object) = match lockout {
        Lockout::CallerChanges { .. } if keeps_all => return None,
        Lockout::CallerChanges { .. } | Lockout::CallerLoses { .. } => (
            "lockout-caller",
            caller.map(ToString::to_string).unwrap_or_default(),
        ),
        // A binding may make an administrator, too.
        Lockout::NoAdministrator if powers.has_new_administrator() => return None,
        Lockout::NoAdministrator => ("lockout-no-administrator", String::new()),
        Lockout::Nodes(affected) => ("lockout-nodes", about(affected)),
        _ => ("lockout", String::new()),
    };
    Some(Finding::new(code, Severity::Critical, lockout.to_string()).about(object))
}
