//! Entries that this crate refuses and that EKS does not. An answer is about the cluster and not about this crate.

use std::collections::HashSet;

use aws_auth_map::{AuthenticationMode, Backend, Dialect, Refusal, Rule, RuleRef, Rules, Template};
use k8s_rbac::SubjectName;
use printable_text::Printable;

use crate::check::principal;
use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::resolved::in_groups;

impl Cluster {
    /// Returns the rules that refuse their callers, although EKS maps these to users who may have permissions: the index of
    /// the backend, and the rule.
    fn rules_unlike_eks(&self) -> impl Iterator<Item = (usize, RuleRef, &Rule)> {
        // Only entries of the ConfigMap are read differently.
        let is_read = self.dialect().value() != Dialect::Ours
            && self.authentication_mode().value() != AuthenticationMode::Api;
        let backends = self.map.backends().iter().enumerate();
        let rules = backends.flat_map(|(backend, one)| {
            let rules = one.rules().iter();
            rules.map(move |(at, rule)| (backend, at, rule))
        });
        let has_permissions = |(username, groups): (&Template, &[Template])| {
            let user = SubjectName::User(username.source());
            let is_template = username.placeholders().next().is_some();
            let is_in_group = groups.iter().any(|group| !group.source().is_empty());
            is_in_group || is_template || self.is_bound(&user)
        };
        rules.filter(move |(_, _, rule)| {
            is_read && rule.upstream_user().is_some_and(has_permissions)
        })
    }

    /// Refuses to list all users of a cluster if it has some that this crate refuses.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Mapping`].
    pub(crate) fn check_entries(&self) -> Result<(), NoAnswer> {
        let mut found = self.rules_unlike_eks();
        found.try_for_each(|(backend, at, rule)| self.check_entry((backend, at), rule))
    }

    /// Refuses to compare a cluster with another if only the other has an entry for a principal, and this crate refuses the
    /// principal and EKS does not.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Mapping`].
    pub(crate) fn check_new_entries(&self, new: &Self) -> Result<(), NoAnswer> {
        let rules = self.map.backends().iter().map(Backend::rules);
        let rules = rules.flat_map(Rules::iter).map(|(_, rule)| rule);
        let mut found = new.rules_unlike_eks().peekable();
        if found.peek().is_none() {
            return Ok(());
        }
        let known: HashSet<String> = rules.map(principal).collect();
        found
            .filter(|(_, _, rule)| !known.contains(&principal(rule)))
            .try_for_each(|(backend, at, rule)| new.check_entry((backend, at), rule))
    }

    /// Refuses to answer about a caller whom this crate refuses and EKS does not: an answer is about the cluster and not
    /// about this crate.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Mapping`].
    pub(crate) fn check_refusing(&self, refusal: &Refusal) -> Result<(), NoAnswer> {
        let backend = refusal.backend_index();
        let mut found = self.rules_unlike_eks();
        let rule = found.find(|(of, at, _)| *of == backend && Some(*at) == refusal.rule());
        rule.map_or(Ok(()), |(_, at, rule)| {
            self.check_entry((backend, at), rule)
        })
    }

    /// Returns what [`check_refusing`](Self::check_refusing) refuses, as a note.
    pub(crate) fn note_on_refusing(&self, refusal: &Refusal) -> Option<String> {
        Some(self.check_refusing(refusal).err()?.to_string())
    }

    fn check_entry(&self, (backend, at): (usize, RuleRef), rule: &Rule) -> Result<(), NoAnswer> {
        let Some((username, groups)) = rule.upstream_user() else {
            return Ok(());
        };
        let written = |group: &Template| match group.source() {
            empty if empty.is_empty() => "\"\"".to_owned(),
            name => name,
        };
        let groups: Vec<String> = groups.iter().map(written).collect();
        let place = self.place_of_mapping(backend, at);
        Err(NoAnswer::Mapping(format!(
            "{}{at} cannot be read, and aws-iam-authenticator maps its callers to user \"{}\"{}; correct the entry",
            place.map(|place| format!("{place}: ")).unwrap_or_default(),
            Printable::new(&username.source()),
            in_groups(&groups)
        )))
    }

    /// Returns what [`check_entries`](Self::check_entries) refuses, as notes.
    pub(super) fn notes_on_entries(&self) -> impl Iterator<Item = String> {
        let found = self.rules_unlike_eks();
        found.filter_map(|(backend, at, rule)| {
            Some(self.check_entry((backend, at), rule).err()?.to_string())
        })
    }
}
