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
#[cfg(test)]
mod cases;
mod convert;
mod edit;
mod look;
mod source;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use program::output;

use args::{Args, Command};
use source::Source;

/// The name before every error.
const PROGRAM: &str = "aws_auth";

/// Something was found, or the answer is no.
const FOUND: u8 = 1;
/// A change locks out nodes, administrators or the caller.
const LOCKOUT: u8 = 3;

/// The output and the exit status.
#[derive(Debug)]
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

    /// No answer: nothing on standard output.
    const fn none(aside: String) -> Self {
        Self {
            status: output::FAILED,
            text: String::new(),
            aside,
        }
    }
}

fn main() -> ExitCode {
    let args = match output::parse::<Args>(PROGRAM) {
        Ok(args) => args,
        Err(status) => return status,
    };
    match run(&args) {
        Ok(answer) => {
            for line in answer.aside.lines() {
                output::note(PROGRAM, &line);
            }
            output::finish(PROGRAM, answer.status, &answer.text)
        }
        Err(why) => output::fail(PROGRAM, &why),
    }
}

/// Answers a command line.
///
/// # Errors
///
/// Why there is no answer.
fn run(args: &Args) -> Result<Answer, String> {
    let source = Source::new(args);
    match &args.command {
        Command::Check {
            files,
            mode,
            beside,
        } => look::check(&source, files, *mode, beside),
        Command::Explain(asked) => look::explain(&source, asked),
        Command::Diff {
            old,
            new,
            caller,
            beside,
        } => look::diff(&source, (old, new), caller.as_ref(), beside),
        Command::Convert { to } => convert::convert(&source, to),
        Command::Edit(edit) => edit::edit(&source, edit),
    }
}
