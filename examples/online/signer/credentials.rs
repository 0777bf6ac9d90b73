//! Whose keys to sign with: those at hand, or those that the AWS SDK's chain finds.

use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::{Profile, ProfileFileCredentialsProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_sts::primitives::{DateTime, DateTimeFormat};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::endpoint::Target;
use crate::error::{Error, causes};
use crate::role::Role;
use crate::settings::Settings;

/// Keys, and where they are from, for messages.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) keys: Credentials,
    pub(crate) from: String,
}

/// Finds the keys to sign with, as the role if there is one.
///
/// # Errors
///
/// [`Error::Partial`], [`Error::Expiration`]; [`Error::NoCredentials`], [`Error::Chain`];
/// [`Error::AssumeRole`].
pub(crate) async fn resolve(
    settings: &Settings,
    target: &Target,
    role: Option<&Role>,
) -> Result<Found, Error> {
    let at_hand = at_hand(settings)?;
    let Some(role) = role else {
        return match at_hand {
            Some(found) => Ok(found),
            None => Chain::new(settings, target).ask(settings).await,
        };
    };
    let as_whom = match at_hand {
        Some(found) => SharedCredentialsProvider::new(found.keys),
        // Asked here and not by the SDK, so that its refusal is told as one of this step.
        None => {
            let found = Chain::new(settings, target).ask(settings).await?;
            SharedCredentialsProvider::new(found.keys)
        }
    };
    Ok(Found {
        keys: role.assume(as_whom, target).await?,
        from: role.arn.clone(),
    })
}

/// Takes keys that need no asking, so that no HTTP client is built for them: building one takes
/// five times as long as all the rest.
///
/// In botocore's order: the environment, unless `--profile` is given; not the profile when a web
/// identity goes before it; not a profile that says to get its keys elsewhere.
pub(crate) fn at_hand(settings: &Settings) -> Result<Option<Found>, Error> {
    if !settings.profile_is_asked_for() {
        if let Some(found) = in_environment(settings)? {
            return Ok(Some(found));
        }
        if has_web_identity(settings) {
            return Ok(None);
        }
    }
    let Some(profile) = settings.profile() else {
        return Ok(None);
    };
    match ELSEWHERE.iter().any(|key| profile.get(key).is_some()) {
        true => Ok(None),
        false => in_profile(settings, profile),
    }
}

/// What in a profile says that its keys come from somewhere else, whatever keys it has as well.
const ELSEWHERE: [&str; 5] = [
    "role_arn",
    "sso_account_id",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

fn in_environment(settings: &Settings) -> Result<Option<Found>, Error> {
    const ID: &str = "AWS_ACCESS_KEY_ID";
    const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
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
    let token = environment.get("AWS_SESSION_TOKEN").map(str::to_owned);
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

fn in_profile(settings: &Settings, profile: &Profile) -> Result<Option<Found>, Error> {
    const ID: &str = "aws_access_key_id";
    const SECRET: &str = "aws_secret_access_key";
    let place = || {
        format!(
            "profile `{}` of {}",
            settings.profile_name(),
            settings.files()
        )
    };
    let get = |key| profile.get(key).filter(|value| !value.is_empty());
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
    let token = get("aws_session_token").map(str::to_owned);
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

fn has_web_identity(settings: &Settings) -> bool {
    let names = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"];
    names
        .iter()
        .all(|name| settings.environment().get(name).is_some())
}

/// What is asked when no keys are at hand.
struct Chain {
    provider: SharedCredentialsProvider,
    /// Where the keys are said to be; `None` when nothing says so, and this is the last try.
    from: Option<String>,
}

impl Chain {
    fn new(settings: &Settings, target: &Target) -> Self {
        let config = ProviderConfig::without_region()
            .with_region(Some(Region::new(target.region().to_owned())))
            .with_http_client(http_client());
        if !settings.profile_is_asked_for() && has_web_identity(settings) {
            let provider = WebIdentityTokenCredentialsProvider::builder().configure(&config);
            let provider = SharedCredentialsProvider::new(provider.build());
            return Self {
                provider,
                from: Some("AWS_WEB_IDENTITY_TOKEN_FILE".to_owned()),
            };
        }
        let profile_provider = ProfileFileCredentialsProvider::builder()
            .configure(&config)
            .profile_name(settings.profile_name())
            .build();
        // Alone, so that what is wrong with the profile is told and not passed over.
        if settings.profile().is_some_and(says_where) {
            let provider = SharedCredentialsProvider::new(profile_provider);
            return Self {
                provider,
                from: Some(profile_of_files(settings)),
            };
        }
        // As the AWS CLI asks an instance: once, for a second. Patience here is patience at every
        // kubectl command of everyone whose credentials are missing.
        let metadata = imds::Client::builder()
            .configure(&config)
            .max_attempts(1)
            .connect_timeout(Duration::from_secs(1))
            .read_timeout(Duration::from_secs(1))
            .build();
        let container = EcsCredentialsProvider::builder().configure(&config).build();
        let instance = ImdsCredentialsProvider::builder()
            .configure(&config)
            .imds_client(metadata)
            .build();
        // The SDK's default chain without its environment and web identity, which came before.
        let provider = CredentialsProviderChain::first_try("Profile", profile_provider)
            .or_else("EcsContainer", container)
            .or_else("Ec2InstanceMetadata", instance);
        let provider = SharedCredentialsProvider::new(provider);
        Self {
            provider,
            from: None,
        }
    }

    async fn ask(self, settings: &Settings) -> Result<Found, Error> {
        let why = match (self.provider.provide_credentials().await, self.from) {
            (Ok(keys), from) => {
                let from = from.unwrap_or_else(|| "the container or instance".to_owned());
                return Ok(Found { keys, from });
            }
            (Err(why), Some(from)) => {
                let (why, hint) = (causes(&why), login_hint(settings));
                return Err(Error::Chain { from, why, hint });
            }
            (Err(CredentialsError::CredentialsNotLoaded(_)), None) => {
                "neither a container nor an instance gave any".to_owned()
            }
            (Err(why), None) => format!("the container or instance gave none ({})", causes(&why)),
        };
        let profile = match settings.profile() {
            Some(_) => format!("{} names none", profile_of_files(settings)),
            None => format!("there is no {}", profile_of_files(settings)),
        };
        let environment = match settings.profile_is_asked_for() {
            true => "the environment does not count beside --profile",
            false => "AWS_ACCESS_KEY_ID is not set",
        };
        Err(Error::NoCredentials {
            environment,
            profile,
            why,
        })
    }
}

fn login_hint(settings: &Settings) -> String {
    let sso = |profile: &Profile| {
        ["sso_session", "sso_start_url"]
            .iter()
            .any(|key| profile.get(key).is_some())
    };
    match settings.profile().is_some_and(sso) {
        true => format!(
            "; log in with `aws sso login --profile {}`",
            settings.profile_name()
        ),
        false => String::new(),
    }
}

/// Whether a profile says where its keys come from.
fn says_where(profile: &Profile) -> bool {
    ELSEWHERE
        .iter()
        .chain(&["credential_process"])
        .any(|key| profile.get(key).is_some())
}

fn profile_of_files(settings: &Settings) -> String {
    format!(
        "profile `{}` of {}",
        settings.profile_name(),
        settings.files()
    )
}

/// The client that the chain and the role need; TLS by rustls with ring.
pub(crate) fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}
