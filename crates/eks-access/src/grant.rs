//! Grants as steps, each with its place.

use aws_auth_map::{AccessPolicy, RuleRef};
use eks_auth::{AccessPolicyGrant, Authenticated, Authorization};
use k8s_rbac::{
    BindingGrant, BindingName, Decision, Grant, PRIVILEGED_GROUP, PolicyRule, Quoted, Request, User,
};
use printable_text::Printable;

use crate::cluster::Cluster;
use crate::place::Place;
use crate::rbac::DefaultPolicy;
use crate::resolved::Resolved;
use crate::unknown_policy::UnknownPolicy;
use crate::verdict::Step;

/// The decision of RBAC and access policies about a request of a user.
pub(crate) struct Decided {
    /// The steps to the first grant: RBAC's grant, else the grant of an access policy. Empty if there is
    /// none.
    pub(crate) grant: Vec<Step>,
    /// The access policies, and if nothing allows the request, the roles, that are not known and may allow it.
    pub(crate) unknown: Vec<UnknownPolicy>,
}

impl Decided {
    pub(crate) const fn is_allowed(&self) -> bool {
        !self.grant.is_empty()
    }
}

impl Cluster {
    /// Decides a request of a user through RBAC and, for a caller of AWS, through the access policies of the
    /// caller's entry.
    pub(crate) fn decide(&self, resolved: &Resolved, request: &Request<'_>) -> Decided {
        let mut decided = match &resolved.caller {
            None => Decided {
                grant: self
                    .steps_of_decision(self.policy().authorize(&resolved.user, request).decision()),
                unknown: Vec::new(),
            },
            Some(caller) => self.decide_for_caller(caller, request),
        };
        if !decided.is_allowed() {
            let roles = self.missing_roles_for(&resolved.user, request).into_iter();
            decided.unknown.extend(roles.map(UnknownPolicy::of_missing));
        }
        decided
    }

    fn decide_for_caller(&self, caller: &Authenticated, request: &Request<'_>) -> Decided {
        let answer: Authorization<'_> =
            eks_auth::authorize(caller, request, self.policy(), &self.access_policies);
        let unknown = self.unknown_policies_for(caller, request);
        let grant = match (answer.rbac().decision(), answer.access_policy()) {
            (Decision::NoOpinion, Some(grant)) => self.steps_of_policy(caller, grant),
            (decision, _) => self.steps_of_decision(decision),
        };
        Decided { grant, unknown }
    }

    fn steps_of_decision(&self, decision: Decision<'_>) -> Vec<Step> {
        match decision {
            Decision::NoOpinion => Vec::new(),
            Decision::Allow(Grant::Binding(grant)) => self.steps_of_grant(&grant),
            Decision::Allow(_) => vec![step_of_masters()],
        }
    }

    fn steps_of_policy(&self, caller: &Authenticated, grant: &AccessPolicyGrant<'_>) -> Vec<Step> {
        let at = (caller.mapped().backend_index(), caller.mapped().rule());
        self.steps_of_access_policy(at, grant.policy(), grant.rule())
    }

    /// Returns the steps of a rule of an access policy.
    pub(crate) fn steps_of_access_policy(
        &self,
        (backend, entry): (usize, RuleRef),
        policy: &AccessPolicy,
        rule: &PolicyRule,
    ) -> Vec<Step> {
        let text = format!(
            "{entry} has the access policy {policy}, which allows {}",
            rule_text(rule)
        );
        vec![Step::new(text, self.place_of_mapping(backend, entry))]
    }

    /// Returns the steps of a grant of RBAC: the binding, and the rule.
    pub(crate) fn steps_of_grant(&self, grant: &BindingGrant<'_>) -> Vec<Step> {
        let subject = grant.subject();
        let binding = Step::new(
            format!(
                "{} names {} {}",
                grant.binding(),
                Printable::new(subject.kind),
                Quoted::new(subject.name)
            ),
            self.place_of_binding(grant.binding()),
        );
        vec![binding, self.step_of_rule(grant)]
    }

