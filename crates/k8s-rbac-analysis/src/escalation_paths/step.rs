//! One step, and its parts.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use k8s_rbac::{
    BindingGrant, PRIVILEGED_GROUP, PolicyRule, Quoted, QuotedTexts, Request, SubjectName,
};

use crate::escalation_paths::constrained::is_any_node;
use crate::escalation_paths::goal::allows_in;
use crate::escalation_paths::mode::ALL;
use crate::escalation_paths::technique::Technique;
use crate::permission_set::qualified;

/// One step of an escalation. Prints as the text after the name of its actor.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'p> {
    pub(super) target: Target<'p>,
    /// The step that reaches the actor.
    pub(super) actor: Option<usize>,
    pub(super) technique: Technique,
    pub(super) granted_by: Vec<GrantedBy<'p>>,
}

impl<'p> Step<'p> {
    /// Returns the target that the step reaches.
    #[must_use]
    pub const fn target(&self) -> &Target<'p> {
        &self.target
    }

    /// Returns the number, from zero, of the step that reaches the actor of this step. `None` if the
    /// actor is the user.
    #[must_use]
    pub const fn actor(&self) -> Option<usize> {
        self.actor
    }

    /// Returns the numbers, from zero, of the steps that have to come before, in order: the step
    /// that reaches the actor, and the steps that give the actor a permission.
    #[must_use]
    pub fn after(&self) -> Vec<usize> {
        let gained = self
            .granted_by
            .iter()
            .filter_map(|granted_by| match granted_by {
                GrantedBy::Gained { step } => Some(*step),
                GrantedBy::Grant(_) => None,
            });
        let all: BTreeSet<usize> = gained.chain(self.actor).collect();
        all.into_iter().collect()
    }

    /// Returns the technique of the step.
    #[must_use]
    pub const fn technique(&self) -> Technique {
        self.technique
    }

    /// Returns the grants that allow the step, one for each permission that it needs.
    #[must_use]
    pub fn granted_by(&self) -> &[GrantedBy<'p>] {
        &self.granted_by
    }

    /// Returns the identity that the actor becomes. `None` if the step reaches another target.
    pub(crate) const fn identity(&self) -> Option<&SubjectName> {
        match &self.target {
            Target::Subject(identity) => Some(identity),
            _ => None,
        }
    }

    /// Returns whether two steps differ only in the identity that they reach.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.identity().is_some()
            && other.identity().is_some()
            && (self.actor, self.technique) == (other.actor, other.technique)
            && self.granted_by == other.granted_by
    }

    /// Returns whether the step may lead to more than the search knows.
    pub(crate) fn is_unsearched(&self) -> bool {
        match &self.target {
            Target::ConstrainedIdentity { identity, .. } => is_any_node(identity),
            _ => false,
        }
    }

    pub(super) fn renumbered(&self, number: impl Fn(usize) -> usize) -> Self {
        let mut step = self.clone();
        step.actor = step.actor.map(&number);
        for granted_by in &mut step.granted_by {
            if let GrantedBy::Gained { step } = granted_by {
                *step = number(*step);
            }
        }
        step
    }
}

impl Display for Step<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.target, self.technique)?;
        let mut printed: Vec<String> = Vec::new();
        for granted_by in self.granted_by.iter().map(GrantedBy::to_string) {
            // One binding may grant several of the permissions.
            if !printed.contains(&granted_by) {
                write!(f, ", by {granted_by}")?;
                printed.push(granted_by);
            }
        }
        Ok(())
    }
}

/// The target of a step.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Target<'p> {
    /// Another identity, only for the requests that these rules allow.
    ConstrainedIdentity {
        /// The identity. `system:node:*` stands for any node, a group for any user in these groups.
        identity: SubjectName,
        /// The groups that the request impersonates.
        groups: Vec<String>,
        /// The requests.
        rules: Vec<ConstrainedRule<'p>>,
    },
    /// All verbs on all resources, in a scope.
    Everything(Scope<'p>),
    /// An extra of the user, which other authorizers may evaluate.
    Extra {
        /// Its key.
        key: &'p str,
    },
    /// Another identity.
    Subject(SubjectName),
    /// A choice of the nodes on which pods run. It gives the accounts of the pods to an actor that
    /// controls a node, which RBAC does not show.
    PodPlacement,
    /// A role.
    Role {
        /// `Role` or `ClusterRole`.
        kind: &'static str,
        /// Its name.
        name: &'p str,
        /// Its rules.
        rules: &'p [PolicyRule],
        /// The scope in which it is granted.
        scope: Scope<'p>,
    },
    /// Another user, together with groups that the user need not be a member of. One request
    /// impersonates them all.
    UserWithGroups {
        /// The user, or the first of the groups if any user will do.
        identity: SubjectName,
        /// The groups.
        groups: Vec<String>,
    },
}

impl Target<'_> {
    /// Returns whether this is full access to the cluster, or the group `system:masters`, which has it.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        match self {
            Self::Everything(scope) => *scope == Scope::Cluster,
            Self::Subject(SubjectName::Group(name)) => name == PRIVILEGED_GROUP,
            _ => false,
        }
    }
}

