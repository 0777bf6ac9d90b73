//! Roles that are assumed with other credentials, or with the token of an OIDC provider.

use std::path::PathBuf;
use std::time::SystemTime;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::types::{Credentials as Issued, Tag};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use program::files;

use crate::endpoint::Target;
use crate::error::{Error, answered, causes};
use crate::terminal::NoCode;

/// A role to sign as, or to assume another role with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) external_id: Option<String>,
    pub(crate) session_name: String,
    /// Whether to keep the session name of the credentials, if they belong to a role.
    pub(crate) keeps_session_name: bool,
    /// How long the role's credentials are valid. `None` means an hour, the default of STS.
    pub(crate) seconds: Option<i32>,
    pub(crate) source_identity: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    /// The device whose code is needed.
    pub(crate) mfa: Option<Mfa>,
}

/// An MFA device, and the profile that names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Mfa {
    pub(crate) profile: String,
    pub(crate) serial: String,
}

impl Mfa {
    /// Converts the reason why the user gave no code.
    fn error(&self, why: NoCode) -> Error {
        match why {
            NoCode::NoTerminal => Error::Mfa {
                profile: self.profile.clone(),
                serial: self.serial.clone(),
            },
            NoCode::NotDigits => Error::MfaCode {
                serial: self.serial.clone(),
            },
        }
    }
}

impl Role {
    /// Builds a role without options.
    pub(crate) fn new(arn: &str, session_name: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            external_id: None,
            session_name: session_name.to_owned(),
            keeps_session_name: false,
            seconds: None,
            source_identity: None,
            tags: Vec::new(),
            mfa: None,
        }
    }

    /// Asks STS for the role's credentials, at the endpoint that the token will be for. `prompt` asks the user
    /// for the code of an MFA device.
    pub(crate) async fn assume(
        &self,
        base: Credentials,
        target: &Target,
        client: SharedHttpClient,
        prompt: impl Fn(&str) -> Result<String, NoCode>,
    ) -> Result<Credentials, Error> {
        let session_name = match self.keeps_session_name {
            true => self.session_name_of(&base, target, client.clone()).await?,
            false => self.session_name.clone(),
        };
        let code = match &self.mfa {
            None => None,
            Some(mfa) => Some(prompt(&mfa.serial).map_err(|why| mfa.error(why))?),
        };
        let tags = self
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|why| refused(&self.arn, causes(&why)))?;
        let config = config(target, client)
            .credentials_provider(SharedCredentialsProvider::new(base))
            .build();
        let answer = aws_sdk_sts::Client::from_conf(config)
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(session_name)
            .set_external_id(self.external_id.clone())
            .set_duration_seconds(self.seconds)
            .set_source_identity(self.source_identity.clone())
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
            .set_serial_number(self.mfa.as_ref().map(|mfa| mfa.serial.clone()))
            .set_token_code(code)
            .send()
            .await;
        let issued = match answer {
            Ok(answer) => answer.credentials,
            Err(why) => return Err(refused(&self.arn, answered(&why))),
        };
        credentials(&self.arn, issued)
    }

    /// Returns the session name of the credentials, which STS knows. As in aws-iam-authenticator (`pkg/token`),
    /// returns the role's own name if the credentials do not belong to a role: the user id then has no colon.
    async fn session_name_of(
        &self,
        base: &Credentials,
        target: &Target,
        client: SharedHttpClient,
    ) -> Result<String, Error> {
        let config = config(target, client)
            .credentials_provider(SharedCredentialsProvider::new(base.clone()))
            .build();
        let caller = aws_sdk_sts::Client::from_conf(config)
            .get_caller_identity()
            .send()
            .await
            .map_err(|why| refused(&self.arn, answered(&why)))?;
        let name = caller.user_id().and_then(|id| Some(id.split_once(':')?.1));
        Ok(name.unwrap_or(&self.session_name).to_owned())
    }
}

/// A token of an OIDC provider, and the role that the token gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct WebIdentity {
    pub(crate) token_file: PathBuf,
    pub(crate) role_arn: String,
    pub(crate) session_name: String,
}

/// The longest token of an OIDC provider in bytes: STS's own limit (API reference,
/// `AssumeRoleWithWebIdentity`).
const MAX_WEB_IDENTITY_TOKEN: usize = 20_000;

impl WebIdentity {
    /// Asks STS for the role's credentials, at the endpoint that the token will be for.
    pub(crate) async fn assume(
        &self,
        target: &Target,
        client: SharedHttpClient,
    ) -> Result<Credentials, Error> {
        let token = files::read_file(&self.token_file, MAX_WEB_IDENTITY_TOKEN).map_err(|why| {
            let file = files::name(&self.token_file);
            refused(
                &self.role_arn,
                format!("the web identity token in {file}: {why}"),
            )
        })?;
        let answer = aws_sdk_sts::Client::from_conf(config(target, client).build())
            .assume_role_with_web_identity()
            .role_arn(&self.role_arn)
            .role_session_name(&self.session_name)
            .web_identity_token(token.trim_end())
            .send()
            .await;
        let issued = match answer {
            Ok(answer) => answer.credentials,
            Err(why) => return Err(refused(&self.role_arn, answered(&why))),
        };
        credentials(&self.role_arn, issued)
    }
}

/// Configures a client of the endpoint that the token will be for. The environment is left out, because the
/// endpoint already has its FIPS and dual-stack settings.
fn config(target: &Target, client: SharedHttpClient) -> aws_sdk_sts::config::Builder {
    aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(client)
        .region(Region::new(target.region().to_owned()))
        .endpoint_url(format!("https://{}", target.host()))
}

fn credentials(role: &str, issued: Option<Issued>) -> Result<Credentials, Error> {
    let keys = issued.ok_or_else(|| refused(role, "the answer has no credentials".to_owned()))?;
    Ok(Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        Some(keys.session_token),
        SystemTime::try_from(keys.expiration).ok(),
        "AssumeRole",
    ))
}

fn refused(role: &str, why: String) -> Error {
    Error::AssumeRole {
        role: role.to_owned(),
        why,
    }
}
