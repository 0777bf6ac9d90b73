//! The endpoint, the proxy and the CA bundle of the requests of each source.

use super::{BASE, KEYS, POD, ROLE};
use crate::signer::world::World;

/// The endpoint of every request that a source makes, for each setting of the endpoint.
#[test]
fn every_source_asks_the_endpoint_of_the_settings() {
    let fips = ("AWS_USE_FIPS_ENDPOINT", "true");
    let dual = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    let sso = "[default]\nsso_session = my\nsso_account_id = 111122223333\nsso_role_name = A\n\
               [sso-session my]\nsso_region = us-east-1\nsso_start_url = https://my.awsapps.com/start\n";
    let role = format!(
        "{BASE}[default]\nrole_arn = arn:aws:iam::111122223333:role/profile\nsource_profile = base\n"
    );
    for (settings, sts, portal) in [
        (
            &[][..],
            "sts.us-east-1.amazonaws.com",
            "portal.sso.us-east-1.amazonaws.com",
        ),
        (
            &[fips],
            "sts-fips.us-east-1.amazonaws.com",
            "portal.sso-fips.us-east-1.amazonaws.com",
        ),
        (
            &[dual],
            "sts.us-east-1.api.aws",
            "portal.sso.us-east-1.api.aws",
        ),
        (
            &[fips, dual],
            "sts-fips.us-east-1.api.aws",
            "portal.sso-fips.us-east-1.api.aws",
        ),
    ] {
        for (source, config, line, variables, key, host) in [
            ("role of a flag", "", ROLE, &KEYS[..], "ASIAFLAG", sts),
            ("web identity", "", "", &POD, "ASIAIRSA", sts),
            (
                "role of a profile",
                role.as_str(),
                "",
                &[],
                "ASIAPROFILE",
                sts,
            ),
            ("sso", sso, "", &[], "ASIASSO", portal),
        ] {
            let world = World::new();
            world.config(config).login("my", "2036-11-23T09:00:00Z");
            let variables: Vec<_> = variables.iter().chain(settings).copied().collect();
            assert_eq!(world.key(line, &variables), key, "{source} {settings:?}");
            let asked = world.requests();
            assert!(
                asked.len() == 1 && asked[0].starts_with(&format!("{host} ")),
                "{source} {settings:?}: {asked:?}"
            );
        }
    }
    // The setting in the profile has the same effect.
    let world = World::new();
    world.config("[default]\nuse_fips_endpoint = true\n");
    assert_eq!(world.key(ROLE, &KEYS), "ASIAFLAG");
    assert!(world.requests()[0].starts_with("sts-fips."));
}

#[test]
fn the_proxy_is_used_unless_the_host_is_excluded() {
    for proxy in ["HTTPS_PROXY", "https_proxy"] {
        let world = World::new();
        let url = format!("http://{}", world.proxy.address);
        let mut command = world.command(&format!("-i dev --region us-east-1 {ROLE}"), &KEYS);
        command.env_remove("HTTPS_PROXY").env(proxy, &url);
        assert!(crate::run::run(command, "").status.success(), "{proxy}");
        assert_eq!(world.requests().len(), 1, "{proxy}");
    }
    // Some people write the proxy without a scheme.
    let world = World::new();
    let bare = world.proxy.address.to_string();
    let variables = [KEYS[0], KEYS[1], ("HTTPS_PROXY", bare.as_str())];
    assert_eq!(world.key(ROLE, &variables), "ASIAFLAG");
    // An excluded host is asked directly. This host refuses connections, because a test must not ask AWS.
    let local = ("AWS_ENDPOINT_URL_STS", "https://localhost");
    let variables = [KEYS[0], KEYS[1], local];
    assert_eq!(World::new().key(ROLE, &variables), "ASIAFLAG");
    for none in ["localhost", ".localhost", "*"] {
        let world = World::new();
        let variables = [KEYS[0], KEYS[1], local, ("NO_PROXY", none)];
        world.refusal(ROLE, &variables);
        assert_eq!(world.requests(), Vec::<String>::new(), "{none}");
    }
    let world = World::new();
    let variables = [KEYS[0], KEYS[1], ("NO_PROXY", "example.com")];
    assert_eq!(world.key(ROLE, &variables), "ASIAFLAG");
    // The AWS CLI does not read the variable of other programs.
    let world = World::new();
    let variables = [KEYS[0], KEYS[1], ("ALL_PROXY", "socks5://127.0.0.1:1")];
    assert_eq!(world.key(ROLE, &variables), "ASIAFLAG");
    // A malformed proxy may have a password.
    let wrong = [KEYS[0], KEYS[1], ("HTTPS_PROXY", "http://u:SECRETOFSTUB@[")];
    let why = World::new().refusal(ROLE, &wrong);
    assert!(why.starts_with("HTTPS_PROXY is not the URL"), "{why}");
}

