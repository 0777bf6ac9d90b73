//! The policy that files describe.

use std::cell::Cell;
use std::io::Write as _;
use std::path::PathBuf;

use k8s_rbac::{KubernetesVersion, ManifestReader, Manifests, Objects, Policy};

use program::files::manifests;

/// Reads files, and knows whether all that is in them could be read.
pub(crate) struct Reader {
    manifests: ManifestReader,
    is_whole: Cell<bool>,
}

impl Reader {
    pub(crate) const fn new(manifests: ManifestReader) -> Self {
        Self {
            manifests,
            is_whole: Cell::new(true),
        }
    }

    /// Says whether no object was left out so far.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole.get()
    }

    /// Reads files. What is wrong with them is told.
    pub(crate) fn read(&self, paths: &[PathBuf]) -> Result<Manifests, String> {
        let files = manifests(paths, k8s_rbac::DEFAULT_MAX_BYTES)?;
        let files = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        let read = self.manifests.read(files);
        for problem in read.problems() {
            tell(&problem.to_string());
            if problem.fault.loses_an_object() {
                self.is_whole.set(false);
            }
        }
        for (kind, count) in read.skipped() {
            tell(&format!("{count} of kind {kind} skipped"));
        }
        Ok(read)
    }
}

/// The objects of some files, and the policy that they make.
pub(crate) struct World {
    pub(crate) objects: Objects,
    pub(crate) policy: Policy,
}

impl World {
    /// Reads files. What is wrong with them is told, and the rest is used.
    pub(crate) fn read(
        reader: &Reader,
        paths: &[PathBuf],
        has_bootstrap: bool,
        is_aggregated: bool,
    ) -> Result<Self, String> {
        let own = reader.read(paths)?.into_objects();
        if own.role_bindings.is_empty() && own.cluster_role_bindings.is_empty() {
            tell("no binding in the files, so that they grant nothing");
        }
        let mut objects = if has_bootstrap {
            Objects::bootstrap(KubernetesVersion::V1_34)
        } else {
            Objects::default()
        };
        // Of two objects of one name the later one holds.
        objects.roles.extend(own.roles);
        objects.role_bindings.extend(own.role_bindings);
        objects.cluster_roles.extend(own.cluster_roles);
        objects
            .cluster_role_bindings
            .extend(own.cluster_role_bindings);
        if has_bootstrap || is_aggregated {
            for role in objects.aggregate().refused {
                tell(&format!(
                    "ClusterRole {role}: its selectors cannot be asked"
                ));
            }
        } else {
            let roles = objects.cluster_roles.iter();
            let is_hollow = |role: &k8s_rbac::ClusterRole| {
                role.aggregation_rule.is_some() && role.rules.is_empty()
            };
            for role in roles.filter(|role| is_hollow(role)) {
                let name = &role.metadata.name;
                tell(&format!(
                    "ClusterRole {name} is aggregated and has no rules: --aggregate"
                ));
            }
        }
        let policy = Policy::new(objects.clone());
        Ok(Self { objects, policy })
    }
}

/// Says something about the files, beside the answer.
pub(crate) fn tell(what: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(anstream::stderr(), "rbac: {what}");
}
