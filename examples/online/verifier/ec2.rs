//! The private DNS names of nodes, by EC2.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use eks_auth_ec2::{
    CALLS_PER_SECOND, CrossAccountRole, Ec2, MAX_BURST, Resolver, Settings as Limits,
};
use eks_auth_server::{Metrics, PrivateDnsNames};

use crate::settings::{Proxy, Settings};
use crate::traces::Traces;

/// Why no names are looked up, although the build has the feature.
pub(crate) const NO_REGION: &str = "the region of EC2 is unknown; set --ec2-region or AWS_REGION";

/// How long the instance's metadata may take to return the region: our choice. Outside EC2, the start is
/// delayed by this time. On EC2, the answer takes milliseconds.
const REGION_DEADLINE: Duration = Duration::from_secs(2);

/// Builds the look-up of private DNS names. `None` if the region is unknown.
///
/// # Errors
///
/// The role or its source is not an ARN, or the proxy is not a URL.
pub(crate) async fn private_dns_names(
    settings: &Settings,
    metrics: &Arc<Metrics>,
    traces: &Traces,
) -> Result<Option<Arc<dyn PrivateDnsNames>>, String> {
    let role = role(settings)?;
    let config = config(settings)?;
    let Ok(config) = tokio::time::timeout(REGION_DEADLINE, config.load()).await else {
        return Ok(None);
    };
    let Some(region) = config.region() else {
        return Ok(None);
    };
    let number = |own: Option<NonZeroU32>, default| {
        own.or(NonZeroU32::new(default)).unwrap_or(NonZeroU32::MIN)
    };
    let limits = Limits::new()
        .with_rate(
            number(settings.ec2_qps, CALLS_PER_SECOND),
            number(settings.ec2_burst, MAX_BURST),
        )
        .with_observer(Metrics::ec2_observer(metrics, region.as_ref()));
    let limits = traces.follow_calls(limits);
    Ok(Some(Arc::new(Resolver::new(ec2(&config, role), limits))))
}

fn ec2(config: &SdkConfig, role: Option<CrossAccountRole>) -> Ec2 {
    match role {
        Some(role) => Ec2::with_role(config, role),
        None => Ec2::new(config),
    }
}

/// Returns the role of the settings. `None` if there is none.
pub(crate) fn role(settings: &Settings) -> Result<Option<CrossAccountRole>, String> {
    let (arn, source) = match (&settings.ec2_role, &settings.source_arn) {
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            return Err("--source-arn needs --ec2-describeInstances-role-arn".to_owned());
        }
        (Some(arn), source) => (arn, source),
    };
    let role = CrossAccountRole::parse(arn)
        .map_err(|why| format!("--ec2-describeInstances-role-arn: {why}"))?;
    let role = match source {
        Some(source) => role
            .with_source_arn(source)
            .map_err(|why| format!("--source-arn: {why}"))?,
        None => role,
    };
    Ok(Some(role))
}

/// Describes the configuration of the AWS SDK: the default chains of credentials and regions.
fn config(settings: &Settings) -> Result<aws_config::ConfigLoader, String> {
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(client(settings)?);
    Ok(match &settings.ec2_region {
        Some(region) => config.region(Region::new(region.clone())),
        None => config,
    })
}

/// Builds the client for EC2, and for the STS and metadata that give its credentials. Its proxy is the
/// proxy of STS.
fn client(settings: &Settings) -> Result<SharedHttpClient, String> {
    let proxy = proxy(settings)?;
    Ok(
        Builder::new().build_with_connector_fn(move |http, components| {
            let mut connector = Connector::builder()
                .proxy_config(proxy.clone())
                .tls_provider(Provider::Rustls(CryptoMode::Ring));
            connector.set_connector_settings(http.cloned());
            connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            connector.build()
        }),
    )
}

/// Returns the proxy of requests over HTTPS. The metadata of instances and containers is asked over HTTP.
fn proxy(settings: &Settings) -> Result<ProxyConfig, String> {
    let variable = |names: [&str; 2]| {
        names
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
    };
    let url = match settings.sts_proxy.clone().unwrap_or(Proxy::Environment) {
        Proxy::Direct => None,
        Proxy::Environment => variable(["https_proxy", "HTTPS_PROXY"]),
        Proxy::Url(url) => Some(url),
    };
    let Some(url) = url else {
        return Ok(ProxyConfig::disabled());
    };
    let url = match url.contains("://") {
        true => url,
        false => format!("http://{url}"),
    };
    // The URL may have a password.
    let proxy =
        ProxyConfig::https(url.as_str()).map_err(|_| "the proxy is not a URL".to_owned())?;
    Ok(match variable(["no_proxy", "NO_PROXY"]) {
        Some(rules) => proxy.no_proxy(rules),
        None => proxy,
    })
}
