//! The permissions of a user, without repeats.

use k8s_rbac::{Policy, Unresolved, User};

use crate::permission_set::{Budget, MAX_PERMISSIONS, PermissionSet, ScopedPermission, TooLarge};
use crate::role_key::RoleKey;
use crate::scoped_rule::{ScopedRule, merge};

/// Lists the permissions of a user in all scopes, in a normal form: two users may do the same if and
/// only if their lists are equal.
///
/// The list describes requests that HTTP can express, whose resource and subresource contain no
/// slash. So `pods/log` adds nothing to `*/log`, and `a/b/c` allows nothing.
/// [`PRIVILEGED_GROUP`](k8s_rbac::PRIVILEGED_GROUP), whose members may do everything, is ignored.
///
/// Time and memory are proportional to the expanded rules of the user.
///
/// # Errors
///
/// [`TooLarge`] if the rules expand to more than [`MAX_PERMISSIONS`] permissions.
pub fn permissions<'p>(policy: &'p Policy, user: &User) -> Result<Permissions<'p>, TooLarge> {
    let mut atoms = PermissionSet::default();
    let mut unresolved = Vec::new();
    let mut budget = Budget::new(MAX_PERMISSIONS);
    let mut seen = std::collections::HashSet::new();
    for (binding, _) in policy.all_bindings_for(user) {
        let Some(rules) = binding.rules() else {
            unresolved.extend(binding.unresolved());
            continue;
        };
        let namespace = binding.namespace();
        // A role that many bindings grant in one scope is expanded once.
        if seen.insert((namespace, RoleKey::of(&binding))) {
            for rule in rules.iter() {
                atoms.add(namespace, rule, &mut budget)?;
            }
        }
    }
    let greatest = atoms.greatest();
    Ok(Permissions {
        greatest,
        atoms,
        unresolved,
    })
}

/// The permissions of a user.
#[derive(Clone, Debug)]
pub struct Permissions<'p> {
    // INVARIANT: the permissions that no other permission covers, in order.
    greatest: Vec<ScopedPermission<'p>>,
    atoms: PermissionSet<'p>,
    unresolved: Vec<Unresolved<'p>>,
}

impl<'p> Permissions<'p> {
    /// Returns the permissions that no other permission covers, in order.
    #[must_use]
    pub fn atoms(&self) -> &[ScopedPermission<'p>] {
        &self.greatest
    }

    /// Returns the roles that do not exist although bindings of this user refer to them.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }

    /// Returns whether these permissions cover another.
    #[must_use]
    pub fn cover(&self, atom: &ScopedPermission<'p>) -> bool {
        self.atoms.cover(atom)
    }

    /// Returns the permissions that `others` does not cover. Empty if and only if `others` allows
    /// everything that these permissions allow.
    #[must_use]
    pub fn beyond(&self, others: &Self) -> Vec<ScopedPermission<'p>> {
        let greatest = self.greatest.iter().copied();
        greatest.filter(|atom| !others.cover(atom)).collect()
    }

    /// Returns the permissions merged into few rules, for human readers. No two rules allow the
    /// same request.
    #[must_use]
    pub fn rules(&self) -> Vec<ScopedRule<'p>> {
        merge(&self.greatest)
    }
}
