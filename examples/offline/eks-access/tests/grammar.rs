//! The grammar of the command line, and the options that every command has.

use clap::{CommandFactory as _, Parser as _};
use program::output::FAILED;

use super::{check, parse};
use crate::args::Args;
use crate::run;

#[test]
fn the_grammar_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn common_options_stand_before_or_after_the_command() {
    for argv in [
        "-f x -o json --dialect ours can --as bob get pods -n dev",
        "can --as bob get pods -n dev -f x -o json --dialect ours",
    ] {
        let args = parse(argv);
        assert_eq!(args.common.files.len(), 1, "{argv}");
        assert_eq!(args.common.output, crate::args::Output::Json, "{argv}");
    }
}

#[test]
fn a_question_without_files_has_no_answer() {
    assert_eq!(run(&parse("callers")).status, 2);
}

#[test]
fn a_file_that_is_not_there_is_no_answer_in_every_form() {
    for output in ["text", "json", "yaml"] {
        let answer = run(&parse(&format!("callers -f /no/such/file -o {output}")));
        assert_eq!(answer.status, 2, "{output}");
        assert!(!answer.aside.is_empty(), "{output}");
    }
}

/// An unset shell variable gives an empty word. It does not mean a user with an empty name.
#[test]
fn a_user_and_a_group_have_a_name() {
    let parse = |argv: &[&str]| {
        Args::try_parse_from(argv)
            .map(|_| ())
            .map_err(|why| why.kind())
    };
    for (argv, is_right) in [
        (
            [
                "eks-access",
                "can",
                "--as=",
                "--as-group=dev",
                "get",
                "pods",
            ],
            false,
        ),
        (
            [
                "eks-access",
                "can",
                "--as=bob",
                "--as-group=",
                "get",
                "pods",
            ],
            false,
        ),
        (
            [
                "eks-access",
                "can",
                "--as=bob",
                "--as-group=dev",
                "get",
                "pods",
            ],
            true,
        ),
    ] {
        assert_eq!(parse(&argv).is_ok(), is_right, "{argv:?}");
    }
}

#[test]
fn completions_and_manual_pages_are_printed() {
    check("completions bash", 0, &["complete -F "]);
    check("man", 0, &[".TH eks-access 1"]);
    check("man check", 0, &["fail\\-on"]);
    check("man nothing", FAILED, &["no such command"]);
}
