//! Why a caller or a user may make a request, or why not: every way, and every near miss on either side.

mod misses;

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{Request, User};
use k8s_rbac_analysis::{Explanation, explain};
use printable_text::Printable;
use serde::Serialize;

use crate::can::{AllowedNamespace, may, write_notes, write_unknown};
use crate::cluster::Cluster;
use crate::grant::{is_master, step_of_masters};
use crate::no_answer::NoAnswer;
use crate::question::{Question, written};
use crate::resolved::Resolved;
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::{Step, Verdict, write_steps};
use crate::who::Who;

/// The largest number of ways and of near misses of RBAC that are listed. Our choice: more than a person reads.
const MAX_LISTED: usize = 100;

/// Why a caller or a user may make a request, or why not. Prints as terminated lines, the first of which
/// begins with the verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    verdict: Verdict,
    who: String,
    request: String,
    /// The steps from the caller to the user, or why the caller becomes no user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mapping: Vec<Step>,
    ways: Vec<Vec<Step>>,
    /// The namespaces in which it is allowed, if the request is for all namespaces and is not
    /// allowed in all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_namespaces: Vec<AllowedNamespace>,
    near_misses: Vec<NearMiss>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_policies: Vec<UnknownPolicy>,
    notes: Vec<String>,
}

/// A rule, binding or name that would allow the request if one detail were different.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    side: Side,
    #[serde(flatten)]
    step: Step,
}

/// The side of a near miss.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Side {
    /// A rule that nearly maps the caller.
    Mapping,
    /// A user or a group that no binding names.
    Seam,
    /// A role, a rule of a role, or a binding.
    Policy,
    /// An access policy.
    AccessPolicy,
}

impl NearMiss {
    const fn new(side: Side, step: Step) -> Self {
        Self { side, step }
    }

    /// Returns the side.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Returns its description, with its place.
    #[must_use]
    pub const fn step(&self) -> &Step {
        &self.step
    }
}

impl Why {
    /// Returns the verdict.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the steps from the caller to the user, or why the caller becomes no user.
    #[must_use]
    pub fn mapping(&self) -> &[Step] {
        &self.mapping
    }

    /// Returns every way from the user to the permission. Empty if there is none.
    #[must_use]
    pub fn ways(&self) -> &[Vec<Step>] {
        &self.ways
    }

    /// Returns the namespaces in which the request is allowed, if it is for all namespaces and is not
    /// allowed in all.
    #[must_use]
    pub fn allowed_namespaces(&self) -> &[AllowedNamespace] {
        &self.allowed_namespaces
    }

    /// Returns the near misses. Empty if the request is allowed.
    #[must_use]
    pub fn near_misses(&self) -> &[NearMiss] {
        &self.near_misses
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (verdict, may) = (self.verdict, may(self.verdict));
        writeln!(f, "{verdict}: {} {may} {}", self.who, self.request)?;
        write_steps(f, "  ", &self.mapping)?;
        for (number, way) in (1_usize..).zip(&self.ways) {
            if self.ways.len() > 1 {
                writeln!(f, "  way {number}:")?;
            }
            let indent = if self.ways.len() > 1 { "    " } else { "  " };
            write_steps(f, indent, way)?;
        }
        write_unknown(f, &self.unknown_policies)?;
        for allowed in &self.allowed_namespaces {
            writeln!(f, "  in namespace {}:", Printable::new(&allowed.namespace))?;
            write_steps(f, "    ", &allowed.way)?;
        }
        for miss in &self.near_misses {
            writeln!(f, "  nearly: {}", miss.step)?;
        }
        write_notes(f, &self.notes)
    }
}

impl Cluster {
    /// Explains why a caller or a user may make a request, or why not.
    ///
    /// # Errors
    ///
    /// As [`can`](Self::can).
    pub fn why(&self, who: &Who, question: &Question) -> Result<Why, NoAnswer> {
        self.check_readable()?;
        question.check(self)?;
        self.why_of_known(who, question, |user, request| {
            explain(self.policy(), user, request)
        })
    }

    /// Explains as [`why`](Self::why) does, in a cluster that is readable and knows the names of the question.
    pub(crate) fn why_of_known<'p>(
        &'p self,
        who: &Who,
        question: &Question,
        explain: impl Fn(&User, &Request<'_>) -> Explanation<'p>,
    ) -> Result<Why, NoAnswer> {
        self.check_policy(who)?;
        let request = question.request();
        let mut why = Why {
            verdict: Verdict::No,
            who: who.to_string(),
            request: written(&request),
            mapping: Vec::new(),
            ways: Vec::new(),
            allowed_namespaces: Vec::new(),
            near_misses: Vec::new(),
            unknown_policies: Vec::new(),
            notes: question.warnings().collect(),
        };
        why.notes.extend(self.notes_for(who));
        let resolved = match self.find(who)? {
            Ok(resolved) => resolved,
            Err(reasons) => {
                why.mapping = reasons;
                why.near_misses = self.misses_of_mapping(who)?;
                return Ok(why);
            }
        };
        why.notes.extend(self.notes_on_user(who));
        let decided = self.decide(&resolved, &request);
        let explanation = explain(&resolved.user, &request);
        why.notes
            .extend(explanation.notes().iter().map(ToString::to_string));
        let most = explanation
            .grants()
            .len()
            .max(explanation.near_misses().len());
        if most > MAX_LISTED {
            why.notes
                .push(format!("only the first {MAX_LISTED} of {most} are listed"));
        }
        why.verdict = Verdict::of(decided.is_allowed(), !decided.unknown.is_empty());
        why.ways = self.ways(&resolved, &request, &explanation);
        if !decided.is_allowed() {
            why.unknown_policies = decided.unknown;
            why.allowed_namespaces = self.namespaces_that_allow(&resolved, &request);
            why.near_misses = self.misses(who, &resolved, &request, &explanation)?;
        }
        why.mapping = resolved.steps;
        Ok(why)
    }

    /// Returns the ways from a user to a request: group `system:masters`, then RBAC, then access policies.
    pub(crate) fn ways(
        &self,
        resolved: &Resolved,
        request: &Request<'_>,
        explanation: &Explanation<'_>,
    ) -> Vec<Vec<Step>> {
        let mut ways = Vec::new();
        if is_master(&resolved.user) {
            ways.push(vec![step_of_masters()]);
        }
        let grants = explanation.grants().iter().take(MAX_LISTED);
        ways.extend(grants.map(|grant| self.steps_of_grant(grant)));
        let Some(caller) = &resolved.caller else {
            return ways;
        };
        let at = (caller.mapped().backend_index(), caller.mapped().rule());
        for policy in caller.access_policies() {
            let rules = self.access_policies.get(policy).unwrap_or_default();
            let is_allowed = policy.scope().covers(request.namespace());
            let allowing = rules
                .iter()
                .filter(|rule| is_allowed && rule.allows(request));
            ways.extend(allowing.map(|rule| self.steps_of_access_policy(at, policy, rule)));
        }
        ways
    }
}
