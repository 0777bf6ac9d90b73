//! A credential plugin for kubectl. It takes AWS credentials and prints an `ExecCredential` document with a
//! token for an EKS cluster.
//!
//! The program shows how `sts-presign` signs with the credentials of the whole AWS chain, and how
//! `eks-token` writes the document. In a kubeconfig it replaces `aws eks get-token` and
//! `aws-iam-authenticator token`: change the `command`, keep the `args`.
//!
//! `signer kubeconfig` writes this entry into a kubeconfig. With `--cache` a token is kept on disk until it
//! expires.
//!
//! A login by `aws login` is not supported, and gives an error that says so.
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
//! Standard output has only the document. An error is one sentence on standard error, and the exit status 2.

use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use eks_mint::MintError;
use eks_token::Token;
use eks_token::exec_credential::{ApiVersion, ExecCredential};
use program::output::{self, Tip};
use sts_presign::UnixTime;

use crate::arguments::{Arguments, Form};
use crate::cache::{Kept, Locks};
use crate::error::Error;
use crate::settings::Environment;
use crate::signing::{Tools, token};
use crate::terminal::NoCode;

mod arguments;
mod cache;
#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod choice_tests;
mod client;
mod credentials;
#[cfg(test)]
mod divergence_tests;
mod eks;
mod endpoint;
mod error;
#[cfg(test)]
mod files_tests;
mod ini;
mod kubeconfig;
mod machine;
mod plan;
mod process;
mod profiles;
#[cfg(test)]
mod requests_tests;
mod role;
mod settings;
mod signing;
mod sso;
mod terminal;
#[cfg(test)]
mod tests;
mod time;

const PROGRAM: &str = "signer";

/// Words of the command lines of aws-iam-authenticator, the AWS CLI and `verifier`.
const TIPS: [Tip; 8] = [
    (
        "update-kubeconfig",
        "`signer kubeconfig --cluster-name NAME` writes the entries of a cluster into a kubeconfig.",
    ),
    (
        "kubeconfig",
        "`signer kubeconfig --cluster-name NAME` writes the entries of a cluster into a kubeconfig.",
    ),
    ("verify", "`verifier token` verifies a token."),
    ("server", "`verifier serve` is the webhook."),
    ("serve", "`verifier serve` is the webhook."),
    (
        "init",
        "`verifier init` prepares the webhook; `signer kubeconfig` writes the kubeconfig of a user.",
    ),
    ("version", "`signer --version` prints the version."),
    (
        "help",
        "`signer --help` and `signer kubeconfig --help` list the options.",
    ),
];

// One thread is enough: there is at most one request at a time, and mostly no request.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // `kubeconfig` has a meaning, unlike `eks get-token` and `token`, which are accepted without
    // effect.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == "kubeconfig")
    {
        return kubeconfig::main().await;
    }
    let arguments: Arguments = match output::parse_with(PROGRAM, &TIPS) {
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
    let may_ask = terminal::is_allowed(&environment);
    let prompt = |serial: &str| prompt(may_ask, serial);
    let tools = Tools {
        clock: &clock,
        client: &client::build,
        prompt: &prompt,
        locks: Locks::SYSTEM,
    };
    let Kept { token, expires_at } = token(arguments, environment, &tools).await?;
    Ok(match form {
        Form::Token => format!("{token}\n"),
        Form::JsonToken => format!("\"{token}\"\n"),
        Form::Document => {
            let expires_at = expires_at.to_rfc3339();
            let token = Token::parse(&token).map_err(MintError::from)?;
            let mut document = Vec::new();
            ExecCredential::new(requested.version(), &token, &expires_at)
                .write_json(&mut document)?;
            String::from_utf8_lossy(&document).into_owned()
        }
    })
}

/// Asks for the code of an MFA device, if the user may be asked.
fn prompt(may_ask: bool, serial: &str) -> Result<String, NoCode> {
    match may_ask {
        true => terminal::mfa_code(Path::new(terminal::TERMINAL), serial),
        false => Err(NoCode::NoTerminal),
    }
}

fn clock() -> Result<UnixTime, Error> {
    UnixTime::try_from(SystemTime::now()).map_err(Error::Clock)
}
