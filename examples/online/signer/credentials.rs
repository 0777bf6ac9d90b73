//! The credentials to sign with: those at hand, or those that the AWS SDK fetches.

use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_sts::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::endpoint::Target;
use crate::error::{Error, causes};
use crate::profiles::{Profile, Source};
use crate::role::Role;
use crate::settings::Settings;

/// Credentials, and their source for messages.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) keys: Credentials,
    pub(crate) from: String,
}

/// Finds the credentials to sign with, as the role if there is one.
///
/// # Errors
///
/// [`Error::Partial`], [`Error::Expiration`], [`Error::Mfa`], [`Error::Login`]; [`Error::CaBundle`],
/// [`Error::Proxy`]; [`Error::NoCredentials`], [`Error::Chain`]; [`Error::AssumeRole`].
pub(crate) async fn resolve(
    settings: &Settings,
    target: &Target,
    role: Option<&Role>,
    client: impl Fn() -> Result<SharedHttpClient, Error>,
) -> Result<Found, Error> {
    let base = match at_hand(settings)? {
        Some(found) => found,
        None => fetch(settings, target, client()?).await?,
    };
    let Some(role) = role else {
        return Ok(base);
    };
    let base = SharedCredentialsProvider::new(base.keys);
    Ok(Found {
        keys: role.assume(base, target, client()?).await?,
        from: role.arn.clone(),
    })
}

