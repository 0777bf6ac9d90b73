//! Findings of the changes between two sides.

use aws_auth_map::{Affected, Change, ChangeKind, DiffSide, Lockout};
use k8s_rbac_lint::Severity;

use super::compared::listed;
use super::powers::Powers;
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::place::Place;
use crate::who::CallerArn;

pub(super) fn place_of(side: &DiffSide, cluster: &Cluster) -> Option<Place> {
    let (kind, rule) = side.rule()?;
    let backends = cluster.identity_map().backends().iter();
    let mut indexes = backends
        .enumerate()
        .filter(|(_, backend)| backend.kind() == kind && backend.rules().rule(rule).is_some());
    indexes.find_map(|(index, _)| cluster.place_of_mapping(index, rule))
}

pub(super) fn finding_of_change(change: &Change, old: &Cluster, new: &Cluster) -> Finding {
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

pub(super) fn findings_of_subject(change: &k8s_rbac_analysis::Change<'_>) -> Vec<Finding> {
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
            let message = format!("{}: {}{perhaps}", change.identity(), listed(&rules));
            Finding::new(code, severity, message).about(change.identity().to_string())
        })
        .collect()
}

pub(super) fn lockout_finding(
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
