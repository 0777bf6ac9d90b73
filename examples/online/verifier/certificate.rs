//! The certificate that `init` and `serve` make, and the kubeconfig that names it.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eks_auth_server::{AUTHENTICATE_PATH, TlsFiles};
use printable_text::Printable;
use program::files;
use program::output;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, DnsName, ServerName};
use rustls::server::ParsedCertificate;

use crate::{PROGRAM, tls};

/// Creates a directory that only its owner can read.
pub(crate) fn create_directory(directory: &Path) -> Result<(), String> {
    let created = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    created.map_err(|why| match why.kind() {
        ErrorKind::AlreadyExists => format!("{}: it is not a directory", directory.display()),
        _ => format!("{}: {why}", directory.display()),
    })
}

/// Checks the name by which the webhook is reached. The name becomes a subject of a certificate and a part
/// of a URL.
///
/// # Errors
///
/// The name is neither a DNS name nor an address, or the address stands for all addresses.
pub(crate) fn check_hostname(hostname: &str) -> Result<(), String> {
    let why = match hostname.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => {
            "no client can connect to the address that stands for all"
        }
        Ok(_) => return Ok(()),
        Err(_) if DnsName::try_from(hostname).is_ok() => return Ok(()),
        Err(_) => {
            "expected a DNS name or an IP address alone, without a scheme, a port or brackets"
        }
    };
    Err(format!("--hostname: `{}`: {why}", Printable::new(hostname)))
}

/// Checks that a directory has no certificate without its key: a new key would not match the certificate.
///
/// # Errors
///
/// The directory has a certificate without a key, or the program cannot see whether it has.
pub(crate) fn check_pair(directory: &Path) -> Result<(), String> {
    let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    match tls::exists(&certificate)? && !tls::exists(&key)? {
        true => Err(format!(
            "{}: the certificate is there, and its key {} is missing: add the key, or remove the certificate, and both \
             are made anew",
            certificate.display(),
            key.display()
        )),
        false => Ok(()),
    }
}

/// Checks that a certificate that was kept matches the key beside it and the name.
///
/// # Errors
///
/// The certificate cannot be loaded with the key. If the name differs, there is only a note.
pub(crate) fn check_kept(directory: &Path, hostname: &str) -> Result<(), String> {
    let files = TlsFiles {
        certificate: directory.join("cert.pem"),
        key: directory.join("key.pem"),
        client_authorities: None,
    };
    let tls =
        tls::load(&files).map_err(|why| format!("{why}; remove both, and they are made anew"))?;
    for fault in tls::faults(&files, &tls) {
        output::note(PROGRAM, &fault);
    }
    if !is_of(&files.certificate, hostname)? {
        let what = format!(
            "{}: the certificate was kept, and it is not of `{hostname}`, so kube-apiserver cannot connect by that \
             name; remove it and kubeconfig.yaml, and they are made anew",
            files.certificate.display()
        );
        output::note(PROGRAM, &what);
    }
    Ok(())
}

/// Returns whether a client that connects by a name accepts the certificate in a file.
pub(crate) fn is_of(path: &Path, hostname: &str) -> Result<bool, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let chain = CertificateDer::from_pem_file(path).map_err(|why| wrong(&why))?;
    let name = ServerName::try_from(hostname).map_err(|why| wrong(&why))?;
    let named = ParsedCertificate::try_from(&chain)
        .and_then(|certificate| verify_server_name(&certificate, &name));
    Ok(named.is_ok())
}

/// Returns the key in key.pem of a directory. Makes the file if it is missing.
pub(crate) fn key(directory: &Path) -> Result<KeyPair, String> {
    let path = directory.join("key.pem");
    let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    match fs::read_to_string(&path) {
        Ok(pem) => KeyPair::from_pem(&pem)
            .map_err(|why| failed(&format_args!("not a private key in PEM: {why}"))),
        Err(why) if why.kind() == ErrorKind::NotFound => {
            let key = KeyPair::generate().map_err(|why| failed(&why))?;
            write_new(&path, &key.serialize_pem(), 0o600)?;
            Ok(key)
        }
        Err(why) => Err(failed(&why)),
    }
}

