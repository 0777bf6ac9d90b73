//! `IAMIdentityMapping` objects.

use bounded_yaml::Node;

use super::document::text_of;
use super::entry::EntryForm;
use super::problem_sink::{ProblemSink, TextFrame};
use super::section::read_rule;
use super::{Reader, Reading, document};
use crate::problem::{Location, Problem, ProblemKind};
use crate::rules::{Rules, Section};

/// The keys of an object that make it another one, if they are written twice.
const KEYS: [&str; 4] = ["apiVersion", "items", "kind", "spec"];

impl Reader {
    /// Reads `IAMIdentityMapping` objects as `kubectl get iamidentitymappings -o yaml` or `-o json`
    /// prints them, or one document each. Objects of other kinds are skipped.
    ///
    /// The ARN of an object's `spec` is made canonical, as upstream's controller does before an
    /// object takes effect (`pkg/mapper/crd/controller`, `syncHandler`). The `status`, which records
    /// the result, is not read. These objects have no accounts.
    #[must_use]
    pub fn read_identity_mappings(&self, text: &str) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let Some(nodes) = document::read(text, &self.limits, &mut sink) else {
            return reading.unreadable();
        };
        let mut objects = Vec::new();
        let mut is_repeated = false;
        for node in &nodes {
            match node.get("items").and_then(Node::as_sequence) {
                Some(items) if text_of(node, "kind").is_some_and(|k| k.ends_with("List")) => {
                    is_repeated |= sink.report_repeated(node, &KEYS).is_some();
                    objects.extend(items);
                }
                _ => objects.push(node),
            }
        }
        for object in &objects {
            is_repeated |= sink.report_repeated(object, &KEYS).is_some();
        }
        if is_repeated {
            return reading.unreadable();
        }
        let syntax = self.syntax(EntryForm::Object);
        let section = Section::Objects;
        let is_mapping = |node: &&&Node| text_of(node, "kind") == Some("IAMIdentityMapping");
        for (index, object) in objects.iter().filter(is_mapping).enumerate() {
            let at = Location::section_of(section).entry(index);
            let Some(spec) = object.get("spec") else {
                sink.report(ProblemKind::EntryNotAMapping, at, object.offset());
                continue;
            };
            read_rule(syntax, section, index, spec, &mut reading.rules, &mut sink);
        }
        reading.finish()
    }
}
