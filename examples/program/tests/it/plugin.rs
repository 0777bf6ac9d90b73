//! `eks-access` as the plugin of kubectl that its page describes.

use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use crate::run::{AWS_AUTH, ROOT, capture, path};

/// Runs the program under the name of the plugin.
fn run_plugin(test: &str, arguments: &[&str]) -> Output {
    let name = format!("plugin-{test}-{}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory).unwrap();
    let plugin = directory.join("kubectl-eks_access");
    symlink(path("eks-access"), &plugin).unwrap();
    let mut command = Command::new(&plugin);
    let output = command.args(arguments).current_dir(ROOT).output();
    std::fs::remove_dir_all(&directory).unwrap();
    output.unwrap()
}

/// kubectl runs `kubectl-eks_access` for `kubectl eks-access`, with the remaining arguments.
#[test]
fn the_plugin_is_the_program_under_another_name() {
    let arguments = ["callers", "-f", AWS_AUTH, "-o", "json"];
    let (output, program) = (
        run_plugin("program", &arguments),
        capture("eks-access", &arguments, ""),
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), program.stdout);
}

#[test]
fn the_usage_of_the_plugin_is_what_a_person_types() {
    for command in ["callers", "can", "why"] {
        let output = run_plugin("usage", &[command, "--no-such-flag"]);
        assert_eq!(output.status.code(), Some(2));
        let refused = String::from_utf8_lossy(&output.stderr);
        let output = run_plugin("help", &[command, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8_lossy(&output.stdout);
        for text in [refused, help] {
            let count = |words: &str| text.matches(&format!("{words} {command} ")).count();
            assert!(count("Usage: kubectl eks-access") == 1, "{text}");
            assert_eq!(count("eks-access"), count("kubectl eks-access"), "{text}");
        }
    }
}
