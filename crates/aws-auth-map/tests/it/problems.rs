//! The problems that an operator sees, with their places.

use aws_auth_map::{Problem, Reader, Resolution, Severity, read_config_map};

/// `code at line:column` for each problem.
fn described(problems: &[Problem]) -> Vec<String> {
    let number = |n: Option<usize>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    problems
        .iter()
        .map(|p| {
            format!(
                "{} {} {}:{}",
                p.code(),
                p.at(),
                number(p.line()),
                number(p.column())
            )
        })
        .collect()
}

#[track_caller]
fn check(text: &str, rules: usize, want: &[&str]) {
    let (read, problems) = read_config_map(text);
    assert_eq!(described(&problems), want, "{text}");
    assert_eq!(read.len(), rules, "{text}");
}

const CONFIG_MAP: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
data:
  mapAccounts: |
    - "444455556666"
    - 12345
  mapRoles: |
    # The nodes.
    - rolearn: arn:aws:iam::111122223333:role/nodes
      username: system:node:{{EC2PrivateDNSName}}
      groups:
      - system:bootstrappers
      - system:nodes
    - rolearn: arn:aws:iam::111122223333:role/team/dev
      username: dev:{{SessionName}}
      groups: developers
    - rolearn: arn:aws:iam::111122223333:role/ops
      username: ops
      group:
      - operators

  mapUsers: |
    - userarn: arn:aws:iam::111122223333:user/admin
      username: admin
      groups: [system:masters]
    - userarn: arn:aws:iam::11112222:user/short
      username: short
    - userarn: arn:aws:iam::111122223333:user/admin
      username: again
    - just text
"#;

const REPORTED: [&str; 7] = [
    "groups-not-a-list mapRoles[1].groups 19:15",
    "role-path mapRoles[1].rolearn 17:16",
    "misspelled-key mapRoles[2] 22:7",
    "malformed-account mapUsers[1].userarn 29:16",
    "duplicate-rule mapUsers[2] 31:7",
    "entry-not-a-mapping mapUsers[3] 33:7",
    "malformed-account mapAccounts[1] 9:7",
];

#[test]
fn each_problem_has_its_line_and_column_in_the_whole_file() {
    check(CONFIG_MAP, 6, &REPORTED);
}

#[test]
fn a_config_map_is_found_in_a_list_among_documents_and_as_bare_data() {
    let described = |text: &str| {
        let (rules, problems) = read_config_map(text);
        (
            rules.len(),
            problems
                .iter()
                .map(|p| p.at().to_string())
                .collect::<Vec<_>>(),
        )
    };
    let want = described(CONFIG_MAP);
    let indented: String = CONFIG_MAP
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect();
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}",
        indented.trim_start_matches(' ')
    );
    assert_eq!(described(&list), want);
    let documents = format!("kind: Namespace\nmetadata: {{name: x}}\n---\n{CONFIG_MAP}---\n");
    assert_eq!(described(&documents), want);
    let data = CONFIG_MAP
        .split_once("\ndata:\n")
        .expect("data")
        .1
        .replace("\n  ", "\n");
    assert_eq!(described(data.trim_start()), want);
    let direct = data.trim_start().replace(": |\n", ":\n");
    assert_eq!(described(&direct), want);
    check(
        &direct,
        6,
        &[
            "groups-not-a-list mapRoles[1].groups 13:13",
            "role-path mapRoles[1].rolearn 11:14",
            "misspelled-key mapRoles[2] 16:5",
            "malformed-account mapUsers[1].userarn 23:14",
            "duplicate-rule mapUsers[2] 25:5",
            "entry-not-a-mapping mapUsers[3] 27:5",
            "malformed-account mapAccounts[1] 3:5",
        ],
    );
}

#[test]
fn a_problem_in_kubectls_json_has_the_line_of_its_section() {
    let section = "- rolearn: arn:aws:iam::111122223333:role/a\n  username: a\n- rolearn: bad\n  username: b\n";
    let text = serde_json::to_string_pretty(&serde_json::json!({
        "apiVersion": "v1",
        "data": {"mapRoles": section},
        "kind": "ConfigMap",
    }))
    .expect("JSON");
    check(&text, 1, &["malformed-arn mapRoles[1].rolearn 4:-"]);
    let (_, problems) = read_config_map(&text);
    let printed = problems[0].to_string();
    assert!(
        printed.starts_with("mapRoles[1].rolearn (line 4): "),
        "{printed}"
    );
    // A refusal has a place, too.
    let (rules, _) = read_config_map(&text.replace("username: a", "username: ["));
    let resolution = crate::map(rules).resolve(&crate::session("a", "s"));
    let Resolution::Refused(refusal) = resolution else {
        panic!("{resolution:?}")
    };
    let printed = refusal.to_string();
    assert!(
        printed.starts_with("mapRoles of EKSConfigMap (line 4): "),
        "{printed}"
    );
}

