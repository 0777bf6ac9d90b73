//! Tests without a network: profile, endpoint, keys in the settings, and the token that they sign.

use clap::Parser as _;
use iam_principal::{Identity, Partition};
use sts_presign::{
    AcceptPolicy, ClusterId, Endpoint, EndpointVariant, Key, Keys, PresignedUrl, SecretAccessKey,
    UnixTime, verify,
};

use crate::Tools;
use crate::arguments::Arguments;
use crate::cache::{Kept, Locks};
use crate::credentials::{Found, resolve};
use crate::endpoint::{Target, choose};
use crate::error::Error;
use crate::plan::Plan;
use crate::requests_tests::url;
use crate::settings::{Environment, Settings};
use crate::terminal::NoCode;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/signer/testdata/config");
const CREDENTIALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/signer/testdata/credentials");

async fn read(variables: &[(&str, &str)], flag: Option<&str>) -> Result<Settings, Error> {
    let files = [
        ("AWS_CONFIG_FILE", CONFIG),
        ("AWS_SHARED_CREDENTIALS_FILE", CREDENTIALS),
    ];
    let all: Vec<_> = files.into_iter().chain(variables.iter().copied()).collect();
    Settings::read(all.into_iter().collect(), flag)
}

async fn host(variables: &[(&str, &str)], region: Option<&str>) -> String {
    let settings = read(variables, None).await.unwrap();
    match choose(&settings, region) {
        Ok(target) => format!("{} {}", target.host(), target.region()),
        Err(why) => why.to_string(),
    }
}

#[tokio::test]
async fn the_region_is_the_options_the_environments_or_the_profiles() {
    let both = [
        ("AWS_REGION", "us-east-2"),
        ("AWS_DEFAULT_REGION", "us-west-1"),
    ];
    for (variables, region, expected) in [
        (&both[..], Some("eu-north-1"), "eu-north-1"),
        (&both[..], None, "us-east-2"),
        (&both[1..], None, "us-west-1"),
        (&[("AWS_REGION", "")][..], None, "eu-west-1"),
        (&[][..], None, "eu-west-1"),
    ] {
        let endpoint = host(variables, region).await;
        assert_eq!(endpoint, format!("sts.{expected}.amazonaws.com {expected}"));
    }
}

#[tokio::test]
async fn without_a_region_the_message_says_where_one_could_be() {
    let nowhere = Environment::from_iter([("HOME", "/nowhere")]);
    let settings = Settings::read(nowhere, None).unwrap();
    let message = choose(&settings, None).unwrap_err().to_string();
    assert!(
        message.contains("--region") && message.contains("AWS_REGION"),
        "{message}"
    );
    assert!(
        message.contains("/nowhere/.aws/config (does not exist)"),
        "{message}"
    );
}

