//! `verifier init`

use std::path::Path;
use std::process::ExitCode;

use program::output;

use crate::PROGRAM;
use crate::args::InitArgs;
use crate::certificate::{self, Authority};

pub(crate) fn run(args: &InitArgs) -> Result<ExitCode, String> {
    // Relative paths of a kubeconfig are relative to the kubeconfig.
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
    certificate::write_new(&kubeconfig, &text, 0o644)?;
    let steps = next_steps(args, directory, &kubeconfig);
    Ok(output::finish(PROGRAM, 0, &steps))
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
