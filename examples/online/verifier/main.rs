//! The counterpart of `signer`: reads a token and prints whose it is, or answers kube-apiserver's webhook.
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
//! `verifier doctor` explains to the author of a token's producer why the token is refused.
//!
//! Not included: watching the rules, a cache, rate limits and metrics.

mod args;
mod check;
mod doctor;
mod serve;
mod setup;

use std::process::ExitCode;

use program::output;

use args::{Args, Command};

pub(crate) const PROGRAM: &str = "verifier";

/// The exit status if the token is refused.
pub(crate) const REFUSED: u8 = 1;

#[tokio::main]
async fn main() -> ExitCode {
    let args: Args = match output::parse(PROGRAM) {
        Ok(args) => args,
        Err(status) => return status,
    };
    let outcome = match args.command {
        Command::Token(args) => check::run(args).await,
        Command::Doctor(args) => doctor::run(&args),
        Command::Serve(args) => serve::run(args).await.map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|why| output::fail(PROGRAM, &why))
}
