//! Decides which parts of two sides can be compared.

use aws_auth_map::{Diff, PolicyGap, ProblemKind, Resolution};
use printable_text::Printable;

use crate::cluster::Cluster;
use crate::no_answer::{ComparedSide, NoAnswer};
use crate::unknown_policy::UnknownPolicy;

impl Cluster {
    /// Returns notes on parts that neither side has, or that the new side lost. These parts are not
    /// compared.
    pub(super) fn notes_on_parts(&self, new: &Self) -> Vec<String> {
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
        // If only one side has them, there is no answer.
        let is_unlisted = |gap: &PolicyGap| matches!(gap, PolicyGap::CutOff | PolicyGap::NotListed);
        let entries = new.entries();
        let unlisted: Vec<String> = entries
            .filter(|(_, _, rule)| rule.policy_gaps().iter().any(is_unlisted))
            .map(|(_, _, rule)| crate::check::principal(rule))
            .collect();
        if let [first, more @ ..] = unlisted.as_slice() {
            let more = match more.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            notes.push(format!(
                "the access policies of {}{more} are not listed, so they are not compared",
                Printable::new(first)
            ));
        }
        notes
    }

    /// Refuses to compare a cluster with a part of a cluster: a missing file does not mean that the cluster
    /// lacks its content.
    pub(super) fn check_comparable(&self, new: &Self) -> Result<(), NoAnswer> {
        self.check_readable()?;
        let is_lost_mapping = |problem: &crate::Problem| {
            matches!(
                problem.cause(),
                crate::Cause::Mapping(mapping)
                    if !matches!(
                        mapping.kind(),
                        ProblemKind::MissingPrincipal
                            | ProblemKind::OrphanPolicies
                            | ProblemKind::SectionNotText
                            | ProblemKind::Unfilled
                    )
            ) && crate::check::is_slip(problem)
        };
        let unreadable: Vec<_> = new
            .unreadable()
            .filter(|problem| !is_lost_mapping(problem))
            .cloned()
            .collect();
        if !unreadable.is_empty() {
            return Err(NoAnswer::Unreadable(unreadable));
        }
        self.check_new_entries(new)?;
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
        self.check_missing_roles(new)
    }

    /// Refuses to compare roles that are missing, unless both sides grant the same of them to the same subjects.
    fn check_missing_roles(&self, new: &Self) -> Result<(), NoAnswer> {
        let (old, new) = (
            self.bindings_of_missing_roles(),
            new.bindings_of_missing_roles(),
        );
        let of_old = old.difference(&new).next();
        let of_old = of_old.map(|(role, _)| (ComparedSide::Old, role));
        let of_new = new.difference(&old).next();
        let of_new = of_new.map(|(role, _)| (ComparedSide::New, role));
        match of_old.or(of_new) {
            None => Ok(()),
            Some((side, role)) => Err(NoAnswer::UnknownPolicy(format!("{side}: {role}"))),
        }
    }
}

/// Refuses to compare a caller whose access policies are known on one side only.
///
/// # Errors
///
/// [`NoAnswer::UnknownPolicy`].
pub(super) fn check_policies(of_map: &Diff) -> Result<(), NoAnswer> {
    for change in of_map.changes() {
        let (Resolution::Mapped(before), Resolution::Mapped(after)) =
            (change.before().resolution(), change.after().resolution())
        else {
            continue;
        };
        let (old, new) = (before.policy_gaps(), after.policy_gaps());
        let lacks = |other: &[PolicyGap], gap: &&PolicyGap| !other.contains(gap);
        let of_old = old.iter().find(|gap| lacks(new, gap));
        let of_new = new.iter().find(|gap| lacks(old, gap));
        let of_old = of_old.map(|gap| (ComparedSide::Old, gap));
        if let Some((side, gap)) = of_old.or_else(|| of_new.map(|gap| (ComparedSide::New, gap))) {
            let (whose, gap) = (change.affected(), UnknownPolicy::of_gap(gap));
            return Err(NoAnswer::UnknownPolicy(format!("{side}: {whose}: {gap}")));
        }
    }
    Ok(())
}
