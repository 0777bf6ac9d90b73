//! What kubectl runs to log in to an EKS cluster: AWS credentials in, an `ExecCredential` document
//! with a token out.
//!
//! It shows `sts-presign` signing with credentials from the whole of the AWS credential chain, and
//! `eks-token` writing the document. It stands in for `aws eks get-token` and for
//! `aws-iam-authenticator token` in a kubeconfig: change the `command`, keep the `args`.
//!
//! Left out: `--cache` and `--forward-session-name` of aws-iam-authenticator, MFA prompts, the
//! `services` sections of AWS configuration files.
//!
//! ```text
//! $ AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI \
//!       cargo run --quiet --example signer -- --region eu-west-1 --cluster-name dev
//! {
//!     "kind": "ExecCredential",
//!     "apiVersion": "client.authentication.k8s.io/v1beta1",
//!     "spec": {},
//!     "status": {
//!         "expirationTimestamp": "2026-11-23T09:14:00Z",
//!         "token": "k8s-aws-v1.aHR0cHM6Ly9zdHMuZXUtd2VzdC0xLmFtYXpvbmF3cy5jb20vP0FjdGlvbj1HZX…"
//!     }
//! }
//! ```
//!
//! Standard output carries the document and nothing else; what went wrong is one sentence on standard
//! error, and the exit status 1 (2 for wrong arguments).

use std::io::{BufWriter, Write as _};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser as _;
use eks_token::Token;
use eks_token::exec_credential::{ApiVersion, ExecCredential};
use sts_presign::{ClusterId, SignError, SignedUrl, Signer, UnixTime};

use crate::arguments::Arguments;
use crate::error::Error;
use crate::settings::{Environment, Settings};

mod arguments;
mod credentials;
mod endpoint;
mod error;
mod role;
mod settings;
#[cfg(test)]
mod tests;

// One thread: there is at most one request at a time, and mostly none.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::parse(), Environment::of_process()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is gone.
            let _ = writeln!(std::io::stderr(), "signer: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments, environment: Environment) -> Result<(), Error> {
    let requested = ApiVersion::requested(environment.get("KUBERNETES_EXEC_INFO"));
    if let Some(warning) = requested.warning() {
        let _ = writeln!(std::io::stderr(), "signer: {warning}");
    }
    let signed = sign(arguments, environment, clock).await?;
    let token = Token::encode(signed.expose())?;
    // In one piece: standard output by itself would be written to line by line.
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.token_only {
        writeln!(out, "{}", token.expose())?;
    } else {
        let expires_at = signed.expires_at().to_rfc3339();
        ExecCredential::new(requested.version(), &token, &expires_at).write_json(&mut out)?;
    }
    Ok(out.flush()?)
}

fn clock() -> Result<UnixTime, Error> {
    UnixTime::try_from(SystemTime::now()).map_err(Error::Clock)
}

async fn sign(
    arguments: &Arguments,
    environment: Environment,
    clock: impl FnOnce() -> Result<UnixTime, Error>,
) -> Result<SignedUrl, Error> {
    // First what needs nothing, so that a typing error is told before a login is asked for.
    let cluster_id = ClusterId::parse(&arguments.cluster_name).map_err(|why| Error::Cluster {
        len: arguments.cluster_name.chars().count(),
        why,
    })?;
    let role = arguments.role()?;
    let settings = Settings::read(environment, arguments.profile.as_deref()).await?;
    let target = endpoint::choose(&settings, arguments.region.as_deref())?;
    let signer = match &target {
        endpoint::Target::Aws(endpoint) => Signer::new(endpoint, &cluster_id),
        endpoint::Target::Custom { host, region } => {
            Signer::for_host(host, region, &cluster_id).map_err(Error::Endpoint)?
        }
    };
    let credentials = credentials::resolve(&settings, &target, role.as_ref()).await?;
    let from = credentials.from;
    // Only now: a login in a browser may have taken minutes of the token's fifteen.
    let now = clock()?;
    signer
        .sign(&credentials.keys.into(), now)
        .map_err(|why| match why {
            SignError::Expired => Error::Expired { from },
            why => Error::Sign { from, why },
        })
}
