//! Escalation paths as data.

use k8s_rbac::SubjectName;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::escalation_paths::{
    ConstrainedRule, EscalationPaths, GrantedBy, Scope, Step, Target, Technique,
};

/// Serializes as `{"user", "steps", "fullAccess", "unsearched"}`. The last two are indices into the steps.
/// `fullAccess` is the first step that gives full access, absent if no step does. `unsearched` has the
/// steps that may lead to more than was found.
impl Serialize for EscalationPaths<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let steps: Vec<StepView<'_, '_>> = self
            .steps()
            .iter()
            .map(|step| StepView {
                step,
                actor: self.actor(step),
            })
            .collect();
        let numbered = || self.steps().iter().enumerate();
        let full_access = numbered().find(|(_, step)| step.target().is_everything());
        let unsearched: Vec<usize> = numbered()
            .filter(|(_, step)| step.is_unsearched())
            .map(|(number, _)| number)
            .collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("user", self.user())?;
        map.serialize_entry("steps", &steps)?;
        if let Some((number, _)) = full_access {
            map.serialize_entry("fullAccess", &number)?;
        }
        map.serialize_entry("unsearched", &unsearched)?;
        map.end()
    }
}

/// A step with the identity that takes it.
struct StepView<'a, 'p> {
    step: &'a Step<'p>,
    actor: &'a SubjectName,
}

/// Serializes as `{"actor", "after", "target", "technique", "through", "grantedBy", "message"}`. `after`
/// has the indices of the steps that come before.
impl Serialize for StepView<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let step = self.step;
        let technique = step.technique();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("actor", self.actor)?;
        map.serialize_entry("after", &step.after())?;
        map.serialize_entry("target", step.target())?;
        map.serialize_entry("technique", &technique)?;
        if let Some(resource) = technique.resource() {
            map.serialize_entry("through", resource)?;
        }
        map.serialize_entry("grantedBy", step.granted_by())?;
        map.serialize_entry("message", &step.to_string())?;
        map.end()
    }
}

/// Serializes as a code, such as `run-pods`.
impl Serialize for Technique {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// Serializes as `{"grant": {...}}`, or as `{"step": N}` with an index into the steps.
impl Serialize for GrantedBy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Grant(grant) => map.serialize_entry("grant", grant)?,
            Self::Gained { step } => map.serialize_entry("step", step)?,
        }
        map.end()
    }
}

/// Serializes as `{"kind": "cluster"}`, `{"kind": "every-namespace"}` or
/// `{"kind": "namespace", "namespace"}`.
impl Serialize for Scope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, namespace) = match self {
            Self::Cluster => ("cluster", None),
            Self::EveryNamespace => ("every-namespace", None),
            Self::Namespace(namespace) => ("namespace", Some(*namespace)),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", kind)?;
        if let Some(namespace) = namespace {
            map.serialize_entry("namespace", namespace)?;
        }
        map.end()
    }
}

/// Serializes as an object whose `kind` is `constrained-identity`, `everything`, `extra`, `pod-placement`,
/// `role`, `subject` or `user-with-groups`.
impl Serialize for Target<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::ConstrainedIdentity {
                identity,
                groups,
                rules,
            } => {
                map.serialize_entry("kind", "constrained-identity")?;
                map.serialize_entry("subject", identity)?;
                map.serialize_entry("groups", groups)?;
                map.serialize_entry("rules", rules)?;
            }
            Self::Everything(scope) => {
                map.serialize_entry("kind", "everything")?;
                map.serialize_entry("scope", scope)?;
            }
            Self::Extra { key } => {
                map.serialize_entry("kind", "extra")?;
                map.serialize_entry("key", key)?;
            }
            Self::PodPlacement => map.serialize_entry("kind", "pod-placement")?,
            Self::Role {
                kind,
                name,
                rules,
                scope,
            } => {
                map.serialize_entry("kind", "role")?;
                map.serialize_entry("roleKind", kind)?;
                map.serialize_entry("name", name)?;
                map.serialize_entry("rules", rules)?;
                map.serialize_entry("scope", scope)?;
            }
            Self::Subject(identity) => {
                map.serialize_entry("kind", "subject")?;
                map.serialize_entry("subject", identity)?;
            }
            Self::UserWithGroups { identity, groups } => {
                map.serialize_entry("kind", "user-with-groups")?;
                map.serialize_entry("subject", identity)?;
                map.serialize_entry("groups", groups)?;
            }
        }
        map.end()
    }
}

/// Serializes as `{"verbs", "rule", "scope"}`.
impl Serialize for ConstrainedRule<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("verbs", self.verbs())?;
        map.serialize_entry("rule", self.rule())?;
        map.serialize_entry("scope", &self.scope())?;
        map.end()
    }
}
