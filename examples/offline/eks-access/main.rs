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
mod check;
mod convert;
mod diff;
mod edit;
mod git;
mod in_place;
mod input;
mod live;
mod manual;
mod print;
mod report;
mod style;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use program::output;

use args::{Args, Color, Command, Output};
use live::Extent;
use print::Answer;

/// The name before every line on standard error.
const PROGRAM: &str = "eks-access";

/// The status of a change that locks out nodes, administrators or the caller.
const LOCKOUT: u8 = 3;

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
    match args.common.color {
        _ if args.common.output != Output::Text || is_for_programs(&args.command) => {
            output::finish(PROGRAM, answer.status, &text)
        }
        Color::Never => output::finish(PROGRAM, answer.status, &text),
        Color::Auto => output::finish_styled(PROGRAM, answer.status, &style::colored(&text)),
        Color::Always => output::finish(PROGRAM, answer.status, &style::colored(&text)),
    }
}

/// Whether the text of a command is a file, which is printed as it is.
const fn is_for_programs(command: &Command) -> bool {
    matches!(
        command,
        Command::Completions { .. }
            | Command::Convert(_)
            | Command::Edit(_)
            | Command::Man { .. }
            | Command::Report(_)
    )
}

/// Answers a command line.
fn run(args: &Args) -> Answer {
    let mut answer = answer(args);
    if !is_for_programs(&args.command) {
        answer.text = print::without_commands(&answer.text);
    }
    for line in &mut answer.aside {
        *line = print::without_commands(line);
    }
    answer
}

/// Answers a command line, for one cluster or for each of a fleet.
fn answer(args: &Args) -> Answer {
    let common = &args.common;
    let is_of_findings = matches!(args.command, Command::Check(_) | Command::Diff(_));
    if common.output.is_of_findings() && !is_of_findings {
        let why = "this form is for `check` and `diff`; choose text, json or yaml";
        return Answer::failed("output", why.to_owned());
    }
    let answer = match &args.command {
        Command::Audit(asked) => Ok(audit::answer(common, asked)),
        Command::Completions { shell } => Ok(manual::completions(*shell)),
        Command::Man { command } => manual::page(command.as_deref()),
        Command::Report(asked) if common.fleet.is_some() => report::of_fleet(asked, common),
        _ if common.fleet.is_some() => return of_fleet(args),
        Command::Check(asked) => check::check(asked, common),
        Command::Diff(asked) => diff::diff(asked, common),
        Command::Edit(asked) => edit::edit(asked, common),
        command => input::cluster(common, Extent::of(command))
            .map(|cluster| live::note(ask::ask(command, common, &cluster), common, &cluster)),
    };
    answer.unwrap_or_else(|why| Answer::failed("input", why))
}

/// Answers a command line for each cluster of a fleet.
fn of_fleet(args: &Args) -> Answer {
    let common = &args.common;
    let Some(fleet) = &common.fleet else {
        return Answer::failed("fleet", "give the directory of a fleet".to_owned());
    };
    if common.output == Output::Sarif {
        return Answer::failed(
            "output",
            "SARIF is of one cluster, not of a fleet".to_owned(),
        );
    }
    match input::fleet(fleet) {
        Err(why) => Answer::failed("input", why),
        Ok(directories) => Answer::of_fleet(directories.into_iter().map(|(name, directory)| {
            let answer = match input::cluster_in(common, &directory) {
                Ok(cluster) => ask::ask(&args.command, common, &cluster),
                Err(why) => Answer::failed("input", why),
            };
            (name, answer)
        })),
    }
}
