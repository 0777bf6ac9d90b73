//! Builds the authenticator, STS and the rules from the arguments.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use aws_auth_map::{Backend, BackendKind, IdentityMap, Reader};
use eks_auth::{Authenticator, LocalKeys, LocalTransport, Transport, TransportError};
use eks_auth_server::{StsClient, StsProxy};
use http::{Request, Response};
use iam_principal::Partition;
use printable_text::{Causes, Printable};
use program::files::{name, read, read_regular};
use program::output;
use sts_presign::{
    AcceptPolicy, BindingHeader, ClusterId, Endpoint, EndpointVariant, Keys, LocalSts, UnixTime,
};

use crate::PROGRAM;
use crate::args::{Common, RuleArgs};

/// The embedded STS by the clock of the system.
pub(crate) type EmbeddedSts = LocalTransport<Keys, fn() -> UnixTime>;

/// STS over HTTPS, or the embedded STS.
#[derive(Clone)]
pub(crate) enum Sts {
    Embedded(Arc<EmbeddedSts>),
    Https(StsClient),
}

impl Transport for Sts {
    async fn send(&self, request: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        match self {
            Self::Embedded(local) => local.send(request).await,
            Self::Https(https) => https.send(request).await,
        }
    }
}

pub(crate) fn authenticator(common: &Common) -> Result<Authenticator, String> {
    let cluster_id = ClusterId::parse(&common.cluster_id).map_err(|why| {
        format!(
            "--cluster-id: {why}; this one has {} bytes",
            common.cluster_id.len()
        )
    })?;
    let policy = policy(common, BindingHeader::cluster(cluster_id))?;
    Ok(Authenticator::new(policy))
}

pub(crate) fn policy(common: &Common, binding: BindingHeader) -> Result<AcceptPolicy, String> {
    let partition = common
        .partition
        .parse()
        .map_err(|why| format!("--partition: {why}"))?;
    for region in &common.regions {
        check_region(region, partition)?;
    }
    let policy = AcceptPolicy::bound_by(binding, partition);
    Ok(match common.regions.is_empty() {
        true => policy,
        false => policy.with_regions(&common.regions),
    })
}

/// Refuses a misspelled region: the verifier would refuse every token.
fn check_region(region: &str, partition: Partition) -> Result<(), String> {
    match Endpoint::regional(region, EndpointVariant::ORDINARY) {
        Ok(endpoint) if endpoint.partition() == partition => Ok(()),
        Ok(endpoint) => Err(format!(
            "--region: `{region}` belongs to partition `{}`, not to `{partition}`",
            endpoint.partition()
        )),
        Err(_) => Err(format!(
            "--region: `{}` is not an AWS region",
            Printable::new(region)
        )),
    }
}

pub(crate) fn sts(common: &Common) -> Result<Sts, String> {
    if let Some(local) = embedded_sts(common)? {
        return Ok(Sts::Embedded(Arc::new(local)));
    }
    install_provider();
    let https = StsClient::builder().proxy(StsProxy::Environment).build();
    https
        .map(Sts::Https)
        .map_err(|why| Causes::new(&why).to_string())
}

/// Builds the embedded STS. `None` without `--local-credentials`.
pub(crate) fn embedded_sts(common: &Common) -> Result<Option<EmbeddedSts>, String> {
    let clock: fn() -> UnixTime = now;
    let keys = local_keys(common)?;
    Ok(keys.map(|keys| LocalTransport::new(LocalSts::new(keys.keys()), clock)))
}

/// Installs the cryptography of rustls.
pub(crate) fn install_provider() {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Returns a text on one line, without control characters.
pub(crate) fn escape(text: &str) -> String {
    Printable::new(text).to_string()
}

/// Reads the keys of the embedded STS. `None` without `--local-credentials`.
pub(crate) fn local_keys(common: &Common) -> Result<Option<LocalKeys>, String> {
    let Some(path) = &common.local_credentials else {
        return Ok(None);
    };
    let keys = LocalKeys::read(&read_regular(path, common.max_input_size)?)
        .map_err(|why| format!("{}: {why}", name(path)))?;
    Ok(Some(keys))
}

/// Reads the mapping rules. Problems are printed on standard error.
pub(crate) fn rules(path: &Path, args: &RuleArgs, common: &Common) -> Result<IdentityMap, String> {
    let reader = Reader::new()
        .with_config_map(args.config_map.clone())
        .with_max_bytes(common.max_input_size);
    let (rules, problems) = reader.read_config_map(&read(path, common.max_input_size)?);
    for problem in problems {
        output::note(PROGRAM, &format_args!("{}: {problem}", name(path)));
    }
    if rules.is_empty() {
        return Err(format!(
            "{}: the file maps no identity to a user",
            name(path)
        ));
    }
    Ok(IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules)))
}

/// Returns the time of the system clock. If it is before 1970 or after 9999, every token is expired.
pub(crate) fn now() -> UnixTime {
    UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST)
}
