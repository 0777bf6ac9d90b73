//! Assuming the role of `--role-arn`.

use std::time::SystemTime;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::endpoint::Target;
use crate::error::{Error, causes, one_line};

/// The role to sign as.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) external_id: Option<String>,
    pub(crate) session_name: String,
}

impl Role {
    /// Asks STS for the role's credentials, at the endpoint that the token will be for.
    pub(crate) async fn assume(
        &self,
        base: SharedCredentialsProvider,
        target: &Target,
        client: SharedHttpClient,
    ) -> Result<Credentials, Error> {
        // Built without the environment, whose FIPS and dual-stack settings are in the endpoint already.
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(client)
            .credentials_provider(base)
            .region(Region::new(target.region().to_owned()))
            .endpoint_url(format!("https://{}", target.host()))
            .build();
        let answer = aws_sdk_sts::Client::from_conf(config)
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(&self.session_name)
            .set_external_id(self.external_id.clone())
            .send()
            .await;
        let refused = |why| Error::AssumeRole {
            role: self.arn.clone(),
            why,
        };
        let answer = match answer {
            Ok(answer) => answer,
            // STS's own words, which name the caller and what is not allowed.
            Err(error) => match (error.code(), error.message()) {
                (Some(code), Some(message)) => {
                    return Err(refused(one_line(&format!("{code}: {message}"))));
                }
                _ => return Err(refused(causes(&error))),
            },
        };
        let keys = answer
            .credentials
            .ok_or_else(|| refused("the answer has no credentials".to_owned()))?;
        Ok(Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            Some(keys.session_token),
            SystemTime::try_from(keys.expiration).ok(),
            "AssumeRole",
        ))
    }
}
