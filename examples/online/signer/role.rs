//! Roles: assumed with other credentials, or with the token of an OIDC provider.

use std::path::PathBuf;
use std::time::SystemTime;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::types::Credentials as Issued;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use program::files;

use crate::endpoint::Target;
use crate::error::{Error, answered};

/// A role to sign as, or to assume another role with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) external_id: Option<String>,
    pub(crate) session_name: String,
    /// How long its credentials are valid; `None` for STS's hour.
    pub(crate) seconds: Option<i32>,
}

impl Role {
    /// Asks STS for the role's credentials, at the endpoint that the token will be for.
    pub(crate) async fn assume(
        &self,
        base: Credentials,
        target: &Target,
        client: SharedHttpClient,
    ) -> Result<Credentials, Error> {
        let config = config(target, client)
            .credentials_provider(SharedCredentialsProvider::new(base))
            .build();
        let answer = aws_sdk_sts::Client::from_conf(config)
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(&self.session_name)
            .set_external_id(self.external_id.clone())
            .set_duration_seconds(self.seconds)
            .send()
            .await;
        let issued = match answer {
            Ok(answer) => answer.credentials,
            Err(why) => return Err(refused(&self.arn, answered(&why))),
        };
        credentials(&self.arn, issued)
    }
}

/// A token of an OIDC provider, and the role that it gives.
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

/// Configures a client of the endpoint that the token will be for. It is built without the environment, whose
/// FIPS and dual-stack settings are in the endpoint already.
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
