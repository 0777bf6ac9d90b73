//! The policy that files describe.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use k8s_rbac::{Fault, KubernetesVersion, ManifestReader, Manifests, Missing, Objects, Policy};
use k8s_rbac_analysis::explain::is_of_default_policy;
use printable_text::Printable;
use program::files::manifests;
use program::output;

/// The name of the program, as it is printed before notes.
pub(crate) const PROGRAM: &str = "rbac";

/// Reads files, and records whether every object could be read.
pub(crate) struct Reader {
    manifests: ManifestReader,
    tells_placeholders: bool,
    is_whole: Cell<bool>,
}

impl Reader {
    pub(crate) const fn new(manifests: ManifestReader) -> Self {
        Self {
            manifests,
            tells_placeholders: true,
            is_whole: Cell::new(true),
        }
    }

    /// Prints no note about placeholders, which `lint` has findings for.
    pub(crate) fn without_placeholders(self) -> Self {
        Self {
            tells_placeholders: false,
            ..self
        }
    }

    /// Returns whether every object could be read so far.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole.get()
    }

    /// Reads files, and prints their problems.
    pub(crate) fn read(&self, paths: &[PathBuf]) -> Result<Manifests, String> {
        let files = manifests(paths, k8s_rbac::DEFAULT_MAX_BYTES)?;
        let files = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        let read = self.manifests.read(files);
        for problem in read.problems() {
            let is_told =
                self.tells_placeholders || !matches!(problem.fault, Fault::Placeholder(_));
            if is_told {
                tell(&problem.to_string());
            }
            if problem.fault.loses_an_object() {
                self.is_whole.set(false);
            }
        }
        for (kind, count) in read.skipped() {
            tell(&format!("{count} of kind {} skipped", Printable::new(kind)));
        }
        Ok(read)
    }
}

/// The objects of some files, and their policy.
pub(crate) struct World {
    pub(crate) objects: Objects,
    pub(crate) policy: Policy,
    /// The kinds of the other objects.
    pub(crate) kinds: Vec<String>,
}

impl World {
    /// Reads files, prints their problems, and uses the remaining objects. The default policy of a version
    /// is added if one is given.
    pub(crate) fn read(
        reader: &Reader,
        paths: &[PathBuf],
        bootstrap: Option<KubernetesVersion>,
        is_aggregated: bool,
    ) -> Result<Self, String> {
        let read = reader.read(paths)?;
        let kinds = read.skipped().keys().cloned().collect();
        let own = read.into_objects();
        if own == Objects::default() {
            return Err("no RBAC object in the files, so there is no answer".to_owned());
        }
        if own.role_bindings.is_empty() && own.cluster_role_bindings.is_empty() {
            tell("the files have no binding, so they grant nothing");
        }
        let mut objects = bootstrap.map(Objects::bootstrap).unwrap_or_default();
        // The later of two objects with the same name replaces the earlier one.
        objects.roles.extend(own.roles);
        objects.role_bindings.extend(own.role_bindings);
        objects.cluster_roles.extend(own.cluster_roles);
        objects
            .cluster_role_bindings
            .extend(own.cluster_role_bindings);
        if bootstrap.is_some() || is_aggregated {
            let aggregation = objects.aggregate();
            if let Some(role) = aggregation.too_large.first() {
                let role = Printable::new(role);
                return Err(format!(
                    "ClusterRole {role} aggregates too many rules, so there is no answer"
                ));
            }
            for role in aggregation.refused {
                let role = Printable::new(&role);
                tell(&format!("ClusterRole {role}: its selectors are invalid"));
            }
        } else {
            for role in unaggregated(&objects) {
                let role = Printable::new(role);
                tell(&format!(
                    "ClusterRole {role} is aggregated and has no rules: --aggregate"
                ));
            }
        }
        let policy = Policy::new(objects.clone());
        if bootstrap.is_none() {
            tell_of_default_policy(&policy);
        }
        Ok(Self {
            objects,
            policy,
            kinds,
        })
    }
}

/// Names the roles of the default policy that bindings refer to and that the files do not have.
fn tell_of_default_policy(policy: &Policy) {
    let unresolved = policy.bindings().filter_map(|binding| binding.unresolved());
    let of_default =
        unresolved
            .filter(is_of_default_policy)
            .filter_map(|one| match one.missing() {
                Missing::ClusterRole { name } | Missing::Role { name, .. } => Some(name),
                Missing::UnsupportedKind { .. } => None,
            });
    let names: BTreeSet<&str> = of_default.collect();
    for name in names {
        let name = Printable::new(name);
        tell(&format!(
            "\"{name}\" is a role of Kubernetes' default policy, which the files do not have: use --bootstrap"
        ));
    }
}

/// Returns the aggregated roles without rules that aggregation would fill. A dump of a cluster has none: a
/// role that is empty there selects no rules.
pub(crate) fn unaggregated(objects: &Objects) -> Vec<&str> {
    let mut aggregated = Objects {
        cluster_roles: objects.cluster_roles.clone(),
        ..Objects::default()
    };
    aggregated.aggregate();
    let roles = objects.cluster_roles.iter().zip(&aggregated.cluster_roles);
    roles
        .filter(|(role, filled)| role.rules.is_empty() && !filled.rules.is_empty())
        .map(|(role, _)| role.metadata.name.as_str())
        .collect()
}

/// Prints a note beside the answer.
pub(crate) fn tell(what: &str) {
    output::note(PROGRAM, &what);
}
