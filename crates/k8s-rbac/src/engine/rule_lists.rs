//! The lists of rules of all roles, each stored once.
//!
//! Clusters have many roles with equal rules, such as the roles that a chart installs in each
//! namespace.

use std::borrow::Cow;
use std::sync::Arc;

use super::masks::TextHasher;
use super::persistent::{Hinted, Table};
use super::role::CompiledRules;
use crate::objects::PolicyRule;

/// Lists of rules, by the hash of their contents.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleLists(Table<SharedRules>);

/// A list, and the number of roles that have it.
#[derive(Clone, Debug)]
struct SharedRules {
    rules: Arc<CompiledRules>,
    roles: u32,
}

impl Hinted for SharedRules {
    // Not used: the rules are always compared.
    fn hint(&self) -> u32 {
        0
    }
}

impl RuleLists {
    /// Returns the stored list that equals `rules`. It stays until it is
    /// [released](Self::release) once for each call. Borrowed rules are copied only if no stored list
    /// equals them.
    pub(crate) fn share(
        &mut self,
        rules: Cow<'_, [PolicyRule]>,
        hasher: &TextHasher,
    ) -> Arc<CompiledRules> {
        let hash = hasher.hash_rules(&rules);
        let is_equal = |own: &SharedRules| own.rules.rules() == &*rules;
        let known = self.0.change(hash, is_equal, |own| {
            own.roles = own.roles.saturating_add(1);
            Arc::clone(&own.rules)
        });
        known.unwrap_or_else(|| {
            let rules = Arc::new(CompiledRules::new(rules.into_owned(), hasher));
            let shared = SharedRules {
                rules: Arc::clone(&rules),
                roles: 1,
            };
            self.0.insert(hash, shared);
            rules
        })
    }

    /// Undoes one [`share`](Self::share).
    pub(crate) fn release(&mut self, rules: &Arc<CompiledRules>, hasher: &TextHasher) {
        let hash = hasher.hash_rules(rules.rules());
        let is_it = |own: &SharedRules| Arc::ptr_eq(&own.rules, rules);
        let left = self.0.change(hash, is_it, |own| {
            own.roles = own.roles.saturating_sub(1);
            own.roles
        });
        if left == Some(0) {
            self.0.remove(hash, is_it);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(verb: &str) -> Vec<PolicyRule> {
        vec![PolicyRule {
            verbs: vec![verb.to_owned()],
            ..PolicyRule::default()
        }]
    }

    #[test]
    fn equal_lists_are_stored_once_and_for_as_long_as_a_role_has_them() {
        for hasher in [TextHasher::default(), TextHasher::keeping(0)] {
            let mut lists = RuleLists::default();
            let [one, same, other] =
                ["get", "get", "list"].map(|verb| lists.share(list(verb).into(), &hasher));
            assert!(Arc::ptr_eq(&one, &same));
            assert_eq!(
                (one.rules(), other.rules()),
                (&*list("get"), &*list("list"))
            );
            assert_eq!(lists.0.iter().count(), 2);

            lists.release(&one, &hasher);
            assert!(Arc::ptr_eq(&one, &lists.share(list("get").into(), &hasher)));
            lists.release(&one, &hasher);
            lists.release(&one, &hasher);
            lists.release(&other, &hasher);
            assert_eq!(lists.0.iter().count(), 0);
        }
    }
}