#[test]
fn the_ca_bundle_is_that_of_the_flag_the_environment_or_the_profile() {
    let world = World::new();
    let other = crate::stub::Authority::new(&["localhost"]);
    world.write("other.pem", &other.pem);
    world
        .write("empty.pem", "")
        .write("text.pem", "no certificate");
    let cut = other.pem.replace("-----END CERTIFICATE-----", "");
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    world
        .write("cut.pem", &cut)
        .write("odd.pem", &format!("{}{odd}", other.pem));

    let good = ["HOME/authority.pem", "HOME/other.pem"];
    let flag = format!("--ca-bundle {}", world.path("authority.pem"));
    let bundle = |path| [KEYS[0], KEYS[1], ("AWS_CA_BUNDLE", path)];
    world.config("[default]\nca_bundle = HOME/authority.pem\n");
    assert_eq!(world.key(ROLE, &bundle(good[0])), "ASIAFLAG");
    assert_eq!(world.key(ROLE, &bundle("")), "ASIAFLAG");
    assert_eq!(
        world.key(&format!("{ROLE} {flag}"), &bundle(good[1])),
        "ASIAFLAG"
    );
    let why = world.refusal(ROLE, &bundle(good[1]));
    assert!(why.contains("invalid peer certificate"), "{why}");
    for (path, what) in [
        ("HOME/none.pem", "No such file"),
        ("HOME", "directory"),
        ("HOME/empty.pem", "no certificate in PEM"),
        ("HOME/text.pem", "no certificate in PEM"),
        ("HOME/cut.pem", "certificate 1 in it is malformed"),
        ("HOME/odd.pem", "certificate 2 in it is malformed"),
        ("/dev/zero", "longer than"),
    ] {
        let why = world.refusal(ROLE, &bundle(path));
        assert!(
            why.starts_with("the CA bundle ") && why.contains(what),
            "{path}: {why}"
        );
    }
    // A key in the environment needs no authority.
    assert_eq!(world.key("", &bundle("HOME/none.pem")), "AKIDENV");
}

/// As in botocore, the CA bundle of Python's requests applies if no setting of AWS names a bundle.
#[test]
fn the_ca_bundle_of_requests_is_the_last_choice() {
    let world = World::new();
    let other = crate::stub::Authority::new(&["localhost"]);
    world.write("other.pem", &other.pem);
    let run = |bundles: &[(&str, &str)]| {
        let variables: Vec<_> = KEYS.iter().chain(bundles).copied().collect();
        let mut command = world.command(&format!("-i dev --region us-east-1 {ROLE}"), &variables);
        if bundles.len() == 1 {
            command.env_remove("AWS_CA_BUNDLE");
        }
        crate::run::run(command, "").status.success()
    };
    let (good, bad) = ("HOME/authority.pem", "HOME/other.pem");
    assert!(run(&[("REQUESTS_CA_BUNDLE", good)]));
    assert!(!run(&[("REQUESTS_CA_BUNDLE", bad)]));
    assert!(run(&[("REQUESTS_CA_BUNDLE", bad), ("AWS_CA_BUNDLE", good)]));
    assert!(!run(&[
        ("REQUESTS_CA_BUNDLE", good),
        ("AWS_CA_BUNDLE", bad)
    ]));
    assert!(run(&[("REQUESTS_CA_BUNDLE", good), ("AWS_CA_BUNDLE", "")]));
}
