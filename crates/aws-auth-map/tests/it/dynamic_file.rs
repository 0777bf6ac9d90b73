//! The dynamic file: read whole or not at all, by ARN or by user id.

use aws_auth_map::{
    Backend, BackendKind, EKS_RESERVED_PREFIXES, IdentityMap, MatchedOn, Problem, Reader,
    ReservedPrefixes, Resolution, Rules,
};

use crate::{outcome, session, user};

type Read = Result<(Rules, Vec<Problem>), Vec<Problem>>;

fn by_arn(text: &str) -> Read {
    Reader::new().read_dynamic_file(text)
}

fn by_user_id(text: &str) -> Read {
    Reader::new().read_dynamic_file_by_user_id(text)
}

/// `code at` for each problem.
fn described(problems: &[Problem]) -> Vec<String> {
    let described = |p: &Problem| format!("{} {}", p.code(), p.at());
    problems.iter().map(described).collect()
}

fn map(rules: Rules) -> IdentityMap {
    IdentityMap::new().with_backend(Backend::new(BackendKind::DynamicFile, rules))
}

/// Both readers refuse the file with a problem.
#[track_caller]
fn refused(text: &str, want: &[&str]) {
    assert_eq!(
        by_arn(text).err().map(|p| described(&p)),
        Some(strings(want)),
        "{text}"
    );
}

