//! Printing: every write and the last flush are checked.
//!
//! - If standard output cannot take the text, the program ends with [`FAILED`] and an error on standard
//!   error. An incomplete file must not look like a complete one.
//! - If the reader of a pipe has stopped reading, as `head` does, the program ends quietly with the status of
//!   its answer.
//! - Errors on standard error are ignored: there is no other place for a report. No function here
//!   panics, unlike `println!` and `eprintln!`.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, Id, Parser};
use printable_text::Printable;

use crate::secrets::{HIDDEN, is_hidden, masked};

/// The exit status of a program without an answer: a wrong flag, a file that cannot be read, an answer that
/// cannot be printed.
pub const FAILED: u8 = 2;

/// A word that people write because another program has it, and the advice for this program.
pub type Tip = (&'static str, &'static str);

/// Parses the arguments of a program.
///
/// # Errors
///
/// The status to end with, after `--help`, `--version` or an error was printed.
pub fn parse<A: Parser>(program: &str) -> Result<A, ExitCode> {
    parse_with(program, &[])
}

/// Parses the arguments of a program as [`parse`] does. Below an error, prints the first tip whose word is among the
/// arguments.
///
/// # Errors
///
/// Those of [`parse`].
pub fn parse_with<A: Parser>(program: &str, tips: &[Tip]) -> Result<A, ExitCode> {
    let mut command = without_empty_variables(A::command());
    let plugin = std::env::args_os()
        .next()
        .and_then(|path| plugin_name(&path));
    if let Some(name) = &plugin {
        command = command.bin_name(name);
    }
    let matches = command.try_get_matches_from_mut(std::env::args_os());
    let parsed = matches.and_then(|mut matches| A::from_arg_matches_mut(&mut matches));
    parsed.map_err(|answer| {
        if answer.use_stderr() {
            let variable = variable_of(&answer, &command);
            let mut text = error_text(answer, std::env::args_os().skip(1));
            if let Some(variable) = variable {
                text.push_str(&format!(
                    "\nThe value is that of the variable {variable}.\n"
                ));
            }
            let mut arguments = std::env::args_os().skip(1);
            let tip = arguments.find_map(|given| tips.iter().find(|(word, _)| given == *word));
            if let Some((_, tip)) = tip {
                text.push_str(&format!("\n{tip}\n"));
            }
            let text = typed(text, program, plugin.as_deref());
            let _ = io::stderr().write_all(text.as_bytes());
            return ExitCode::from(FAILED);
        }
        let text = answer.render().ansi().to_string();
        let text = typed(text, program, plugin.as_deref());
        end(program, 0, |out| {
            anstream::AutoStream::auto(out).write_all(text.as_bytes())
        })
    })
}

/// Replaces the name of the program by the name of the plugin in the usage of a subcommand, since clap does
/// not.
fn typed(text: String, program: &str, plugin: Option<&str>) -> String {
    let Some(plugin) = plugin else { return text };
    let (program, plugin) = (format!("{program} "), format!("{plugin} "));
    // The plugin's name is first replaced back, so that no name is replaced twice.
    text.replace(&plugin, &program).replace(&program, &plugin)
}

/// Returns the words that a person types for a plugin of kubectl: `kubectl eks-access` for `kubectl-eks_access`.
/// `None` if the program is not a plugin.
fn plugin_name(path: &OsStr) -> Option<String> {
    let name = Path::new(path).file_stem()?.to_str()?;
    let words = name.strip_prefix("kubectl-")?;
    // In the name of a plugin, kubectl reads a dash as a space, and an underscore as a dash.
    let words = words.replace('-', " ").replace('_', "-");
    Some(format!("kubectl {words}"))
}

/// Treats an empty variable as not set, as aws-iam-authenticator does (viper, `AllowEmptyEnv`).
fn without_empty_variables(mut command: Command) -> Command {
    let is_empty = |argument: &Arg| {
        argument
            .get_env()
            .and_then(std::env::var_os)
            .is_some_and(|value| value.is_empty())
    };
    let empty: Vec<Id> = command
        .get_arguments()
        .filter(|argument| is_empty(argument))
        .map(|argument| argument.get_id().clone())
        .collect();
    for id in empty {
        command = command.mut_arg(id, |argument| argument.env(Resettable::Reset));
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|below| below.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, without_empty_variables);
    }
    command
}

