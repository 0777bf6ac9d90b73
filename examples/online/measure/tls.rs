//! TLS on both sides, with the files of `measure certificates`.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

pub(crate) fn server(directory: &Path) -> Result<Arc<ServerConfig>, String> {
    let chain = certificates(&directory.join("cert.pem"))?;
    let key = directory.join("key.pem");
    let key =
        PrivateKeyDer::from_pem_file(&key).map_err(|why| format!("{}: {why}", key.display()))?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|why| why.to_string())?;
    Ok(Arc::new(config))
}

pub(crate) fn client(authorities: &Path) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authorities)? {
        roots.add(certificate).map_err(|why| why.to_string())?;
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|why| format!("{}: {why}", path.display()))
}
