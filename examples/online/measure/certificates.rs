//! `measure certificates`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

#[derive(Args)]
pub(crate) struct CertificatesArgs {
    /// The directory for the three files.
    #[arg(long, value_name = "DIRECTORY")]
    directory: PathBuf,
    /// The names and addresses that the certificate is for.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub(crate) fn run(args: &CertificatesArgs) -> Result<(), String> {
    Authority::write(&args.directory)?.issue(&args.directory, &args.names)
}

/// A certificate authority of this process.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority, and writes its certificate to ca.pem.
    pub(crate) fn write(directory: &Path) -> Result<Self, String> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = KeyPair::generate()
            .and_then(|key| CertifiedIssuer::self_signed(params, key))
            .map_err(|why| why.to_string())?;
        fs::create_dir_all(directory).map_err(|why| why.to_string())?;
        write(&directory.join("ca.pem"), &issuer.pem())?;
        Ok(Self { issuer })
    }

    /// Writes a new certificate for the names, and its key.
    pub(crate) fn issue(&self, directory: &Path, names: &[String]) -> Result<(), String> {
        let failed = |why: rcgen::Error| why.to_string();
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = CertificateParams::new(names)
            .and_then(|params| params.signed_by(&key, &self.issuer))
            .map_err(failed)?;
        write(&directory.join("cert.pem"), &certificate.pem())?;
        write(&directory.join("key.pem"), &key.serialize_pem())
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|why| format!("{}: {why}", path.display()))
}
