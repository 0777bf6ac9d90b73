//! The run over all objects, in order.

use std::collections::HashSet;

use k8s_rbac::{ClusterRole, FieldErrors, Objects};

use crate::bindings::{self, Binding, Redundancy};
use crate::cluster::{Cluster, MAX_SELECTORS};
use crate::finding::{Finding, Findings, ObjectName, Report};
use crate::finding_code::FindingCode;
use crate::roles;
use crate::severity::Severity;
use crate::unreachable::Vocabulary;

/// What to look for, and what is known beforehand.
#[derive(Clone, Debug)]
pub struct Lint {
    known: Objects,
    least: Severity,
}

impl Default for Lint {
    fn default() -> Self {
        Self::new()
    }
}

impl Lint {
    /// Looks for everything, and knows the default policy of Kubernetes ([`Objects::bootstrap`]):
    /// its roles can be bound without being among the objects, and if they are among them, only
    /// what they give beyond it is judged.
    #[must_use]
    pub fn new() -> Self {
        Self {
            known: Objects::bootstrap(),
            least: Severity::Info,
        }
    }

    /// Passes over what is less severe.
    #[must_use]
    pub const fn with_min_severity(mut self, least: Severity) -> Self {
        self.least = least;
        self
    }

    /// Knows these objects too, as it knows the default policy: those of the cluster, say, to which
    /// the judged ones will be added.
    #[must_use]
    pub fn with_known(mut self, known: Objects) -> Self {
        self.known.roles.extend(known.roles);
        self.known.role_bindings.extend(known.role_bindings);
        self.known.cluster_roles.extend(known.cluster_roles);
        let bindings = known.cluster_role_bindings;
        self.known.cluster_role_bindings.extend(bindings);
        self
    }

    /// Looks at objects as they are written, aggregated or not. The findings come in the order of
    /// the objects (`ClusterRole`s, `ClusterRoleBinding`s, Roles, `RoleBinding`s), in an object by
    /// place, and then by code.
    ///
    /// The time is proportional to the size of the objects: what would cost more is done up to a
    /// limit, so that very large roles, and bindings of a subject with very many, are not compared
    /// with each other.
    #[must_use]
    pub fn run(&self, objects: &Objects) -> Vec<Finding> {
        let known = Objects {
            cluster_roles: aggregated(&self.known.cluster_roles, &[]),
            ..self.known.clone()
        };
        let all = aggregated(&self.known.cluster_roles, &objects.cluster_roles);
        let cluster = Cluster::new(objects, &known, &all);
        let vocabulary = Vocabulary::new();
        let mut redundancy = Redundancy::new(
            (objects
                .cluster_role_bindings
                .iter()
                .map(Binding::of_cluster))
            .chain(objects.role_bindings.iter().map(Binding::of_namespace)),
        );
        let mut report = Report::new(self.least);
        for role in &objects.cluster_roles {
            report.object(ObjectName::of("ClusterRole", &role.metadata), |out| {
                fields(&role.field_errors(), out);
                roles::check_cluster_role(role, &cluster, &vocabulary, out);
            });
        }
        for (at, binding) in objects.cluster_role_bindings.iter().enumerate() {
            report.object(
                ObjectName::of("ClusterRoleBinding", &binding.metadata),
                |out| {
                    fields(&binding.field_errors(), out);
                    bindings::check(&Binding::of_cluster(binding), &cluster, out);
                    redundancy.check(at, &cluster, out);
                },
            );
        }
        for role in &objects.roles {
            report.object(ObjectName::of("Role", &role.metadata), |out| {
                fields(&role.field_errors(), out);
                roles::check_role(role, &cluster, &vocabulary, out);
            });
        }
        let places = objects.cluster_role_bindings.len()..;
        for (at, binding) in places.zip(&objects.role_bindings) {
            report.object(ObjectName::of("RoleBinding", &binding.metadata), |out| {
                fields(&binding.field_errors(), out);
                bindings::check(&Binding::of_namespace(binding), &cluster, out);
                redundancy.check(at, &cluster, out);
            });
        }
        report.finish()
    }
}

fn fields(errors: &FieldErrors, out: &mut Findings) {
    for error in errors.errors() {
        out.add(FindingCode::FieldError, &error.field, error.message.clone());
    }
}

/// Returns known roles, those in place of which others are judged left out, and the judged ones:
/// aggregated.
fn aggregated(known: &[ClusterRole], judged: &[ClusterRole]) -> Vec<ClusterRole> {
    let names: HashSet<&str> = (judged.iter())
        .map(|role| role.metadata.name.as_str())
        .collect();
    let known = known.iter();
    let known = known.filter(|role| !names.contains(role.metadata.name.as_str()));
    let mut all = Objects {
        cluster_roles: known.chain(judged).cloned().collect(),
        ..Objects::default()
    };
    let rules = all
        .cluster_roles
        .iter()
        .filter_map(|role| role.aggregation_rule.as_ref());
    let selectors = rules.map(|rule| rule.cluster_role_selectors.len());
    if selectors.fold(0_usize, usize::saturating_add) <= MAX_SELECTORS {
        all.aggregate();
    }
    all.cluster_roles
}