#[test]
fn an_entry_in_the_wrong_section_or_with_the_wrong_key() {
    for (section, key, arn, words) in [
        ("mapRoles", "userarn", "role/a", "the key is `rolearn`"),
        ("mapRoles", "userarn", "user/a", "`mapUsers`"),
        ("mapUsers", "rolearn", "user/a", "the key is `userarn`"),
        ("mapUsers", "rolearn", "role/a", "`mapRoles`"),
    ] {
        let text =
            format!("{section}: [{{{key}: 'arn:aws:iam::111122223333:{arn}', username: a}}]");
        let (_, problems) = read_config_map(&text);
        let printed: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(
            printed.iter().any(|text| text.contains(words)),
            "{printed:?}"
        );
    }
}

#[test]
fn data_that_a_client_holds_is_counted_from_each_values_first_line() {
    let roles = "- rolearn: arn:aws:iam::111122223333:role/a\n  username: a\n- username: b\n";
    let (rules, problems) = Reader::new().read_data([("mapRoles", roles), ("maproles", "x")]);
    assert_eq!(
        described(&problems),
        [
            "misspelled-section mapRoles -:-",
            "missing-principal mapRoles[1] 3:3"
        ]
    );
    assert_eq!(rules.len(), 1);
}

#[test]
fn a_syntax_error_drops_its_section_and_no_other() {
    let good =
        "  mapUsers: |\n    - userarn: arn:aws:iam::111122223333:user/a\n      username: a\n";
    let with = |section: &str| format!("kind: ConfigMap\ndata:\n  mapRoles: |\n{section}{good}");
    let arn = "    - rolearn: arn:aws:iam::111122223333:role/a\n";
    check(
        &with(&format!("{arn}      username: {{{{SessionName}}}}\n")),
        1,
        &["unquoted-template mapRoles 5:17"],
    );
    check(
        &with(&format!(
            "{arn}      username: x\n      groups: [{{{{AccountID}}}}]\n"
        )),
        1,
        &["unquoted-template mapRoles 6:16"],
    );
    check(
        &with(&format!("{arn}    \tusername: x\n")),
        1,
        &["tab mapRoles 5:5"],
    );
    check(
        &with(&format!("{arn}      username: 'x\n")),
        1,
        &["unclosed mapRoles 6:5"],
    );
    check(
        &with("    mapRoles: x\n"),
        1,
        &["section-not-a-list mapRoles 4:5"],
    );
    check(
        &with(&format!("{arn}      username: a: b\n")),
        1,
        &["syntax mapRoles 5:18"],
    );
    // Text in front of the braces needs no quotes.
    check(
        &with(&format!("{arn}      username: admin:{{{{SessionName}}}}\n")),
        2,
        &[],
    );
    check(
        &with(&format!("{arn}      username: <<SessionName>>\n")),
        2,
        &[],
    );
}

#[test]
fn a_text_without_the_config_map_is_reported() {
    check("", 0, &["nothing-there the file -:-"]);
    check("# nothing\n", 0, &["nothing-there the file -:-"]);
    check(
        "kind: Secret\ndata:\n  mapRoles: LQ==\n",
        0,
        &["not-a-config-map the file 1:1"],
    );
    check("- rolearn: x\n", 0, &["not-a-config-map the file 1:3"]);
    check("text", 0, &["not-a-config-map the file 1:1"]);
    check("kind: ConfigMap\n", 0, &["no-sections the file 1:1"]);
    check(
        "kind: ConfigMap\ndata: {a: b}\n",
        0,
        &["no-sections the file 1:1", "unknown-key the file 2:8"],
    );
    check(
        "kind: ConfigMap\ndata:\n  maproles: ''\n",
        0,
        &[
            "no-sections the file 1:1",
            "misspelled-section mapRoles 3:3",
        ],
    );
    check("kind: ConfigMap\n\tdata: x\n", 0, &["tab the file 2:1"]);
    let twice = "mapRoles: ''\n---\nmapRoles: ''\n";
    check(twice, 0, &["several-config-maps the file 3:1"]);
}

