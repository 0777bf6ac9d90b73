//! The search, round by round: each actor examines what it was given in the previous round.

use std::sync::Arc;

use k8s_rbac::{PRIVILEGED_GROUP, User};

use crate::escalation_paths::constrained::ConstrainedImpersonation;
use crate::escalation_paths::goal::GoalTest;
use crate::escalation_paths::impersonation::GroupImpersonation;
use crate::escalation_paths::roles::RoleSteps;
use crate::escalation_paths::state::{START, State};
use crate::escalation_paths::stop::Stop;
use crate::escalation_paths::{EscalationSearch, Scope, Step, Target, Technique, steps};
use crate::permission_set::{Budget, TooLarge};

/// Searches from a user until a step meets the goal, or until there is nothing more to find. Returns the
/// steps, and the number of the step that meets the goal.
pub(super) fn search<'p>(
    search: &EscalationSearch<'p>,
    goal: Option<GoalTest<'_>>,
) -> Result<(Vec<Step<'p>>, Option<usize>), TooLarge> {
    let index = Arc::clone(search.index());
    let budget = Budget::new(search.max_work);
    let mut state = State::new(index, &search.user.name, budget, goal);
    state.unread.clone_from(&search.unread);
    match rounds(&mut state, &search.user) {
        Err(Stop::TooLarge(too_large)) => Err(too_large),
        Ok(()) | Err(Stop::GoalMet) => Ok(state.into_steps()),
    }
}

fn rounds(state: &mut State<'_, '_>, user: &User) -> Result<(), Stop> {
    let mut groups = GroupImpersonation::new(state, &user.name);
    let constrained = ConstrainedImpersonation::new(&state.index);
    let mut roles = RoleSteps::default();
    state.start(user);
    if user.groups.iter().any(|group| group == PRIVILEGED_GROUP) {
        state.step(
            Target::Everything(Scope::Cluster),
            START,
            Technique::Hold,
            &[],
        );
        return Ok(());
    }
    loop {
        let turns = state.take()?;
        if turns.is_empty() {
            return Ok(());
        }
        for turn in &turns {
            steps::by_one(state, turn, false)?;
            groups.one_by_one(state, turn)?;
            steps::approve_certificate(state, turn)?;
            steps::mint_token(state, turn)?;
            roles.bind(state, turn)?;
            roles.create_and_bind(state, turn)?;
        }
        roles.rewrite(state, &turns)?;
        // Steps that need a pod, a Secret or another object to exist come after the other steps.
        for turn in &turns {
            steps::by_one(state, turn, true)?;
            steps::create_mutating_policy(state, turn)?;
            steps::replace_aws_auth(state, turn)?;
            constrained.impersonate(state, turn)?;
            groups.find_together(state, turn)?;
        }
        groups.together(state)?;
    }
}
