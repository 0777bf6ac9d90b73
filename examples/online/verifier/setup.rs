//! From arguments to the parts that answer.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use aws_auth_map::{Backend, BackendKind, IdentityMap};
use eks_auth::{Authenticator, Https, LocalKeys, LocalTransport, Transport, TransportError};
use http::{Request, Response};
use sts_presign::{AcceptPolicy, BindingHeader, ClusterId, Keys, LocalSts, UnixTime};

use crate::args::Common;

/// STS, or what stands in for it.
#[derive(Clone)]
pub(crate) enum Sts {
    Embedded(Arc<LocalTransport<Keys, fn() -> UnixTime>>),
    Https(Https),
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
    let policy = AcceptPolicy::bound_by(binding, partition);
    Ok(match common.regions.is_empty() {
        true => policy,
        false => policy.with_regions(&common.regions),
    })
}

pub(crate) fn sts(common: &Common) -> Result<Sts, String> {
    let Some(path) = &common.local_credentials else {
        // An error says that another is installed already, which will do as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let https = Https::new().map_err(|why| format!("setting up TLS: {why}"))?;
        return Ok(Sts::Https(https));
    };
    let keys = LocalKeys::read(&read(path)?).map_err(|why| format!("{}: {why}", path.display()))?;
    let clock: fn() -> UnixTime = now;
    Ok(Sts::Embedded(Arc::new(LocalTransport::new(
        LocalSts::new(keys.keys()),
        clock,
    ))))
}

/// Reads the rules. What is wrong with single entries goes to standard error; the good ones are kept.
pub(crate) fn rules(path: &Path) -> Result<IdentityMap, String> {
    let (rules, problems) = aws_auth_map::read_config_map(&read(path)?);
    for problem in problems {
        eprintln!("{}: {problem}", path.display());
    }
    if rules.is_empty() {
        return Err(format!(
            "{}: no mapping in it, so that nobody could log in",
            path.display()
        ));
    }
    Ok(IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules)))
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}

/// The clock. One that is set before 1970 or after 9999 makes every token expired.
pub(crate) fn now() -> UnixTime {
    UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST)
}
