//! What would allow a request if one detail were different.

use std::collections::BTreeSet;

use aws_auth_map::{AuthenticationMode, Backend, BackendKind, IdentityMap, Resolution};
use eks_auth::Authenticated;
use iam_principal::Identity;
use k8s_rbac::{PRIVILEGED_GROUP, Quoted, Request, SubjectName};
use k8s_rbac_analysis::Explanation;
use k8s_rbac_analysis::explain::{Part, is_of_default_policy};
use printable_text::Printable;

use super::{MAX_LISTED, NearMiss, Side};
use crate::cluster::Cluster;
use crate::near;
use crate::no_answer::NoAnswer;
use crate::resolved::{Resolved, in_groups};
use crate::verdict::Step;
use crate::who::Who;

/// The largest number of similar names that are listed. Our choice.
const MAX_SIMILAR: usize = 3;

impl Cluster {
    /// Returns what would allow a request if one detail were different: of the mapping, of names, of access policies and
    /// of RBAC.
    pub(super) fn misses(
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
    pub(super) fn misses_of_mapping(&self, who: &Who) -> Result<Vec<NearMiss>, NoAnswer> {
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