/// The credentials that are used, in botocore's order (`create_credential_resolver`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Choice {
    /// `AWS_ACCESS_KEY_ID`, unless `--profile` is given.
    Environment,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`, unless `--profile` is given or the profile assumes a role.
    WebIdentityOfEnvironment,
    /// The profile.
    Profile(Source),
    /// A container, then an instance.
    Machine,
}

/// Chooses the credentials.
pub(crate) fn choose(settings: &Settings) -> Choice {
    let use_environment = !settings.profile_is_asked_for();
    let variable = |name| settings.environment().get(name).is_some();
    let source = settings.profile().and_then(Profile::source);
    if use_environment && (variable(ID) || variable(SECRET)) {
        Choice::Environment
    } else if source == Some(Source::Role) {
        Choice::Profile(Source::Role)
    } else if use_environment && variable(TOKEN_FILE) && variable(ROLE_ARN) {
        Choice::WebIdentityOfEnvironment
    } else {
        source.map_or(Choice::Machine, Choice::Profile)
    }
}

const ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const ROLE_ARN: &str = "AWS_ROLE_ARN";

/// Returns credentials that need no request, so that no HTTP client is built for them: building one takes
/// five times as long as everything else.
pub(crate) fn at_hand(settings: &Settings) -> Result<Option<Found>, Error> {
    match (choose(settings), settings.profile()) {
        (Choice::Environment, _) => in_environment(settings),
        (Choice::Profile(source), Some(profile)) => {
            settings.profiles().check(settings.profile_name())?;
            match source {
                Source::CredentialsFile | Source::ConfigFile => {
                    in_profile(settings, profile, source)
                }
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

fn in_environment(settings: &Settings) -> Result<Option<Found>, Error> {
    let environment = settings.environment();
    let place = || "the environment".to_owned();
    let (id, secret) = match (environment.get(ID), environment.get(SECRET)) {
        (None, None) => return Ok(None),
        (Some(id), Some(secret)) => (id, secret),
        (Some(_), None) => {
            return Err(Error::Partial {
                place: place(),
                there: ID,
                missing: SECRET,
            });
        }
        (None, Some(_)) => {
            return Err(Error::Partial {
                place: place(),
                there: SECRET,
                missing: ID,
            });
        }
    };
    // botocore prefers the old name of the variable.
    let token = environment
        .get("AWS_SECURITY_TOKEN")
        .or_else(|| environment.get("AWS_SESSION_TOKEN"))
        .map(str::to_owned);
    let expiry = environment
        .get("AWS_CREDENTIAL_EXPIRATION")
        .map(time)
        .transpose()?;
    let keys = Credentials::new(id, secret, token, expiry, "environment");
    Ok(Some(Found {
        keys,
        from: place(),
    }))
}

fn in_profile(
    settings: &Settings,
    profile: &Profile,
    source: Source,
) -> Result<Option<Found>, Error> {
    const ID: &str = "aws_access_key_id";
    const SECRET: &str = "aws_secret_access_key";
    let place = || {
        format!(
            "profile `{}` of {}",
            settings.profile_name().escape_debug(),
            settings.files()
        )
    };
    let get = |key| profile.keys(source, key);
    let (id, secret) = match (get(ID), get(SECRET)) {
        (None, None) => return Ok(None),
        (Some(id), Some(secret)) => (id, secret),
        (Some(_), None) => {
            return Err(Error::Partial {
                place: place(),
                there: ID,
                missing: SECRET,
            });
        }
        (None, Some(_)) => {
            return Err(Error::Partial {
                place: place(),
                there: SECRET,
                missing: ID,
            });
        }
    };
    let token = get("aws_security_token").or_else(|| get("aws_session_token"));
    let token = token.map(str::to_owned);
    let keys = Credentials::new(id, secret, token, None, "profile");
    Ok(Some(Found {
        keys,
        from: place(),
    }))
}

/// Reads the time as `aws configure export-credentials --format env` writes it.
fn time(text: &str) -> Result<SystemTime, Error> {
    let time = DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset);
    time.ok()
        .and_then(|time| SystemTime::try_from(time).ok())
        .ok_or(Error::Expiration)
}

/// Fetches credentials.
async fn fetch(
    settings: &Settings,
    target: &Target,
    client: SharedHttpClient,
) -> Result<Found, Error> {
    let variant = target.variant();
    let config = ProviderConfig::without_region()
        .with_region(Some(Region::new(target.region().to_owned())))
        .with_use_fips(Some(variant.fips))
        .with_use_dual_stack(Some(variant.dual_stack))
        .with_http_client(client);
    let (provider, from) = match choose(settings) {
        Choice::WebIdentityOfEnvironment => {
            let get = |name| {
                settings
                    .environment()
                    .get(name)
                    .unwrap_or_default()
                    .to_owned()
            };
            let session = settings.environment().get("AWS_ROLE_SESSION_NAME");
            let provider = WebIdentityTokenCredentialsProvider::builder()
                .configure(&config)
                .static_configuration(StaticConfiguration {
                    web_identity_token_file: get(TOKEN_FILE).into(),
                    role_arn: get(ROLE_ARN),
                    session_name: session.unwrap_or("signer").to_owned(),
                })
                .build();
            (
                SharedCredentialsProvider::new(provider),
                TOKEN_FILE.to_owned(),
            )
        }
        Choice::Profile(_) => {
            let text = settings.profiles().for_sdk(settings.profile_name());
            let files = EnvConfigFiles::builder()
                .with_contents(EnvConfigFileKind::Config, text)
                .build();
            let provider = ProfileFileCredentialsProvider::builder()
                .configure(&config)
                .profile_files(files)
                .profile_name("p0")
                .build();
            let from = profile_of_files(settings);
            (SharedCredentialsProvider::new(provider), from)
        }
        Choice::Environment | Choice::Machine => return machine(settings, &config).await,
    };
    match provider.provide_credentials().await {
        Ok(keys) => Ok(Found { keys, from }),
        Err(why) => Err(Error::Chain {
            from,
            why: causes(&why),
            hint: login_hint(settings, &why),
        }),
    }
}

/// Asks the container, then the instance.
async fn machine(settings: &Settings, config: &ProviderConfig) -> Result<Found, Error> {
    // As the AWS CLI: once, for a second. Every kubectl command waits this long if there are no credentials.
    let metadata = imds::Client::builder()
        .configure(config)
        .max_attempts(1)
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(1))
        .build();
    let container = EcsCredentialsProvider::builder().configure(config).build();
    let instance = ImdsCredentialsProvider::builder()
        .configure(config)
        .imds_client(metadata)
        .build();
    let provider = CredentialsProviderChain::first_try("EcsContainer", container)
        .or_else("Ec2InstanceMetadata", instance);
    let why = match provider.provide_credentials().await {
        Ok(keys) => {
            let from = "the container or instance".to_owned();
            return Ok(Found { keys, from });
        }
        Err(CredentialsError::CredentialsNotLoaded(_)) => {
            "neither a container nor an instance has any".to_owned()
        }
        Err(why) => format!("the container or instance has none ({})", causes(&why)),
    };
    let profile = match settings.profile() {
        Some(_) => format!("{} has none", profile_of_files(settings)),
        None => format!("there is no {}", profile_of_files(settings)),
    };
    let environment = if settings.profile_is_asked_for() {
        "the environment does not count beside --profile"
    } else {
        "AWS_ACCESS_KEY_ID is not set"
    };
    Err(Error::NoCredentials {
        environment,
        profile,
        why,
    })
}

/// Returns the advice to log in, if the profile uses SSO and its cached login is the problem.
fn login_hint(settings: &Settings, why: &CredentialsError) -> String {
    let is_sso = settings.profiles().is_sso(settings.profile_name());
    let text = causes(why).to_lowercase();
    let is_login = ["token", "login", "unauthorized", "expired", "cache"]
        .iter()
        .any(|word| text.contains(word));
    if is_sso && is_login {
        format!(
            "; log in with `aws sso login --profile {}`",
            settings.profile_name().escape_debug()
        )
    } else {
        String::new()
    }
}

fn profile_of_files(settings: &Settings) -> String {
    format!(
        "profile `{}` of {}",
        settings.profile_name().escape_debug(),
        settings.files()
    )
}
