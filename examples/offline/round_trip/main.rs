//! Login and authorization, offline. AWS credentials give a token, the token gives an IAM identity, and the
//! identity gives a Kubernetes user. The user's request gets a verdict with its reason.
//!
//! Without arguments it walks through a small cluster of its own, whose files are in `cluster/`. With
//! arguments it does the same on your files and answers `--can` questions about them.
//!
//! ```text
//! $ cargo run --quiet --example round_trip -- --credentials credentials --profile developer \
//!       --cluster-id demo --aws-auth aws-auth.yaml --rbac rbac.yaml --can 'list nodes'
//! ```
//!
//! The program does not use the default credential chain or the real STS, as `signer` and `verifier` do.
//! An embedded STS knows the secrets of the credentials file and verifies the signatures.

mod args;
mod own;
mod print;
mod report;
mod steps;
mod walk;

use std::process::ExitCode;

use program::output;

use args::{Args, Output};
use report::Report;

const PROGRAM: &str = "round_trip";

/// The exit status if the answer to a question was no.
const DENIED: u8 = 1;

fn main() -> ExitCode {
    let args: Args = match output::parse(PROGRAM) {
        Ok(args) => args,
        Err(status) => return status,
    };
    let report = match &args.own {
        Some(own) => own::report(own),
        None => walk::report(),
    };
    match report.and_then(|report| show(&report, args.output)) {
        Ok(status) => status,
        Err(why) => output::fail(PROGRAM, &why),
    }
}

fn show(report: &Report, output: Output) -> Result<ExitCode, String> {
    let status = match report.is_all_allowed() {
        true => 0,
        false => DENIED,
    };
    match output {
        Output::Text => Ok(output::finish_styled(PROGRAM, status, &print::text(report))),
        Output::Json => {
            let json = serde_json::to_string_pretty(report).map_err(|why| why.to_string())?;
            Ok(output::finish(PROGRAM, status, &format!("{json}\n")))
        }
    }
}
