//! What a user can become: the identities and powers that he can give himself.
//!
//! The verbs that let somebody be more than he is are those of "Privilege escalation risks" and of
//! "Using bind and escalate" in the documentation of RBAC, and those that run or read as another.

mod capability;
mod impersonation;
mod search;
mod steps;

use std::fmt::{self, Display, Formatter};

use k8s_rbac::{BindingGrant, Identity, Policy, Quoted, QuotedTexts, User};

use crate::escalation_paths::search::Search;
use crate::permission_set::TooLarge;

/// How many permissions that let somebody be more than he is a search may look at, and names of
/// those whom it could be. Our choice: seconds.
pub const MAX_ESCALATION_STEPS: usize = 1 << 26;

/// Finds what a user can become: step by step, by what he may do himself, by what those may do
/// that he has become, and by the roles that he has given himself.
///
/// It is a bound from above as far as objects go that are not RBAC's: that there is a pod to
/// enter, a Secret with a token or an `aws-auth` `ConfigMap` is taken for granted, and that
/// admission lets it pass. Whom the policy does not name has no powers, and is not looked for, the
/// service account `default` of a namespace apart. Two permissions that one step needs must be
/// one identity's, or those of a user and groups that one request impersonates. Not looked at: the Node authorizer, webhooks and other authorizers, constrained
/// impersonation, labels that make a role a member of an aggregated one.
///
/// Steps are in the order in which they are found, the shortest way first; each identity and
/// each role comes once. Nothing is looked for beyond what is already everything.
///
/// Time is proportional to the rules of all roles, and to the permissions of this kind of the
/// identities that are reached.
///
/// # Errors
///
/// [`TooLarge`] when there are more than [`MAX_ESCALATION_STEPS`] of these to look at.
pub fn escalation_paths<'p>(
    policy: &'p Policy,
    user: &User,
) -> Result<EscalationPaths<'p>, TooLarge> {
    Search::new(policy, user).run()
}

/// What a user can become. Prints as lines, each ended.
#[derive(Clone, Debug, PartialEq)]
pub struct EscalationPaths<'p> {
    user: Identity,
    // INVARIANT: the step from which another one starts is before it.
    steps: Vec<Step<'p>>,
}

impl<'p> EscalationPaths<'p> {
    /// Returns the steps.
    #[must_use]
    pub fn steps(&self) -> &[Step<'p>] {
        &self.steps
    }

    /// Returns the step to what allows everything: the group `system:masters`, or all verbs on
    /// all resources of the cluster; none if the user cannot get there.
    #[must_use]
    pub fn to_everything(&self) -> Option<&Step<'p>> {
        self.steps.iter().find(|step| step.target.is_everything())
    }

    /// Returns the steps that lead to one, itself the last.
    #[must_use]
    pub fn path<'b>(&'b self, step: &'b Step<'p>) -> Vec<&'b Step<'p>> {
        let mut path = vec![step];
        let mut next = step.from;
        while let Some(step) = next.and_then(|at| self.steps.get(at)) {
            path.push(step);
            next = step.from;
        }
        path.reverse();
        path
    }

    /// Says as whom a step is made.
    #[must_use]
    pub fn actor(&self, step: &Step<'p>) -> &Identity {
        // What is given, a role, is given to the user himself.
        match step.from.and_then(|at| self.steps.get(at)) {
            Some(Step {
                target: Target::Identity(identity) | Target::Together { identity, .. },
                ..
            }) => identity,
            _ => &self.user,
        }
    }
}

impl Display for EscalationPaths<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            let number = number.saturating_add(1);
            write!(f, "{number}. {} {}", self.actor(step), step.target)?;
            write!(f, ": {}", step.means)?;
            let mut told: Vec<String> = Vec::new();
            for evidence in step.evidence.iter().map(GrantedBy::to_string) {
                // One binding may give several of the permissions.
                if !told.contains(&evidence) {
                    write!(f, ", by {evidence}")?;
                    told.push(evidence);
                }
            }
            writeln!(f)?;
        }
        if let Some(step) = self.to_everything() {
            writeln!(
                f,
                "{} can become system:masters, or as much: {}",
                self.user, step.target
            )?;
        }
        Ok(())
    }
}

/// One step to more.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'p> {
    target: Target<'p>,
    from: Option<usize>,
    means: Technique,
    evidence: Vec<GrantedBy<'p>>,
}

impl<'p> Step<'p> {
    /// Returns what is reached.
    #[must_use]
    pub const fn target(&self) -> &Target<'p> {
        &self.target
    }

    /// Returns the number, from zero, of the step that has to be made before; none if the user can
    /// make it at once.
    #[must_use]
    pub const fn from(&self) -> Option<usize> {
        self.from
    }

    /// Returns how.
    #[must_use]
    pub const fn means(&self) -> Technique {
        self.means
    }

    /// Returns what allows it: a grant for each permission that it needs.
    #[must_use]
    pub fn evidence(&self) -> &[GrantedBy<'p>] {
        &self.evidence
    }
}

