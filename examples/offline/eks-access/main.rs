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

use std::path::Path;
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
    let answer = match audit::part(&args) {
        Some(Ok(log)) => {
            for line in audit::of_counts(log.counts()) {
                output::note(PROGRAM, &print::without_commands(&line));
            }
            let status = output::finish_with(PROGRAM, 0, |out| audit::write_part(&log, out));
            input::leave(&args.common, log);
            return status;
        }
        Some(Err(why)) => Answer::failed("audit", print::without_commands(&why)),
        None => run(&args),
    };
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

/// Whether a command prints a file for other programs, which must stay unchanged.
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
    let mut answer = answer(args).in_format(args.common.output, title(&args.command));
    if !is_for_programs(&args.command) {
        answer.text = print::without_commands(&answer.text);
    }
    for line in &mut answer.aside {
        *line = print::without_commands(line);
    }
    answer
}

/// Returns the title of a report for a command.
pub(crate) const fn title(command: &Command) -> &'static str {
    match command {
        Command::Audit(_) => "audit",
        Command::Check(_) => "check",
        Command::Diff(_) => "diff",
        _ => "question",
    }
}

/// Answers a command line, for one cluster or for each cluster of a fleet.
fn answer(args: &Args) -> Answer {
    let common = &args.common;
    let is_of_findings = matches!(
        args.command,
        Command::Audit(_) | Command::Check(_) | Command::Diff(_)
    );
    if common.output.is_of_findings() && !is_of_findings {
        let why = "this form is for `audit`, `check` and `diff`; choose text, json or yaml";
        return Answer::failed("output", why.to_owned());
    }
    if let Some(why) = common.fleet.as_ref().and_then(|_| not_for_a_fleet(args)) {
        return Answer::failed("fleet", why.to_owned());
    }
    let answer = match (&args.command, &common.fleet) {
        (Command::Audit(asked), _) => Ok(audit::answer(common, asked)),
        (Command::Completions { shell }, _) => Ok(manual::completions(*shell)),
        (Command::Man { command }, _) => manual::page(command.as_deref()),
        (Command::Report(asked), Some(_)) => report::of_fleet(asked, common),
        (Command::Diff(asked), Some(fleet)) => diff::diff_fleets(asked, common, fleet),
        (_, Some(fleet)) => of_fleet(args, fleet),
        (Command::Check(asked), None) => check::check(asked, common),
        (Command::Diff(asked), None) => diff::diff(asked, common),
        (Command::Edit(asked), None) => edit::edit(asked, common),
        (command, None) => input::cluster(common, Extent::of(command)).map(|cluster| {
            let answer = live::note(ask::ask(command, common, &cluster), common, &cluster);
            input::leave(common, cluster);
            answer
        }),
    };
    answer.unwrap_or_else(|why| Answer::failed("input", why))
}

/// Returns why a command line is about one cluster only. `None` if it accepts a fleet.
fn not_for_a_fleet(args: &Args) -> Option<&'static str> {
    match &args.command {
        Command::Audit(asked) if asked.save => {
            Some("--save prints the part of one cluster: give its logs without --fleet")
        }
        Command::Edit(_) => Some("an edit changes one ConfigMap: give it with -f"),
        Command::Check(asked) if asked.fix => Some("--fix changes one ConfigMap: give it with -f"),
        Command::Check(asked) if !asked.paths.is_empty() => {
            Some("give either files or --fleet, not both")
        }
        _ if matches!(args.common.output, Output::Sarif | Output::Junit) => {
            Some("SARIF and JUnit are one document for each cluster: give its files with -f")
        }
        _ => None,
    }
}

/// Answers a command line for each cluster of a fleet.
fn of_fleet(args: &Args, fleet: &Path) -> Result<Answer, String> {
    let common = &args.common;
    let directories = input::fleet(fleet)?;
    Ok(Answer::of_fleet(directories.into_iter().map(
        |(name, directory)| {
            let answer = match (input::cluster_in(common, &directory), &args.command) {
                (Err(why), _) => Answer::failed("input", why),
                (Ok(cluster), Command::Convert(asked)) => {
                    convert::convert_as(asked, Some(&name), common, &cluster)
                }
                (Ok(cluster), command) => ask::ask(command, common, &cluster),
            };
            (name, answer.in_format(common.output, title(&args.command)))
        },
    )))
}
