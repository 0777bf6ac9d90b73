//! The run over all objects, in order.

use std::ops::RangeInclusive;

use k8s_rbac::{FieldErrors, KubernetesVersion, Objects};

use crate::aggregated::aggregate;
use crate::bindings::{self, Binding};
use crate::cluster::Cluster;
use crate::default_policies;
use crate::finding::{Finding, Findings, ObjectName, Report};
use crate::finding_code::FindingCode;
use crate::placeholders::Placeholders;
use crate::redundant_bindings::Redundancy;
use crate::roles;
use crate::severity::Severity;
use crate::unreachable::Vocabulary;
use crate::wording::escaped;

/// The settings of a run: what to report, and which objects are already known.
#[derive(Clone, Debug)]
pub struct Lint {
    versions: RangeInclusive<KubernetesVersion>,
    known: Objects,
    min_severity: Severity,
}

impl Default for Lint {
    fn default() -> Self {
        Self::new()
    }
}

impl Lint {
    /// Reports every severity, for all supported versions of Kubernetes ([`KubernetesVersion::ALL`]): a
    /// finding is reported if it holds in one of them.
    ///
    /// The objects of the default policies of these versions are known. Bindings may refer to known
    /// roles although the objects lack them. If the objects have them, only the permissions beyond their
    /// known version are judged. A binding of a known role to other subjects is judged.
    #[must_use]
    pub fn new() -> Self {
        Self::for_versions(KubernetesVersion::OLDEST..=KubernetesVersion::NEWEST)
    }

    /// Reports every severity, for one version of Kubernetes, whose default policy is known.
    #[must_use]
    pub fn for_version(version: KubernetesVersion) -> Self {
        Self::for_versions(version..=version)
    }

    fn for_versions(versions: RangeInclusive<KubernetesVersion>) -> Self {
        let policies = KubernetesVersion::ALL
            .into_iter()
            .filter(|version| versions.contains(version))
            .map(Objects::bootstrap);
        Self {
            known: default_policies::unite(policies),
            versions,
            min_severity: Severity::Info,
        }
    }

    /// Omits less severe findings.
    #[must_use]
    pub const fn with_min_severity(mut self, min_severity: Severity) -> Self {
        self.min_severity = min_severity;
        self
    }

    /// Adds known objects, for example the objects of the cluster to which the judged objects will
    /// be applied.
    #[must_use]
    pub fn with_known(mut self, known: Objects) -> Self {
        self.known.roles.extend(known.roles);
        self.known.role_bindings.extend(known.role_bindings);
        self.known.cluster_roles.extend(known.cluster_roles);
        self.known
            .cluster_role_bindings
            .extend(known.cluster_role_bindings);
        self
    }

    /// Judges objects as they are written, aggregated or not.
    ///
    /// The findings follow the order of the objects (`ClusterRole`s, `ClusterRoleBinding`s, Roles,
    /// `RoleBinding`s); the findings of one object are ordered by path, then by code.
    ///
    /// The time is linear in the size of the objects. Comparisons that would take longer have limits:
    /// the rules of very large roles, and the bindings of a subject with very many of them, are not
    /// all compared with each other. A finding [`NotChecked`](FindingCode::NotChecked) says so.
    #[must_use]
    pub fn run(&self, objects: &Objects) -> Vec<Finding> {
        let known = Objects {
            cluster_roles: aggregate(&self.known.cluster_roles, &[])
                .objects
                .cluster_roles,
            ..self.known.clone()
        };
        let all = aggregate(&self.known.cluster_roles, &objects.cluster_roles);
        let vocabulary = Vocabulary::new();
        let cluster = Cluster::new(self.versions.clone(), &vocabulary, objects, &known, &all);
        let cluster_bindings = objects
            .cluster_role_bindings
            .iter()
            .map(Binding::of_cluster);
        let bindings = objects.role_bindings.iter().map(Binding::of_namespace);
        let mut redundancy = Redundancy::new(cluster_bindings.chain(bindings));

        let version = *self.versions.end();
        let mut report = Report::new(self.min_severity);
        for role in &objects.cluster_roles {
            report.object(ObjectName::of("ClusterRole", &role.metadata), |out| {
                add_field_errors(&role.field_errors(version), out);
                roles::check_cluster_role(role, &cluster, &vocabulary, out);
                Placeholders::of_role(&role.metadata, &role.rules).report(out);
            });
        }
        for (index, binding) in objects.cluster_role_bindings.iter().enumerate() {
            let name = ObjectName::of("ClusterRoleBinding", &binding.metadata);
            report.object(name, |out| {
                add_field_errors(&binding.field_errors(version), out);
                bindings::check(&Binding::of_cluster(binding), &cluster, out);
                redundancy.check(index, &cluster, out);
                Placeholders::of_binding(&binding.metadata, &binding.role_ref, &binding.subjects)
                    .report(out);
            });
        }
        for role in &objects.roles {
            report.object(ObjectName::of("Role", &role.metadata), |out| {
                add_field_errors(&role.field_errors(version), out);
                roles::check_role(role, &cluster, &vocabulary, out);
                Placeholders::of_role(&role.metadata, &role.rules).report(out);
            });
        }
        let indices = objects.cluster_role_bindings.len()..;
        for (index, binding) in indices.zip(&objects.role_bindings) {
            report.object(ObjectName::of("RoleBinding", &binding.metadata), |out| {
                add_field_errors(&binding.field_errors(version), out);
                bindings::check(&Binding::of_namespace(binding), &cluster, out);
                redundancy.check(index, &cluster, out);
                Placeholders::of_binding(&binding.metadata, &binding.role_ref, &binding.subjects)
                    .report(out);
            });
        }
        report.finish()
    }
}

fn add_field_errors(errors: &FieldErrors, out: &mut Findings) {
    for error in errors.errors() {
        // The server's message contains unescaped values.
        let message = escaped(&error.message);
        out.add(FindingCode::FieldError, &escaped(&error.field), message);
    }
}
