//! Access policies whose name is nearly the name of an EKS policy.

use aws_auth_map::PolicyTable;
use k8s_rbac_lint::Severity;
use printable_text::Printable;

use super::principal;
use super::seam::names::{FoldedName, nearest};
use crate::cluster::Cluster;
use crate::finding::Finding;

impl Cluster {
    /// Finds access policies that EKS does not have but whose name is similar to an EKS policy. Other names may
    /// belong to policies whose rules are not published.
    pub(super) fn findings_of_policies(&self) -> Vec<Finding> {
        let table = PolicyTable::eks();
        let known = FoldedName::of_all(table.names());
        self.entries()
            .flat_map(|(backend, at, rule)| {
                let policies = rule.access_policies().iter();
                policies.map(move |policy| (backend, at, rule, policy))
            })
            .filter(|(_, _, _, policy)| table.rules(policy).is_none())
            .filter_map(|(backend, at, rule, policy)| {
                let near = nearest(policy.name(), &known)?;
                let name = Printable::new(policy.name());
                let message =
                    format!("EKS has no access policy `{name}`, so it refuses to associate it");
                let finding = Finding::new("unknown-access-policy", Severity::High, message)
                    .at(self.place_of_mapping(backend, at))
                    .about(format!("{} {}", at.section(), principal(rule)))
                    .with_help(format!("Did you mean `{near}`?"));
                Some(finding)
            })
            .collect()
    }
}
