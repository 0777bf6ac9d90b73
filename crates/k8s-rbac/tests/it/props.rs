//! The theorems of the README. Worlds are drawn from few words, so that rules and requests match
//! often.

use k8s_rbac::reference;
use k8s_rbac::{Decision, Grant, Objects, Policy};
pub(crate) use k8s_rbac_oracle::strategies::{Question, crowded_world, question, rule, world};
use proptest::collection::vec;
use proptest::prelude::*;

use k8s_rbac_oracle::worlds::{Tally, bytes_of, check_changed_policy};

fn decides_allow(world: &Objects, question: &Question) -> bool {
    Policy::new(world.clone())
        .rbac(&question.user, &question.request())
        .decision()
        .is_allow()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn engine_is_oracle(world in world(), questions in vec(question(), 8)) {
        let policy = Policy::new(world.clone());
        for question in &questions {
            let request = question.request();
            let response = policy.rbac(&question.user, &request);
            if let Decision::Allow(Grant::Binding(grant)) = response.decision() {
                prop_assert!(reference::rule_allows(grant.rule(), &request));
            }
            let verdict = reference::decide(&world, &question.user, &request);
            prop_assert_eq!(response.reason(), verdict.reason());
            let is_allowed = reference::is_allowed(&world, &question.user, &request);
            prop_assert_eq!(response.decision().is_allow(), is_allowed);
            let unresolved = response.unresolved().iter().map(ToString::to_string);
            prop_assert_eq!(unresolved.collect::<Vec<_>>(), verdict.unresolved);
        }
    }

    #[test]
    fn no_rule_no_allow(mut world in world(), question in question()) {
        world.cluster_roles.iter_mut().for_each(|role| role.rules.clear());
        world.roles.iter_mut().for_each(|role| role.rules.clear());
        prop_assert!(!decides_allow(&world, &question));
    }

    #[test]
    fn adding_a_rule_never_removes_an_allow(
        mut world in world(),
        question in question(),
        rule in rule(),
        at in any::<prop::sample::Index>(),
    ) {
        let before = decides_allow(&world, &question);
        let roles = world.cluster_roles.len().saturating_add(world.roles.len());
        let role = world.cluster_roles.iter_mut().map(|role| &mut role.rules);
        let mut role = role.chain(world.roles.iter_mut().map(|role| &mut role.rules));
        if let Some(rules) = role.nth(at.index(roles)) {
            rules.insert(0, rule);
        }
        prop_assert!(!before || decides_allow(&world, &question));
    }

    #[test]
    fn order_and_duplicates_do_not_change_the_decision(world in world(), question in question()) {
        let before = decides_allow(&world, &question);
        let mut other = world.clone();
        other.cluster_role_bindings.reverse();
        other.role_bindings.reverse();
        other.roles.reverse();
        other.cluster_roles.reverse();
        for role in &mut other.cluster_roles {
            role.rules.reverse();
            role.rules.extend(role.rules.clone());
        }
        for binding in &mut other.role_bindings {
            binding.subjects.reverse();
            binding.subjects.extend(binding.subjects.clone());
        }
        other.roles.extend(world.roles.clone());
        other.cluster_roles.extend(world.cluster_roles.clone());
        other.role_bindings.extend(world.role_bindings.clone());
        other.cluster_role_bindings.extend(world.cluster_role_bindings.clone());
        prop_assert_eq!(decides_allow(&other, &question), before);
    }

    #[test]
    fn a_view_of_a_user_answers_as_the_policy(
        world in world(),
        questions in vec(question(), 5),
        is_master in any::<bool>(),
    ) {
        let policy = Policy::new(world);
        for asker in &questions {
            let mut user = asker.user.clone();
            user.groups.extend(is_master.then(|| k8s_rbac::PRIVILEGED_GROUP.to_owned()));
            let view = policy.view(&user);
            for question in &questions {
                let request = question.request();
                prop_assert_eq!(view.rbac(&request), policy.rbac(&user, &request));
                prop_assert_eq!(view.authorize(&request), policy.authorize(&user, &request));
            }
        }
    }

    #[test]
    fn authorize_is_rbac_or_the_privileged_group(world in world(), question in question()) {
        let policy = Policy::new(world);
        let request = question.request();
        let (rbac, authorize) =
            (policy.rbac(&question.user, &request), policy.authorize(&question.user, &request));
        prop_assert_eq!(rbac, authorize);
        let mut master = question.user.clone();
        master.groups.push(k8s_rbac::PRIVILEGED_GROUP.to_owned());
        let response = policy.authorize(&master, &request);
        prop_assert_eq!(response.decision(), Decision::Allow(Grant::PrivilegedGroup));
        prop_assert_eq!(response.reason(), "");
    }
}

