//! Who can do what, and why, from RBAC manifests alone.
//!
//! ```text
//! $ cargo run --quiet --example rbac -- why 'get pods/web --subresource=log -n dev' \
//!       --as k8s-developer round_trip/cluster/rbac.yaml
//! no
//! nearly by RoleBinding "developer/dev" of Role "developer" to User "k8s-developer": its resources are ["pods"]
//! ```
//!
//! Everything is decided in `k8s-rbac`; here files are read and answers printed. What is wrong with the
//! files goes to standard error, and the rest of them is used.

mod answer;
mod args;
mod escalate;
mod lint;
mod world;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use k8s_rbac::ManifestReader;

use answer::Answer;
use args::{Args, Command, Output};
use world::{Reader, World};

/// The answer is no, or something was found.
const NO: u8 = 1;
/// No answer, or none for certain: a wrong flag, a file or something in it that cannot be read.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    let manifests = ManifestReader::new();
    let manifests = match &args.namespace {
        Some(namespace) => manifests.in_namespace(namespace),
        None => manifests,
    };
    let reader = Reader::new(manifests);
    match answer(&args, &reader) {
        Ok(answer) => {
            show(&answer, args.output);
            match answer.is_good {
                _ if !reader.is_whole() => ExitCode::from(FAILED),
                true => ExitCode::SUCCESS,
                false => ExitCode::from(NO),
            }
        }
        Err(why) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(anstream::stderr(), "rbac: {why}");
            ExitCode::from(FAILED)
        }
    }
}

fn answer(args: &Args, reader: &Reader) -> Result<Answer, String> {
    let world = |paths: &[_]| World::read(reader, paths, args.bootstrap, args.aggregate);
    match &args.command {
        Command::Can(asked) => answer::can(asked, &world(&asked.files.files)?),
        Command::Why(asked) => answer::why(asked, &world(&asked.files.files)?),
        Command::Who { question, files } => answer::who(question, &world(&files.files)?),
        Command::Where(asked) => answer::in_which(asked, &world(&asked.files.files)?),
        Command::List { user, files } => answer::list(user, &world(&files.files)?),
        Command::Escalate { to, user, files } => {
            escalate::escalate(user, to.as_deref(), &world(&files.files)?)
        }
        Command::Lint(asked) => lint::lint(asked, reader),
        Command::Write {
            objects,
            user,
            files,
        } => {
            let written = reader.read(std::slice::from_ref(objects))?;
            Ok(write::write(user, written.objects(), &world(&files.files)?))
        }
        Command::Diff { before, after } => {
            let before = world(std::slice::from_ref(before))?;
            answer::diff(&before, &world(std::slice::from_ref(after))?)
        }
    }
}

fn show(answer: &Answer, output: Output) {
    let mut out = anstream::stdout().lock();
    // The reader may stop early, as `head` does.
    let _ = match output {
        Output::Text => out.write_all(answer.text.as_bytes()),
        Output::Json => writeln!(out, "{:#}", answer.data),
    };
}
