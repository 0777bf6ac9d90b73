//! Documents that a command printed when it found nothing, or failed.

use bounded_yaml::{Mapping, Node};

use crate::problem::SourceFault;

/// The words of a text that has a mapping, even if it cannot be parsed.
pub(super) const MAPPING_WORDS: [&str; 5] =
    ["mapRoles", "mapUsers", "mapAccounts", "rolearn", "userarn"];

/// Returns whether a text consists of comments, and none of them is a mapping or a role that was commented out. No
/// command prints such a text, so it is not the output of a command that failed.
pub(super) fn is_comment(text: &str) -> bool {
    let is_access = |text: &str| {
        let mut words = MAPPING_WORDS
            .iter()
            .chain([&"aws-auth", &k8s_rbac::API_GROUP]);
        words.any(|word| text.contains(word))
    };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_separator = |line: &str| matches!(line, "---" | "...");
    lines.clone().any(|line| line.starts_with('#'))
        && lines.all(|line| line.starts_with('#') || is_separator(line))
        && !is_access(text)
}

/// Returns whether a text has a directive of ytt, which is a comment for YAML: `#@ if`, or `name: #@ data.values.name`.
pub(super) fn is_ytt(text: &str) -> bool {
    let mut directives = text.match_indices("#@ ").map(|(at, _)| at);
    directives.any(|at| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(char::is_whitespace)
    })
}

/// Whether a document is an empty list, which a command prints if it finds nothing.
pub(super) fn is_empty_list(node: &Node) -> bool {
    let is_empty = |node: &Node| node.as_sequence().is_some_and(<[Node]>::is_empty);
    let only_items = |node: &Node| match node.as_mapping()?.entries() {
        [(key, items)] if key.text() == "items" => Some(is_empty(items)),
        _ => None,
    };
    is_empty(node) || only_items(node) == Some(true)
}

/// The keys of an error of AWS as JSON (AWS JSON protocol, "Operation error serialization").
const ERROR_KEYS: [&str; 6] = ["__type", "code", "message", "requestid", "status", "type"];

/// Whether a document is an error of AWS.
pub(super) fn is_error_message(node: &Node) -> bool {
    let entries = node.as_mapping().map_or(&[][..], Mapping::entries);
    let mut keys = entries
        .iter()
        .map(|(key, _)| key.text().to_ascii_lowercase());
    keys.clone().any(|key| key == "message") && keys.all(|key| ERROR_KEYS.contains(&key.as_str()))
}

/// Whether a document is a sentence with a colon, which YAML reads as a key and its value. Such a document is the
/// message of a command, for example `Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY`.
pub(super) fn is_sentence(node: &Node) -> bool {
    match node.as_mapping().map(Mapping::entries) {
        Some([(key, Node::Scalar(_))]) => key.text().contains(' '),
        _ => false,
    }
}

/// The beginnings of the blocks of Terraform code.
const TERRAFORM_BLOCKS: [&str; 8] = [
    "data \"",
    "locals {",
    "module \"",
    "output \"",
    "provider \"",
    "resource \"",
    "terraform {",
    "variable \"",
];

/// The lines before the changes of a plan of Terraform or `OpenTofu`.
const PLAN_LINES: [&str; 2] = [
    "Terraform will perform the following actions:",
    "OpenTofu will perform the following actions:",
];

/// Returns whether a line of a plan, without blanks around it, begins the change of a resource, such as
/// `-/+ resource "aws_eks_access_entry" "a" {`.
fn is_change(line: &str) -> bool {
    let block = line.trim_start_matches(['+', '-', '~', '/', '<', '=']);
    block.starts_with(" resource \"") || block.starts_with(" data \"")
}

/// The command that prints a plan for programs.
const PLAN_COMMAND: &str = "terraform show -json PLAN";

/// How much of a text is searched for its first line: 2 KiB. Our choice: comments of a license have less. It is searched
/// for each document of a file, and must not be long.
const MAX_HEAD: usize = 2048;

/// Finds Terraform code, a plan whose first lines have a change, and the table of `kubectl get`. `None` for any other
/// text.
pub(super) fn for_people(text: &str) -> Option<SourceFault> {
    let head = text.get(..text.floor_char_boundary(MAX_HEAD))?;
    let mut lines = head.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(['#', '/', '*']))?;
    let begins = |beginnings: &[&str]| beginnings.iter().any(|begin| first.starts_with(begin));
    let (what, command) = if begins(&TERRAFORM_BLOCKS) {
        ("Terraform code", PLAN_COMMAND)
    } else if begins(&["NAME ", "NAMESPACE "]) {
        ("the table of `kubectl get`", "kubectl get … -o yaml")
    } else {
        return plan_for_people(head);
    };
    Some(SourceFault::ForPeople(what, command))
}

/// Finds a plan of Terraform as a text, as [`for_people`] finds other texts.
pub(super) fn plan_for_people(text: &str) -> Option<SourceFault> {
    let mut lines = text.lines().map(str::trim);
    let is_plan = lines.any(|line| PLAN_LINES.contains(&line) || is_change(line));
    is_plan.then_some(SourceFault::ForPeople(
        "a plan of Terraform as a text",
        PLAN_COMMAND,
    ))
}
