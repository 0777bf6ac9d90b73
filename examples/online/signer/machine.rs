//! Credentials of the machine: the metadata of its container or instance.

use std::path::Path;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use program::files;

use crate::error::causes;
use crate::settings::Environment;

/// The longest authorization token for the container's metadata in bytes: our choice, the limit for a web
/// identity.
const MAX_AUTHORIZATION_TOKEN: usize = 20_000;

/// Asks the container's metadata. `None` if there is no container.
///
/// # Errors
///
/// A sentence with the reason.
pub(crate) async fn container(
    environment: &Environment,
    client: SharedHttpClient,
) -> Result<Option<Credentials>, String> {
    // The SDK panics on an address of another form.
    match (
        environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ) {
        (None, None) => return Ok(None),
        (Some(path), _) if !path.starts_with('/') => {
            return Err(
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not a path that begins with `/`"
                    .to_owned(),
            );
        }
        (None, Some(url)) if !url.starts_with("http://") && !url.starts_with("https://") => {
            return Err(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI does not begin with http:// or https://"
                    .to_owned(),
            );
        }
        _ => {}
    }
    // The SDK would read an endless file for ever.
    if let Some(file) = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        files::read_file(Path::new(file), MAX_AUTHORIZATION_TOKEN)
            .map_err(|why| format!("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {why}"))?;
    }
    let config = ProviderConfig::without_region().with_http_client(client);
    let provider = EcsCredentialsProvider::builder().configure(&config).build();
    match provider.provide_credentials().await {
        Ok(keys) => Ok(Some(keys)),
        Err(why) => Err(format!("the container's metadata: {}", causes(&why))),
    }
}

/// Asks the instance's metadata. `None` if there is no instance.
///
/// # Errors
///
/// A sentence with the reason.
pub(crate) async fn instance(client: SharedHttpClient) -> Result<Option<Credentials>, String> {
    let config = ProviderConfig::without_region().with_http_client(client);
    // As in the AWS CLI, there is one attempt of one second. Every kubectl command waits this long if there
    // are no credentials.
    let metadata = imds::Client::builder()
        .configure(&config)
        .max_attempts(1)
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(1))
        .build();
    let provider = ImdsCredentialsProvider::builder()
        .configure(&config)
        .imds_client(metadata)
        .build();
    match provider.provide_credentials().await {
        Ok(keys) => Ok(Some(keys)),
        Err(CredentialsError::CredentialsNotLoaded(_)) => Ok(None),
        Err(why) => Err(format!("the instance's metadata: {}", causes(&why))),
    }
}
