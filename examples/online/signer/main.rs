//! A credential plugin for kubectl: from AWS credentials to an `ExecCredential` document with a token for an
//! EKS cluster.
//!
//! It shows `sts-presign` signing with the credentials of the whole AWS chain, and `eks-token` writing the
//! document. In a kubeconfig it replaces `aws eks get-token` and `aws-iam-authenticator token`: change the
//! `command`, keep the `args`.
//!
//! Not supported: a prompt for MFA, `aws login`, a cache of credentials. Each is an error that says so.
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
//! Standard output has the document and nothing else. An error is one sentence on standard error, and the exit
//! status 2.

use std::process::ExitCode;
use std::time::SystemTime;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use eks_token::Token;
use eks_token::exec_credential::{ApiVersion, ExecCredential};
use program::output;
use sts_presign::{ClusterId, SignError, SignedUrl, Signer, UnixTime};

use crate::arguments::{Arguments, Form};
use crate::error::Error;
use crate::settings::{Environment, Settings};

mod arguments;
#[cfg(test)]
mod choice_tests;
mod client;
mod credentials;
#[cfg(test)]
mod divergence_tests;
mod endpoint;
mod error;
#[cfg(test)]
mod files_tests;
mod ini;
mod machine;
mod plan;
mod process;
mod profiles;
#[cfg(test)]
mod requests_tests;
mod role;
mod settings;
mod sso;
#[cfg(test)]
mod tests;
mod time;

const PROGRAM: &str = "signer";

// One thread: there is at most one request at a time, and mostly none.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Arguments = match output::parse(PROGRAM) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    match run(&arguments, Environment::of_process()).await {
        Ok(text) => output::finish(PROGRAM, 0, &text),
        Err(error) => output::fail(PROGRAM, &error),
    }
}

async fn run(arguments: &Arguments, environment: Environment) -> Result<String, Error> {
    let form = arguments.form()?;
    let requested = ApiVersion::requested(environment.get("KUBERNETES_EXEC_INFO"));
    if let Some(warning) = requested.warning() {
        output::note(PROGRAM, &warning);
    }
    let signed = sign(arguments, environment, clock, client::build).await?;
    let token = Token::encode(signed.expose())?;
    Ok(match form {
        Form::Token => format!("{}\n", token.expose()),
        Form::JsonToken => format!("\"{}\"\n", token.expose()),
        Form::Document => {
            let expires_at = signed.expires_at().to_rfc3339();
            let mut document = Vec::new();
            ExecCredential::new(requested.version(), &token, &expires_at)
                .write_json(&mut document)?;
            String::from_utf8_lossy(&document).into_owned()
        }
    })
}

fn clock() -> Result<UnixTime, Error> {
    UnixTime::try_from(SystemTime::now()).map_err(Error::Clock)
}

async fn sign(
    arguments: &Arguments,
    mut environment: Environment,
    clock: impl FnOnce() -> Result<UnixTime, Error>,
    client: impl Fn(&Settings) -> Result<SharedHttpClient, Error>,
) -> Result<SignedUrl, Error> {
    // The arguments first, so that a typing error is reported before a login is requested.
    let cluster_id = ClusterId::parse(&arguments.cluster_name).map_err(|why| Error::Cluster {
        len: arguments.cluster_name.chars().count(),
        why,
    })?;
    let role = arguments.role(&environment)?;
    if let Some(bundle) = &arguments.ca_bundle {
        environment.set("AWS_CA_BUNDLE", bundle);
    }
    let settings = Settings::read(environment, arguments.profile.as_deref())?;
    let target = endpoint::choose(&settings, arguments.region.as_deref())?;
    let signer = match &target {
        endpoint::Target::Aws(endpoint) => Signer::new(endpoint, &cluster_id),
        endpoint::Target::Custom { host, region } => {
            Signer::for_host(host, region, &cluster_id).map_err(Error::Endpoint)?
        }
    };
    let credentials = credentials::resolve(&settings, &target, role, || client(&settings)).await?;
    let from = credentials.from;
    if arguments.debug {
        let (host, region) = (target.host(), target.region());
        let what = format!("credentials from {from}; signing for {host} in {region}");
        output::note(PROGRAM, &what);
    }
    // Read now, because a login in a browser may take minutes, and a token has fifteen.
    let now = clock()?;
    signer
        .sign(&credentials.keys.into(), now)
        .map_err(|why| match why {
            SignError::Expired => Error::Expired { from },
            why => Error::Sign { from, why },
        })
}
