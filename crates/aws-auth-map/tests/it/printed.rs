//! No text of an input reaches a terminal or a log raw: every `Display` of the crate prints one
//! line without control characters.

use aws_auth_map::{
    AccessPolicy, AccessScope, ConfigMapName, Problem, Reader, Resolution, Rules, Template,
};
use iam_principal::Identity;

use crate::{map, session};

/// Texts that a terminal, a log or a CI system would interpret.
fn hostile() -> Vec<String> {
    vec![
        "\u{1b}[2J\u{1b}[1;1Hgains".to_owned(),
        "\u{202e}gnp.exe".to_owned(),
        "a\nerror: b\r\n::error::c".to_owned(),
        "\u{2028}\u{2029}\u{85}\u{9b}31m\u{7}\u{0}".to_owned(),
        "x".repeat(10_000),
    ]
}

#[track_caller]
fn check(printed: &str) {
    for c in printed.chars() {
        let is_bidi = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let is_break = matches!(c, '\u{2028}' | '\u{2029}');
        assert!(!c.is_control() && !is_bidi && !is_break, "{printed:?}");
    }
    assert!(
        printed.chars().count() < 4096,
        "{} characters",
        printed.len()
    );
}

/// Returns all output of the library about the rules and problems of a text.
fn print_all(rules: &Rules, problems: &[Problem]) {
    for problem in problems {
        check(&problem.to_string());
    }
    for (at, rule) in rules.iter() {
        check(&at.to_string());
        check(&rule.username().to_string());
        for group in rule.groups() {
            check(&group.to_string());
        }
        for policy in rule.access_policies() {
            check(&policy.to_string());
        }
    }
    let map = map(rules.clone());
    for problem in map.check() {
        check(&problem.to_string());
    }
    let mut callers = vec![session("ops", "s")];
    for name in hostile() {
        let arn = format!("arn:aws:iam::111122223333:user/{name}");
        callers.extend(Identity::new(&arn, "111122223333", "AIDAEXAMPLE").ok());
    }
    for caller in callers {
        let explanation = map.explain(&caller);
        for step in explanation.steps() {
            check(&step.to_string());
        }
        if let Resolution::Refused(refusal) = explanation.resolution() {
            check(&refusal.to_string());
        }
    }
    let (_, losses) = rules.to_access_entries();
    for loss in losses {
        check(&loss.to_string());
    }
}

#[test]
fn every_field_of_every_source_is_printed_escaped() {
    let reader = Reader::new();
    for text in hostile() {
        let quoted = serde_json::to_string(&text).expect("JSON");
        let arn = serde_json::to_string(&format!("arn:aws:iam::111122223333:user/{text}"));
        let arn = arn.expect("JSON");
        let good = "\"rolearn\": \"arn:aws:iam::111122223333:role/ops\", \"username\": \"u\"";
        for section in ["mapRoles", "mapUsers"] {
            for entry in [
                format!("{{\"rolearn\": {quoted}, \"username\": \"u\"}}"),
                format!("{{\"userarn\": {arn}, \"username\": \"system:masters\"}}"),
                format!("{{{good}, \"groups\": [{quoted}]}}"),
                format!("{{{good}, {quoted}: 1}}"),
                format!(
                    "{{\"rolearn\": \"arn:aws:iam::111122223333:role/ops\", \"username\": {quoted}, \"groups\": [\"system:masters\"]}}"
                ),
                format!("{{\"rolearnLike\": {arn}, \"username\": {quoted}}}"),
                format!(
                    "{{\"sso\": {{\"permissionSetName\": {quoted}, \"accountID\": \"111122223333\", {quoted}: 1}}, \"username\": {quoted}}}"
                ),
                quoted.clone(),
            ] {
                for config_map in [
                    format!("{{\"{section}\": [{entry}], {quoted}: 1}}"),
                    format!(
                        "{{\"kind\": \"ConfigMap\", \"metadata\": {{\"name\": {quoted}}}, \"data\": {{\"{section}\": \"[]\"}}}}"
                    ),
                ] {
                    let (rules, problems) = reader.read_config_map(&config_map);
                    print_all(&rules, &problems);
                }
                let (rules, problems) = reader.read_mounted_file(&format!(
                    "{{\"server\": {{\"{section}\": [{entry}], {quoted}: 1}}}}"
                ));
                print_all(&rules, &problems);
                let dynamic = format!("{{\"{section}\": [{entry}]}}");
                match reader.read_dynamic_file(&dynamic) {
                    Ok((rules, problems)) => print_all(&rules, &problems),
                    Err(problems) => print_all(&Rules::new(), &problems),
                }
            }
        }
        let accounts = format!("{{\"mapAccounts\": [{quoted}]}}");
        let (rules, problems) = reader.read_config_map(&accounts);
        print_all(&rules, &problems);
        let object = format!(
            "{{\"kind\": \"IAMIdentityMapping\", \"spec\": {{\"arn\": {arn}, \"username\": {quoted}, \"groups\": [{quoted}]}}}}"
        );
        let (rules, problems) = reader.read_identity_mappings(&object);
        print_all(&rules, &problems);
        let entry = format!(
            "{{\"principalArn\": \"arn:aws:iam::111122223333:role/ops\", \"type\": {quoted}, \"username\": {quoted}, \"kubernetesGroups\": [{quoted}], \"associatedAccessPolicies\": [{{\"policyArn\": {quoted}, \"accessScope\": {{\"type\": \"namespace\", \"namespaces\": [{quoted}]}}}}]}}"
        );
        let (rules, problems) = reader.read_access_entries(&entry);
        assert_eq!(rules.len(), 1);
        print_all(&rules, &problems);
        check(&ConfigMapName::new(&text, &text).to_string());
        check(&Template::parse(&text).to_string());
        assert_eq!(Template::parse(&text).source(), text);
        let scope = AccessScope::Namespaces(vec![text.clone()]);
        check(&AccessPolicy::new(&text, scope).to_string());
    }
}
