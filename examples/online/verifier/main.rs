//! The other side of the signer: takes a token and says whose it is, once or as kube-apiserver's
//! webhook.
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
//! `verifier doctor` explains a refused token to whoever wrote its producer.
//!
//! What it leaves out, for later: watching the rules, a cache of answers, rate limits and metrics.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to its user"
)]

mod args;
mod check;
mod doctor;
mod serve;
mod setup;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};

/// The token was refused.
const REFUSED: u8 = 1;
/// The question could not be answered: a wrong flag, a file, or no STS.
const FAILED: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Token(args) => check::run(args).await,
        Command::Doctor(args) => doctor::run(&args),
        Command::Serve(args) => serve::run(args).await.map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|why| {
        eprintln!("verifier: {why}");
        ExitCode::from(FAILED)
    })
}