// The lists of a subject with many bindings are indexed. These worlds are large, so there are fewer of
// them; `a_changed_policy…` and the fuzz target `rbac_engine` cover more.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn engine_is_oracle_where_a_subject_has_many_bindings(
        world in crowded_world(),
        questions in vec(question(), 8),
    ) {
        let policy = Policy::new(world.clone());
        for question in &questions {
            let request = question.request();
            let response = policy.rbac(&question.user, &request);
            if let Decision::Allow(Grant::Binding(grant)) = response.decision() {
                prop_assert!(reference::rule_allows(grant.rule(), &request));
            }
            let verdict = reference::decide(&world, &question.user, &request);
            prop_assert_eq!(response.reason(), verdict.reason());
            let unresolved = response.unresolved().iter().map(ToString::to_string);
            prop_assert_eq!(unresolved.collect::<Vec<_>>(), verdict.unresolved);
            let namespace = request.namespace().unwrap_or_default();
            let listing = policy.rules_for(&question.user, namespace);
            if response.decision().is_allow() {
                prop_assert!(listing.unresolved().starts_with(response.unresolved()));
                // The listing walks every binding, and so meets this grant first, too.
                let mut grants = listing.grants().iter();
                let first = grants.find(|grant| grant.rule().allows(&request));
                prop_assert_eq!(first.map(|&grant| Grant::Binding(grant)), match response.decision() {
                    Decision::Allow(grant) => Some(grant),
                    Decision::NoOpinion => None,
                });
            } else {
                prop_assert_eq!(listing.unresolved(), response.unresolved());
            }
        }
    }

    #[test]
    fn a_view_of_a_user_of_many_bindings_answers_as_the_policy(
        world in crowded_world(),
        questions in vec(question(), 8),
    ) {
        let policy = Policy::new(world);
        for question in &questions {
            let view = policy.view(&question.user);
            let request = question.request();
            prop_assert_eq!(view.rbac(&request), policy.rbac(&question.user, &request));
        }
    }
}

#[test]
fn the_worlds_of_the_properties_are_not_trivial() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut allowed, mut unresolved) = (0, 0);
    for _ in 0..1000 {
        let world = world().new_tree(&mut runner).unwrap().current();
        let question = question().new_tree(&mut runner).unwrap().current();
        let request = question.request();
        allowed += usize::from(reference::is_allowed(&world, &question.user, &request));
        let policy = Policy::new(world);
        unresolved += usize::from(
            !policy
                .rbac(&question.user, &request)
                .unresolved()
                .is_empty(),
        );
    }
    assert!(allowed >= 250, "{allowed} of 1000 requests are allowed");
    assert!(
        unresolved >= 100,
        "{unresolved} of 1000 requests meet an unresolved role"
    );
}

#[test]
fn a_changed_policy_is_the_one_that_is_rebuilt_and_both_are_the_oracle() {
    let mut tally = Tally::default();
    for seed in 0..128 {
        check_changed_policy(&bytes_of(seed), &mut tally);
    }
    assert!(tally.is_meaningful(), "{tally:?}");
}
