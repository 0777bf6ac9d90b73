//! Lints an `aws-auth` ConfigMap, shows which Kubernetes user a caller becomes, and previews and makes
//! changes: from files, without a cluster.
//!
//! ```text
//! $ cargo run --quiet --example aws_auth -- explain round_trip/cluster/aws-auth.yaml \
//!       arn:aws:iam::111122223333:user/developer
//! user      k8s-developer
//! rule      mapUsers[1] of EKSConfigMap, line 19
//! ```
//!
//! All decisions are made in `aws-auth-map`. This program reads files and prints answers.

mod args;
mod convert;
mod edit;
mod look;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};

/// Something was found, or the answer is no.
const FOUND: u8 = 1;
/// No answer: wrong usage, a file that cannot be read, an edit that is refused.
const FAILED: u8 = 2;
/// A change locks out nodes, administrators or the caller.
const LOCKOUT: u8 = 3;

/// The output and the exit status.
struct Answer {
    status: u8,
    /// For standard output.
    text: String,
    /// For standard error.
    aside: String,
}

impl Answer {
    const fn new(status: u8, text: String) -> Self {
        Self {
            status,
            text,
            aside: String::new(),
        }
    }
}

fn main() -> ExitCode {
    let answer = match Args::parse().command {
        Command::Check { files } => look::check(&files),
        Command::Explain(asked) => look::explain(&asked),
        Command::Diff { old, new, caller } => look::diff(&old, &new, caller.as_ref()),
        Command::Convert { to } => convert::convert(&to),
        Command::Edit { edit } => edit::edit(&edit),
    };
    // A closed standard error leaves no way to report it, and a reader may stop early, as `head` does.
    match answer {
        Ok(answer) => {
            let _ = anstream::stderr().write_all(answer.aside.as_bytes());
            let _ = anstream::stdout().write_all(answer.text.as_bytes());
            ExitCode::from(answer.status)
        }
        Err(why) => {
            let _ = writeln!(anstream::stderr(), "aws_auth: {why}");
            ExitCode::from(FAILED)
        }
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))
}
