//! The certificate of `serve`: made, found and loaded.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use eks_auth_server::{ServerTls, TlsFiles};
use program::files::{MAX_SMALL_FILE, name, read_file};

use crate::certificate::{self, Authority};
use crate::settings::Settings;
use crate::setup;

/// Makes the server's certificate if the settings ask for that, and loads the certificate if there
/// is one.
pub(crate) fn certificate(settings: &Settings) -> Result<Option<ServerTls>, String> {
    if settings.generate_kubeconfig.is_some() {
        certificate::check_hostname(settings.hostname())?;
        if settings.tls_cert.is_none() {
            make_certificate(settings)?;
        }
    }
    let Some(files) = files(settings)? else {
        return Ok(None);
    };
    let tls = load(&files)?;
    generate_kubeconfig(settings, &files.certificate)?;
    Ok(Some(tls))
}

/// Returns the files of the certificate: the files that flags name, else the files in the state directory. `None`
/// if there are no files.
///
/// # Errors
///
/// One of the two files is missing, or the program cannot see whether they exist. The webhooks must not be served
/// without TLS by mistake.
pub(crate) fn files(settings: &Settings) -> Result<Option<TlsFiles>, String> {
    let pair = match (&settings.tls_cert, &settings.tls_key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (Some(_), None) => return Err("--tls-cert needs --tls-key".to_owned()),
        (None, Some(_)) => return Err("--tls-key needs --tls-cert".to_owned()),
        (None, None) => match settings.certificate_dir() {
            Some(directory) => in_directory(&directory)?,
            None => None,
        },
    };
    match pair {
        Some((certificate, key)) => Ok(Some(TlsFiles {
            certificate,
            key,
            client_authorities: settings.client_ca.clone(),
        })),
        None if settings.client_ca.is_some() => {
            Err("--client-ca needs --tls-cert and --tls-key".to_owned())
        }
        None => Ok(None),
    }
}

/// Returns the certificate and the key in a state directory. `None` if the directory has neither
/// file.
fn in_directory(directory: &Path) -> Result<Option<(PathBuf, PathBuf)>, String> {
    let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    let lone = |missing: &Path, other: &Path| {
        format!(
            "{}: the file is missing, and {} exists: add the one, or remove the other to serve without TLS",
            missing.display(),
            other.display()
        )
    };
    if !exists(directory)? {
        return Ok(None);
    }
    match (exists(&certificate)?, exists(&key)?) {
        (true, true) => Ok(Some((certificate, key))),
        (true, false) => Err(lone(&key, &certificate)),
        (false, true) => Err(lone(&certificate, &key)),
        (false, false) => Ok(None),
    }
}

/// Returns whether a file or a directory exists.
///
/// # Errors
///
/// The path is a dangling link, or the program cannot see whether it exists.
pub(crate) fn exists(path: &Path) -> Result<bool, String> {
    let failed = |why: &dyn std::fmt::Display| format!("--state-dir: {}: {why}", path.display());
    let is_absent = |why: &std::io::Error| why.kind() == ErrorKind::NotFound;
    match path.metadata() {
        Ok(_) => Ok(true),
        Err(why) if why.kind() == ErrorKind::NotADirectory => Err(failed(
            &"it cannot exist, because the path above it is not a directory",
        )),
        Err(why) if is_absent(&why) => match path.symlink_metadata() {
            Ok(_) => Err(failed(
                &"it is a link to a file that does not exist; make the file, or remove the link",
            )),
            Err(why) if is_absent(&why) => Ok(false),
            Err(why) => Err(failed(&why)),
        },
        Err(why) => Err(failed(&format_args!(
            "{why}; the user of this process must be able to read it"
        ))),
    }
}

/// Loads a certificate.
pub(crate) fn load(files: &TlsFiles) -> Result<ServerTls, String> {
    setup::install_provider();
    ServerTls::load(files.clone()).map_err(|why| {
        format!(
            "certificate {} and key {}: {why}",
            files.certificate.display(),
            files.key.display()
        )
    })
}

