//! Completions of shells, and manual pages.

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;
use serde_json::Value;

use crate::PROGRAM;
use crate::args::Args;
use crate::print::Answer;

/// Prints the completions of a shell.
pub(crate) fn completions(shell: Shell) -> Answer {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), PROGRAM, &mut bytes);
    printed(bytes)
}

/// Prints the manual page of the program, or of a command.
pub(crate) fn page(command: Option<&str>) -> Result<Answer, String> {
    let mut program = Args::command();
    program.build();
    let described = match command {
        None => program,
        Some(name) => {
            let found = program.find_subcommand(name).cloned();
            found.ok_or_else(|| {
                format!("{}: no such command", printable_text::Printable::new(name))
            })?
        }
    };
    let mut bytes = Vec::new();
    Man::new(described)
        .render(&mut bytes)
        .map_err(|why| why.to_string())?;
    Ok(printed(bytes))
}

fn printed(bytes: Vec<u8>) -> Answer {
    Answer {
        status: 0,
        text: String::from_utf8_lossy(&bytes).into_owned(),
        data: Value::Null,
        aside: Vec::new(),
        failure: None,
    }
}
