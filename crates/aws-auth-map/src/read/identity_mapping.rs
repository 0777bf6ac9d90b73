//! `IAMIdentityMapping` objects.

use bounded_yaml::Node;

use super::entry::{self, EntryForm};
use super::problem_sink::{ProblemSink, TextFrame};
use super::{Reader, Reading, document};
use crate::problem::{Location, Problem, ProblemKind};
use crate::rules::{Rules, Section};

impl Reader {
    /// Reads `IAMIdentityMapping` objects as `kubectl get iamidentitymappings -o yaml` or `-o json`
    /// prints them, or one document each. Objects of other kinds are left out without a word.
    ///
    /// As upstream's controller does before an object counts (`pkg/mapper/crd/controller`,
    /// `syncHandler`), the ARN of its `spec` is made canonical; what the `status` says is what came
    /// of that, and is not read. There are no accounts among these objects.
    #[must_use]
    pub fn read_identity_mappings(&self, text: &str) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let Some(nodes) = document::read(text, &self.limits, &mut sink) else {
            return reading.finish();
        };
        let mut objects = Vec::new();
        for node in &nodes {
            match node.get("items").and_then(Node::as_sequence) {
                Some(items) if text_of(node, "kind").is_some_and(|k| k.ends_with("List")) => {
                    objects.extend(items);
                }
                _ => objects.push(node),
            }
        }
        let section = Section::Objects;
        let is_mapping = |node: &&&Node| text_of(node, "kind") == Some("IAMIdentityMapping");
        for (index, object) in objects.iter().filter(is_mapping).enumerate() {
            let at = Location::section_of(section).entry(index);
            let Some(spec) = object.get("spec") else {
                sink.report(ProblemKind::EntryNotAMapping, at, object.offset());
                continue;
            };
            let rules = &mut reading.rules;
            entry::read_rule(EntryForm::Object, section, index, spec, rules, &mut sink);
        }
        reading.finish()
    }
}

fn text_of<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key)?.as_text()
}