    /// Returns the place of a binding. `None` for a binding of the default policy.
    pub(crate) fn place_of_binding(&self, binding: BindingName<'_>) -> Option<Place> {
        match binding {
            BindingName::ClusterRoleBinding { name } => {
                self.rbac.place("ClusterRoleBinding", "", name)
            }
            BindingName::RoleBinding { name, namespace } => {
                self.rbac.place("RoleBinding", namespace, name)
            }
        }
    }

    fn step_of_rule(&self, grant: &BindingGrant<'_>) -> Step {
        let role = grant.role();
        let (kind, name) = (Printable::new(role.kind), Quoted::new(role.name));
        let (allowed, place) = self.allowed_by_rule(grant);
        Step::new(format!("{kind} {name} allows {allowed}"), place)
    }

    /// Returns the permissions of a grant's rule as text, and the place of the rule.
    pub(crate) fn allowed_by_rule(&self, grant: &BindingGrant<'_>) -> (String, Option<Place>) {
        let (role, rule) = (grant.role(), grant.rule());
        let (source, place) =
            self.place_of_bound_rule(grant.binding(), (role.kind, role.name), rule);
        let mut text = rule_text(rule);
        if let Some(source) = source {
            text.push_str(&format!(
                ", aggregated from ClusterRole {}",
                Quoted::new(source)
            ));
        }
        if place.is_none()
            && let DefaultPolicy::Added(version) = self.rbac.default_policy()
        {
            text.push_str(&format!(", of the default policy of Kubernetes {version}"));
        }
        (text, place)
    }

    /// Returns the place of a rule of a bound role, and the ClusterRole that the rule was aggregated from, if
    /// it was. A rule of the default policy has no place.
    pub(crate) fn place_of_bound_rule(
        &self,
        binding: BindingName<'_>,
        (kind, name): (&str, &str),
        rule: &PolicyRule,
    ) -> (Option<&str>, Option<Place>) {
        let namespace = match (kind, binding) {
            ("Role", BindingName::RoleBinding { namespace, .. }) => namespace,
            _ => "",
        };
        let source = match namespace {
            "" => self.rbac.source_of_rule(name, rule),
            _ => None,
        };
        let owner = source.unwrap_or(name);
        let index = self.rbac.index_of_rule(namespace, owner, rule);
        let place = index.and_then(|at| self.place_of_role_rule(kind, namespace, owner, at));
        (source, place)
    }
}

/// The number of resources, names or paths of a rule that are written out. Our choice: they fit on
/// a line.
const MAX_WRITTEN: usize = 6;

/// Writes a rule in one line: `get, list on pods, deployments.apps named web`.
fn rule_text(rule: &PolicyRule) -> String {
    let groups = rule.api_groups.iter();
    let resources = groups.flat_map(|group| {
        let resources = rule.resources.iter();
        resources.map(move |resource| match group.as_str() {
            "" => resource.clone(),
            group => format!("{resource}.{group}"),
        })
    });
    let what: Vec<String> = resources
        .chain(rule.non_resource_urls.iter().cloned())
        .collect();
    let mut text = format!("{} on {}", listed(&rule.verbs), listed(&what));
    if !rule.resource_names.is_empty() {
        text.push_str(" named ");
        text.push_str(&listed(&rule.resource_names));
    }
    text
}

fn listed(texts: &[String]) -> String {
    let written = texts.iter().take(MAX_WRITTEN);
    let written: Vec<String> = written
        .map(|text| Printable::new(text).to_string())
        .collect();
    let rest = texts.len().saturating_sub(MAX_WRITTEN);
    match rest {
        0 => written.join(", "),
        rest => format!("{} and {rest} more", written.join(", ")),
    }
}

/// Returns the step of the group that may do everything.
pub(crate) fn step_of_masters() -> Step {
    let text = format!("group {PRIVILEGED_GROUP} may do everything");
    Step::new(text, None)
}

/// Returns whether a user is in the group that may do everything.
pub(crate) fn is_master(user: &User) -> bool {
    user.groups.iter().any(|group| group == PRIVILEGED_GROUP)
}