/// What a step reaches. Prints as what follows the name of whoever makes it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Target<'p> {
    /// All verbs on all resources, in some reach.
    Everything(Scope<'p>),
    /// An extra of a user, which RBAC does not look at, but others may.
    Extra {
        /// Its key.
        key: &'p str,
    },
    /// Somebody else.
    Identity(Identity),
    /// A role, given to oneself.
    Role {
        /// `Role` or `ClusterRole`.
        kind: &'static str,
        /// Its name.
        name: &'p str,
        /// Where it holds then.
        reach: Scope<'p>,
    },
    /// Somebody else, and groups that he need not be in: as much as one request impersonates.
    Together {
        /// The user, or the first of the groups if any will do.
        identity: Identity,
        /// The groups.
        groups: Vec<String>,
    },
}

impl Target<'_> {
    /// Says whether it is, or amounts to, `system:masters`.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        match self {
            Self::Everything(reach) => *reach == Scope::Cluster,
            Self::Identity(Identity::Group(name)) => name == k8s_rbac::PRIVILEGED_GROUP,
            Self::Extra { .. } | Self::Identity(_) | Self::Role { .. } | Self::Together { .. } => {
                false
            }
        }
    }
}

impl Display for Target<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything(reach) => write!(f, "may do everything {reach}"),
            Self::Extra { key } => write!(f, "has the extra {}", Quoted::new(key)),
            Self::Identity(identity) => write!(f, "becomes {identity}"),
            Self::Role { kind, name, reach } => {
                write!(f, "has {kind} {} {reach}", Quoted::new(name))
            }
            Self::Together { identity, groups } => {
                write!(
                    f,
                    "becomes {identity} in groups {}",
                    QuotedTexts::new(groups)
                )
            }
        }
    }
}

/// Where something holds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "bindings hold in one of these, or in several"
)]
pub enum Scope<'p> {
    /// In the whole cluster.
    Cluster,
    /// In every namespace, but not for what has none: by a `RoleBinding` in each.
    EveryNamespace,
    /// In one namespace.
    Namespace(&'p str),
}

impl<'p> Scope<'p> {
    /// Lists it and all that are wider.
    fn wider(self) -> impl Iterator<Item = Self> {
        let all = [self, Self::EveryNamespace, Self::Cluster];
        let skipped = match self {
            Self::Cluster => 2,
            Self::EveryNamespace => 1,
            Self::Namespace(_) => 0,
        };
        all.into_iter().skip(skipped)
    }

    fn has(self, namespace: &str) -> bool {
        match self {
            Self::Cluster | Self::EveryNamespace => true,
            Self::Namespace(own) => own == namespace,
        }
    }

    /// Returns where a RoleBinding holds that two permissions are needed for.
    fn meet(self, other: Self) -> Option<Self> {
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

/// How a step is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Technique {
    /// Asks for a client certificate of any name and groups but `system:masters`, which admission
    /// keeps out, and approves it.
    ApproveCertificate,
    /// Binds a role that he does not hold: `bind`, and writing bindings.
    Bind,
    /// Creates a token of a service account.
    CreateToken,
    /// Maps himself in the `ConfigMap` `aws-auth`, where Amazon EKS looks.
    EditAwsAuth,
    /// Runs commands in pods that run as it, by this resource.
    EnterPods(&'static str),
    /// Writes what he does not hold into a role that he has, or binds: `escalate`, and writing roles.
    Escalate,
    /// Holds it as things are.
    Hold,
    /// Impersonates.
    Impersonate,
    /// Reads Secrets, where tokens may be kept.
    ReadSecrets,
    /// Lets pods run as it, by this resource.
    RunPods(&'static str),
}

impl Display for Technique {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApproveCertificate => f.write_str("approves a client certificate"),
            Self::Bind => f.write_str("binds what he does not hold"),
            Self::CreateToken => f.write_str("creates a token"),
            Self::EditAwsAuth => f.write_str("edits the ConfigMap aws-auth of Amazon EKS"),
            Self::EnterPods(resource) => write!(f, "enters pods by {resource}"),
            Self::Escalate => f.write_str("writes what he does not hold into a role"),
            Self::Hold => f.write_str("holds all verbs on all resources"),
            Self::Impersonate => f.write_str("impersonates"),
            Self::ReadSecrets => f.write_str("reads Secrets, where tokens may be kept"),
            Self::RunPods(resource) => write!(f, "lets {resource} run as it"),
        }
    }
}

/// What allows a step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a rule comes from a binding, or from a step"
)]
pub enum GrantedBy<'p> {
    /// A binding that there is.
    Grant(BindingGrant<'p>),
    /// What an earlier step, numbered from zero, has given. Steps are printed as numbered from one.
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
