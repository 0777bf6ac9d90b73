//! Tokens for an EKS cluster, with the credentials that the context's command would use.

use std::time::SystemTime;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use eks_auth_kube::EksCommand;
use eks_auth_kube::eks_mint::{
    ClusterId, Endpoint, EndpointVariant, Minter, TokenSource, UnixTime,
};
use printable_text::Printable;

/// The name of the session of a role, if the command has none.
const SESSION_NAME: &str = "eks-access";

/// Builds the source of the tokens.
pub(crate) async fn source(command: &EksCommand) -> Result<TokenSource, String> {
    let aws = load(command).await;
    let region = match (&command.region, aws.region()) {
        (Some(region), _) => region.clone(),
        (None, Some(region)) => region.to_string(),
        (None, None) => {
            return Err(
                "neither the context's command nor the AWS configuration names a region: set AWS_REGION".to_owned(),
            );
        }
    };
    let endpoint = Endpoint::regional(&region, EndpointVariant::ORDINARY)
        .map_err(|why| format!("the region `{}`: {why}", Printable::new(&region)))?;
    let cluster_id = ClusterId::parse(&command.cluster_id).map_err(|why| {
        format!(
            "the cluster `{}`: {why}",
            Printable::new(&command.cluster_id)
        )
    })?;
    let minter = Minter::new(&endpoint, &cluster_id);
    let clock = || UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST);
    let provider = provider(command, &aws, &region).await?;
    Ok(TokenSource::new(minter, provider, clock))
}

/// Loads the AWS configuration that the command would load.
async fn load(command: &EksCommand) -> SdkConfig {
    let client = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
    if let Some(profile) = &command.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &command.region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader.load().await
}

async fn provider(
    command: &EksCommand,
    aws: &SdkConfig,
    region: &str,
) -> Result<SharedCredentialsProvider, String> {
    let Some(role) = &command.role_arn else {
        let provider = aws.credentials_provider();
        return provider.ok_or_else(|| "the AWS configuration has no credentials".to_owned());
    };
    let session = command.session_name.as_deref().unwrap_or(SESSION_NAME);
    let mut builder = AssumeRoleProvider::builder(role.as_str())
        .session_name(session)
        .region(Region::new(region.to_owned()))
        .configure(aws);
    if let Some(external_id) = &command.external_id {
        builder = builder.external_id(external_id);
    }
    Ok(SharedCredentialsProvider::new(builder.build().await))
}
