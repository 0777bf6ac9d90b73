//! Worlds, changes and questions chosen by bytes, and the comparison of a policy with [`mod@reference`].
//!
//! The bytes come from a fuzzer, or from a seed by [`bytes_of`].

mod change;
mod choices;

use k8s_rbac::{Metadata, Objects, Policy, reference};

pub use change::Change;
pub use choices::{Choices, Question};

/// The counts of a comparison.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Tally {
    /// Policies with at least three bindings. Smaller policies are not asked.
    pub worlds: u64,
    /// Questions asked.
    pub questions: u64,
    /// Questions that were allowed.
    pub allowed: u64,
    /// Questions that met a role that does not exist.
    pub unresolved: u64,
    /// Objects put or removed.
    pub changes: u64,
}

impl Tally {
    /// Returns whether the questions were worth asking: at least a quarter was allowed, and at least a
    /// tenth met a role that does not exist.
    #[must_use]
    pub const fn is_meaningful(&self) -> bool {
        self.allowed.saturating_mul(4) >= self.questions
            && self.unresolved.saturating_mul(10) >= self.questions
            && self.questions > 0
    }
}

/// Changes a policy step by step, and compares it with [`mod@reference`] and with a policy built from the
/// same objects at once.
///
/// It is compared at the end. A copy made at a chosen step is compared too: later changes to the
/// original must not affect it.
///
/// # Panics
///
/// If a property does not hold.
pub fn check_changed_policy(bytes: &[u8], tally: &mut Tally) {
    let mut choices = Choices::new(bytes);
    let (mut policy, mut world) = (Policy::default(), Objects::default());
    let changes = choices.changes();
    let stop = changes
        .len()
        .wrapping_mul(usize::from(choices.below(u8::MAX)))
        / 256;
    let mut kept = None;
    for (step, change) in changes.into_iter().enumerate() {
        if step == stop {
            kept = Some((policy.clone(), world.clone()));
        }
        change.clone().apply(&mut policy);
        change.apply_to_lists(&mut world);
        tally.changes = tally.changes.saturating_add(1);
    }
    for (policy, world) in kept.iter().chain([&(policy, world)]) {
        check_policy(policy, world, &mut choices, tally);
    }
}

fn check_policy(policy: &Policy, world: &Objects, choices: &mut Choices<'_>, tally: &mut Tally) {
    let bindings = world
        .cluster_role_bindings
        .len()
        .saturating_add(world.role_bindings.len());
    let rebuilt = Policy::new(world.clone());
    assert_eq!(policy.objects(), rebuilt.objects());
    assert_eq!(policy.objects(), ordered(world));
    if bindings < 3 {
        // Almost every answer would be a denial.
        return;
    }
    tally.worlds = tally.worlds.saturating_add(1);
    for _ in 0..8 {
        let question = choices.question();
        let request = question.request();
        let verdict = reference::decide(world, &question.user, &request);
        for policy in [policy, &rebuilt] {
            let response = policy.rbac(&question.user, &request);
            let unresolved = response.unresolved().iter().map(ToString::to_string);
            assert_eq!(
                unresolved.collect::<Vec<_>>(),
                verdict.unresolved,
                "{question:?}"
            );
            assert_eq!(response.reason(), verdict.reason(), "{question:?}");
            let is_allowed = !verdict.grants.is_empty();
            assert_eq!(response.decision().is_allow(), is_allowed, "{question:?}");
        }
        tally.questions = tally.questions.saturating_add(1);
        tally.allowed = (tally.allowed).saturating_add(u64::from(!verdict.grants.is_empty()));
        tally.unresolved =
            (tally.unresolved).saturating_add(u64::from(!verdict.unresolved.is_empty()));
    }
}

/// Orders lists as [`Policy::objects`] returns them.
fn ordered(world: &Objects) -> Objects {
    let mut world = world.clone();
    let name = |metadata: &Metadata| (metadata.namespace.clone(), metadata.name.clone());
    world.roles.sort_by_key(|role| name(&role.metadata));
    world.cluster_roles.sort_by_key(|role| name(&role.metadata));
    world
        .role_bindings
        .sort_by_key(|binding| binding.metadata.namespace.clone());
    world
}

/// Derives pseudo-random bytes from a seed.
#[must_use]
pub fn bytes_of(seed: u64) -> Vec<u8> {
    // SplitMix64: a few operations for eight well-distributed bytes.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let words = (0..1_200).flat_map(|_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    });
    words.collect()
}
