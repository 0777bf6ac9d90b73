//! `verifier init`

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::process::ExitCode;

use eks_auth_server::AUTHENTICATE_PATH;
use printable_text::Printable;
use program::output;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};

use crate::PROGRAM;
use crate::args::InitArgs;

pub(crate) fn run(args: &InitArgs) -> Result<ExitCode, String> {
    let failed = |what: &str, why: &dyn std::fmt::Display| format!("{what}: {why}");
    // Relative paths of a kubeconfig are relative to the kubeconfig.
    let directory = &std::path::absolute(&args.state_dir)
        .map_err(|why| failed(&args.state_dir.display().to_string(), &why))?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|why| failed(&directory.display().to_string(), &why))?;
    let key_path = directory.join("key.pem");
    let key = match fs::read_to_string(&key_path) {
        Ok(pem) => {
            KeyPair::from_pem(&pem).map_err(|why| failed(&key_path.display().to_string(), &why))?
        }
        Err(why) if why.kind() == ErrorKind::NotFound => {
            let key = KeyPair::generate().map_err(|why| failed("key", &why))?;
            write(&key_path, &key.serialize_pem(), 0o600)?;
            key
        }
        Err(why) => return Err(failed(&key_path.display().to_string(), &why)),
    };
    let params = params(&args.hostname)?;
    let certificate = match args.csr {
        true => {
            let request = params
                .serialize_request(&key)
                .and_then(|request| request.pem())
                .map_err(|why| failed("csr", &why))?;
            write(&directory.join("csr.pem"), &request, 0o644)?;
            None
        }
        false => {
            let path = directory.join("cert.pem");
            if !path.exists() {
                let certificate = params
                    .self_signed(&key)
                    .map_err(|why| failed("certificate", &why))?;
                write(&path, &certificate.pem(), 0o644)?;
            }
            Some(path)
        }
    };
    let kubeconfig = directory.join("kubeconfig.yaml");
    let authority = match &certificate {
        Some(path) => path.display().to_string(),
        None => "THE-AUTHORITY-THAT-SIGNS-csr.pem".to_owned(),
    };
    write(&kubeconfig, &kubeconfig_text(args, &authority), 0o644)?;
    Ok(output::finish(
        PROGRAM,
        0,
        &next_steps(args, directory, &kubeconfig),
    ))
}

/// The certificate of the webhook: for this one name, for servers only, and no authority (upstream's is one,
/// for a hundred years).
fn params(hostname: &str) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::new(vec![hostname.to_owned()])
        .map_err(|why| format!("--hostname: {}: {why}", Printable::new(hostname)))?;
    params
        .distinguished_name
        .push(DnType::CommonName, "verifier");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn kubeconfig_text(args: &InitArgs, authority: &str) -> String {
    let host = match args.hostname.contains(':') {
        true => format!("[{}]", args.hostname),
        false => args.hostname.clone(),
    };
    // JSON is YAML, and its quoting is safe for every path.
    let server = serde_json::json!(format!("https://{host}:{}{AUTHENTICATE_PATH}", args.port));
    let authority = serde_json::json!(authority);
    format!(
        "# kube-apiserver: --authentication-token-webhook-config-file\n\
         apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: verifier\n\
         \x20 cluster:\n\
         \x20   server: {server}\n\
         \x20   certificate-authority: {authority}\n\
         users:\n\
         - name: kube-apiserver\n\
         contexts:\n\
         - name: webhook\n\
         \x20 context: {{cluster: verifier, user: kube-apiserver}}\n\
         current-context: webhook\n"
    )
}

fn next_steps(args: &InitArgs, directory: &Path, kubeconfig: &Path) -> String {
    let directory = directory.display();
    let sign = match args.csr {
        true => format!(
            "Have {directory}/csr.pem signed, put the chain into {directory}/cert.pem, and set \
             certificate-authority in the kubeconfig.\n\n"
        ),
        false => String::new(),
    };
    format!(
        "{sign}Start the webhook:\n\n  \
         verifier serve --cluster-id CLUSTER --aws-auth FILE --state-dir {directory}\n\n\
         Start kube-apiserver with:\n\n  \
         --authentication-token-webhook-config-file={}\n  \
         --authentication-token-webhook-version=v1\n",
        kubeconfig.display()
    )
}

/// Writes a file that does not exist yet; one that exists is kept.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    match opened.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }) {
        Ok(()) => Ok(()),
        Err(why) if why.kind() == ErrorKind::AlreadyExists => {
            output::note(PROGRAM, &format_args!("{}: exists, kept", path.display()));
            Ok(())
        }
        Err(why) => Err(format!("{}: {why}", path.display())),
    }
}
