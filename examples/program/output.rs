//! Printing: every write and the last flush are checked.
//!
//! - If standard output cannot take the text, the program ends with [`FAILED`] and an error on standard
//!   error. An incomplete file must not look like a complete one.
//! - If the reader of a pipe has stopped reading, as `head` does, the program ends quietly with the status of
//!   its answer.
//! - Standard error is best effort: there is no other place for a report. Nothing here panics, unlike
//!   `println!` and `eprintln!`.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue};
use printable_text::Printable;

/// The exit status of a program without an answer: a wrong flag, a file that cannot be read, an answer that
/// cannot be printed.
pub const FAILED: u8 = 2;

/// Parses the arguments of a program.
///
/// # Errors
///
/// The status to end with, after `--help`, `--version` or an error was printed.
pub fn parse<A: Parser>(program: &str) -> Result<A, ExitCode> {
    A::try_parse().map_err(|answer| {
        if answer.use_stderr() {
            let text = error_text(answer, std::env::args_os().skip(1));
            let _ = io::stderr().write_all(text.as_bytes());
            return ExitCode::from(FAILED);
        }
        let text = answer.render().ansi().to_string();
        end(program, 0, |out| {
            anstream::AutoStream::auto(out).write_all(text.as_bytes())
        })
    })
}

/// Formats an error about arguments. Those that it quotes, and every other character that a terminal acts on, are
/// escaped.
#[must_use]
pub fn error_text(mut error: clap::Error, arguments: impl Iterator<Item = OsString>) -> String {
    // Styles are stripped from the whole text, so that a quoted argument with one could not be found in it.
    let quoted: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(quoted) => {
                let printed = Printable::new(quoted).to_string();
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
            let printed = Printable::new(quoted).to_string();
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

/// Prints `why` as the program's error, and returns [`FAILED`].
pub fn fail(program: &str, why: &dyn Display) -> ExitCode {
    note(program, why);
    ExitCode::from(FAILED)
}

/// Prints a line on standard error, with the program's name before it.
pub fn note(program: &str, what: &dyn Display) {
    // One write, so that lines of several threads do not mix.
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
