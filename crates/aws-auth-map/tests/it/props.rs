//! The theorems of the README.

use aws_auth_map::{
    Backend, BackendKind, Finding, IdentityMap, Rule, Rules, Template, read_config_map,
};
use proptest::prelude::*;

use crate::{map, outcome, session};

const PREFIXES: [&str; 3] = ["system:", "eks:", "a"];

/// Names of sessions, including names with braces.
fn session_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z@:{}<>]{1,12}",
        "[{]{2}(SessionName|AccountID|AccessKeyID)(Raw)?[}]{0,2}"
    ]
}

fn template() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{{SessionName}}",
            "<<SessionName>>",
            "{{SessionNameRaw}}",
            "{{AccountID}}",
            "{{AccessKeyID}}",
            "{{",
            "}}",
            "<<",
            ">>",
            "SessionName",
            "system:",
            "eks:",
            "Raw}}",
        ])
        .prop_map(str::to_owned),
        "[a-z:é]{0,4}",
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

fn rule(role: &str, template: &str) -> Rule {
    let arn = format!("arn:aws:iam::111122223333:role/{role}");
    Rule::exact(&arn, Template::parse(template), Vec::new())
}

proptest! {
    #[test]
    fn unrelated_rules_change_nothing(
        template in template(),
        others in prop::collection::vec(("[b-z]{1,8}", template_static()), 0..20),
        at in any::<prop::sample::Index>(),
    ) {
        let caller = session("a", "s");
        let mut alone = Rules::new();
        alone.push_role(rule("a", &template));
        let mut crowded = Rules::new();
        let at = at.index(others.len().saturating_add(1));
        for (index, (role, other)) in others.iter().enumerate() {
            if index == at { crowded.push_role(rule("a", &template)); }
            crowded.push_role(rule(role, other));
        }
        if at == others.len() { crowded.push_role(rule("a", &template)); }
        let (alone, crowded) = (map(alone).resolve(&caller), map(crowded).resolve(&caller));
        prop_assert_eq!(alone.user(), crowded.user());
        prop_assert!(alone.user().is_some());
    }

    #[test]
    fn a_session_name_never_introduces_a_placeholder(name in session_name(), template in template()) {
        let mut rules = Rules::new();
        rules.push_role(rule("a", &template));
        // The template is rendered with a name that cannot form a template. Then the real name
        // replaces it.
        let marked = outcome(&map(rules.clone()).resolve(&session("a", "%")));
        let real = outcome(&map(rules).resolve(&session("a", &name)));
        let is_raw = template.contains("{{SessionNameRaw}}");
        prop_assume!(!is_raw || !name.contains('@'));
        prop_assert_eq!(real, marked.replace('%', &name.replace('@', "-")));
    }

    #[test]
    fn a_rendered_name_never_begins_with_a_reserved_prefix(
        name in session_name(),
        template in template(),
        is_account in any::<bool>(),
    ) {
        let mut rules = Rules::new();
        if is_account {
            rules.push_account("111122223333".parse().expect("an account"));
        } else {
            rules.push_role(rule("a", &template));
        }
        let backend = Backend::new(BackendKind::EksConfigMap, rules).with_reserved_prefixes(PREFIXES);
        let resolution = IdentityMap::new().with_backend(backend).resolve(&session("a", &name));
        if let Some(user) = resolution.user() {
            prop_assert!(PREFIXES.iter().all(|prefix| !user.username().starts_with(prefix)));
        }
    }

    #[test]
    fn ascii_case_of_an_arn_makes_no_difference(flips in prop::collection::vec(any::<bool>(), 40)) {
        let arn = "arn:aws:iam::111122223333:role/Some-Role";
        let mixed: String = arn
            .chars()
            .zip(flips.iter().cycle())
            .map(|(c, flip)| if *flip { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        let (rules, problems) = read_config_map(&format!("mapRoles: [{{rolearn: '{mixed}', username: in}}]"));
        prop_assert_eq!(problems, []);
        prop_assert_eq!(outcome(&map(rules).resolve(&session("sOME-rOLE", "s"))), "in");
    }

    #[test]
    fn a_template_prints_as_it_was_written(text in template()) {
        prop_assert_eq!(Template::parse(&text).source(), text);
    }

    #[test]
    fn what_a_check_calls_covered_never_counts(
        first in entries(),
        second in entries(),
        callers in prop::collection::vec("[ab-]{1,4}", 12),
    ) {
        let source = |kind, entries: &str| Backend::new(kind, read_config_map(entries).0);
        let map = IdentityMap::new()
            .with_backend(source(BackendKind::EksConfigMap, &first))
            .with_backend(source(BackendKind::MountedFile, &second));
        let covered: Vec<(BackendKind, String)> = map
            .check()
            .iter()
            .filter(|found| found.problem().code().starts_with("covered"))
            .filter_map(|found| Some((found.backend()?, found.problem().at().to_string())))
            .collect();
        for name in &callers {
            for step in map.explain(&session(name, "s")).steps() {
                let at = (step.backend(), step.rule().to_string());
                if covered.contains(&at) {
                    let counts = matches!(step.finding(), Finding::Counts(_));
                    prop_assert!(!counts, "{at:?} counts for {name}: {first} {second}");
                }
            }
        }
    }

    #[test]
    fn a_refusing_rule_is_never_passed_over(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        crate::refusing::refusing_rules_are_never_passed_over(&bytes);
    }

    #[test]
    fn no_text_panics(text in "(mapRoles|mapUsers|mapAccounts|kind|data|[-:|{}\\[\\]'\" \n&*<]|ConfigMap|rolearn|username|groups|sso|x){0,40}") {
        let (rules, problems) = read_config_map(&text);
        let lines = text.split('\n').count();
        for problem in &problems {
            prop_assert!(problem.line().is_none_or(|line| (1..=lines).contains(&line)));
        }
        prop_assert!(rules.len() <= text.len());
    }
}

#[test]
fn an_open_brace_is_one_problem_and_no_rule() {
    let (rules, problems) = read_config_map("{");
    assert_eq!((rules.len(), problems.len()), (0, 1));
}

/// Entries that are likely to cover each other.
fn entries() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        "[ab-]{1,3}".prop_map(|name| ("rolearn", name)),
        "[ab*?-]{1,4}".prop_map(|name| ("rolearnLike", name)),
    ];
    (prop::collection::vec(entry, 0..6), any::<bool>()).prop_map(|(entries, has_account)| {
        let entry = |(key, name): &(&str, String)| {
            format!("{{{key}: 'arn:aws:iam::111122223333:role/{name}', username: u}}")
        };
        let entries: Vec<String> = entries.iter().map(entry).collect();
        let accounts = if has_account { "'111122223333'" } else { "" };
        format!(
            "mapRoles: [{}]\nmapAccounts: [{accounts}]\n",
            entries.join(", ")
        )
    })
}

fn template_static() -> impl Strategy<Value = String> {
    "[a-z:]{1,6}"
}