#[test]
fn a_section_may_be_left_empty_in_every_way_people_do() {
    for empty in [
        "",
        " ''",
        " \"\"",
        " ~",
        " []",
        " |\n  []",
        " |\n  ''",
        " |\n  ``",
        " |\n  # x",
        " |\n  # x\n  ''",
        " \"``\"",
    ] {
        check(&format!("mapRoles:{empty}\nmapUsers: ''\n"), 0, &[]);
    }
}

#[test]
fn each_kind_of_bad_entry_is_reported_and_the_others_read() {
    let arn = "rolearn: arn:aws:iam::111122223333:role/a";
    let cases = [
        ("x", "entry-not-a-mapping mapRoles[1]"),
        ("{username: a}", "missing-principal mapRoles[1]"),
        ("{rolearn: ~, username: a}", "missing-principal mapRoles[1]"),
        (
            "{rolearn: [x], username: a}",
            "not-text mapRoles[1].rolearn",
        ),
        (
            "{rolearn: x, username: a}",
            "malformed-arn mapRoles[1].rolearn",
        ),
        (
            &format!("{{{arn}}}"),
            "missing-username mapRoles[1].username",
        ),
        (
            &format!("{{{arn}, username: ''}}"),
            "missing-username mapRoles[1].username",
        ),
        (
            &format!("{{{arn}, username: [x]}}"),
            "not-text mapRoles[1].username",
        ),
        (
            &format!("{{{arn}, username: a, groups: x}}"),
            "groups-not-a-list mapRoles[1].groups",
        ),
        (
            &format!("{{{arn}, username: a, groups: [[x]]}}"),
            "group-not-text mapRoles[1].groups",
        ),
        (
            &format!("{{{arn}, username: a, groups: [{{x: y}}]}}"),
            "group-not-text mapRoles[1].groups",
        ),
        (
            &format!("{{{arn}, username: a, groups: [~]}}"),
            "group-not-text mapRoles[1].groups",
        ),
        (
            &format!("{{{arn}, username: a, userName: b}}"),
            "duplicate-key mapRoles[1]",
        ),
        ("{sso: x, username: a}", "malformed-sso mapRoles[1].sso"),
        (
            "{sso: {permissionSetName: A, accountID: '12345678901'}, username: a}",
            "account-without-zeros mapRoles[1].sso",
        ),
        (
            "{sso: {permissionSetName: 'A*', accountID: '111122223333'}, username: a}",
            "malformed-sso mapRoles[1].sso",
        ),
        (
            "{sso: {permissionSetName: A, accountID: '111122223333', partition: x}, username: a}",
            "malformed-sso mapRoles[1].sso",
        ),
    ];
    for (entry, want) in cases {
        let good = |name| {
            format!("- {{rolearn: 'arn:aws:iam::111122223333:role/{name}', username: {name}}}\n")
        };
        let text = format!("mapRoles:\n{}- {entry}\n{}", good("one"), good("two"));
        let (rules, problems) = read_config_map(&text);
        let described: Vec<String> = problems
            .iter()
            .map(|p| format!("{} {}", p.code(), p.at()))
            .collect();
        assert_eq!(described, [want], "{entry}");
        assert!(
            problems
                .iter()
                .all(|p| p.severity() == Severity::Error && p.line() == Some(3))
        );
        let read = rules.iter().filter(|(_, rule)| !rule.is_refusing()).count();
        assert_eq!(read, 2, "{entry}");
    }
}

#[test]
fn a_group_with_a_colon_at_the_end_of_a_word_has_its_own_advice() {
    for (group, advice) in [("x: y", "a space after the colon"), ("[x]", "as text")] {
        let text = format!(
            "mapRoles:\n- {{rolearn: 'arn:aws:iam::111122223333:role/a', username: a, groups: [{group}]}}"
        );
        let printed = read_config_map(&text).1[0].to_string();
        assert!(printed.contains(advice), "{printed}");
    }
}

#[test]
fn an_empty_entry_is_no_rule() {
    for entry in ["{}", "~"] {
        let (rules, problems) = read_config_map(&format!("mapRoles: [{entry}]"));
        assert!(rules.is_empty());
        assert_eq!(described(&problems).len(), 1);
        assert_eq!(problems[0].code(), "empty-entry", "{entry}");
    }
}

