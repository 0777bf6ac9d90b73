//! Constrained impersonation: an identity that an actor may impersonate for some requests only.
//!
//! As upstream: apiserver 1.36, pkg/endpoints/filters/impersonation/mode.go. The impersonation is
//! authorized as the verb `impersonate:MODE` in the group `authentication.k8s.io`, and each request made
//! with it as the verb `impersonate-on:MODE:VERB`. The group `system:masters` is out of reach.

use k8s_rbac::{ServiceAccount, SubjectName};

use crate::escalation_paths::capability::CapabilityKind as Kind;
use crate::escalation_paths::held::Held;
use crate::escalation_paths::mode::Mode;
use crate::escalation_paths::state::{State, Turn};
use crate::escalation_paths::stop::Stop;
use crate::escalation_paths::{ConstrainedRule, Target, Technique};

/// Stands for any node in the target of a step.
const ANY_NODE: &str = "*";

/// Finds the identities that an actor may impersonate for some requests.
pub(super) fn impersonate<'p>(state: &mut State<'p, '_>, turn: &Turn<'p>) -> Result<(), Stop> {
    for mode in Mode::ALL {
        let kinds = [Kind::ImpersonateInMode(mode), Kind::ActInMode(mode)];
        if !turn.has_any(&kinds) {
            continue;
        }
        let requests: Vec<Held<'p>> = state
            .held(turn.actor, Kind::ActInMode(mode))
            .copied()
            .collect();
        let rules: Vec<ConstrainedRule<'p>> = requests
            .iter()
            .filter_map(|held| rule_of(state, mode, held))
            .collect();
        if rules.is_empty() {
            continue;
        }
        for held in state
            .held(turn.actor, Kind::ImpersonateInMode(mode))
            .copied()
            .collect::<Vec<_>>()
        {
            let mut granted_by = vec![held.granted_by];
            granted_by.extend(requests.iter().map(|held| held.granted_by));
            for identity in identities(state, mode, &held) {
                state.spend(rules.len())?;
                let target = Target::ConstrainedIdentity {
                    identity,
                    rules: rules.clone(),
                };
                state.note(
                    target,
                    turn.actor,
                    Technique::ImpersonateConstrained,
                    &granted_by,
                );
            }
        }
    }
    Ok(())
}

fn rule_of<'p>(state: &State<'p, '_>, mode: Mode, held: &Held<'p>) -> Option<ConstrainedRule<'p>> {
    let rules = state.index.role(held.role)?.rules;
    let rule = rules.get(held.capability.rule)?;
    let verbs = rule
        .verbs
        .iter()
        .filter_map(|verb| verb.strip_prefix(mode.prefix()));
    Some(ConstrainedRule::new(verbs.collect(), rule, held.scope))
}

fn identities<'p>(state: &State<'p, '_>, mode: Mode, held: &Held<'p>) -> Vec<SubjectName> {
    let names = held.capability.names;
    let node = |name: &str| SubjectName::User(format!("system:node:{name}"));
    match mode {
        Mode::UserInfo if names.is_empty() => state
            .unreached
            .users()
            .into_iter()
            .map(SubjectName::User)
            .collect(),
        Mode::UserInfo => {
            let is_user = |name: &&String| ServiceAccount::parse(name).is_none();
            names
                .iter()
                .filter(is_user)
                .cloned()
                .map(SubjectName::User)
                .collect()
        }
        Mode::ServiceAccount if names.is_empty() => state.unreached.accounts_in(held.scope),
        Mode::ServiceAccount => names
            .iter()
            .flat_map(|name| state.unreached.accounts_named(name, held.scope))
            .collect(),
        Mode::ArbitraryNode if names.is_empty() => vec![node(ANY_NODE)],
        Mode::ArbitraryNode => names.iter().map(|name| node(name)).collect(),
        // The name that is authorized is `*`, whichever node the service account's pod runs on.
        Mode::AssociatedNode if held.capability.allows_name(ANY_NODE) => {
            vec![node(ANY_NODE)]
        }
        Mode::AssociatedNode => Vec::new(),
    }
}
