//! The rules of a map that are not for a single ARN.

use iam_principal::AccountId;

use crate::resolve::IdentityMap;
use crate::resolve::backend::BackendKind;
use crate::rules::matching::RulePrincipal;
use crate::rules::{Rule, Section};

/// The rules and settings by which a map decides about callers whose ARN no rule names.
#[derive(PartialEq)]
pub(super) struct LooseRules<'m> {
    rules: Vec<(BackendKind, Section, &'m Rule)>,
    accounts: Vec<(BackendKind, Vec<AccountId>)>,
    prefixes: Vec<(&'m [String], &'m [String])>,
    unreadable: Vec<Option<Section>>,
    scrubbed: Vec<AccountId>,
    settings: (bool, bool),
}

impl<'m> LooseRules<'m> {
    pub(super) fn of(map: &'m IdentityMap) -> Self {
        let mut scrubbed: Vec<AccountId> = map.scrubbed_accounts().collect();
        scrubbed.sort_unstable();
        Self {
            rules: loose_rules(map)
                .map(|(at, rule)| (at.0, at.1, rule))
                .collect(),
            accounts: map
                .asked()
                .map(|backend| {
                    let mut ids: Vec<AccountId> =
                        backend.rules().accounts().map(|(_, id)| id).collect();
                    ids.sort_unstable();
                    (backend.kind(), ids)
                })
                .collect(),
            prefixes: map
                .asked()
                .map(|backend| {
                    (
                        backend.reserved_prefixes.as_slice(),
                        backend.reserved_group_prefixes.as_slice(),
                    )
                })
                .collect(),
            unreadable: map
                .asked()
                .flat_map(|backend| backend.rules().unreadable().map(|(section, _)| section))
                .collect(),
            scrubbed,
            settings: map.template_settings(),
        }
    }
}

/// Returns the rules that are not for a single ARN, in order.
pub(super) fn loose_rules(
    map: &IdentityMap,
) -> impl Iterator<Item = ((BackendKind, Section), &Rule)> {
    map.asked().flat_map(|backend| {
        backend
            .rules()
            .iter()
            .filter(|(_, rule)| {
                !matches!(
                    rule.principal(),
                    RulePrincipal::Arn(_) | RulePrincipal::ArnAndUserId(..)
                )
            })
            .map(|(at, rule)| ((backend.kind(), at.section()), rule))
    })
}

#[cfg(test)]
mod tests {
    use iam_principal::ArnPattern;

    use super::*;
    use crate::resolve::backend::Backend;
    use crate::rules::Rules;
    use crate::rules::template::Template;

    fn account(id: &str) -> AccountId {
        AccountId::parse(id).expect("an account")
    }

    fn pattern(name: &str) -> Rule {
        let pattern = format!("arn:aws:iam::111122223333:role/{name}*");
        let pattern = ArnPattern::parse(&pattern).expect("a pattern");
        Rule::pattern(pattern, Template::parse("a"), Vec::new())
    }

    fn exact(name: &str) -> Rule {
        let arn = format!("arn:aws:iam::111122223333:role/{name}");
        Rule::exact(&arn, Template::parse("a"), Vec::new())
    }

    /// A pattern and two accounts.
    fn rules(accounts: [&str; 2]) -> Rules {
        let mut rules = Rules::new();
        rules.push_role(pattern("a"));
        for id in accounts {
            let _ = rules.push_account(account(id));
        }
        rules
    }

    const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

    fn backend(rules: Rules) -> Backend {
        Backend::new(BackendKind::EksConfigMap, rules)
    }

    fn map(backends: impl IntoIterator<Item = Backend>) -> IdentityMap {
        let map = IdentityMap::new();
        backends.into_iter().fold(map, IdentityMap::with_backend)
    }

    #[test]
    fn rules_for_one_arn_and_the_order_of_accounts_make_no_difference() {
        let scrubbed =
            |map: IdentityMap, ids: [&str; 2]| map.with_scrubbed_accounts(ids.map(account));
        let [a, b] = ACCOUNTS;
        let mut others = rules([b, a]);
        others.push_role(exact("x"));
        others.push_user(Rule::exact_with_user_id(
            "arn:aws:iam::111122223333:user/x",
            "AIDAA",
            Template::parse("a"),
            Vec::new(),
        ));
        let one = scrubbed(map([backend(rules([a, b]))]), [a, b]);
        let other = scrubbed(map([backend(others)]), [b, a]);
        assert!(LooseRules::of(&one) == LooseRules::of(&other));
    }

    #[test]
    fn everything_else_makes_a_difference() {
        let base = || backend(rules(ACCOUNTS));
        let changed = |change: fn(&mut Rules)| {
            let mut rules = rules(ACCOUNTS);
            change(&mut rules);
            map([backend(rules)])
        };
        let mut in_users = Rules::new();
        in_users.push_user(pattern("a"));
        for id in ACCOUNTS {
            let _ = in_users.push_account(account(id));
        }
        let rows = [
            ("no source", map([])),
            (
                "kind",
                map([Backend::new(BackendKind::DynamicFile, rules(ACCOUNTS))]),
            ),
            ("section", map([backend(in_users)])),
            (
                "rule",
                changed(|rules| {
                    let _ = rules.push_role(pattern("b"));
                }),
            ),
            (
                "user id",
                changed(|rules| {
                    let rule = Rule::user_id("AROAA", Template::parse("a"), Vec::new());
                    let _ = rules.push_role(rule);
                }),
            ),
            (
                "account",
                map([backend(rules([ACCOUNTS[0], "777788889999"]))]),
            ),
            ("prefix", map([base().with_reserved_prefixes(["system:"])])),
            (
                "group prefix",
                map([base().with_reserved_group_prefixes(["system:"])]),
            ),
            (
                "scrubbed",
                map([base()]).with_scrubbed_accounts([account(ACCOUNTS[0])]),
            ),
            ("strict", map([base()]).with_strict_session_names()),
            ("spelling", map([base()]).with_upstream_spelling_only()),
        ];
        let base = map([base()]);
        for (what, other) in rows {
            assert!(LooseRules::of(&base) != LooseRules::of(&other), "{what}");
        }
        let unreadable = map([backend(Rules::unreadable_source())]);
        let nothing = map([backend(Rules::new())]);
        assert!(LooseRules::of(&unreadable) != LooseRules::of(&nothing));
    }
}
