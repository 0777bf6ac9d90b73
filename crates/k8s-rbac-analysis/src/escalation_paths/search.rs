//! The search, round by round: each actor looks at what it was given in the round before.

use k8s_rbac::{PRIVILEGED_GROUP, Policy, User};

use crate::escalation_paths::impersonation::GroupImpersonation;
use crate::escalation_paths::index::PolicyIndex;
use crate::escalation_paths::roles::RoleSteps;
use crate::escalation_paths::state::{START, State};
use crate::escalation_paths::{Scope, Step, Target, Technique, constrained, steps};
use crate::permission_set::TooLarge;

/// Searches from a user until a step meets the goal, or until there is nothing more to find.
pub(super) fn search<'p>(
    policy: &'p Policy,
    user: &User,
    minor: u8,
    is_goal: impl Fn(&Step<'p>) -> bool,
) -> Result<Vec<Step<'p>>, TooLarge> {
    let mut state = State::new(PolicyIndex::new(policy, minor));
    let mut groups = GroupImpersonation::new(&state, &user.name);
    let mut roles = RoleSteps::default();
    state.start(user);
    if user.groups.iter().any(|group| group == PRIVILEGED_GROUP) {
        state.step(
            Target::Everything(Scope::Cluster),
            START,
            Technique::Hold,
            &[],
        );
        return Ok(state.into_steps());
    }
    let mut checked = 0;
    let mut is_met = |state: &State<'p>| {
        let new = state.steps().get(checked..).unwrap_or_default();
        checked = state.steps().len();
        new.iter().any(&is_goal)
    };
    loop {
        let turns = state.take()?;
        if turns.is_empty() || is_met(&state) {
            return Ok(state.into_steps());
        }
        for turn in &turns {
            steps::by_one(&mut state, turn, false)?;
            groups.one_by_one(&mut state, turn)?;
            steps::approve_certificate(&mut state, turn)?;
            steps::mint_token(&mut state, turn)?;
            roles.bind(&mut state, turn)?;
            roles.create_and_bind(&mut state, turn)?;
            if is_met(&state) {
                return Ok(state.into_steps());
            }
        }
        roles.rewrite(&mut state, &turns)?;
        // What needs a pod, a Secret or another object to exist comes after what does not.
        for turn in &turns {
            steps::by_one(&mut state, turn, true)?;
            steps::create_mutating_policy(&mut state, turn)?;
            constrained::impersonate(&mut state, turn)?;
            groups.together(&mut state, turn)?;
            if is_met(&state) {
                return Ok(state.into_steps());
            }
        }
    }
}