#[tokio::test]
async fn the_endpoint_follows_the_settings() {
    let fips = ("AWS_USE_FIPS_ENDPOINT", "TRUE");
    let dual = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    let legacy = ("AWS_STS_REGIONAL_ENDPOINTS", "legacy");
    let custom = (
        "AWS_ENDPOINT_URL_STS",
        "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com/",
    );
    for (variables, region, expected) in [
        (
            &[fips][..],
            "us-east-1",
            "sts-fips.us-east-1.amazonaws.com us-east-1",
        ),
        (&[dual][..], "us-east-1", "sts.us-east-1.api.aws us-east-1"),
        (
            &[fips, dual][..],
            "us-east-1",
            "sts-fips.us-east-1.api.aws us-east-1",
        ),
        (
            &[][..],
            "cn-north-1",
            "sts.cn-north-1.amazonaws.com.cn cn-north-1",
        ),
        (&[legacy][..], "eu-west-1", "sts.amazonaws.com us-east-1"),
        (
            &[legacy][..],
            "eu-south-1",
            "sts.eu-south-1.amazonaws.com eu-south-1",
        ),
        // The legacy setting never turns FIPS off.
        (
            &[legacy, fips][..],
            "us-east-1",
            "sts-fips.us-east-1.amazonaws.com us-east-1",
        ),
        (&[][..], "aws-global", "sts.amazonaws.com us-east-1"),
        (
            &[custom][..],
            "eu-west-1",
            "vpce-1.sts.eu-west-1.vpce.amazonaws.com eu-west-1",
        ),
        (
            &[custom, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")][..],
            "eu-west-1",
            "sts.eu-west-1.amazonaws.com eu-west-1",
        ),
    ] {
        assert_eq!(host(variables, Some(region)).await, expected);
    }
}

#[tokio::test]
async fn a_setting_that_cannot_be_meant_is_named_with_its_place() {
    for (variables, region, expected) in [
        (&[][..], "europe", "--region `europe`"),
        (
            &[("AWS_REGION", "eu-west-1\n")][..],
            "",
            "AWS_REGION `eu-west-1\\n`",
        ),
        (
            &[("AWS_USE_FIPS_ENDPOINT", "yes")][..],
            "eu-west-1",
            "AWS_USE_FIPS_ENDPOINT `yes`",
        ),
        (
            &[("AWS_PROFILE", "odd")][..],
            "eu-west-1",
            "`use_fips_endpoint` in profile `odd`: `perhaps`",
        ),
        (
            &[("AWS_PROFILE", "odd"), ("AWS_USE_FIPS_ENDPOINT", "false")][..],
            "eu-west-1",
            "`sts_regional_endpoints` in profile `odd`: `sometimes`",
        ),
        (
            &[("AWS_ENDPOINT_URL", "http://localhost:4566")][..],
            "eu-west-1",
            "AWS_ENDPOINT_URL `http://localhost:4566`",
        ),
        (
            &[
                ("AWS_ENDPOINT_URL", "https://x.test"),
                ("AWS_USE_FIPS_ENDPOINT", "true"),
            ][..],
            "eu-west-1",
            "AWS_ENDPOINT_URL `https://x.test`",
        ),
    ] {
        let region = Some(region).filter(|region| !region.is_empty());
        let message = host(variables, region).await;
        assert!(message.starts_with(expected), "{message}");
    }
}

#[tokio::test]
async fn the_profile_says_its_endpoint() {
    let settings = read(&[("AWS_PROFILE", "keys-elsewhere")], None)
        .await
        .unwrap();
    let fips = EndpointVariant::ORDINARY.with_fips(true);
    let expected = Target::Aws(Endpoint::regional("eu-central-1", fips).unwrap());
    assert_eq!(choose(&settings, None).unwrap(), expected);
}

#[tokio::test]
async fn a_profile_that_is_named_must_be_there() {
    for (variables, flag) in [
        (&[][..], Some("prod")),
        (&[("AWS_PROFILE", "prod")][..], None),
    ] {
        let message = read(variables, flag).await.unwrap_err().to_string();
        assert!(
            message.starts_with("there is no profile `prod`"),
            "{message}"
        );
        assert!(
            message.ends_with("the profiles are default, half, keys, keys-elsewhere, odd"),
            "{message}"
        );
    }
}

/// Resolves the keys of a profile, without a client for requests.
async fn found(variables: &[(&str, &str)], flag: Option<&str>) -> Result<Found, Error> {
    let settings = read(variables, flag).await?;
    let target = choose(&settings, Some("eu-west-1"))?;
    let plan = Plan::of(&settings)?;
    resolve(
        &settings,
        &target,
        &plan,
        || Err(Error::Proxy),
        |_| Err(NoCode::NoTerminal),
    )
    .await
}

/// Returns the access key id of the keys in the settings, `request` if a request is needed, or the
/// error.
async fn key(variables: &[(&str, &str)], flag: Option<&str>) -> String {
    match found(variables, flag).await {
        Ok(found) => found.keys.access_key_id().to_owned(),
        Err(Error::Proxy) => "request".to_owned(),
        Err(why) => why.to_string(),
    }
}

#[tokio::test]
async fn keys_at_hand_are_taken_in_botocores_order() {
    let id = ("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT");
    let secret = ("AWS_SECRET_ACCESS_KEY", "secret");
    let profile = ("AWS_PROFILE", "keys");
    let web = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn"),
    ];
    for (variables, flag, expected) in [
        (&[id, secret][..], None, "AKIDENVIRONMENT"),
        // Keys in the environment take precedence over a profile in the environment …
        (&[id, secret, profile][..], None, "AKIDENVIRONMENT"),
        // … but not over a profile on the command line.
        (&[id, secret][..], Some("keys"), "AKIDPROFILE"),
        (&[profile][..], None, "AKIDPROFILE"),
        (&[profile, web[0], web[1]][..], None, "request"),
        (&[web[0], web[1]][..], Some("keys"), "AKIDPROFILE"),
        (&[][..], Some("keys-elsewhere"), "request"),
        (&[][..], None, "request"),
        (
            &[id][..],
            None,
            "incomplete credentials in the environment: AWS_ACCESS_KEY_ID is set, and \
             AWS_SECRET_ACCESS_KEY is not set",
        ),
    ] {
        assert_eq!(key(variables, flag).await, expected);
    }
    let half = key(&[], Some("half")).await;
    assert!(
        half.starts_with("incomplete credentials in profile `half` of "),
        "{half}"
    );
    assert!(
        half.ends_with("aws_access_key_id is set, and aws_secret_access_key is not set"),
        "{half}"
    );
}

