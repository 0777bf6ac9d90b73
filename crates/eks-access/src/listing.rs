//! Everything that a caller or a user may do.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use k8s_rbac::{Policy, PolicyRule, Quoted, User};
use k8s_rbac_analysis::permissions;
use serde::Serialize;

use crate::can::{write_notes, write_unknown};
use crate::cluster::Cluster;
use crate::grant::is_master;
use crate::no_answer::NoAnswer;
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::{Step, Verdict, write_steps};
use crate::who::Who;

/// Everything that a caller or a user may do, as few rules. No two rules allow the same request.
/// Prints as terminated lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    verdict: Verdict,
    who: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mapping: Vec<Step>,
    /// Whether it may do everything, independent of the rules.
    is_master: bool,
    rules: Vec<ListedRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_policies: Vec<UnknownPolicy>,
    notes: Vec<String>,
}

/// A rule and its namespaces.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedRule {
    /// Empty for the whole cluster. A name with a `*` is a pattern of an access policy.
    namespaces: Vec<String>,
    #[serde(flatten)]
    rule: PolicyRule,
    #[serde(skip)]
    text: String,
}

impl ListedRule {
    /// Returns the namespaces. Empty for the whole cluster. A name with a `*` is a pattern of an access
    /// policy.
    #[must_use]
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Returns the rule.
    #[must_use]
    pub const fn rule(&self) -> &PolicyRule {
        &self.rule
    }
}

impl Display for ListedRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Listing {
    /// Returns yes if there is a permission, no if there is none, and unknown if only access policies
    /// that are not known may grant a permission.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the rules.
    #[must_use]
    pub fn rules(&self) -> &[ListedRule] {
        &self.rules
    }

    /// Returns whether it may do everything, as a member of `system:masters`.
    #[must_use]
    pub const fn is_master(&self) -> bool {
        self.is_master
    }

    /// Returns notes on what the answer rests on.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the listing in a form that prints by namespace.
    #[must_use]
    pub const fn by_namespace(&self) -> ListingByNamespace<'_> {
        ListingByNamespace(self)
    }

    fn write_head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.verdict, self.who)?;
        write_steps(f, "  ", &self.mapping)?;
        match self.is_master {
            true => writeln!(f, "everything, as a member of group system:masters"),
            false => Ok(()),
        }
    }

    fn write_tail(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_unknown(f, &self.unknown_policies)?;
        write_notes(f, &self.notes)
    }
}

impl Display for Listing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        for rule in &self.rules {
            writeln!(f, "{rule}")?;
        }
        self.write_tail(f)
    }
}

/// A [`Listing`] that prints by namespace: first the whole cluster, then each namespace with its own rules.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct ListingByNamespace<'l>(&'l Listing);

impl Display for ListingByNamespace<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let listing = self.0;
        listing.write_head(f)?;
        let names: BTreeSet<&String> = listing
            .rules
            .iter()
            .flat_map(|one| &one.namespaces)
            .collect();
        let is_anywhere = |rule: &&ListedRule| rule.namespaces.is_empty();
        if listing.rules.iter().any(|rule| is_anywhere(&rule)) {
            writeln!(f, "whole cluster:")?;
            for rule in listing.rules.iter().filter(is_anywhere) {
                writeln!(f, "  {}", without_scope(rule))?;
            }
        }
        for name in names {
            writeln!(f, "namespace {}:", Quoted::new(name))?;
            for rule in listing
                .rules
                .iter()
                .filter(|one| one.namespaces.contains(name))
            {
                writeln!(f, "  {}", without_scope(rule))?;
            }
        }
        listing.write_tail(f)
    }
}

/// Returns the text of a rule without its namespaces, which are at its end.
fn without_scope(rule: &ListedRule) -> &str {
    let scope = match rule.namespaces.is_empty() {
        true => " cluster-wide",
        false => " in namespace ",
    };
    rule.text
        .rsplit_once(scope)
        .map_or(&*rule.text, |(text, _)| text)
}

impl Cluster {
    /// Lists everything that a caller or a user may do, through RBAC and access policies.
    ///
    /// # Errors
    ///
    /// As [`can`](Self::can), except the errors of a question; then [`NoAnswer::TooLarge`].
    pub fn list(&self, who: &Who) -> Result<Listing, NoAnswer> {
        self.check_readable()?;
        self.check_policy(who)?;
        let mut listing = Listing {
            verdict: Verdict::No,
            who: who.to_string(),
            mapping: Vec::new(),
            is_master: false,
            rules: Vec::new(),
            unknown_policies: Vec::new(),
            notes: self.notes_for(who),
        };
        let resolved = match self.find(who)? {
            Ok(resolved) => resolved,
            Err(reasons) => {
                listing.mapping = reasons;
                return Ok(listing);
            }
        };
        listing.notes.extend(self.notes_on_user(who));
        let policy = self.united_policy_as_written(&resolved);
        let found = permissions(&policy, &resolved.user)
            .map_err(|why| NoAnswer::TooLarge(why.to_string()))?;
        let unresolved = found.unresolved().iter();
        // A missing role is among what is not known.
        let unresolved = unresolved.filter(|one| self.missing_role(one).is_none());
        listing
            .notes
            .extend(unresolved.map(|one| format!("{}: {one}", one.binding())));
        listing.rules = found
            .rules()
            .iter()
            .map(|rule| ListedRule {
                namespaces: rule
                    .namespaces()
                    .iter()
                    .map(|&name| name.to_owned())
                    .collect(),
                rule: rule.to_rule(),
                text: rule.to_string(),
            })
            .collect();
        listing.unknown_policies = self.unknown_policies(&resolved);
        listing.is_master = is_master(&resolved.user);
        listing.verdict = Verdict::of(
            listing.is_master || !listing.rules.is_empty(),
            !listing.unknown_policies.is_empty(),
        );
        listing.mapping = resolved.steps;
        Ok(listing)
    }

    /// Returns the user that a question is about, and the policy with the access policies of the caller's
    /// entry as bindings of that user, for analyses that know RBAC only.
    ///
    /// A scope that is a pattern, such as `dev-*`, becomes a namespace of that name. An access policy that is
    /// not known is left out. `None` if the caller becomes no user.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::NoMapping`], [`NoAnswer::NoMappingInMode`], [`NoAnswer::Identity`], [`NoAnswer::Mapping`].
    pub fn user_and_policy(&self, who: &Who) -> Result<Option<(User, Policy)>, NoAnswer> {
        let Ok(resolved) = self.find(who)? else {
            return Ok(None);
        };
        let policy = self.united_policy_as_written(&resolved);
        let policy = policy.into_owned();
        Ok(Some((resolved.user, policy)))
    }
}
