//! The whole road, offline: AWS credentials become a token, the token an identity, the identity a
//! Kubernetes user, the user's request a verdict with its reason.
//!
//! Without arguments it walks through a small cluster of its own, whose files are in `cluster/`. With
//! arguments it does the same on the user's files and answers `--can` questions about them.
//!
//! ```text
//! $ cargo run --quiet --example round_trip -- --credentials credentials --profile developer \
//!       --cluster-id demo --aws-auth aws-auth.yaml --rbac rbac.yaml --can 'list nodes'
//! ```
//!
//! What it leaves out: real credentials chains and the real STS (`signer` and `verifier` have them). An
//! embedded STS stands in, which knows the secrets of the credentials file and really checks the
//! signatures.

mod args;
mod own;
mod print;
mod report;
mod road;
mod walk;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Output};
use report::Report;

/// A question was answered with no.
const DENIED: u8 = 1;
/// No answer: a wrong flag, a file that cannot be read, a clock that is off.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.own {
        Some(own) => own::report(own),
        None => walk::report(),
    };
    match outcome {
        Ok(report) => show(&report, args.output),
        Err(why) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(anstream::stderr(), "round_trip: {why}");
            ExitCode::from(FAILED)
        }
    }
}

fn show(report: &Report, output: Output) -> ExitCode {
    let mut out = anstream::stdout().lock();
    let written = match output {
        Output::Text => print::text(report, &mut out),
        Output::Json => serde_json::to_writer_pretty(&mut out, report)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out)),
    };
    match written {
        // The reader may stop early, as `head` does.
        Ok(()) | Err(_) if report.all_as_asked() => ExitCode::SUCCESS,
        _ => ExitCode::from(DENIED),
    }
}