#[tokio::test]
async fn the_environment_says_when_its_keys_expire() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];
    for (text, expected) in [
        ("2026-11-23T09:00:00Z", Some(1_795_424_400)),
        ("2026-11-23T10:00:00+01:00", Some(1_795_424_400)),
        ("tomorrow", None),
    ] {
        let expiry = ("AWS_CREDENTIAL_EXPIRATION", text);
        let found = found(&[keys[0], keys[1], expiry], None).await;
        let expires = found.ok().and_then(|found| found.keys.expiry());
        let seconds = expires.map(|at| at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs());
        assert_eq!(seconds, expected, "{text}");
    }
}

async fn sign(line: &str, variables: &[(&str, &str)]) -> Result<Kept, Error> {
    let words = std::iter::once("signer").chain(line.split_whitespace());
    let arguments = Arguments::try_parse_from(words).unwrap();
    let home = ("HOME", "/nowhere");
    let environment = Environment::from_iter(variables.iter().copied().chain([home]));
    let now = UnixTime::parse_rfc3339("2026-11-23T09:00:00Z").unwrap();
    token(&arguments, environment, now).await
}

async fn token(
    arguments: &Arguments,
    environment: Environment,
    now: UnixTime,
) -> Result<Kept, Error> {
    let tools = Tools {
        clock: &|| Ok(now),
        client: &crate::client::build,
        prompt: &|_| Err(NoCode::NoTerminal),
        locks: Locks::SYSTEM,
    };
    crate::token(arguments, environment, &tools).await
}

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

#[tokio::test]
async fn the_url_is_accepted_for_the_cluster_and_verifies_with_the_secret() {
    let signed = sign("-i dev --region eu-west-1", &KEYS).await.unwrap();
    assert_eq!(signed.expires_at.to_rfc3339(), "2026-11-23T09:14:00Z");
    let signed = url(&signed);
    let policy = AcceptPolicy::new(ClusterId::parse("dev").unwrap(), Partition::Aws);
    let now = UnixTime::parse_rfc3339("2026-11-23T09:15:00Z").unwrap();
    let url = PresignedUrl::parse(&signed).unwrap();
    let accepted = policy.accept(url, now).unwrap();
    let arn = "arn:aws:iam::111122223333:user/alice";
    let alice = Identity::new(arn, "111122223333", "AIDAALICE").unwrap();
    let key = Key::long_term(SecretAccessKey::new("secret"), alice);
    let keys = Keys::new().with("AKIDEXAMPLE", key);
    assert_eq!(verify(&accepted, &keys, now).unwrap().arn(), arn);
}

#[tokio::test]
async fn the_token_expires_no_later_than_its_keys() {
    for (expiry, expected) in [
        ("2026-11-23T09:10:00Z", Some("2026-11-23T09:10:00Z")),
        ("2026-11-23T12:00:00Z", Some("2026-11-23T09:14:00Z")),
        ("2026-11-23T09:00:00Z", None),
    ] {
        let variables = [KEYS[0], KEYS[1], ("AWS_CREDENTIAL_EXPIRATION", expiry)];
        let signed = sign("-i dev --region eu-west-1", &variables).await;
        let got = signed.ok().map(|signed| signed.expires_at.to_rfc3339());
        assert_eq!(got.as_deref(), expected, "{expiry}");
    }
}

#[tokio::test]
async fn a_cluster_name_that_cannot_be_is_told_with_its_length() {
    for len in [0, 300] {
        let words = [
            "signer",
            "--region",
            "eu-west-1",
            "--cluster-name",
            &"c".repeat(len),
        ];
        let arguments = Arguments::try_parse_from(words).unwrap();
        let now = UnixTime::parse_rfc3339("2026-11-23T09:00:00Z").unwrap();
        let refused = token(&arguments, Environment::from_iter(KEYS), now).await;
        let message = refused.unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("--cluster-name has {len} characters")),
            "{message}"
        );
    }
}