impl Display for Target<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConstrainedIdentity {
                identity,
                groups,
                rules,
            } => {
                write!(f, "acts as {identity}")?;
                if !groups.is_empty() {
                    write!(f, " in groups {}", QuotedTexts::new(groups))?;
                }
                let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
                write!(f, ", but only to {}", rules.join("; to "))
            }
            Self::Everything(scope) => write!(f, "may do everything {scope}"),
            Self::Extra { key } => write!(f, "has the extra {}", Quoted::new(key)),
            Self::Subject(identity) => write!(f, "becomes {identity}"),
            Self::PodPlacement => f.write_str(
                "moves pods between nodes, and becomes their accounts if it controls a node",
            ),
            Self::Role {
                kind, name, scope, ..
            } => {
                write!(f, "has {kind} {} {scope}", Quoted::new(name))
            }
            Self::UserWithGroups { identity, groups } => {
                write!(
                    f,
                    "becomes {identity} in groups {}",
                    QuotedTexts::new(groups)
                )
            }
        }
    }
}

/// Requests for which an identity may be impersonated. Prints as `get, list pods in namespace "dev"`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ConstrainedRule<'p> {
    verbs: Vec<&'p str>,
    rule: &'p PolicyRule,
    scope: Scope<'p>,
}

impl<'p> ConstrainedRule<'p> {
    pub(super) const fn new(verbs: Vec<&'p str>, rule: &'p PolicyRule, scope: Scope<'p>) -> Self {
        Self { verbs, rule, scope }
    }

    /// Returns whether the impersonation may be for a request.
    pub(super) fn allows(&self, request: &Request<'_>) -> bool {
        let rule = self.rule;
        let (verb, allows_object) = match request {
            Request::Resource(request) => (
                request.verb(),
                rule.allows_group(request.group())
                    && rule.allows_resource(request)
                    && rule.allows_name(request.name()),
            ),
            Request::Path(request) => (request.verb(), rule.allows_path(request.path())),
        };
        let allows_verb = self.verbs.iter().any(|own| *own == ALL || *own == verb);
        allows_verb && allows_object && allows_in(self.scope, request)
    }

    /// Returns the verbs of the requests. `*` stands for all.
    #[must_use]
    pub fn verbs(&self) -> &[&'p str] {
        &self.verbs
    }

    /// Returns the rule that allows the requests. Its own verbs are the verbs of the impersonation.
    #[must_use]
    pub const fn rule(&self) -> &'p PolicyRule {
        self.rule
    }

    /// Returns the scope in which the rule is granted.
    #[must_use]
    pub const fn scope(&self) -> Scope<'p> {
        self.scope
    }
}

impl Display for ConstrainedRule<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let groups = self.rule.api_groups.iter();
        let resources = groups.flat_map(|group| {
            self.rule
                .resources
                .iter()
                .map(|resource| qualified(resource, group))
        });
        let paths = self.rule.non_resource_urls.iter().cloned();
        let things = resources
            .chain(paths)
            .map(|thing| Quoted::new(&thing).to_string());
        let verbs = self.verbs.iter().map(|verb| escape(verb));
        let (verbs, things): (Vec<String>, Vec<String>) = (verbs.collect(), things.collect());
        write!(f, "{} {}", verbs.join(", "), things.join(", "))?;
        if !self.rule.resource_names.is_empty() {
            write!(f, " named {}", QuotedTexts::new(&self.rule.resource_names))?;
        }
        match self.scope {
            Scope::Cluster => Ok(()),
            scope => write!(f, " {scope}"),
        }
    }
}

/// Writes a verb unchanged, unless it could be misread.
fn escape(verb: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"*-:".contains(&byte);
    match !verb.is_empty() && verb.bytes().all(is_plain) {
        true => verb.to_owned(),
        false => Quoted::new(verb).to_string(),
    }
}

/// The scope in which a permission is granted.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a binding, or one in each namespace, grants a role"
)]
pub enum Scope<'p> {
    /// In the whole cluster.
    Cluster,
    /// In every namespace, but not for cluster-scoped resources: by a `RoleBinding` in each.
    EveryNamespace,
    /// In one namespace.
    Namespace(&'p str),
}

impl<'p> Scope<'p> {
    /// Lists this scope and the scopes that contain it.
    pub(super) fn wider(self) -> impl Iterator<Item = Self> {
        let all = [self, Self::EveryNamespace, Self::Cluster];
        let skipped = match self {
            Self::Cluster => 2,
            Self::EveryNamespace => 1,
            Self::Namespace(_) => 0,
        };
        all.into_iter().skip(skipped)
    }

    /// Returns whether the scope contains a namespace.
    #[must_use]
    pub fn contains(self, namespace: &str) -> bool {
        match self {
            Self::Cluster | Self::EveryNamespace => true,
            Self::Namespace(own) => own == namespace,
        }
    }

    /// Returns the scope of a `RoleBinding` that needs a permission in each of two scopes. `None` if they
    /// have no namespace in common.
    pub(super) fn meet(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Namespace(one), Self::Namespace(other)) => {
                (one == other).then_some(Self::Namespace(one))
            }
            (Self::Namespace(one), _) | (_, Self::Namespace(one)) => Some(Self::Namespace(one)),
            _ => Some(Self::EveryNamespace),
        }
    }
}

impl Display for Scope<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("cluster-wide"),
            Self::EveryNamespace => f.write_str("in every namespace"),
            Self::Namespace(name) => write!(f, "in namespace {}", Quoted::new(name)),
        }
    }
}

/// The grant that allows a step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a rule comes from a binding, or from a step"
)]
pub enum GrantedBy<'p> {
    /// A binding of the policy.
    Grant(BindingGrant<'p>),
    /// An earlier step, numbered from zero. Prints as numbered from one.
    Gained {
        /// The step.
        step: usize,
    },
}

impl Display for GrantedBy<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant(grant) => grant.fmt(f),
            Self::Gained { step } => write!(f, "step {}", step.saturating_add(1)),
        }
    }
}