/// Returns the faults of a loaded certificate and of its key file. The server uses the certificate
/// nevertheless.
pub(crate) fn faults(files: &TlsFiles, tls: &ServerTls) -> Vec<String> {
    let mut found = Vec::new();
    let validity = tls.validity();
    if let Some(validity) = validity.filter(|validity| !validity.includes(SystemTime::now())) {
        let path = files.certificate.display();
        found.push(format!(
            "{path}: the certificate is not valid now, so clients refuse it: it is {validity}"
        ));
    }
    found.extend(shared_key(&files.key));
    found
}

/// Returns the warning about a private key that other users can read or write. `None` if they cannot.
pub(crate) fn shared_key(path: &Path) -> Option<String> {
    let metadata = path.metadata().ok()?;
    let mode = metadata.mode() & 0o777;
    let own = Path::new("/proc/self").metadata();
    let is_own = own.map_or(true, |own| own.uid() == metadata.uid());
    // The key file of a Kubernetes secret belongs to root, and the process of another user reads it by its
    // group.
    let forbidden = if is_own { 0o077 } else { 0o037 };
    (mode & forbidden != 0).then(|| {
        format!(
            "{}: other users can read or write the private key, which has the mode {mode:04o}: set 0600, and replace \
             the key if they may have read it",
            path.display()
        )
    })
}

/// Makes a certificate in the state directory if there is none.
fn make_certificate(settings: &Settings) -> Result<(), String> {
    let Some(directory) = settings.certificate_dir() else {
        return Ok(());
    };
    certificate::check_pair(&directory)?;
    certificate::create_directory(&directory)?;
    let names = certificate::names(settings.hostname(), settings.webhook_address().ip());
    let params = certificate::params(&names)?;
    let key = certificate::key(&directory)?;
    certificate::certificate(&directory, &key, params).map(drop)
}

/// Writes the webhook kubeconfig with the server's certificate, as upstream does
/// (`pkg/config/config.go`, `GenerateWebhookKubeconfig`).
fn generate_kubeconfig(settings: &Settings, chain: &Path) -> Result<(), String> {
    let Some(path) = &settings.generate_kubeconfig else {
        return Ok(());
    };
    if settings.kubeconfig_pregenerated == Some(true) {
        return Ok(());
    }
    let pem = read_file(chain, MAX_SMALL_FILE).map_err(|why| format!("{}: {why}", name(chain)))?;
    let port = settings.webhook_address().port();
    let authority = Authority::Pem(&pem);
    let text = certificate::kubeconfig(settings.hostname(), port, &authority);
    certificate::write_kubeconfig(path, &text)
        .map_err(|why| format!("--generate-kubeconfig: {why}"))
}

/// The warning if the webhooks are served without TLS.
pub(crate) const WITHOUT_TLS: &str = "without TLS, since there is neither --tls-cert nor cert.pem in --state-dir: \
     tokens cross the listener in the clear, and the kubeconfig of `verifier init` has kube-apiserver connect with https";

/// Returns why kube-apiserver cannot use the webhook kubeconfig that is written: the certificate has other names.
pub(crate) fn other_name(settings: &Settings) -> Result<Option<String>, String> {
    if settings.generate_kubeconfig.is_none() || settings.kubeconfig_pregenerated == Some(true) {
        return Ok(None);
    }
    let Some(files) = files(settings)? else {
        return Ok(None);
    };
    let (path, hostname) = (&files.certificate, settings.hostname());
    let is_of = certificate::is_of(path, hostname)?;
    Ok((!is_of).then(|| {
        format!(
            "--generate-kubeconfig: kube-apiserver cannot connect by `{hostname}`, because the certificate {} is not of \
             that name; set --hostname to one of its names",
            path.display()
        )
    }))
}