#[test]
fn an_arn_that_no_caller_has_is_an_error_and_kept() {
    let cases = [
        ("arn:aws:iam::111122223333:role/team/a", "role-path"),
        ("arn:aws:sts::111122223333:assumed-role/a/b", "session-arn"),
        ("arn:aws:iam::111122223333:role/*", "literal-wildcard"),
        ("arn:aws:iam::111122223333:user/a?", "literal-wildcard"),
    ];
    for (arn, code) in cases {
        let (rules, problems) =
            read_config_map(&format!("mapRoles: [{{rolearn: '{arn}', username: a}}]"));
        assert_eq!(
            problems.iter().map(Problem::code).collect::<Vec<_>>(),
            [code],
            "{arn}"
        );
        assert!(problems.iter().all(|p| p.severity() == Severity::Error));
        assert_eq!(rules.len(), 1);
    }
}

#[test]
fn a_bomb_is_a_problem_and_no_bomb() {
    check(&"[".repeat(100_000), 0, &["too-large the file 1:129"]);
    let inner = format!("mapRoles: |\n  {}\n", "[".repeat(100_000));
    check(&inner, 0, &["too-large the file 2:131"]);
    let quoted = format!("mapRoles: '{}'\n", "[".repeat(100_000));
    check(&quoted, 0, &["too-large the file 1:140"]);
    let long = " ".repeat(2 * 1024 * 1024);
    check(&long, 0, &["too-large the file -:-"]);
}

#[test]
fn a_problem_has_its_entry_and_field() {
    let text = "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/a', username: [x]}]";
    let (_, problems) = read_config_map(text);
    let at = problems[0].at();
    assert_eq!((at.index(), at.field()), (Some(0), Some("username")));
    let (_, problems) = read_config_map("mapRoles: x");
    let at = problems[0].at();
    assert_eq!((at.index(), at.field()), (None, None));
}

#[test]
fn a_problem_prints_its_place_and_the_fix() {
    let (_, problems) = read_config_map("mapRoles: |\n  - username: {{SessionName}}\n");
    let printed: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        printed,
        [
            "mapRoles (line 2, column 15): a value that starts with `{{` must be quoted, \
         as in `\"{{SessionName}}\"`"
        ]
    );
}

