//! The counterpart of `signer`. It reads a token and prints the identity of the caller, or it answers
//! kube-apiserver's webhook.
//!
//! ```text
//! $ signer --cluster-id demo --region us-east-1 --token-only |
//!       verifier token --cluster-id demo --aws-auth aws-auth.yaml
//! identity  arn:aws:iam::111122223333:user/developer
//! user      k8s-developer
//! groups    (none)
//! uid       aws-iam-authenticator:111122223333:AIDADEVELOPEREXAMPLE
//! ```
//!
//! `verifier doctor` explains why a token is refused. It is for people who write programs that make
//! tokens.
//!
//! `verifier serve` is the webhook of kube-apiserver: flags and files become the settings of
//! `eks-auth-server`, and `eks-auth-sources` keeps the rules fresh.

mod args;
mod certificate;
mod check;
mod cluster;
mod doctor;
#[cfg(feature = "ec2")]
mod ec2;
mod feature_gates;
mod init;
mod listeners;
mod log;
mod private_dns_names;
mod regions;
mod rules;
mod serve;
mod settings;
mod setup;
mod state_dir;
mod tls;
mod token;
mod traces;
mod upstream;

use std::process::ExitCode;

use program::output;

use args::{Args, Command};
use output::Tip;

pub(crate) const PROGRAM: &str = "verifier";

/// Words of the command lines of aws-iam-authenticator and `signer`.
const TIPS: [Tip; 9] = [
    (
        "token",
        "`verifier token` verifies a token; `signer --cluster-name NAME` prints one.",
    ),
    ("get-token", "`signer --cluster-name NAME` prints a token."),
    (
        "verify",
        "`verifier token` verifies a token, which it reads from standard input or --token-file.",
    ),
    ("add", "`eks-access edit` adds a rule to a file."),
    (
        "kubeconfig",
        "`signer kubeconfig` writes the kubeconfig of a user, `verifier init` that of kube-apiserver.",
    ),
    (
        "update-kubeconfig",
        "`signer kubeconfig` writes the kubeconfig of a user.",
    ),
    ("version", "`verifier --version` prints the version."),
    (
        "completion",
        "There is no completion for shells; `verifier help` lists the commands.",
    ),
    ("signer", "`signer` is a program of its own."),
];

/// The exit status if the token is refused.
pub(crate) const REFUSED: u8 = 1;

#[tokio::main]
async fn main() -> ExitCode {
    let args: Args = match output::parse_with(PROGRAM, &TIPS) {
        Ok(args) => args,
        Err(status) => return status,
    };
    let before = args.before;
    if let Err(why) = before.check(&args.command) {
        return output::fail(PROGRAM, &why);
    }
    let outcome = match args.command {
        Command::Token(args) => token::run(args).await,
        Command::Doctor(args) => doctor::run(&args),
        Command::Serve(args) => serve::run(before.join(*args))
            .await
            .map(|()| ExitCode::SUCCESS),
        Command::Check(args) => check::run(before.join(*args)).await,
        Command::Init(args) => init::run(&args),
    };
    outcome.unwrap_or_else(|why| output::fail(PROGRAM, &why))
}
