//! Why a caller or a user may make a request, or why not: every way, and every near miss on either side.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use aws_auth_map::{AuthenticationMode, Backend, BackendKind, IdentityMap, Resolution};
use eks_auth::Authenticated;
use iam_principal::Identity;
use k8s_rbac::{PRIVILEGED_GROUP, Quoted, Request, SubjectName, User};
use k8s_rbac_analysis::explain::{Part, is_of_default_policy};
use k8s_rbac_analysis::{Explanation, explain};
use printable_text::Printable;
use serde::Serialize;

use crate::can::{AllowedNamespace, may, write_notes, write_unknown};
use crate::cluster::Cluster;
use crate::grant::{is_master, step_of_masters};
use crate::near;
use crate::no_answer::NoAnswer;
use crate::question::{Question, written};
use crate::resolved::{Resolved, in_groups};
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::{Step, Verdict, write_steps};
use crate::who::Who;

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

    fn misses(
        &self,
        who: &Who,
        resolved: &Resolved,
        request: &Request<'_>,
        explanation: &Explanation<'_>,
    ) -> Result<Vec<NearMiss>, NoAnswer> {
        let mut misses = Vec::new();
        if let Some(caller) = &resolved.caller {
            misses.extend(self.misses_of_mapping(who)?);
            misses.extend(self.misses_of_seam(caller));
            misses.extend(self.misses_of_access_policies(caller, request));
        }
        let unresolved = explanation.unresolved().iter();
        // A missing role is among what is not known.
        for unresolved in unresolved.filter(|one| self.missing_role(one).is_none()) {
            let (binding, of_default) = (unresolved.binding(), is_of_default_policy(unresolved));
            let hint = if of_default {
                ", a role of the default policy of Kubernetes"
            } else {
                ""
            };
            let text = format!("{binding} is for the user, but {unresolved}{hint}");
            let step = Step::new(text, self.place_of_binding(binding));
            misses.push(NearMiss::new(Side::Policy, step));
        }
        for miss in explanation.near_misses().iter().take(MAX_LISTED) {
            let grant = miss.grant();
            let place = match miss.part() {
                Part::Subject | Part::Namespace => self.place_of_binding(grant.binding()),
                _ => {
                    let steps = self.steps_of_grant(&grant);
                    steps.last().and_then(|step| step.place().cloned())
                }
            };
            let step = Step::new(miss.to_string(), place);
            misses.push(NearMiss::new(Side::Policy, step));
        }
        for misplaced in explanation.misplaced() {
            let place = self.place_of_binding(misplaced.binding());
            let step = Step::new(misplaced.to_string(), place);
            misses.push(NearMiss::new(Side::Policy, step));
        }
        Ok(misses)
    }

    /// Returns the rules that nearly map the caller, and the rules that map the caller in a backend that does
    /// not decide.
    fn misses_of_mapping(&self, who: &Who) -> Result<Vec<NearMiss>, NoAnswer> {
        let Who::Caller(caller) = who else {
            return Ok(Vec::new());
        };
        let identity = self.identity(caller)?;
        let near = self.other_rules(&identity).into_iter();
        let mut misses: Vec<NearMiss> = near
            .map(|rule| NearMiss::new(Side::Mapping, rule.into_step()))
            .collect();
        let decides = match self.map.resolve(&identity) {
            Resolution::Mapped(mapped) => Some(mapped.backend_index()),
            Resolution::Refused(refusal) => Some(refusal.backend_index()),
            Resolution::NotMapped => None,
        };
        let backends = self.map.backends().iter().enumerate();
        for (index, backend) in backends.filter(|(index, _)| Some(*index) != decides) {
            misses.extend(self.miss_of_backend(index, backend, &identity));
        }
        let note = self.notes_on_principal(identity.arn());
        misses.extend(note.map(|note| NearMiss::new(Side::Mapping, Step::new(note, None))));
        Ok(misses)
    }

    /// Returns the rule of a backend for the caller if it does not decide, because the mode leaves the
    /// backend out or an earlier backend decides.
    fn miss_of_backend(
        &self,
        index: usize,
        backend: &Backend,
        identity: &Identity,
    ) -> Option<NearMiss> {
        let alone = self.backends_alone().get(index)?;
        let Resolution::Mapped(mapped) = alone.resolve(identity) else {
            return None;
        };
        let mode = self.mode.value();
        let why = match (backend.kind(), mode) {
            (BackendKind::AccessEntries, AuthenticationMode::ConfigMap) => {
                "access entries are not asked in the authentication mode CONFIG_MAP"
            }
            (BackendKind::EksConfigMap, AuthenticationMode::Api) => {
                "the ConfigMap is not asked in the authentication mode API"
            }
            (BackendKind::EksConfigMap, _) => "an access entry or an earlier rule decides first",
            _ => "an earlier rule decides first",
        };
        let user = mapped.user();
        let text = format!(
            "{} of {} would make the caller user {}{}, but {why}",
            mapped.rule(),
            mapped.backend(),
            Printable::new(user.username()),
            in_groups(user.groups()),
        );
        let place = self.place_of_mapping(index, mapped.rule());
        Some(NearMiss::new(Side::Mapping, Step::new(text, place)))
    }

    /// Returns a separate map for each backend of the map.
    fn backends_alone(&self) -> &[IdentityMap] {
        self.backends_alone.get_or_init(|| {
            let backends = self.map.backends().iter();
            backends
                .map(|backend| IdentityMap::new().with_backend(backend.clone()))
                .collect()
        })
    }

    /// Returns the groups and the user that a caller is mapped to and that no binding names, with the bound
    /// names that are similar.
    fn misses_of_seam(&self, caller: &Authenticated) -> Vec<NearMiss> {
        let mapped = caller.mapped();
        let user = mapped.user();
        let place = self.place_of_mapping(mapped.backend_index(), mapped.rule());
        let bound = self.bound_names();
        let groups = user.groups().iter().cloned().map(SubjectName::Group);
        let unbound: Vec<SubjectName> = groups
            .filter(|group| !matches!(group, SubjectName::Group(name) if name == PRIVILEGED_GROUP))
            .filter(|group| !bound.contains(group))
            .collect();
        let mut misses: Vec<NearMiss> = unbound
            .iter()
            .map(|group| {
                let SubjectName::Group(name) = group else {
                    return (group, Vec::new());
                };
                (group, similar(name, bound))
            })
            .map(|(group, similar)| {
                let similar = match similar.is_empty() {
                    true => String::new(),
                    false => format!("; similar and bound: {}", similar.join(", ")),
                };
                let text = format!("mapped to {group}, which no binding names{similar}");
                NearMiss::new(Side::Seam, Step::new(text, place.clone()))
            })
            .collect();
        let name = SubjectName::User(user.username().to_owned());
        if unbound.len() == user.groups().len() && !bound.contains(&name) {
            let text = format!("mapped to {name}, which no binding names");
            misses.push(NearMiss::new(Side::Seam, Step::new(text, place)));
        }
        misses
    }

    /// Returns the users and groups that bindings name.
    pub(crate) fn bound_names(&self) -> &BTreeSet<SubjectName> {
        self.bound.get_or_init(|| {
            let bindings = self.policy().bindings();
            bindings
                .flat_map(|binding| {
                    let subjects = binding.subjects();
                    subjects.filter_map(move |one| SubjectName::of(&one, binding.namespace()))
                })
                .collect()
        })
    }

    fn misses_of_access_policies(
        &self,
        caller: &Authenticated,
        request: &Request<'_>,
    ) -> Vec<NearMiss> {
        let at = (caller.mapped().backend_index(), caller.mapped().rule());
        let place = self.place_of_mapping(at.0, at.1);
        let known = caller
            .access_policies()
            .iter()
            .filter_map(|policy| Some((policy, self.access_policies.get(policy)?)));
        known
            .map(|(policy, rules)| {
                let is_allowed = rules.iter().any(|rule| rule.allows(request));
                let why = match (is_allowed, policy.scope().covers(request.namespace())) {
                    (true, _) => "would allow it, but not in this scope",
                    (false, true) => "has no rule that allows it",
                    (false, false) => "has no rule that allows it, and another scope",
                };
                let text = format!("the access policy {policy} {why}");
                NearMiss::new(Side::AccessPolicy, Step::new(text, place.clone()))
            })
            .collect()
    }
}

