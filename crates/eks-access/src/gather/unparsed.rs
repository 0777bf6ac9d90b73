//! Documents that cannot be parsed, or that a command printed when it failed.

use aws_auth_map::{ProblemKind, Reader};
use k8s_rbac::{Fault, ManifestReader};

use super::output::{MAPPING_WORDS, for_people, plan_for_people};
use super::{Gathered, Text};
use crate::place::Place;
use crate::problem::{Cause, Problem, SourceFault};

impl Gathered {
    /// Reports why a document cannot be parsed, by the reader that knows its format best.
    pub(super) fn unparsed(
        &mut self,
        text: &Text<'_>,
        error: bounded_yaml::Error,
        manifest_reader: &ManifestReader,
        reader: &Reader,
    ) {
        let (name, source) = (text.document.name(), text.document.text());
        if let Some(fault) = for_people(source).or_else(|| plan_for_people(source)) {
            self.lost(Place::of_file(name), fault);
            return;
        }
        let is_mapping = MAPPING_WORDS.iter().any(|word| source.contains(word));
        let (_, problems) = reader.read_config_map(source);
        let is_known = |kind| {
            !matches!(
                kind,
                ProblemKind::Alias
                    | ProblemKind::BinaryTag
                    | ProblemKind::Syntax
                    | ProblemKind::Tab
                    | ProblemKind::TooLarge
                    | ProblemKind::Unclosed
                    // A template of manifests: the reader of manifests can say more about it.
                    | ProblemKind::Unfilled
            )
        };
        if is_mapping || problems.iter().any(|problem| is_known(problem.kind())) {
            self.lose_mapping(name, problems);
            return;
        }
        let read = manifest_reader.read([(name, source)]);
        let is_of_text =
            |fault: &Fault| matches!(fault, Fault::Syntax(_) | Fault::Unrendered { .. });
        match read.problems().iter().find(|one| is_of_text(&one.fault)) {
            Some(problem) => {
                let place = Place::at(name, problem.place.position);
                let (path, fault) = (problem.place.path.clone(), problem.fault.clone());
                let cause = Cause::Manifest { path, fault };
                self.problems.push(Problem::lost(place, cause));
            }
            None => self.lost(
                Place::at(name, error.position()),
                SourceFault::Syntax(error),
            ),
        }
    }

    /// Reports a text that is the output of a command that failed. Returns whether it is one.
    pub(super) fn take_output(&mut self, text: &Text<'_>, reader: &Reader) -> bool {
        let (_, problems) = reader.read_config_map(text.document.text());
        let is_output = |kind| {
            matches!(
                kind,
                ProblemKind::ErrorOutput | ProblemKind::KubectlDescribe
            )
        };
        if problems.iter().any(|problem| is_output(problem.kind())) {
            self.lose_mapping(text.document.name(), problems);
            return true;
        }
        let read = ManifestReader::new()
            .with_max_bytes(text.document.text().len())
            .read([(text.document.name(), text.document.text())]);
        let output = read
            .problems()
            .iter()
            .find(|problem| matches!(problem.fault, Fault::CommandOutput(_)));
        if let Some(problem) = output {
            let place = Place::at(text.document.name(), problem.place.position);
            let (path, fault) = (problem.place.path.clone(), problem.fault.clone());
            let cause = Cause::Manifest { path, fault };
            self.problems.push(Problem::lost(place, cause));
        }
        output.is_some()
    }
}
