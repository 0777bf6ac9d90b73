//! The access entries to write, and the entries that need not be written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_auth_map::{
    AccessEntry, BackendKind, ConversionLossKind, EntryType, RulePrincipal, RuleRef, Rules,
};
use k8s_rbac_lint::Severity;
use printable_text::Printable;

use super::{Conversion, ConvertOptions, Target, write};
use crate::cluster::Cluster;
use crate::finding::Finding;
use crate::managed::without_path;
use crate::source::SourceKind;

/// The access policy of the entry that EKS makes for the creator of a cluster.
const CREATOR_POLICY: &str = "AmazonEKSClusterAdminPolicy";

/// An access entry to write.
pub(super) struct Planned {
    pub(super) entry: AccessEntry,
    /// Whether AWS has it already.
    pub(super) exists: bool,
}

impl Cluster {
    /// Chooses the access entries to write.
    pub(super) fn plan(
        &self,
        settings: &ConvertOptions,
        conversion: &mut Conversion,
    ) -> Vec<Planned> {
        let backends = || self.identity_map().backends().iter().enumerate();
        let is_entries = |kind| kind == BackendKind::AccessEntries;
        let has_rules = backends()
            .any(|(_, backend)| !is_entries(backend.kind()) && !backend.rules().is_empty());
        let mut planned = Vec::new();
        let mut principals = BTreeSet::new();
        // The existing entries, until a rule for the same principal is found.
        let mut existing: BTreeMap<String, Finding> = BTreeMap::new();
        for (index, backend) in backends().filter(|(_, backend)| is_entries(backend.kind())) {
            let (entries, mut losses) = backend.rules().access_entries();
            let mut left_out = BTreeSet::new();
            for (at, entry) in entries {
                let principal = without_path(entry.principal_arn());
                principals.insert(principal.clone());
                let place = self.place_of_mapping(index, at);
                let is_left_out = has_rules && conversion.target != Target::Terraform;
                let skipped = self.managed(&entry, settings).or_else(|| {
                    let skipped = || skipped("existing-entry", "the entry exists already", &entry);
                    is_left_out.then(skipped)
                });
                if let Some(skipped) = skipped {
                    left_out.insert(at.index());
                    existing.insert(principal, skipped.at(place));
                } else {
                    let exists = self.exists_in_aws(index, at);
                    planned.push(Planned { entry, exists });
                }
            }
            // What is not known of an entry matters if it is written.
            losses.retain(|loss| {
                loss.kind() != ConversionLossKind::UnknownAccessPolicies
                    || !left_out.contains(&loss.rule().index())
            });
            self.take_losses(index, &losses, conversion);
        }
        let listed: Vec<String> = self
            .principals()
            .iter()
            .map(|one| one.arn().to_owned())
            .collect();
        let mut unmanaged = Vec::new();
        for (index, backend) in backends().filter(|(_, backend)| !is_entries(backend.kind())) {
            let (entries, mut losses) = backend.rules().to_access_entries_of(&listed);
            let rules = by_principal(backend.rules());
            let mut unwritten = BTreeSet::new();
            for entry in entries {
                let arn = entry.principal_arn();
                let principal = without_path(arn);
                let rule = rules.get(&principal).copied();
                let place = rule.and_then(|at| self.place_of_mapping(index, at));
                let before = conversion.skipped.len();
                existing.remove(&principal);
                if !principals.insert(principal) {
                    let message = "the principal has an access entry already, which decides first";
                    let skipped = skipped("existing-entry", message, &entry);
                    conversion.skipped.push(skipped.at(place));
                } else if let Some(skipped) = self.managed(&entry, settings) {
                    if skipped.code == "creator-entry" {
                        let changed = changed_creator(&entry);
                        let changed = changed.map(|changed| changed.at(place.clone()));
                        conversion.changed.extend(changed);
                    }
                    conversion.skipped.push(skipped.at(place));
                } else {
                    if entry.entry_type() == EntryType::Ec2Linux {
                        unmanaged.push(arn.to_owned());
                    }
                    planned.push(Planned {
                        entry,
                        exists: false,
                    });
                }
                if conversion.skipped.len() > before {
                    unwritten.extend(rule);
                }
            }
            // An entry that is not written does not differ from its rule.
            losses.retain(|loss| !loss.is_carried() || !unwritten.contains(&loss.rule()));
            self.take_losses(index, &losses, conversion);
        }
        conversion.skipped.extend(existing.into_values());
        self.note_entries_of_eks(&planned, &unmanaged, settings, conversion);
        if conversion.target == Target::CloudFormation {
            leave_out_dynamic_references(&mut planned, conversion);
        }
        planned
    }

