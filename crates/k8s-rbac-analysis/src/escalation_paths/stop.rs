//! Why a search ends before it has found everything.

use crate::permission_set::TooLarge;

/// Why a search ends early.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// A step meets the goal.
    GoalMet,
    /// The search has no answer.
    TooLarge(TooLarge),
}
