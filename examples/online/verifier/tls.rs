//! The certificate of `serve`: made, found and loaded.

use std::path::Path;

use eks_auth_server::{ServerTls, TlsFiles};
use program::files::{MAX_SMALL_FILE, name, read_file};

use crate::certificate::{self, Authority};
use crate::settings::Settings;
use crate::setup;

/// Makes the server's certificate if it is to be made, and loads it if there is one.
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

/// Returns the files of the certificate: those of the flags, else those in the state directory. `None` if there are
/// none.
pub(crate) fn files(settings: &Settings) -> Result<Option<TlsFiles>, String> {
    let in_state = |file: &str| {
        let path = settings.certificate_dir()?.join(file);
        path.exists().then_some(path)
    };
    let (certificate, key) = match (&settings.tls_cert, &settings.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (Some(_), None) => return Err("--tls-cert needs --tls-key".to_owned()),
        (None, Some(_)) => return Err("--tls-key needs --tls-cert".to_owned()),
        (None, None) => match (in_state("cert.pem"), in_state("key.pem")) {
            (Some(certificate), Some(key)) => (certificate, key),
            _ if settings.client_ca.is_some() => {
                return Err("--client-ca needs --tls-cert and --tls-key".to_owned());
            }
            _ => return Ok(None),
        },
    };
    Ok(Some(TlsFiles {
        certificate,
        key,
        client_authorities: settings.client_ca.clone(),
    }))
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

/// Makes a certificate in the state directory if there is none.
fn make_certificate(settings: &Settings) -> Result<(), String> {
    let Some(directory) = settings.certificate_dir() else {
        return Ok(());
    };
    certificate::create_directory(&directory)?;
    let names = certificate::names(settings.hostname(), settings.webhook_address().ip());
    let params = certificate::params(&names)?;
    let key = certificate::key(&directory)?;
    certificate::certificate(&directory, &key, params).map(drop)
}

/// Writes the webhook kubeconfig with the server's certificate, as upstream (`pkg/config/config.go`,
/// `GenerateWebhookKubeconfig`).
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

/// Returns why kube-apiserver cannot use the webhook kubeconfig that is written: its certificate is of other names.
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
