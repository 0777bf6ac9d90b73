//! The login of IAM Identity Center as the source.

use crate::signer::world::World;
use crate::stub::Stub;

const SSO: &str = "[profile p]\nsso_session=my\nsso_start_url=https://my.awsapps.com/start\n\
                   sso_region=us-east-1\nsso_account_id=111122223333\nsso_role_name=Admin\n\
                   region=us-west-2\n[sso-session my]\nsso_region=us-east-1\n\
                   sso_start_url=https://my.awsapps.com/start\n\
                   sso_registration_scopes=sso:account:access\n";
const LEGACY: &str = "[profile p]\nsso_start_url = https://my.awsapps.com/start\nsso_region = us-east-1\n\
                      sso_account_id = 111122223333\nsso_role_name = Admin\n";

#[test]
fn a_login_of_sso_is_exchanged_for_credentials() {
    for (config, key) in [(SSO, "my"), (LEGACY, "https://my.awsapps.com/start")] {
        for time in [
            "2036-11-23T09:00:00Z",
            "2036-11-23T09:00:00UTC",
            "2036-11-23T10:00:00+01:00",
        ] {
            let world = World::new();
            world.config(config).login(key, time);
            assert_eq!(world.key("--profile p", &[]), "ASIASSO", "{time}");
            let [asked] = world.requests().try_into().unwrap();
            assert!(asked.contains("account_id=111122223333") && asked.contains("role_name=Admin"));
        }
    }
}

#[test]
fn the_advice_to_log_in_is_given_only_if_it_helps() {
    let world = World::new();
    world.config(SSO);
    let hint = "; log in with `aws sso login --profile p`";
    let why = world.refusal("--profile p", &[]);
    assert!(
        why.contains("there is no login") && why.ends_with(hint),
        "{why}"
    );
    world.login("my", "2016-11-23T09:00:00UTC");
    let why = world.refusal("--profile p", &[]);
    assert!(why.contains("has expired") && why.ends_with(hint), "{why}");
    for text in [
        "",
        "{",
        "[]",
        "{\"accessToken\": 1}",
        "{\"accessToken\": \"a\", \"expiresAt\": \"soon\"}",
    ] {
        world.write(
            ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json",
            text,
        );
        let why = world.refusal("--profile p", &[]);
        assert!(
            why.contains("cannot be read") && why.ends_with(hint),
            "{text}: {why}"
        );
    }
    // The portal does not know the token.
    world.write(
        ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json",
        "{\"accessToken\": \"old\", \"expiresAt\": \"2036-11-23T09:00:00Z\"}",
    );
    let why = world.refusal("--profile p", &[]);
    assert!(
        why.contains("UnauthorizedException") && why.ends_with(hint),
        "{why}"
    );
    for (config, what) in [
        (
            SSO.replace("[sso-session my]", "[sso-session other]"),
            "its sso_session `my` does not exist",
        ),
        (
            SSO.replacen("sso_region=us-east-1", "sso_region=eu-west-1", 1),
            "`sso_region` contradicts",
        ),
        (
            LEGACY.replace("sso_role_name = Admin\n", ""),
            "`sso_role_name` is missing",
        ),
        (
            LEGACY.replace("sso_region = us-east-1\n", ""),
            "`sso_region` is missing",
        ),
    ] {
        world.config(&config);
        let why = world.refusal("--profile p", &[]);
        assert!(why.contains(what) && !why.contains("log in with"), "{why}");
    }
}

/// An expired login of a session is renewed, and the new login is written to the file.
#[test]
fn an_expired_login_is_renewed_if_it_can_be() {
    let name = ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json";
    let expired = |refresh: &str| {
        format!(
            "{{\"accessToken\": \"OLD\", \"expiresAt\": \"2016-11-23T09:00:00Z\", \"region\": \
             \"us-east-1\", \"startUrl\": \"https://my.awsapps.com/start\", \"clientId\": \"c\", \
             \"clientSecret\": \"s\", \"registrationExpiresAt\": \"2036-11-23T09:00:00Z\", \
             \"refreshToken\": \"{refresh}\"}}"
        )
    };
    for (settings, host) in [
        (&[][..], "oidc.us-east-1.amazonaws.com"),
        (
            &[("AWS_USE_FIPS_ENDPOINT", "true")],
            "oidc-fips.us-east-1.amazonaws.com",
        ),
    ] {
        let world = World::new();
        world.config(SSO).write(name, &expired("REFRESH"));
        assert_eq!(world.key("--profile p", settings), "ASIASSO");
        let [renewal, exchange] = world.requests().try_into().unwrap();
        assert!(
            renewal.starts_with(&format!("{host} POST /token")),
            "{renewal}"
        );
        assert!(renewal.contains("refresh_token"), "{renewal}");
        assert!(exchange.contains("/federation/credentials"), "{exchange}");
        // The next run needs no renewal.
        assert_eq!(world.key("--profile p", settings), "ASIASSO");
        assert_eq!(world.requests().len(), 3);
    }
    let world = World::new();
    world.config(SSO).write(name, &expired("WRONG"));
    let why = world.refusal("--profile p", &[]);
    assert!(
        why.ends_with("; log in with `aws sso login --profile p`"),
        "{why}"
    );
}

/// The portal on loopback, over HTTP and TLS.
#[test]
fn the_portal_of_sso_can_be_set() {
    let world = World::new();
    world.config(SSO).login("my", "2036-11-23T09:00:00Z");
    let plain = Stub::http(crate::signer::world::sso);
    let tls = Stub::https(world.authority.server.clone(), crate::signer::world::sso);
    let port = tls.address.port();
    for (url, stub) in [
        (format!("http://{}", plain.address), &plain),
        (format!("https://localhost:{port}"), &tls),
    ] {
        let variables = [
            ("AWS_ENDPOINT_URL_SSO", url.as_str()),
            ("NO_PROXY", "localhost"),
        ];
        assert_eq!(world.key("--profile p", &variables), "ASIASSO", "{url}");
        assert_eq!(stub.seen().len(), 1, "{url}");
    }
    world.config(&format!(
        "{}[services s]\nsso =\n  endpoint_url = http://{}\n",
        SSO.replace("[profile p]\n", "[profile p]\nservices = s\n"),
        plain.address
    ));
    assert_eq!(world.key("--profile p", &[]), "ASIASSO");
    assert_eq!(plain.seen().len(), 2);
    assert_eq!(world.requests(), Vec::<String>::new());
}
