//! The HTTP client of the requests that some credentials need: TLS by rustls with ring, the proxies of the
//! environment, the CA bundle of the settings.

use std::path::PathBuf;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::error::Error;
use crate::settings::Settings;

/// Builds the client.
///
/// # Errors
///
/// [`Error::CaBundle`], [`Error::Proxy`].
pub(crate) fn build(settings: &Settings) -> Result<SharedHttpClient, Error> {
    let tls = tls(settings)?;
    let proxies = proxies(settings)?;
    Ok(
        Builder::new().build_with_connector_fn(move |http, components| {
            let mut connector = Connector::builder()
                .proxy_config(proxies.clone())
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(tls.clone());
            connector.set_connector_settings(http.cloned());
            connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            connector.build()
        }),
    )
}

fn tls(settings: &Settings) -> Result<TlsContext, Error> {
    let wrong = |path: String, why: String| Error::CaBundle { path, why };
    let Some(bundle) = settings.ca_bundle() else {
        let store = TrustStore::default();
        let tls = TlsContext::builder().with_trust_store(store).build();
        return tls.map_err(|why| wrong("of the system".to_owned(), why.to_string()));
    };
    let path = bundle.value;
    let pem = program::files::read(&PathBuf::from(&path), MAX_BUNDLE_LEN)
        .map_err(|why| wrong(path.clone(), why))?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(wrong(path, "it has no certificate in PEM".to_owned()));
    }
    // As the AWS CLI: the bundle in the place of the system's authorities.
    let store = TrustStore::empty().with_pem_certificate(pem.into_bytes());
    let tls = TlsContext::builder().with_trust_store(store).build();
    tls.map_err(|why| wrong(path, why.to_string()))
}

/// The largest CA bundle in bytes: our choice, ten times that of Mozilla.
const MAX_BUNDLE_LEN: usize = 2 * 1024 * 1024;

/// The proxies of the environment. The instance and container metadata are never behind one, as for the AWS
/// CLI.
fn proxies(settings: &Settings) -> Result<ProxyConfig, Error> {
    const DIRECT: &str = "169.254.169.254,169.254.170.2,169.254.170.23,[fd00:ec2::254]";
    let variable = |names: &[&str]| settings.variable(names).map(|setting| setting.value);
    let Some(proxy) = variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) else {
        return Ok(ProxyConfig::disabled());
    };
    let url = match proxy.contains("://") {
        true => proxy,
        false => format!("http://{proxy}"),
    };
    let config = ProxyConfig::https(url.as_str()).map_err(|why| Error::Proxy(why.to_string()))?;
    let none = variable(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    Ok(config.no_proxy(format!("{none},{DIRECT}")))
}
