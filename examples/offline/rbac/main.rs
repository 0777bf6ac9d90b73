//! Who can do what, and why, from RBAC manifests alone.
//!
//! ```text
//! $ cargo run --quiet --example rbac -- why 'get pods/web --subresource=log -n dev' \
//!       --as k8s-developer round_trip/cluster/rbac.yaml
//! no
//! nearly by RoleBinding "developer/dev" of Role "developer" to User "k8s-developer": its resources are ["pods"]
//! ```
//!
//! The libraries decide everything; the program reads files and prints answers. Problems of the files are
//! printed on standard error, and the remaining objects are used.

mod answer;
mod args;
mod escalate;
mod lint;
#[cfg(test)]
mod tests;
mod world;
mod write;

use std::fmt::Write as _;
use std::process::ExitCode;

use program::output::{self, FAILED};
use serde_json::{Value, json};

use answer::Answer;
use args::{Args, Command, Output};
use world::{PROGRAM, Reader, World};

/// The answer is no, or something was found.
const NO: u8 = 1;

fn main() -> ExitCode {
    let args: Args = match output::parse(PROGRAM) {
        Ok(args) => args,
        Err(status) => return status,
    };
    let reader = match args.command {
        Command::Lint(_) => Reader::new(&args).without_placeholders(),
        _ => Reader::new(&args),
    };
    match (answer(&args, &reader), args.output) {
        (Ok(answer), output) => {
            let status = match answer.is_good {
                _ if !reader.is_whole() => FAILED,
                true => 0,
                false => NO,
            };
            output::finish(PROGRAM, status, &text(answer, output, reader.is_whole()))
        }
        (Err(why), Output::Text) => output::fail(PROGRAM, &why),
        (Err(why), Output::Json) => {
            output::note(PROGRAM, &why);
            let text = printed(&json!({ "error": why }));
            output::finish(PROGRAM, FAILED, &text)
        }
    }
}

fn answer(args: &Args, reader: &Reader) -> Result<Answer, String> {
    let version = args.kubernetes_version.unwrap_or_default();
    let bootstrap = args.bootstrap.then_some(version);
    let world = |paths: &[_]| World::read(reader, paths, bootstrap, args.aggregate);
    match &args.command {
        Command::Can(asked) => answer::can(asked, &world(&asked.files.files)?),
        Command::Why(asked) => answer::why(asked, &world(&asked.files.files)?),
        Command::Who { question, files } => answer::who(question, &world(&files.files)?),
        Command::Where(asked) => answer::in_which(asked, &world(&asked.files.files)?),
        Command::List { user, files } => answer::list(user, &world(&files.files)?),
        Command::Escalate { to, user, files } => {
            escalate::escalate(user, to.as_deref(), &world(&files.files)?, version)
        }
        Command::Lint(asked) => lint::lint(asked, args.kubernetes_version, reader),
        Command::Write {
            objects,
            user,
            files,
        } => {
            let written = reader.read(std::slice::from_ref(objects))?;
            write::write(user, written.objects(), &world(&files.files)?, version)
        }
        Command::Diff { before, after } => {
            let before = world(std::slice::from_ref(before))?;
            answer::diff(&before, &world(std::slice::from_ref(after))?)
        }
    }
}

/// Formats an answer. One that rests on a part of the objects only is marked, since it may be wrong.
fn text(answer: Answer, output: Output, is_whole: bool) -> String {
    match (output, is_whole) {
        (Output::Text, true) => answer.text,
        (Output::Text, false) => {
            let text = answer.text;
            format!("no answer; by the objects that could be read it is:\n{text}")
        }
        (Output::Json, true) => printed(&answer.data),
        (Output::Json, false) => {
            let data = match answer.data {
                Value::Object(mut data) => {
                    data.insert("incomplete".to_owned(), json!(true));
                    Value::Object(data)
                }
                data => json!({ "incomplete": true, "answer": data }),
            };
            printed(&data)
        }
    }
}

/// Formats JSON. Characters that a terminal acts on are escaped, which is the same JSON.
fn printed(data: &Value) -> String {
    let mut printed = String::new();
    for c in format!("{data:#}\n").chars() {
        if c == '\n' || c.is_ascii() || c.escape_debug().len() == 1 {
            printed.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(printed, "\\u{unit:04x}");
            }
        }
    }
    printed
}