/// The largest number of ways and of near misses of RBAC that are listed. Our choice: more than a person reads.
const MAX_LISTED: usize = 100;

/// The largest number of similar names that are listed. Our choice.
const MAX_SIMILAR: usize = 3;

/// Returns the bound groups and users with names similar to a group's: in another case, or one or two typing
/// errors away; or the user of the same name.
fn similar(name: &str, bound: &BTreeSet<SubjectName>) -> Vec<String> {
    let allowed = match name.chars().count() {
        0..3 => 0,
        3..7 => 1,
        _ => 2,
    };
    let is_same = |a: char, b: char| a.eq_ignore_ascii_case(&b);
    let distance =
        |a: &str, b: &str| strsim::osa_distance(&a.to_ascii_lowercase(), &b.to_ascii_lowercase());
    // The groups come first.
    let groups = bound.iter().map_while(|one| match one {
        SubjectName::Group(other) => Some((one, other)),
        SubjectName::User(_) => None,
    });
    let mut near: Vec<(usize, &SubjectName)> = groups
        .filter(|(_, other)| other.len().abs_diff(name.len()) <= allowed)
        .filter_map(|(one, other)| {
            let distance = near::distance_within(allowed, (name, other), is_same, distance)?;
            Some((distance, one))
        })
        .collect();
    let user = bound.get(&SubjectName::User(name.to_owned()));
    near.extend(user.map(|user| (0, user)));
    near.sort();
    let near = near.into_iter().take(MAX_SIMILAR);
    near.map(|(_, one)| match one {
        SubjectName::Group(name) => format!("Group {}", Quoted::new(name)),
        SubjectName::User(name) => format!("User {}", Quoted::new(name)),
    })
    .collect()
}
