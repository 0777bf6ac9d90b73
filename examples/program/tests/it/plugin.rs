//! `eks-access` as the plugin of kubectl that its page describes.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::run::{AWS_AUTH, ROOT, capture, path};

/// kubectl runs `kubectl-eks_access` for `kubectl eks-access`, with the remaining arguments.
#[test]
fn the_plugin_is_the_program_under_another_name() {
    let directory = std::env::temp_dir().join(format!("plugin-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let plugin = directory.join("kubectl-eks_access");
    symlink(path("eks-access"), &plugin).unwrap();
    let arguments = ["callers", "-f", AWS_AUTH, "-o", "json"];
    let output = Command::new(&plugin)
        .args(arguments)
        .current_dir(ROOT)
        .output();
    std::fs::remove_dir_all(&directory).unwrap();
    let (output, program) = (output.unwrap(), capture("eks-access", &arguments, ""));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), program.stdout);
}