    /// Returns the reason to skip an entry that EKS makes itself. `None` if it is written.
    fn managed(&self, entry: &AccessEntry, settings: &ConvertOptions) -> Option<Finding> {
        if settings.is_managed_included {
            return None;
        }
        let arn = entry.principal_arn();
        let creator = settings.creator.as_deref().map(without_path);
        if creator == Some(without_path(arn)) && self.managed_entries().has_creator() != Some(false)
        {
            let message = format!(
                "EKS makes the entry of the principal that created the cluster itself, with {CREATOR_POLICY}"
            );
            return Some(skipped("creator-entry", &message, entry));
        }
        let message = match self.managed_entries().manager(arn) {
            Some(manager) => format!("EKS makes the entry of {manager} itself"),
            None if entry.entry_type() == EntryType::FargateLinux => {
                "EKS makes the entries of Fargate profiles itself".to_owned()
            }
            None => return None,
        };
        Some(skipped("managed-entry", &message, entry))
    }

    /// Notes which of the entries may exist already, if the documents do not show whether they do.
    fn note_entries_of_eks(
        &self,
        planned: &[Planned],
        unmanaged: &[String],
        settings: &ConvertOptions,
        conversion: &mut Conversion,
    ) {
        if let Some(first) = unmanaged.first()
            && self.managed_entries().is_empty()
            && !settings.is_managed_included
        {
            let more = match unmanaged.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            conversion.notes.push(format!(
                "EKS makes the entries of managed node groups itself; give the output of `aws eks \
                 describe-nodegroup` with -f to skip them ({}{more})",
                Printable::new(first)
            ));
        }
        let is_admin = |one: &Planned| {
            let policies = one.entry.access_policies();
            !one.exists
                && policies
                    .iter()
                    .any(|policy| policy.name() == CREATOR_POLICY)
        };
        if settings.creator.is_none()
            && !settings.is_managed_included
            && self.managed_entries().has_creator() != Some(false)
            && planned.iter().any(is_admin)
        {
            conversion.notes.push(
                "EKS makes the entry of the principal that created the cluster itself; name it with --creator \
                 to skip it"
                    .to_owned(),
            );
        }
    }

    /// Returns whether a document shows that AWS has an entry: it is the output of `describe-access-entry`,
    /// not the input of `create-access-entry` or the file of another tool.
    fn exists_in_aws(&self, backend: usize, at: RuleRef) -> bool {
        let Some(place) = self.place_of_mapping(backend, at) else {
            return false;
        };
        let is_printed = self.sources().iter().any(|source| {
            source.kind() == SourceKind::AccessEntries && source.place().file() == place.file()
        });
        let mut documents = self.documents().iter();
        let text = documents
            .find(|document| document.name() == place.file())
            .map_or("", |document| document.text());
        is_printed && (text.contains("accessEntryArn") || !text.contains("clusterName"))
    }
}

/// Returns the rule that maps each principal: the last rule in the first section that has one.
fn by_principal(rules: &Rules) -> HashMap<String, RuleRef> {
    let mut found: HashMap<String, RuleRef> = HashMap::new();
    for (at, rule) in rules.iter() {
        let RulePrincipal::Arn(arn) = rule.principal() else {
            continue;
        };
        let known = found.entry(without_path(arn)).or_insert(at);
        if known.section() == at.section() {
            *known = at;
        }
    }
    found
}

fn skipped(code: &'static str, message: &str, entry: &AccessEntry) -> Finding {
    Finding::new(code, Severity::Info, message.to_owned()).about(entry.principal_arn())
}

/// Compares the entry of the creator with the entry that EKS makes. `None` if they are the same.
fn changed_creator(entry: &AccessEntry) -> Option<Finding> {
    let is_admin = entry
        .access_policies()
        .iter()
        .any(|policy| policy.name() == CREATOR_POLICY);
    let is_same = entry.has_default_username() && entry.groups().is_empty() && is_admin;
    (!is_same).then(|| {
        let message = format!(
            "its user is `{}` here; in the entry that EKS makes it is named by its ARN and has no groups",
            Printable::new(entry.username())
        );
        Finding::new("creator-entry", Severity::Low, message).about(entry.principal_arn())
    })
}

/// Leaves out the entries that CloudFormation would not read literally.
fn leave_out_dynamic_references(planned: &mut Vec<Planned>, conversion: &mut Conversion) {
    planned.retain(|one| {
        let is_literal = write::is_literal_in_cloud_formation(&one.entry);
        if !is_literal {
            let message = "CloudFormation replaces `{{resolve:…}}`, also in a username or a group";
            let arn = one.entry.principal_arn();
            let lost = Finding::new("dynamic-reference", Severity::High, message).about(arn);
            conversion.lost.push(lost);
        }
        is_literal
    });
}
