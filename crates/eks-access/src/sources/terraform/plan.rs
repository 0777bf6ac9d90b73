//! What a plan of Terraform knows only after it is applied.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use bounded_yaml::{Mapping, Node};

/// The unknown values of a plan, and its configuration (Terraform, "JSON Output Format").
pub(super) struct Plan<'n> {
    /// The `after_unknown` of each resource, by its address.
    unknown: HashMap<&'n str, &'n Node>,
    /// The resources of the configuration, by their addresses without indexes.
    configured: HashMap<String, Configured<'n>>,
    /// The number of references that may still be followed.
    budget: Cell<usize>,
}

/// A resource of the configuration, and the calls of modules that lead to it.
struct Configured<'n> {
    resource: &'n Node,
    calls: Calls<'n>,
}

type Calls<'n> = Rc<[&'n Node]>;

/// The number of references that are followed. Our choice: expressions that refer to each other could otherwise take time
/// that grows with every module.
const MAX_REFERENCES: usize = 100_000;

/// What the configuration says of an attribute that a provider fills in if it is absent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Written {
    /// It is absent, or null.
    Absent,
    /// It depends on another resource, or the configuration of the resource is not here.
    Unknown,
    /// It is part of a value that is not in the plan, such as that of `for_each`.
    Perhaps,
}

impl<'n> Plan<'n> {
    pub(super) fn of(node: &'n Node) -> Self {
        let changes = node.get("resource_changes").and_then(Node::as_sequence);
        let unknown = changes.unwrap_or_default().iter().filter_map(|change| {
            let address = change.get("address")?.as_text()?;
            Some((address, change.get("change")?.get("after_unknown")?))
        });
        let mut plan = Self {
            unknown: unknown.collect(),
            configured: HashMap::new(),
            budget: Cell::new(MAX_REFERENCES),
        };
        let root = node
            .get("configuration")
            .and_then(|one| one.get("root_module"));
        if let Some(root) = root {
            plan.add_module(root, "", &Rc::from([]));
        }
        plan
    }

    fn add_module(&mut self, module: &'n Node, prefix: &str, calls: &Calls<'n>) {
        let resources = module.get("resources").and_then(Node::as_sequence);
        for resource in resources.unwrap_or_default() {
            if let Some(address) = resource.get("address").and_then(Node::as_text) {
                let calls = Rc::clone(calls);
                let configured = Configured { resource, calls };
                self.configured
                    .insert(format!("{prefix}{address}"), configured);
            }
        }
        let called = module.get("module_calls").and_then(Node::as_mapping);
        for (name, call) in called.map_or(&[][..], Mapping::entries) {
            if let Some(inner) = call.get("module") {
                let prefix = format!("{prefix}module.{}.", name.text());
                let calls = calls.iter().copied().chain([call]).collect();
                self.add_module(inner, &prefix, &calls);
            }
        }
    }

    /// Returns the `after_unknown` of a resource.
    pub(super) fn unknown_of(&self, address: &str) -> Option<&'n Node> {
        self.unknown.get(address).copied()
    }

    /// Returns what the configuration of a resource says of an attribute, by its path.
    pub(super) fn written(&self, address: &str, path: &[&str]) -> Written {
        let Some(Configured { resource, calls }) = self.configured.get(&without_indexes(address))
        else {
            return Written::Unknown;
        };
        let mut expression = resource.get("expressions");
        for key in path {
            expression = expression.and_then(|one| super::only(one).get(key));
        }
        expression.map_or(Written::Absent, |one| self.of_expression(one, calls))
    }

    /// Returns what an expression in a module is, given the calls that lead to the module.
    fn of_expression(&self, expression: &Node, calls: &[&Node]) -> Written {
        let references = expression.get("references").and_then(Node::as_sequence);
        let references = references.unwrap_or_default().iter();
        let mut written = Written::Absent;
        for reference in references.filter_map(Node::as_text) {
            let Some(left) = self.budget.get().checked_sub(1) else {
                return Written::Unknown;
            };
            self.budget.set(left);
            let (root, rest) = reference.split_once('.').unwrap_or((reference, ""));
            let of_reference = match (root, calls.split_last()) {
                ("var", Some((call, outer))) => {
                    let name = rest.split(['.', '[']).next().unwrap_or_default();
                    let passed = call.get("expressions").and_then(|one| one.get(name));
                    passed.map_or(Written::Absent, |one| self.of_expression(one, outer))
                }
                // The variables of the root module are known.
                ("var" | "count" | "path" | "terraform", _) => Written::Absent,
                ("each" | "local" | "self", _) => Written::Perhaps,
                _ => return Written::Unknown,
            };
            match of_reference {
                Written::Absent => {}
                Written::Perhaps => written = Written::Perhaps,
                Written::Unknown => return Written::Unknown,
            }
        }
        written
    }
}

/// Returns the address of a resource without the index of any module or of its own.
fn without_indexes(address: &str) -> String {
    let mut kept = String::new();
    let (mut is_index, mut is_quoted) = (false, false);
    for character in address.chars() {
        match character {
            '"' if is_index => is_quoted = !is_quoted,
            ']' if is_index && !is_quoted => is_index = false,
            _ if is_index => {}
            '[' => is_index = true,
            character => kept.push(character),
        }
    }
    kept
}

/// Returns whether a part of an `after_unknown` is true.
pub(super) fn is_unknown(node: &Node) -> bool {
    match node {
        Node::Null => false,
        Node::Scalar(scalar) => scalar.text() == "true",
        Node::Sequence(items) => items.iter().any(is_unknown),
        Node::Mapping(mapping) => mapping.entries().iter().any(|(_, value)| is_unknown(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_unknown, without_indexes};

    #[test]
    fn an_address_loses_its_indexes() {
        for (address, want) in [
            ("aws_eks_cluster.c", "aws_eks_cluster.c"),
            (
                "module.m[0].aws_eks_cluster.c[12]",
                "module.m.aws_eks_cluster.c",
            ),
            (r#"module.m["a]b"].x.c["]"]"#, "module.m.x.c"),
            (r#"module.m["a"].x.c"#, "module.m.x.c"),
            // No address has these.
            (r#"a"b]c"#, r#"a"b]c"#),
        ] {
            assert_eq!(without_indexes(address), want, "{address}");
        }
    }

    #[test]
    fn one_unknown_part_is_enough() {
        for (text, want) in [
            ("null", false),
            ("true", true),
            ("false", false),
            ("[false, true]", true),
            ("[false, null]", false),
            (r#"{"a": [{"b": true}]}"#, true),
            (r#"{"a": [{"b": false}]}"#, false),
        ] {
            let node = bounded_yaml::json(text, &bounded_yaml::Limits::new()).unwrap();
            assert_eq!(is_unknown(&node), want, "{text}");
        }
    }
}
