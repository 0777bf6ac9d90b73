//! The grammar of the command line.

use clap::{CommandFactory as _, Parser as _};

use crate::args::Args;
use crate::run;

#[test]
fn the_grammar_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn a_question_without_files_has_no_answer() {
    let args = Args::try_parse_from(["eks-access", "callers"]).unwrap();
    assert_eq!(run(&args).status, 2);
}
