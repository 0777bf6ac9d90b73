//! The policy that files describe.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use k8s_rbac::{
    Fault, KubernetesVersion, ManifestReader, Manifests, Missing, NOT_AN_API_OBJECT, Objects,
    Policy, SubjectName,
};
use k8s_rbac_analysis::explain::is_of_default_policy;
use printable_text::Printable;
use program::files::manifests;
use program::output;

use crate::args::Args;

/// The words of an error about a file that is longer than the limit.
const TOO_LONG: &str = "longer than ";

/// The name of the program, as it is printed before notes.
pub(crate) const PROGRAM: &str = "rbac";

/// Reads files, and records whether every object could be read.
pub(crate) struct Reader {
    manifests: ManifestReader,
    max_input_size: usize,
    tells_placeholders: bool,
    is_whole: Cell<bool>,
}

impl Reader {
    pub(crate) fn new(args: &Args) -> Self {
        let manifests = ManifestReader::new().with_max_bytes(args.max_input_size);
        Self {
            manifests: match &args.namespace {
                Some(namespace) => manifests.in_namespace(namespace),
                None => manifests,
            },
            max_input_size: args.max_input_size,
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

    /// Returns the greatest size of an input file, in bytes.
    pub(crate) const fn max_input_size(&self) -> usize {
        self.max_input_size
    }

    /// Returns whether every object could be read so far.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole.get()
    }

    /// Reads files, and prints their problems.
    pub(crate) fn read(&self, paths: &[PathBuf]) -> Result<Manifests, String> {
        let files =
            manifests(paths, self.max_input_size).map_err(|why| match why.contains(TOO_LONG) {
                true => format!("{why}: raise --max-input-size"),
                false => why,
            })?;
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
            match kind == NOT_AN_API_OBJECT {
                true => tell(&format!("skipped {count} {kind}")),
                false => tell(&format!("{count} of kind {} skipped", Printable::new(kind))),
            }
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
            refuse_too_large(&aggregation.too_large)?;
            for role in aggregation.refused {
                let role = Printable::new(&role);
                tell(&format!("ClusterRole {role}: its selectors are invalid"));
            }
        } else {
            let Unaggregated { hollow, too_large } = unaggregated(&objects);
            for role in hollow {
                let role = Printable::new(role);
                tell(&format!(
                    "ClusterRole {role} is aggregated and has no rules: --aggregate"
                ));
            }
            refuse_too_large(&too_large)?;
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

    /// Returns whether a binding names an identity.
    pub(crate) fn is_bound(&self, identity: &SubjectName) -> bool {
        self.policy.bindings().any(|binding| {
            let mut subjects = binding.subjects().iter();
            subjects.any(|one| SubjectName::of(one, binding.namespace()).as_ref() == Some(identity))
        })
    }
}

/// Without all rules of aggregated roles, a denial may be wrong.
pub(crate) fn refuse_too_large(roles: &[String]) -> Result<(), String> {
    match roles.first() {
        None => Ok(()),
        Some(role) => Err(format!(
            "ClusterRole {} aggregates too many rules, so there is no answer",
            Printable::new(role)
        )),
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

/// Aggregated roles whose rules are not those that they have in a cluster.
pub(crate) struct Unaggregated<'o> {
    /// Those without rules that aggregation would fill.
    pub(crate) hollow: Vec<&'o str>,
    /// Those without rules of which this cannot be said, because they are too large.
    pub(crate) too_large: Vec<String>,
}

/// Finds the aggregated roles without rules that aggregation would fill. A dump of a cluster has none: a
/// role that is empty there selects no rules.
pub(crate) fn unaggregated(objects: &Objects) -> Unaggregated<'_> {
    let mut aggregated = Objects {
        cluster_roles: objects.cluster_roles.clone(),
        ..Objects::default()
    };
    let mut too_large = aggregated.aggregate().too_large;
    let is_empty = |name: &String| {
        let mut roles = objects.cluster_roles.iter();
        roles.any(|role| role.metadata.name == *name && role.rules.is_empty())
    };
    too_large.retain(is_empty);
    let roles = objects.cluster_roles.iter().zip(&aggregated.cluster_roles);
    let hollow = roles
        .filter(|(role, filled)| role.rules.is_empty() && !filled.rules.is_empty())
        .map(|(role, _)| role.metadata.name.as_str())
        .collect();
    Unaggregated { hollow, too_large }
}

/// Prints a note beside the answer.
pub(crate) fn tell(what: &str) {
    output::note(PROGRAM, &what);
}
