//! Shows each row of `testdata/divergences.toml`.

use testkit::Divergences;

use crate::{map, outcome, rules, session, user};
use aws_auth_map::{
    Backend, BackendKind, BackendModes, EKS_RESERVED_PREFIXES, IdentityMap, Reader, Rules,
    SourceFormat, Store, read_config_map,
};
use iam_principal::{ArnPattern, Identity, Partition};

fn sso(fields: &str) -> Rules {
    rules(&format!(
        "mapRoles: [{{sso: {{permissionSetName: A, accountID: '111122223333'{fields}}}, username: in}}]"
    ))
}

#[test]
fn each_divergence_differs_as_it_says() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/divergences.toml"
    ));
    let show = |case: &str, upstream: &str, rules: Rules, identity: &Identity| {
        let ours = outcome(&map(rules).resolve(identity));
        rows.compare(case, &upstream.to_owned(), &ours);
    };
    let read = |text: &str| read_config_map(text).0;
    let dev = session("dev", "alice");
    let arn = "rolearn: 'arn:aws:iam::111122223333:role/dev'";

    let kelvin =
        "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/\u{212a}ate', username: in}]";
    show("kelvin-sign", "in", read(kelvin), &session("kate", "s"));

    let set = session("AWSReservedSSO_A_0123456789abcdef", "s");
    show("sso-without-a-feature-gate", "not-mapped", sso(""), &set);
    let arn_cn = "arn:aws-cn:sts::111122223333:assumed-role/AWSReservedSSO_A_0123456789abcdef/s";
    let china = Identity::new(arn_cn, "111122223333", "AROAEXAMPLE:s").expect("an identity");
    assert_eq!(china.partition(), Partition::AwsCn);
    show(
        "sso-partition",
        "not-mapped",
        sso(", partition: aws-cn"),
        &china,
    );
    let extra = session("AWSReservedSSO_A_Extra_0123456789abcdef", "s");
    show("sso-suffix", "in", sso(""), &extra);
    let both = "mapRoles:\n- {rolearn: 'arn:aws:iam::111122223333:role/AWSReservedSSO_A_0123456789abcdef', username: exact}\n- {sso: {permissionSetName: A, accountID: '111122223333'}, username: set}\n";
    show("exact-beside-sso", "exact or set", rules(both), &set);

    let twice = "mapUsers:\n- {userarn: 'arn:aws:iam::111122223333:user/Bob', username: first}\n- {userarn: 'arn:aws:iam::111122223333:user/bob', username: second}\n";
    show(
        "users-that-differ-in-case",
        "first or second",
        read(twice),
        &user("BOB"),
    );

    let entry = |rest: &str| read(&format!("mapRoles: [{{{arn}, {rest}}}]"));
    show("number-as-username", "", entry("username: 123"), &dev);
    let resolution = map(entry("username: a, groups: [a, 7, b]")).resolve(&dev);
    let groups = resolution.user().expect("a user").groups().join(",");
    rows.compare("number-as-group", &"a,,b".to_owned(), &groups);
    show(
        "groups-not-a-list-of-text",
        "a",
        entry("username: a, groups: developers"),
        &dev,
    );
    show("no-username", "", entry("groups: [a]"), &dev);

    let like = read("mapRoles: [{rolearnLike: 'arn:aws:iam::111122223333:role/d*', username: in}]");
    show("patterns", "not-mapped", like, &dev);

    let completing = entry("username: '{{SessionName}}Raw}}'");
    show(
        "value-completes-a-placeholder",
        "{{SessionName",
        completing,
        &session("dev", "{{SessionName"),
    );

    let accounts = rules("mapAccounts: ['111122223333']");
    let backend = Backend::new(BackendKind::EksConfigMap, accounts)
        .with_reserved_prefixes(EKS_RESERVED_PREFIXES.into_iter().chain(["arn:"]));
    let ours = outcome(&IdentityMap::new().with_backend(backend).resolve(&dev));
    let upstream = "arn:aws:iam::111122223333:role/dev".to_owned();
    rows.compare("account-with-a-reserved-name", &upstream, &ours);

    let angles = entry("username: <<SessionName>>");
    let only = map(angles.clone()).with_upstream_spelling_only();
    assert_eq!(outcome(&only.resolve(&dev)), "<<SessionName>>");
    show("angle-brackets", "<<SessionName>>", angles, &dev);

    let by_user_id = |arn: &str| {
        let text = format!(
            "{{\"mapRoles\": [{{\"rolearn\": \"{arn}\", \"userid\": \"AROAEXAMPLE\", \
             \"username\": \"in\"}}], \"mapAccounts\": [\"111122223333\"]}}"
        );
        let (rules, _) = Reader::new()
            .read_dynamic_file_by_user_id(&text)
            .expect("not refused");
        rules
    };
    let other = by_user_id("arn:aws:iam::111122223333:role/other");
    let canonical = "arn:aws:iam::111122223333:role/dev";
    show("user-id-contradicts-arn", canonical, other, &dev);
    let capitals = by_user_id("ARN:AWS:iam::111122223333:role/dev");
    // Upstream reports that the ARN contradicts the user id, and then tries the account.
    show("arn-beside-user-id-in-capitals", canonical, capitals, &dev);

    let surrogate = "{\"mapRoles\": [{\"rolearn\": \"arn:aws:iam::111122223333:role/dev\", \
                     \"username\": \"x\\ud800y\"}]}";
    let ours = match Reader::new().read_dynamic_file(surrogate) {
        Ok((rules, _)) => outcome(&map(rules).resolve(&dev)),
        Err(_) => "refused whole".to_owned(),
    };
    let upstream = "x\u{FFFD}y".to_owned();
    rows.compare("lone-surrogate-in-a-dynamic-file", &upstream, &ours);

    let config = "server: {reservedPrefixConfig: [{backendMode: ConfigMap, usernamePrefixReserveList: [a]}]}";
    let (config, _) = Reader::new().read_server_config(config);
    let backend = Backend::new(BackendKind::EksConfigMap, entry("username: a"))
        .with_reserved_prefixes(config.reserved_prefixes().of(BackendKind::EksConfigMap));
    let ours = outcome(&IdentityMap::new().with_backend(backend).resolve(&dev));
    rows.compare("deprecated-mode-reserves", &"a".to_owned(), &ours);

    let twice = entry("username: first, USERNAME: second");
    show("duplicate-key", "first", twice, &dev);
    show("long-s-in-a-key", "in", entry("u\u{17f}ername: in"), &dev);
    let merged = read(
        "mapRoles:\n- &a {rolearn: 'arn:aws:iam::111122223333:role/a', username: merged}\n\
         - {rolearn: 'arn:aws:iam::111122223333:role/dev', username: own, <<: *a}\n",
    );
    show("merge-after-the-key", "not-mapped", merged, &dev);
    let number = "mapRoles: [{sso: {permissionSetName: A, accountID: 111122223333}, username: in}]";
    show("number-as-account", "not-mapped", read(number), &set);
    let mounted = |entries: &str| {
        let text = format!("server: {{mapRoles: [{entries}]}}");
        Reader::new().read_mounted_file(&text).0
    };
    let boolean = mounted(&format!("{{{arn}, username: true}}"));
    show("mounted-file-types", "1", boolean, &dev);
    let good = mounted(&format!(
        "{{{arn}, username: in}}, {{rolearn: x, username: x}}"
    ));
    show("mounted-file-stops", "the end of the process", good, &dev);
    let in_file = |text: &str| Reader::new().read_mounted_file(text).0;
    for (case, upstream, text) in [
        (
            "key-twice-in-the-mounted-file",
            "second",
            format!(
                "server: {{mapRoles: [{{{arn}, username: first}}]}}\n\
                 Server: {{mapRoles: [{{{arn}, username: second}}]}}\n"
            ),
        ),
        (
            "second-document-in-the-mounted-file",
            "in",
            format!("server: {{mapRoles: [{{{arn}, username: in}}]}}\n---\nserver: {{}}\n"),
        ),
        (
            "reserved-prefixes-that-are-text",
            "in",
            format!(
                "server: {{mapRoles: [{{{arn}, username: in}}], reservedPrefixConfig: \
                 [{{backendMode: MountedFile, usernamePrefixReserveList: 'a,b'}}]}}"
            ),
        ),
    ] {
        show(case, upstream, in_file(&text), &dev);
    }
    let odd = "{rolearn: 'arn:aws:sts:us-east-1:111122223333:assumed-role/dev/', username: in}";
    show("odd-session-arn", "in", mounted(odd), &dev);
    let pattern = ArnPattern::parse("arn:aws:iam::111122223333:role/dev?").expect("a pattern");
    let ours = pattern.matches("arn:aws:iam::111122223333:role/dev");
    rows.compare("question-mark-in-a-pattern", &true, &ours);
    let ours = "MountedFile,File".parse::<BackendModes>().is_ok();
    rows.compare("mode-twice-by-its-deprecated-name", &true, &ours);

    let object = |name: &str| {
        format!(
            "---\nkind: IAMIdentityMapping\nspec: {{arn: 'arn:aws:iam::111122223333:role/dev', \
             username: {name}}}\n"
        )
    };
    let (rules, problems) =
        Reader::new().read_identity_mappings(&[object("first"), object("second")].concat());
    assert_eq!(problems.len(), 1);
    show("objects-for-one-arn", "first or second", rules, &dev);

    let account = "mapAccounts: ['111122223333']";
    for (case, section) in [
        ("unreadable-section", "mapRoles: {a: b}"),
        ("misspelled-section", "maproles: []"),
        (
            "two-principals",
            "mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/dev', \
             sso: {permissionSetName: A, accountID: '111122223333'}, username: in}]",
        ),
    ] {
        let rules = read(&format!("{section}\n{account}"));
        show(case, canonical, rules, &dev);
    }
    let skipped = map(read(&format!("mapRoles: {{a: b}}\n{account}")));
    let skipped = skipped.with_unreadable_sections_skipped();
    assert_eq!(outcome(&skipped.resolve(&dev)), canonical);
    let refused = Reader::new().read_dynamic_file("{\"mapRoles\": {}}");
    assert!(refused.is_err());
    let dynamic = Backend::new(BackendKind::DynamicFile, Rules::unreadable_source());
    let accounts = Backend::new(BackendKind::EksConfigMap, read(account));
    let both = IdentityMap::new()
        .with_backend(dynamic)
        .with_backend(accounts);
    let ours = outcome(&both.resolve(&dev));
    rows.compare("unreadable-source", &canonical.to_owned(), &ours);

    for (case, text) in [
        ("config-map-is-deleted", "kind: ConfigMap\n"),
        (
            "section-that-cannot-be-read",
            "mapRoles: |\n  - {{\nmapUsers: ''\n",
        ),
    ] {
        let backend = Backend::new(BackendKind::EksConfigMap, Rules::new());
        let store = Store::new(Reader::new(), IdentityMap::new());
        let mut store = store.with_source("aws-auth", SourceFormat::ConfigMap, backend);
        for text in [&format!("mapRoles: [{{{arn}, username: in}}]"), text] {
            assert!(store.update("aws-auth", text).is_some());
        }
        let ours = outcome(&store.map().resolve(&dev));
        rows.compare(case, &"not-mapped".to_owned(), &ours);
    }

    rows.finish();
}
