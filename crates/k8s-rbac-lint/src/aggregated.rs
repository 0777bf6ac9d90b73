//! Aggregates the known and the judged roles together.

use std::collections::HashSet;

use k8s_rbac::{ClusterRole, Objects};

/// The known and the judged roles, aggregated. A judged role replaces a known role of the same
/// name.
pub(crate) struct Aggregated {
    /// The `ClusterRole`s.
    pub(crate) objects: Objects,
    /// The names of the roles whose rules are too many to collect.
    pub(crate) too_large: HashSet<String>,
}

/// Aggregates the judged roles together with the known roles.
pub(crate) fn aggregate(known: &[ClusterRole], judged: &[ClusterRole]) -> Aggregated {
    let judged_names: HashSet<&str> = judged
        .iter()
        .map(|role| role.metadata.name.as_str())
        .collect();
    let mut all = Objects {
        cluster_roles: known
            .iter()
            .filter(|role| !judged_names.contains(role.metadata.name.as_str()))
            .chain(judged)
            .cloned()
            .collect(),
        ..Objects::default()
    };
    let too_large = all.aggregate().too_large.into_iter().collect();
    Aggregated {
        too_large,
        objects: all,
    }
}