/// Returns the variable whose value an error is about. `None` if it is about the command line.
fn variable_of(error: &clap::Error, command: &Command) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (name, value) = (
        text(ContextKind::InvalidArg)?,
        text(ContextKind::InvalidValue)?,
    );
    let is_given = |given: OsString| given.to_str().is_some_and(|given| given.ends_with(value));
    if std::env::args_os().skip(1).any(is_given) {
        return None;
    }
    let is_named = |argument: &&Arg| {
        let long = argument.get_long().unwrap_or_default();
        name.split(' ')
            .next()
            .and_then(|flag| flag.strip_prefix("--"))
            == Some(long)
    };
    let mut commands = vec![command];
    while let Some(command) = commands.pop() {
        let variable = command
            .get_arguments()
            .find(is_named)
            .and_then(Arg::get_env);
        if let Some(variable) = variable
            && std::env::var_os(variable).is_some_and(|own| own == value)
        {
            return variable.to_str().map(str::to_owned);
        }
        commands.extend(command.get_subcommands());
    }
    None
}

/// Formats an error about arguments. Quoted arguments, and every other character that a terminal acts on, are escaped.
/// Secrets are hidden: the value of a flag that may have a password, and in any argument a secret with a known form.
#[must_use]
pub fn error_text(mut error: clap::Error, arguments: impl Iterator<Item = OsString>) -> String {
    let argument = error.get(ContextKind::InvalidArg);
    let is_hidden = matches!(argument, Some(ContextValue::String(name)) if is_hidden(name));
    // Styles are stripped from the whole text, so a quoted argument with a style could not be found in it.
    let quoted: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(quoted) => {
                let printed = match kind {
                    ContextKind::InvalidValue if is_hidden => HIDDEN.to_owned(),
                    _ => printed(quoted),
                };
                (printed != *quoted).then_some((kind, ContextValue::String(printed)))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    let mut text = error.render().to_string();
    for argument in arguments {
        let argument = argument.to_string_lossy();
        let value = argument.split_once('=').map(|(_, value)| value);
        for quoted in std::iter::once(&*argument).chain(value) {
            let printed = printed(quoted);
            if !quoted.is_empty() && printed != quoted {
                text = text.replace(quoted, &printed);
            }
        }
    }
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| Printable::new(line).to_string())
        .collect();
    lines.join("\n")
}

/// Returns an argument in the form for messages.
fn printed(argument: &str) -> String {
    Printable::new(&masked(argument)).to_string()
}

/// Prints the answer of a program, and returns the status to end with: `status` if the whole answer was
/// printed or its reader has gone, else [`FAILED`].
pub fn finish(program: &str, status: u8, text: &str) -> ExitCode {
    end(program, status, |out| out.write_all(text.as_bytes()))
}

/// Prints an answer as [`finish`] does, in the styles of `anstyle`, which are stripped if standard output is
/// not a terminal.
pub fn finish_styled(program: &str, status: u8, text: &str) -> ExitCode {
    end(program, status, |out| {
        anstream::AutoStream::auto(out).write_all(text.as_bytes())
    })
}

/// Prints an answer as [`finish`] does. A function writes the answer, which may be too long for the
/// memory.
pub fn finish_with(
    program: &str,
    status: u8,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> ExitCode {
    end(program, status, |out| write(out))
}

/// Prints `why` as the program's error, and returns [`FAILED`].
pub fn fail(program: &str, why: &dyn Display) -> ExitCode {
    note(program, why);
    ExitCode::from(FAILED)
}

/// Prints a line on standard error, with the program's name before it.
pub fn note(program: &str, what: &dyn Display) {
    // The line is written at once, so that lines of several threads do not mix.
    let line = format!("{program}: {what}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Writes to standard output, and returns the status to end with.
fn end(
    program: &str,
    status: u8,
    write: impl FnOnce(&mut io::StdoutLock<'static>) -> io::Result<()>,
) -> ExitCode {
    let mut out = io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::from(status),
        Err(why) => lost(program, status, &why),
    }
}

/// Returns the status to end with after standard output failed, and prints the error unless the reader has
/// gone.
pub fn lost(program: &str, status: u8, why: &io::Error) -> ExitCode {
    match why.kind() {
        ErrorKind::BrokenPipe => ExitCode::from(status),
        _ => fail(program, &format_args!("standard output: {why}")),
    }
}