/// Returns cert.pem of a directory. Makes the file if it is missing.
pub(crate) fn certificate(
    directory: &Path,
    key: &KeyPair,
    params: CertificateParams,
) -> Result<PathBuf, String> {
    let path = directory.join("cert.pem");
    if !tls::exists(&path)? {
        let certificate = params
            .self_signed(key)
            .map_err(|why| format!("certificate: {why}"))?;
        write_new(&path, &certificate.pem(), 0o644)?;
    }
    Ok(path)
}

/// Describes the certificate of the webhook. It is for servers only, and is not an authority. (The
/// certificate of upstream is an authority, for a hundred years.)
pub(crate) fn params(names: &[String]) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::new(names).map_err(|why| {
        let names = names.join(", ");
        format!("--hostname: {}: {why}", Printable::new(&names))
    })?;
    params
        .distinguished_name
        .push(DnType::CommonName, "verifier");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// Returns the names in a certificate that `serve` makes. As in upstream, they are the host name, and the
/// address unless it stands for all addresses (`pkg/config/certs/certs.go`, `selfSignedCertificate`).
pub(crate) fn names(hostname: &str, address: IpAddr) -> Vec<String> {
    let address = (!address.is_unspecified()).then(|| address.to_string());
    let mut names = vec![hostname.to_owned()];
    names.extend(address.filter(|address| address != hostname));
    names
}

/// How a kubeconfig names the authority of the webhook's certificate.
pub(crate) enum Authority<'a> {
    File(&'a str),
    Pem(&'a str),
}

/// Returns the kubeconfig of kube-apiserver.
pub(crate) fn kubeconfig(hostname: &str, port: u16, authority: &Authority<'_>) -> String {
    let host = match hostname.contains(':') {
        true => format!("[{hostname}]"),
        false => hostname.to_owned(),
    };
    // JSON is YAML, and its quoting is safe for every path.
    let server = serde_json::json!(format!("https://{host}:{port}{AUTHENTICATE_PATH}"));
    let authority = match authority {
        Authority::File(path) => format!("certificate-authority: {}", serde_json::json!(path)),
        Authority::Pem(pem) => format!("certificate-authority-data: {}", STANDARD.encode(pem)),
    };
    format!(
        "# kube-apiserver: --authentication-token-webhook-config-file\n\
         apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: verifier\n\
         \x20 cluster:\n\
         \x20   server: {server}\n\
         \x20   {authority}\n\
         users:\n\
         - name: kube-apiserver\n\
         contexts:\n\
         - name: webhook\n\
         \x20 context: {{cluster: verifier, user: kube-apiserver}}\n\
         current-context: webhook\n"
    )
}

/// Returns the note about a kubeconfig that is kept although its URL differs from the URL in the new text. `None` if
/// there is no kubeconfig, or if it has the same URL.
pub(crate) fn other_server(path: &Path, text: &str) -> Option<String> {
    let server = |text: &str| {
        let mut lines = text.lines().map(str::trim);
        lines
            .find_map(|line| line.strip_prefix("server:"))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let kept = files::read_file(path, files::MAX_SMALL_FILE).ok()?;
    let (kept, own) = (server(&kept), server(text));
    (kept != own).then(|| {
        format!(
            "{}: the file is kept, and it has kube-apiserver connect to {}, not to {own}; remove it, and it is made anew",
            path.display(),
            Printable::new(&kept)
        )
    })
}

/// Writes a file if it does not exist or its content differs. kube-apiserver may run as another user, and
/// the kubeconfig has no secret, so all users may read a new file.
pub(crate) fn write_kubeconfig(path: &Path, text: &str) -> Result<(), String> {
    match files::read_file(path, files::MAX_SMALL_FILE) {
        Ok(own) if own == text => Ok(()),
        _ if path.exists() => files::replace(path, text.as_bytes()),
        _ => write_new(path, text, 0o644),
    }
}

/// Writes a file if it does not exist. An existing file is kept.
pub(crate) fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    match opened.and_then(|mut file| {
        let written = file.write_all(text.as_bytes());
        written.and_then(|()| file.sync_all()).inspect_err(|_| {
            // If the disk is full, the file has only a part of the key, and the next run would keep
            // it.
            let _ = fs::remove_file(path);
        })
    }) {
        Ok(()) => Ok(()),
        Err(why) if why.kind() == ErrorKind::AlreadyExists => {
            output::note(PROGRAM, &format_args!("{}: exists, kept", path.display()));
            Ok(())
        }
        Err(why) => Err(format!("{}: {why}", path.display())),
    }
}
