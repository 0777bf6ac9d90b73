//! The credentials to sign with. They are in the settings, or a request fetches them.

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::endpoint::Target;
use crate::error::Error;
use crate::plan::{Base, Plan};
use crate::profiles::Source;
use crate::settings::Settings;
use crate::terminal::NoCode;
use crate::{machine, process, time};

/// Credentials, and their source for messages.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) keys: Credentials,
    pub(crate) from: String,
}

/// Finds the credentials to sign with. If the plan has roles, they are the credentials of the last
/// role.
///
/// # Errors
///
/// [`Error::Partial`], [`Error::Expiration`]; [`Error::CaBundle`], [`Error::Proxy`]; [`Error::Sso`],
/// [`Error::SsoLogin`], [`Error::Chain`], [`Error::NoCredentials`]; [`Error::Secret`]; [`Error::Mfa`],
/// [`Error::MfaCode`], [`Error::AssumeRole`].
pub(crate) async fn resolve(
    settings: &Settings,
    target: &Target,
    plan: &Plan,
    client: impl Fn() -> Result<SharedHttpClient, Error>,
    prompt: impl Fn(&str) -> Result<String, NoCode>,
) -> Result<Found, Error> {
    let mut found = fetch(settings, &plan.base, target, &client).await?;
    // The rule of `sts-presign` for a session token. STS refuses a signature that is made with a line break
    // in the secret.
    let secret = found.keys.secret_access_key();
    if !secret.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Error::Secret { from: found.from });
    }
    if plan.roles.is_empty() {
        return Ok(found);
    }
    let client = client()?;
    for role in &plan.roles {
        found = Found {
            keys: role
                .assume(found.keys, target, client.clone(), &prompt)
                .await?,
            from: role.arn.clone(),
        };
    }
    Ok(found)
}

fn in_environment(settings: &Settings) -> Result<Found, Error> {
    let get = |name| settings.environment().get(name);
    let from = "the environment".to_owned();
    let (id, secret) = both(&from, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", get)?;
    // botocore prefers the old name of the variable.
    let token = get("AWS_SECURITY_TOKEN").or_else(|| get("AWS_SESSION_TOKEN"));
    let end = get("AWS_CREDENTIAL_EXPIRATION")
        .map(|end| time::parse(end).ok_or(Error::Expiration))
        .transpose()?;
    Ok(Found {
        keys: Credentials::new(id, secret, token.map(str::to_owned), end, "environment"),
        from,
    })
}

fn in_profile(settings: &Settings, profile: &str, source: Source) -> Result<Found, Error> {
    let from = settings.describe(profile);
    let section = settings.profiles().get(profile);
    let get = |key| section.and_then(|section| section.key(source, key));
    let (id, secret) = both(&from, "aws_access_key_id", "aws_secret_access_key", get)?;
    let token = get("aws_security_token").or_else(|| get("aws_session_token"));
    Ok(Found {
        keys: Credentials::new(id, secret, token.map(str::to_owned), None, "profile"),
        from,
    })
}

/// Returns the key id and the secret.
fn both<'s>(
    place: &str,
    id: &'static str,
    secret: &'static str,
    get: impl Fn(&'static str) -> Option<&'s str>,
) -> Result<(&'s str, &'s str), Error> {
    let (there, missing) = match (get(id), get(secret)) {
        (Some(id), Some(secret)) => return Ok((id, secret)),
        (Some(_), None) => (Some(id), secret),
        (None, Some(_)) => (Some(secret), id),
        (None, None) => (None, id),
    };
    Err(Error::Partial {
        place: place.to_owned(),
        there,
        missing,
    })
}

/// Returns the credentials to begin with. A client is built only if a request is made: building it takes five
/// times as long as everything else.
async fn fetch(
    settings: &Settings,
    base: &Base,
    target: &Target,
    client: impl Fn() -> Result<SharedHttpClient, Error>,
) -> Result<Found, Error> {
    let none = |from: &str, why: &str| Error::Chain {
        from: from.to_owned(),
        why: why.to_owned(),
    };
    let (keys, from) = match base {
        Base::Environment => return in_environment(settings),
        Base::Keys { profile, source } => return in_profile(settings, profile, *source),
        Base::WebIdentity(web_identity) => (
            web_identity.assume(target, client()?).await?,
            web_identity.role_arn.clone(),
        ),
        Base::Sso(sso) => (
            sso.credentials(settings, target, client()?).await?,
            "SSO".to_owned(),
        ),
        Base::Process { profile, command } => {
            let from = format!("credential_process of {}", settings.describe(profile));
            match process::credentials(command, process::TIMEOUT).await {
                Ok(keys) => (keys, from),
                Err(why) => return Err(none(&from, &why)),
            }
        }
        Base::Container => {
            let from = "the container";
            match machine::container(settings.environment(), client()?).await {
                Ok(keys) => (
                    keys.ok_or_else(|| none(from, "there is none"))?,
                    from.to_owned(),
                ),
                Err(why) => return Err(none(from, &why)),
            }
        }
        Base::Instance => {
            let from = "the instance";
            match machine::instance(client()?).await {
                Ok(keys) => (
                    keys.ok_or_else(|| none(from, "there is none"))?,
                    from.to_owned(),
                ),
                Err(why) => return Err(none(from, &why)),
            }
        }
        Base::Machine => return of_machine(settings, client()?).await,
    };
    Ok(Found { keys, from })
}

/// Asks the container, then the instance.
async fn of_machine(settings: &Settings, client: SharedHttpClient) -> Result<Found, Error> {
    let none = |why: &str| Error::NoCredentials {
        environment: match settings.profile_is_asked_for() {
            true => "the environment does not count beside --profile",
            false => "AWS_ACCESS_KEY_ID is not set",
        },
        profile: match settings.profile() {
            Some(_) => format!("{} has none", settings.describe(settings.profile_name())),
            None => format!("there is no {}", settings.describe(settings.profile_name())),
        },
        why: why.to_owned(),
    };
    let found = |keys, from: &str| Found {
        keys,
        from: from.to_owned(),
    };
    // A container without an answer is an error: the instance that runs it has another identity.
    match machine::container(settings.environment(), client.clone()).await {
        Ok(Some(keys)) => return Ok(found(keys, "the container")),
        Ok(None) => {}
        Err(why) => return Err(none(&why)),
    }
    match machine::instance(client).await {
        Ok(Some(keys)) => Ok(found(keys, "the instance")),
        Ok(None) => Err(none("neither a container nor an instance has any")),
        Err(why) => Err(none(&why)),
    }
}
