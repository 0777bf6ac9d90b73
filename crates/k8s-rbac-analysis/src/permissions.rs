//! All that a user may do, without repeats.

use k8s_rbac::{Policy, Unresolved, User};

use crate::permission_set::{Budget, MAX_PERMISSIONS, PermissionSet, ScopedPermission, TooLarge};
use crate::scoped_rule::{ScopedRule, merge};

/// Lists all that a user may do, everywhere, in a normal form: two users may do the same if
/// and only if these are equal.
///
/// It speaks of requests as HTTP can make them, whose resource and subresource have no slash of
/// their own: `pods/log` adds nothing to `*/log`, and `a/b/c` allows nothing. Nothing is said of
/// [`PRIVILEGED_GROUP`](k8s_rbac::PRIVILEGED_GROUP), whose members may do everything.
///
/// Time and memory are proportional to what the user's rules spell out.
///
/// # Errors
///
/// [`TooLarge`] when that is more than [`MAX_PERMISSIONS`] permissions.
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
        // A role that many bindings give in one place is taken apart once.
        if seen.insert((namespace, rules.as_ptr())) {
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

/// All that a user may do.
#[derive(Clone, Debug)]
pub struct Permissions<'p> {
    // INVARIANT: those of `atoms` that no other covers, in order.
    greatest: Vec<ScopedPermission<'p>>,
    atoms: PermissionSet<'p>,
    unresolved: Vec<Unresolved<'p>>,
}

impl<'p> Permissions<'p> {
    /// Returns the atoms that no other covers, in order.
    #[must_use]
    pub fn atoms(&self) -> &[ScopedPermission<'p>] {
        &self.greatest
    }

    /// Returns the roles that bindings of this user refer to and that are not there.
    #[must_use]
    pub fn unresolved(&self) -> &[Unresolved<'p>] {
        &self.unresolved
    }

    /// Says whether these allow all that an atom allows.
    #[must_use]
    pub fn cover(&self, atom: &ScopedPermission<'p>) -> bool {
        self.atoms.cover(atom)
    }

    /// Returns what these allow and others do not: the atoms that the others do not cover. None if
    /// and only if the others allow all that these do.
    #[must_use]
    pub fn beyond(&self, others: &Self) -> Vec<ScopedPermission<'p>> {
        let greatest = self.greatest.iter().copied();
        greatest.filter(|atom| !others.cover(atom)).collect()
    }

    /// Returns the same as few rules for people to read, none of which allows anything that
    /// another does.
    #[must_use]
    pub fn rules(&self) -> Vec<ScopedRule<'p>> {
        merge(&self.greatest)
    }
}
