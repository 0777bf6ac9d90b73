//! The numbers of roles in a search.

/// The position of a role in the index of the policy.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct RoleId(pub(super) usize);

/// All verbs on all resources, as if it were a role.
pub(super) const FULL_ACCESS: RoleId = RoleId(0);
