//! Chains of escalation, by which principals get full access step by step.

use std::collections::BTreeMap;

use k8s_rbac::{PRIVILEGED_GROUP, SubjectName};
use k8s_rbac_analysis::escalation_paths::EscalationSearch;

use super::access::PrincipalAccess;
use super::counted;
use super::level::AccessLevel;
use crate::cluster::Cluster;
use crate::escalate::{EscalationStep, Power};
use crate::no_answer::NoAnswer;
use crate::who::Who;

/// The largest number of users whose chains are searched. Principals that become the same user and groups share a
/// search. Our choice: with 500 bindings, a report of 300 principals takes 2.1 s of CPU in all, including the
/// searches (2026-11-29, `eks-access report`).
pub(super) const MAX_SEARCHES: usize = 400;

impl Cluster {
    /// Finds a shortest chain to full access for each principal that has permissions but not full access, in at
    /// most `max` searches. Returns a sentence about the principals whose chains were not searched, if there are
    /// any.
    ///
    /// # Errors
    ///
    /// As [`escalate`](Self::escalate), except that a search that is too large is skipped.
    pub(super) fn find_chains(
        &self,
        principals: &mut [PrincipalAccess],
        max: usize,
    ) -> Result<Option<String>, NoAnswer> {
        let power = Power::Identity(SubjectName::Group(PRIVILEGED_GROUP.to_owned()));
        let mut searched: BTreeMap<Vec<SubjectName>, Option<Vec<EscalationStep>>> = BTreeMap::new();
        let (mut searches, mut skipped) = (0_usize, 0_usize);
        let search = self.escalation_search();
        for principal in principals {
            let is_full = principal.level == AccessLevel::Full && principal.is_cluster_wide;
            if is_full || principal.level == AccessLevel::None {
                continue;
            }
            // Access policies add permissions beyond the permissions of the user and its groups.
            let is_shared = principal.caller.access_policies().is_empty();
            let known = match is_shared {
                true => searched.get(&principal.identities),
                false => None,
            };
            let chain = match known {
                Some(known) => known.clone(),
                None if searches >= max => None,
                None => {
                    searches = searches.saturating_add(1);
                    let chain = self.chain(&search, &principal.who, &power)?;
                    if is_shared {
                        searched.insert(principal.identities.clone(), chain.clone());
                    }
                    chain
                }
            };
            match chain {
                Some(chain) => principal.chain = chain,
                None => skipped = skipped.saturating_add(1),
            }
        }
        let sentence = format!(
            "the chains of escalation of {}",
            counted(skipped, "principal")
        );
        Ok((skipped > 0).then_some(sentence))
    }

    /// Returns the steps of a shortest chain, an empty list if there is no chain. `None` if the search is
    /// too large.
    fn chain(
        &self,
        search: &EscalationSearch<'_>,
        who: &Who,
        power: &Power,
    ) -> Result<Option<Vec<EscalationStep>>, NoAnswer> {
        match self.escalate_by(search, who, Some(power)) {
            Ok(escalation) => Ok(Some(escalation.into_steps())),
            // The page has the unknown policies of each principal.
            Err(NoAnswer::NoPolicy | NoAnswer::UnknownPolicy(_)) => Ok(Some(Vec::new())),
            Err(NoAnswer::TooLarge(_)) => Ok(None),
            Err(why) => Err(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::access::Common;
    use crate::{Document, Options};

    #[test]
    fn chains_beyond_the_limit_are_not_searched() {
        let subjects: String = ["a", "b", "c"]
            .map(|name| {
                format!("- {{apiGroup: rbac.authorization.k8s.io, kind: User, name: {name}}}\n")
            })
            .concat();
        let rbac = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: b}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}}\nsubjects:\n{subjects}"
        );
        let cluster = Cluster::from_documents([Document::new("rbac.yaml", rbac)], &Options::new());
        let common = Common::of(&cluster);
        let found = |max| {
            let mut principals: Vec<PrincipalAccess> = ["a", "b", "c"]
                .into_iter()
                .filter_map(|name| {
                    let who = Who::user(name, [""; 0]).unwrap();
                    let caller = crate::Caller::of_user(name);
                    cluster
                        .access_of(caller, who, &std::collections::BTreeSet::new(), &common)
                        .unwrap()
                })
                .collect();
            let sentence = cluster.find_chains(&mut principals, max).unwrap();
            let with_chain = principals
                .iter()
                .filter(|one| !one.chain.is_empty())
                .count();
            (with_chain, sentence)
        };
        let of = |what: &str| Some(format!("the chains of escalation of {what}"));
        assert_eq!(found(1), (1, of("2 principals")));
        assert_eq!(found(2), (2, of("1 principal")));
        assert_eq!(found(3), (3, None));
    }
}