#[test]
fn the_mounted_file_reads_a_sessions_arn_as_its_roles_and_reports_bad_entries() {
    let text = "clusterID: c\nserver:\n  maproles:\n  - roleARN: arn:aws:sts::111122223333:assumed-role/dev/s\n    username: dev\n  - rolearn: bad\n    username: x\n  mapUsers: text\n";
    let (rules, problems) = Reader::new().read_mounted_file(text);
    assert_eq!(
        described(&problems),
        [
            "malformed-arn mapRoles[1].rolearn 6:14",
            "section-not-a-list mapUsers 8:13",
        ]
    );
    let resolution = crate::map(rules).resolve(&crate::session("dev", "other"));
    assert_eq!(crate::outcome(&resolution), "dev");
    for text in [
        "",
        "clusterID: c\n",
        "server: x\n",
        "- x\n",
        "\tserver: x\n",
    ] {
        let (rules, problems) = Reader::new().read_mounted_file(text);
        assert_eq!((rules.len(), problems.len()), (0, 1), "{text:?}");
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Advice {
    case: Vec<AdviceCase>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AdviceCase {
    rest: String,
    problems: Vec<String>,
}

#[test]
fn a_doubtful_entry_is_kept_and_reported() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/advice.toml");
    let mut report = testkit::Report::new();
    for case in testkit::toml::<Advice>(path).case {
        let arn = "arn:aws:iam::111122223333:role/a";
        let (rules, problems) =
            read_config_map(&format!("mapRoles: [{{rolearn: '{arn}', {}}}]", case.rest));
        let described: Vec<String> = problems
            .iter()
            .map(|p| format!("{} {}", p.code(), p.at()))
            .collect();
        report.check(&case.rest, &(rules.len(), described), &(1, case.problems));
        assert!(
            problems
                .iter()
                .all(|p| p.severity() == Severity::Warning && p.line() == Some(1))
        );
    }
    report.finish();
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Slips {
    case: Vec<Slip>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Slip {
    name: String,
    text: String,
    want: String,
}

#[test]
fn the_mistake_behind_a_syntax_error_is_named() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/slips.toml");
    let mut report = testkit::Report::new();
    for case in testkit::toml::<Slips>(path).case {
        let (rules, problems) = read_config_map(&case.text);
        assert!(rules.is_empty() && rules.unreadable().next().is_some());
        let number = |n: Option<usize>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
        let got = problems.first().map(|p| {
            assert_eq!(p.severity(), Severity::Error);
            format!("{} {}:{}", p.code(), number(p.line()), number(p.column()))
        });
        report.check(&case.name, &got, &Some(case.want));
    }
    report.finish();
}

#[test]
fn a_duplicate_that_takes_groups_away_is_an_error() {
    let rule = |groups: &str| {
        format!(
            "- {{rolearn: 'arn:aws:iam::111122223333:role/a', username: a, groups: [{groups}]}}\n"
        )
    };
    for (first, second, want) in [
        ("system:masters", "viewers", Severity::Error),
        ("a, b", "b", Severity::Error),
        ("a, b", "b, a", Severity::Warning),
        ("a", "a, b", Severity::Warning),
        ("", "a", Severity::Warning),
    ] {
        let text = format!("mapRoles:\n{}{}", rule(first), rule(second));
        let (_, problems) = read_config_map(&text);
        let got: Vec<(&str, Severity)> =
            problems.iter().map(|p| (p.code(), p.severity())).collect();
        assert_eq!(got, [("duplicate-rule", want)], "{first} {second}");
    }
}

#[test]
fn a_person_with_a_nodes_username_is_renamed() {
    let code = |username: &str, groups: &str| {
        let text = format!(
            "mapRoles: [{{rolearn: 'arn:aws:iam::111122223333:role/a', username: '{username}', groups: [{groups}]}}]"
        );
        let (_, problems) = read_config_map(&text);
        problems.first().map(Problem::code)
    };
    let person = Some("person-named-as-node");
    assert_eq!(
        code("system:node:{{SessionName}}", "system:masters"),
        person
    );
    assert_eq!(code("system:node:alice", "'db-user'"), person);
    let node = Some("node-without-group");
    assert_eq!(code("system:node:{{EC2PrivateDNSName}}", "a"), node);
    assert_eq!(
        code("system:node:{{SessionName}}", "'system:bootstrappers'"),
        node
    );
    assert_eq!(code("system:node:{{SessionName}}", ""), node);
}

#[test]
fn dashes_before_every_key_are_one_problem() {
    let entry = |kind: &str, name: &str| {
        format!(
            "  - {kind}arn: arn:aws:iam::111122223333:{kind}/{name}\n  - username: {name}\n  - groups:\n    - g\n"
        )
    };
    let text = format!("mapRoles: |\n{}{}", entry("role", "a"), entry("role", "b"));
    check(
        &text,
        2,
        &[
            "dash-before-key mapRoles[1] 3:5",
            "dash-before-key mapRoles[4] 7:5",
        ],
    );
    // The problems of another entry stay.
    let other = "  - rolearn: arn:aws:iam::111122223333:role/other\n";
    let text = format!("mapRoles: |\n{other}{}", entry("role", "a"));
    check(
        &text,
        2,
        &[
            "missing-username mapRoles[0].username 2:5",
            "dash-before-key mapRoles[2] 4:5",
        ],
    );
    let text = format!("mapUsers: |\n{}", entry("user", "a"));
    let (rules, problems) = read_config_map(&text);
    assert_eq!(described(&problems), ["dash-before-key mapUsers[1] 3:5"]);
    assert!(rules.iter().all(|(_, rule)| rule.is_refusing()));
}

#[test]
fn a_fragment_that_follows_no_entry_has_no_principal() {
    check(
        "mapRoles: |\n  - username: a\n    groups: [g]\n",
        0,
        &["missing-principal mapRoles[0] 2:5"],
    );
}

#[test]
fn a_problem_of_a_group_says_which_group() {
    let text = "mapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/dev\n    username: 'dev:{{Session}}'\n    \
                groups: [devs, 'ops:{{Session}}']\n";
    let (_, problems) = read_config_map(text);
    let places: Vec<_> = problems
        .iter()
        .map(|problem| (problem.code(), problem.at().field(), problem.at().item()))
        .collect();
    let code = "unknown-placeholder";
    assert_eq!(
        places,
        [
            (code, Some("username"), None),
            (code, Some("groups"), Some(1))
        ]
    );
}
