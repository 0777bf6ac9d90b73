//! The HTTP client for the requests that some credentials need. It has TLS by rustls with ring, the
//! proxies of the environment, and the CA bundle of the settings.

use std::path::Path;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::Uri;
use program::files;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

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
            let sleep = components.and_then(RuntimeComponents::sleep_impl);
            tls_connector(&tls, &proxies, http.cloned(), sleep)
        }),
    )
}

/// Builds a connector for a request that no SDK makes. It has no deadline of its own.
///
/// # Errors
///
/// As [`build`].
pub(crate) fn connector(settings: &Settings) -> Result<SharedHttpConnector, Error> {
    let connector = tls_connector(&tls(settings)?, &proxies(settings)?, None, None);
    Ok(SharedHttpConnector::new(connector))
}

fn tls_connector(
    tls: &TlsContext,
    proxies: &ProxyConfig,
    deadlines: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
) -> Connector {
    let mut connector = Connector::builder()
        .proxy_config(proxies.clone())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls.clone());
    connector.set_connector_settings(deadlines);
    connector.set_sleep_impl(sleep);
    connector.build()
}

fn tls(settings: &Settings) -> Result<TlsContext, Error> {
    let context = |store: TrustStore| TlsContext::builder().with_trust_store(store).build();
    let Some(bundle) = settings.ca_bundle() else {
        return context(TrustStore::default()).map_err(|why| Error::CaBundle {
            path: "of the system".to_owned(),
            why: why.to_string(),
        });
    };
    let path = Path::new(&bundle.value);
    let wrong = |why: String| Error::CaBundle {
        path: files::name(path),
        why,
    };
    let pem = files::read_file(path, MAX_BUNDLE_LEN).map_err(wrong)?;
    check_bundle(&pem).map_err(wrong)?;
    // As in the AWS CLI, the bundle replaces the system's authorities.
    let store = TrustStore::empty().with_pem_certificate(pem.into_bytes());
    context(store).map_err(|why| wrong(why.to_string()))
}

/// Checks each certificate. The SDK panics on a malformed certificate.
pub(crate) fn check_bundle(pem: &str) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let number = roots.len().saturating_add(1);
        certificate
            .ok()
            .and_then(|certificate| roots.add(certificate).ok())
            .ok_or_else(|| format!("certificate {number} in it is malformed"))?;
    }
    match roots.is_empty() {
        true => Err("it has no certificate in PEM".to_owned()),
        false => Ok(()),
    }
}

/// The largest CA bundle in bytes: our choice, ten times the bundle of Mozilla.
pub(crate) const MAX_BUNDLE_LEN: usize = 2 * 1024 * 1024;

/// The metadata of instances and containers, which no proxy can reach.
const METADATA: &str =
    "169.254.169.254,169.254.170.2,169.254.170.23,[fd00:ec2::254],[fd00:ec2::23]";

/// Returns the proxy of the environment. As in Python and curl, the lower-case variable counts first.
///
/// # Errors
///
/// [`Error::Proxy`], without the URL, which may have a password.
fn proxies(settings: &Settings) -> Result<ProxyConfig, Error> {
    let variable = |names: &[&str]| settings.variable(names).map(|setting| setting.value);
    let Some(proxy) = variable(&["https_proxy", "HTTPS_PROXY"]) else {
        return Ok(ProxyConfig::disabled());
    };
    let url = match proxy.contains("://") {
        true => proxy,
        false => format!("http://{proxy}"),
    };
    let config = ProxyConfig::https(url.as_str()).map_err(|_| Error::Proxy)?;
    let mut direct = vec![METADATA.to_owned()];
    direct.extend(variable(&["no_proxy", "NO_PROXY"]));
    let container = variable(&["AWS_CONTAINER_CREDENTIALS_FULL_URI"]);
    let container = container.and_then(|uri| uri.parse::<Uri>().ok());
    direct.extend(container.and_then(|uri| uri.host().map(str::to_owned)));
    Ok(config.no_proxy(direct.join(",")))
}
