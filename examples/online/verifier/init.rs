//! `verifier init`

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;

use program::output;

use crate::PROGRAM;
use crate::args::InitArgs;
use crate::certificate::{self, Authority};
use crate::listeners::PORT;

pub(crate) fn run(args: &InitArgs) -> Result<ExitCode, String> {
    // A relative path in a kubeconfig is relative to the kubeconfig's directory.
    let directory = &std::path::absolute(&args.state_dir)
        .map_err(|why| format!("{}: {why}", args.state_dir.display()))?;
    certificate::check_hostname(&args.hostname)?;
    certificate::create_directory(directory)?;
    certificate::check_pair(directory)?;
    let key = certificate::key(directory)?;
    let params = certificate::params(std::slice::from_ref(&args.hostname))?;
    let authority = match args.csr {
        true => {
            let request = params
                .serialize_request(&key)
                .and_then(|request| request.pem())
                .map_err(|why| format!("csr: {why}"))?;
            certificate::write_new(&directory.join("csr.pem"), &request, 0o644)?;
            "THE-AUTHORITY-THAT-SIGNS-csr.pem".to_owned()
        }
        false => {
            let path = certificate::certificate(directory, &key, params)?;
            certificate::check_kept(directory, &args.hostname)?;
            path.display().to_string()
        }
    };
    let kubeconfig = directory.join("kubeconfig.yaml");
    let text = certificate::kubeconfig(&args.hostname, args.port, &Authority::File(&authority));
    if let Some(why) = certificate::other_server(&kubeconfig, &text) {
        output::note(PROGRAM, &why);
    }
    certificate::write_new(&kubeconfig, &text, 0o644)?;
    let steps = next_steps(args, directory, &kubeconfig);
    Ok(output::finish(PROGRAM, 0, &steps))
}

fn next_steps(args: &InitArgs, directory: &Path, kubeconfig: &Path) -> String {
    let directory = directory.display();
    let listen = listen(&args.hostname, args.port);
    let sign = match args.csr {
        true => format!(
            "Have {directory}/csr.pem signed, put the chain into {directory}/cert.pem, and set \
             certificate-authority in the kubeconfig.\n\n"
        ),
        false => String::new(),
    };
    format!(
        "{sign}Start the webhook:\n\n  \
         verifier serve --cluster-id CLUSTER --aws-auth FILE --state-dir {directory}{listen}\n\n\
         Start kube-apiserver with:\n\n  \
         --authentication-token-webhook-config-file={}\n  \
         --authentication-token-webhook-version=v1\n",
        kubeconfig.display()
    )
}

/// Returns the flags with which `serve` listens where kube-apiserver connects to, each behind a space.
fn listen(hostname: &str, port: u16) -> String {
    let address = match hostname.parse::<IpAddr>() {
        Ok(address) if address == IpAddr::V4(Ipv4Addr::LOCALHOST) => String::new(),
        Ok(address) => format!(" --address {address}"),
        Err(_) if hostname.eq_ignore_ascii_case("localhost") => String::new(),
        // A host name may mean any of the addresses of the machine.
        Err(_) => " --address 0.0.0.0".to_owned(),
    };
    match port {
        PORT => address,
        port => format!("{address} --port {port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::listen;

    #[test]
    fn serve_listens_where_the_kubeconfig_points() {
        for (hostname, port, expected) in [
            ("127.0.0.1", 21_362, ""),
            ("localhost", 21_362, ""),
            ("127.0.0.1", 9_999, " --port 9999"),
            ("::1", 21_362, " --address ::1"),
            ("192.0.2.1", 1, " --address 192.0.2.1 --port 1"),
            ("verifier.example.com", 21_362, " --address 0.0.0.0"),
        ] {
            assert_eq!(listen(hostname, port), expected, "{hostname}:{port}");
        }
    }
}