fn strings(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

const ROLE: &str = "\"rolearn\": \"arn:aws:iam::111122223333:role/dev\"";

#[test]
fn a_file_that_upstream_refuses_is_refused() {
    for text in [
        "",
        "a: b",
        "[]",
        "1",
        "{}{}",
        "{\"mapRoles\": []",
        "\u{feff}{}",
    ] {
        refused(text, &["not-json the file"]);
    }
    refused(&"[".repeat(200), &["too-large the file"]);
    let good = format!("{{{ROLE}, \"username\": \"dev\"}}");
    let with = |entry: &str| format!("{{\"mapRoles\": [{good}, {entry}]}}");
    for (entry, want) in [
        ("7", "entry-not-a-mapping mapRoles[1]"),
        ("null", "missing-principal mapRoles[1]"),
        ("{\"username\": \"a\"}", "missing-principal mapRoles[1]"),
        ("{\"rolearn\": \"\"}", "missing-principal mapRoles[1]"),
        ("{\"rolearn\": 7}", "not-text mapRoles[1].rolearn"),
        (
            "{\"sso\": {\"permissionSetName\": \"A\"}}",
            "missing-principal mapRoles[1]",
        ),
        (
            &format!("{{{ROLE}, \"username\": 7}}"),
            "not-text mapRoles[1].username",
        ),
        (
            &format!("{{{ROLE}, \"UserName\": true}}"),
            "not-text mapRoles[1].username",
        ),
        (
            &format!("{{{ROLE}, \"userid\": 7}}"),
            "not-text mapRoles[1].userid",
        ),
        (
            &format!("{{{ROLE}, \"groups\": \"a\"}}"),
            "groups-not-a-list mapRoles[1].groups",
        ),
        (
            &format!("{{{ROLE}, \"groups\": [\"a\", 7]}}"),
            "group-not-text mapRoles[1].groups",
        ),
        (
            &format!("{{{ROLE}, \"sso\": 7}}"),
            "malformed-sso mapRoles[1].sso",
        ),
    ] {
        refused(&with(entry), &[want]);
    }
    refused("{\"mapRoles\": {}}", &["section-not-a-list mapRoles"]);
    refused(
        "{\"mapAccounts\": [111122223333]}",
        &["not-text mapAccounts[0]"],
    );
    refused("{\"Version\": 1}", &["not-text the file"]);
    refused(
        "{\"mapRoles\": [7], \"mapUsers\": 7}",
        &[
            "entry-not-a-mapping mapRoles[0]",
            "section-not-a-list mapUsers",
        ],
    );
    let text = format!("{{\"mapRoles\": [{good}]}}");
    assert_eq!(
        by_user_id(&text).err().map(|p| described(&p)),
        Some(strings(&["missing-user-id mapRoles[0]"]))
    );
}

#[test]
fn a_file_that_upstream_reads_is_read_with_its_problems() {
    let read = |text: &str| {
        let (rules, problems) = by_arn(text).expect("not refused");
        (rules.len(), described(&problems))
    };
    assert_eq!(read("null"), (0, vec![]));
    assert_eq!(read("{\"ClusterId\": 7, \"mapRoles\": null}"), (0, vec![]));
    let text = format!(
        "{{\"LastUpdatedDateTime\": \"1\", \"maproles\": [{{{ROLE}, \"username\": \"dev\", \
         \"userid\": \"AROAX\"}}, {{\"rolearn\": \"bad\", \"username\": \"x\"}}, {{{ROLE}}}, \
         {{{ROLE}, \"username\": \"x\", \"groups\": [null]}}], \"mapAccounts\": [\"1\"]}}"
    );
    assert_eq!(
        read(&text),
        (
            3,
            strings(&[
                "malformed-arn mapRoles[1].rolearn",
                "missing-username mapRoles[2].username",
                "duplicate-rule mapRoles[2]",
                "group-not-text mapRoles[3].groups",
                "duplicate-rule mapRoles[3]",
                "malformed-account mapAccounts[0]",
            ])
        )
    );
    let twice = format!("{{\"mapRoles\": [], \"mapRoles\": [{{{ROLE}, \"username\": \"dev\"}}]}}");
    assert_eq!(read(&twice), (1, strings(&["duplicate-section mapRoles"])));
}

#[test]
fn by_arn_a_sessions_arn_is_its_roles_and_the_user_id_is_ignored() {
    let text = "{\"mapRoles\": [{\"rolearn\": \
                \"arn:aws:sts::111122223333:assumed-role/dev/s\", \"username\": \"dev\", \
                \"userid\": \"AROAOTHER\"}]}";
    let (rules, problems) = by_arn(text).expect("not refused");
    assert_eq!(problems, []);
    let resolution = map(rules).resolve(&session("dev", "other"));
    assert_eq!(outcome(&resolution), "dev");
    assert!(matches!(resolution, Resolution::Mapped(m) if m.matched_on() == MatchedOn::Arn));
}

#[test]
fn by_user_id_an_arn_that_contradicts_it_refuses() {
    let file = |arn: &str| {
        format!(
            "{{\"mapRoles\": [{{\"rolearn\": \"{arn}\", \"userid\": \"AROAEXAMPLE\", \
             \"username\": \"dev\"}}], \"mapAccounts\": [\"111122223333\"]}}"
        )
    };
    let ask = |arn: &str| {
        let (rules, problems) = by_user_id(&file(arn)).expect("not refused");
        let accounts = crate::rules("mapAccounts: ['111122223333']");
        let map = map(rules).with_backend(Backend::new(BackendKind::EksConfigMap, accounts));
        (map.resolve(&session("dev", "s")), described(&problems))
    };
    // The entry has no ARN, or the caller's ARN, even with the path that STS leaves out.
    for (arn, on) in [
        ("", MatchedOn::UserId),
        (
            "arn:aws:iam::111122223333:role/Dev",
            MatchedOn::ArnAndUserId,
        ),
        (
            "arn:aws:iam::111122223333:role/team/dev",
            MatchedOn::ArnAndUserId,
        ),
    ] {
        let (resolution, problems) = ask(arn);
        assert_eq!(
            (outcome(&resolution).as_str(), problems),
            ("dev", vec![]),
            "{arn}"
        );
        assert!(matches!(resolution, Resolution::Mapped(m) if m.matched_on() == on));
    }
    for (arn, problem) in [
        ("arn:aws:iam::111122223333:role/other", None),
        ("arn:aws:iam::444455556666:role/dev", None),
        ("bad", Some("malformed-arn mapRoles[0].rolearn")),
        (
            "arn:aws:sts::111122223333:assumed-role/dev/s",
            Some("session-arn mapRoles[0].rolearn"),
        ),
    ] {
        let (resolution, problems) = ask(arn);
        assert_eq!(outcome(&resolution), "user-id-mismatch", "{arn}");
        assert_eq!(problems, strings(problem.as_slice()), "{arn}");
    }
    // Another principal with the same ARN does not match the entry.
    let (rules, _) = by_user_id(&file("arn:aws:iam::111122223333:user/a")).expect("not refused");
    let resolution = map(rules).resolve(&user("a"));
    assert!(matches!(resolution, Resolution::Mapped(m) if m.matched_on() == MatchedOn::Account));
}

#[test]
fn user_ids_are_compared_with_regard_to_case() {
    let text = "{\"mapUsers\": [{\"userid\": \"aidaexample\", \"username\": \"a\"}]}";
    let (rules, _) = by_user_id(text).expect("not refused");
    assert_eq!(outcome(&map(rules).resolve(&user("a"))), "not-mapped");
}

#[test]
fn the_mounted_file_has_the_reserved_prefixes_of_each_backend() {
    let text = "server:\n  reservedPrefixConfig:\n  - backendMode: EKSConfigMap\n    usernamePrefixReserveList: ['system:']\n  - backendmode: File\n    usernamePrefixReserveList: [a, b]\n  - backendMode: EKSConfigMap\n    usernamePrefixReserveList: [aws]\n  - {backendMode: Other}\n  - {backendMode: CRD, usernamePrefixReserveList: x}\n";
    let (config, problems) = Reader::new().read_server_config(text);
    let prefixes = config.reserved_prefixes();
    let of = |kind| prefixes.of(kind).collect::<Vec<_>>();
    assert_eq!(of(BackendKind::EksConfigMap), ["aws"]);
    assert_eq!(of(BackendKind::MountedFile), ["a", "b"]);
    assert_eq!(of(BackendKind::Crd), [""; 0]);
    let described: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        described,
        [
            "server.reservedPrefixConfig (line 5, column 5): a deprecated name; write `MountedFile`",
            "server.reservedPrefixConfig (line 9, column 6): unknown backend; write `MountedFile`, \
         `EKSConfigMap`, `CRD` or `DynamicFile`",
            "server.reservedPrefixConfig (line 10, column 6): not read, so the file cannot be read; expected a list of \
         entries with `backendMode` and `usernamePrefixReserveList`, a list of text",
        ]
    );
    let (config, problems) = Reader::new().read_server_config("server: {}\n");
    let prefixes = config.reserved_prefixes();
    assert_eq!(prefixes, &ReservedPrefixes::default());
    assert_eq!(problems, []);
    let (_, problems) = Reader::new().read_server_config("server: {reservedPrefixConfig: x}");
    assert_eq!(problems.len(), 1);
}

#[test]
fn an_empty_prefix_reserves_nothing() {
    let prefixes = EKS_RESERVED_PREFIXES.into_iter().chain([""]);
    let (rules, _) = by_arn(&format!(
        "{{\"mapRoles\": [{{{ROLE}, \"username\": \"dev\"}}]}}"
    ))
    .expect("not refused");
    let backend = Backend::new(BackendKind::DynamicFile, rules).with_reserved_prefixes(prefixes);
    let resolution = IdentityMap::new()
        .with_backend(backend)
        .resolve(&session("dev", "s"));
    assert_eq!(outcome(&resolution), "dev");
}
