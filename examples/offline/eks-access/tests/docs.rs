//! The pages of `docs/`: each command of a `console` block prints the lines below it.

use std::fs;
use std::path::Path;

use clap::Parser as _;

use crate::args::Args;
use crate::print;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/eks-access/docs");

/// Splits a line as a shell does, without expansions: the pages have none.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'').unwrap(),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// Runs a command of a page. Returns what it prints, standard error first, and its status.
fn run(line: &str, status: u8) -> (String, u8) {
    if line == "echo $?" {
        return (format!("{status}\n"), 0);
    }
    if let Some(file) = line.strip_prefix("cat ") {
        return (fs::read_to_string(file).unwrap(), 0);
    }
    let (line, file) = line.split_once(" > ").unwrap_or((line, ""));
    let args = Args::try_parse_from(words(line)).unwrap();
    let answer = crate::run(&args);
    let aside = answer.aside.iter();
    let aside: String = aside.map(|line| format!("eks-access: {line}\n")).collect();
    let text = print::text(&answer, args.common.output);
    if !file.is_empty() {
        assert!(!text.is_empty(), "{line} writes nothing to {file}");
        // A file that other commands read stands beside the page.
        if let Ok(written) = fs::read_to_string(file) {
            assert_eq!(text, written, "{line} writes {file}");
        }
        return (aside, answer.status);
    }
    (aside + &text, answer.status)
}

#[test]
fn every_command_prints_what_its_page_says() {
    // The other tests name their files by absolute paths.
    std::env::set_current_dir(DOCS).unwrap();
    let mut commands = 0_usize;
    for page in fs::read_dir(DOCS).unwrap() {
        let page = page.unwrap().path();
        if page.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("```console\n").skip(1) {
            let (block, _) = block.split_once("```").unwrap();
            commands = commands.saturating_add(check(&page, block));
        }
    }
    assert!(commands > 20, "{commands}");
}

fn check(page: &Path, block: &str) -> usize {
    let mut commands = 0_usize;
    let mut status = 0;
    for command in format!("\n{block}").split("\n$ ").skip(1) {
        let (line, want) = command.split_once('\n').unwrap_or((command, ""));
        let (got, new_status) = run(line, status);
        status = new_status;
        assert_eq!(
            got.trim_end(),
            want.trim_end(),
            "{}: {line}",
            page.display()
        );
        commands = commands.saturating_add(1);
    }
    commands
}
