//! Who can do what in an Amazon EKS cluster, and why, from files.
//!
//! ```text
//! $ cargo run --quiet --example eks-access -- whoami arn:aws:iam::111122223333:user/developer \
//!       -f round_trip/cluster
//! user      k8s-developer
//! rule      mapUsers[1] of EKSConfigMap (round_trip/cluster/aws-auth.yaml:19:7)
//! ```
//!
//! The library `eks-access` decides everything; the program reads files and prints answers.

mod args;
mod ask;
mod audit;
mod input;
mod print;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use program::output;

use args::{Args, Command};
use print::Answer;

/// The name before every line on standard error.
const PROGRAM: &str = "eks-access";

fn main() -> ExitCode {
    let args = match output::parse::<Args>(PROGRAM) {
        Ok(args) => args,
        Err(status) => return status,
    };
    let answer = run(&args);
    for line in &answer.aside {
        output::note(PROGRAM, line);
    }
    let text = print::text(&answer, args.common.output);
    output::finish(PROGRAM, answer.status, &text)
}

/// Answers a command line, for one cluster or for each of a fleet.
fn run(args: &Args) -> Answer {
    if let Command::Audit(asked) = &args.command {
        return audit::answer(&args.common, asked);
    }
    let Some(fleet) = &args.common.fleet else {
        return match input::cluster(&args.common) {
            Ok(cluster) => ask::ask(&args.command, &cluster),
            Err(why) => Answer::failed("input", why),
        };
    };
    match input::fleet(fleet) {
        Err(why) => Answer::failed("input", why),
        Ok(directories) => Answer::of_fleet(directories.into_iter().map(|(name, directory)| {
            let answer = match input::cluster_in(&args.common, &directory) {
                Ok(cluster) => ask::ask(&args.command, &cluster),
                Err(why) => Answer::failed("input", why),
            };
            (name, answer)
        })),
    }
}
