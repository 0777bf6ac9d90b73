//! `--help` of every command, word for word, so that a review shows each change.
//!
//! `ACCEPT_HELP=1 cargo test -p program --test it help` writes the current output of the programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::run::{self, capture};

const PROGRAMS: [&str; 8] = [
    "conformance",
    "eks-access",
    "guard",
    "measure",
    "round_trip",
    "signer",
    "sts",
    "verifier",
];

#[test]
fn the_help_of_each_program_is_the_accepted_one() {
    let is_accepted = std::env::var_os("ACCEPT_HELP").is_some();
    let mut changed = Vec::new();
    for program in PROGRAMS {
        let printed = help(program);
        let file = accepted(program);
        if is_accepted {
            std::fs::write(&file, &printed).unwrap();
        } else if let Some(difference) = difference(&read(&file), &printed) {
            changed.push(format!("{program}: {difference}"));
        }
    }
    assert!(
        changed.is_empty(),
        "{}\nIf the change is wanted: ACCEPT_HELP=1 cargo test -p program --test it help",
        changed.join("\n")
    );
}

#[test]
fn no_help_is_accepted_for_a_program_that_is_gone() {
    let directory = accepted("sts");
    for entry in directory.parent().unwrap().read_dir().unwrap() {
        let path = entry.unwrap().path();
        let program = path.file_stem().unwrap().to_str().unwrap();
        assert!(PROGRAMS.contains(&program), "{}", path.display());
    }
}

fn accepted(program: &str) -> PathBuf {
    Path::new(run::ROOT).join(format!("examples/program/testdata/help/{program}.txt"))
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

/// Returns the help of a program and of each command below it, one after the other. A section that an earlier
/// command has too, such as the common options, is replaced by its heading.
fn help(program: &str) -> String {
    let mut text = Text::default();
    // The signer names its only command just in its text, because kubectl runs the signer without a
    // command.
    let hidden: &[&str] = match program {
        "signer" => &["kubeconfig"],
        _ => &[],
    };
    text.append(program, &[]);
    for command in hidden {
        text.append(program, &[command]);
    }
    text.shown.truncate(text.shown.trim_end().len());
    text.shown.push('\n');
    text.shown
}

#[derive(Default)]
struct Text {
    shown: String,
    sections: BTreeSet<String>,
}

impl Text {
    fn append(&mut self, program: &str, commands: &[&str]) {
        let ended = capture(program, &[commands, &["--help"]].concat(), "");
        assert!(ended.status.success(), "{program} {commands:?}: {ended:?}");
        let line = [&[program], commands, &["--help"]].concat().join(" ");
        let shown = &mut self.shown;
        shown.push_str(&format!("$ {line}\n"));
        for section in sections(&ended.stdout) {
            let (heading, rest) = section.split_once('\n').unwrap_or((&section, ""));
            if rest.is_empty() || self.sections.insert(section.trim_end().to_owned()) {
                shown.push_str(&section);
            } else {
                shown.push_str(&format!("{heading} as before\n"));
            }
        }
        shown.truncate(shown.trim_end().len());
        shown.push_str("\n\n");
        for name in names(&ended.stdout) {
            self.append(program, &[commands, &[name]].concat());
        }
    }
}

/// Splits before each heading: a line without indentation that ends with a colon.
fn sections(help: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    for line in help.split_inclusive('\n') {
        let is_heading = line.ends_with(":\n") && !line.starts_with(' ');
        match sections.last_mut() {
            Some(last) if !is_heading || last.is_empty() => last.push_str(line),
            _ => sections.push(line.to_owned()),
        }
    }
    sections
}

/// Returns the names below `Commands:`, except `help`.
fn names(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // A description that goes on is indented further.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

/// Returns the first line that differs.
fn difference(accepted: &str, printed: &str) -> Option<String> {
    if accepted == printed {
        return None;
    }
    let mut accepted = accepted.lines();
    let mut printed = printed.lines();
    for number in 1_usize.. {
        let lines = (accepted.next(), printed.next());
        if lines.0 != lines.1 || lines.0.is_none() {
            let [was, is] = [lines.0, lines.1].map(|line| line.unwrap_or("(the end)"));
            return Some(format!(
                "line {number}\n  accepted {was:?}\n  printed  {is:?}"
            ));
        }
    }
    None
}
