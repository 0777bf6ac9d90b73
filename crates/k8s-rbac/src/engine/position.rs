//! Positions of subjects in the walk over the bindings of a scope.

use super::persistent::Ranked;

/// The number of a role in the [role table](super::role_table).
pub(crate) type RoleSlot = u32;

/// The position of one subject of one binding, and the role that the binding refers to.
///
/// Positions are ordered as the walk is: by binding, then by subject within it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct SubjectPosition {
    /// The position of the binding in its scope.
    pub(crate) order: u64,
    /// The index of the subject in the binding.
    pub(crate) subject: u32,
    pub(crate) slot: RoleSlot,
}

impl Ranked for SubjectPosition {
    type Rank = (u64, u32);

    fn rank(&self) -> Self::Rank {
        (self.order, self.subject)
    }
}
