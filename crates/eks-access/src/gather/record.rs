//! Records what documents have: objects, settings and problems.

use aws_auth_map::AuthenticationMode;
use bounded_yaml::Node;
use k8s_rbac::KubernetesVersion;

use super::{Gathered, Text, is_not_as_meant};
use crate::place::Place;
use crate::problem::{Cause, Problem, SourceFault};
use crate::source::{Source, SourceKind, Unrecognized};

/// The greatest length of a kind that is printed: a kind and a group of a `CustomResourceDefinition`, each a DNS
/// name.
const MAX_KIND: usize = 317;

impl Gathered {
    /// Records the problems of a mapping that cannot be read at all.
    pub(crate) fn lose_mapping(&mut self, name: &str, problems: Vec<aws_auth_map::Problem>) {
        self.problems.extend(problems.into_iter().map(|problem| {
            let place = Place::of_problem(name, &problem);
            match problem.severity() {
                aws_auth_map::Severity::Error => Problem::lost(place, Cause::Mapping(problem)),
                aws_auth_map::Severity::Warning => Problem::new(place, Cause::Mapping(problem)),
            }
        }));
    }

    /// Counts an object of a kind that is read.
    pub(crate) fn saw(&mut self, text: &Text<'_>, kind: SourceKind, offset: Option<usize>) {
        // The objects of a document come one after another.
        let mut of_document = self
            .sources
            .iter_mut()
            .rev()
            .take_while(|source| source.place.file() == text.document.name());
        if let Some(source) = of_document.find(|source| source.kind == kind) {
            source.count = source.count.saturating_add(1);
            return;
        }
        self.sources.push(Source {
            kind,
            place: text.place(offset),
            count: 1,
        });
    }

    /// Counts an object that a reader of `aws-auth-map` reads from the document's text.
    pub(super) fn saw_text(&mut self, text: &Text<'_>, kind: SourceKind, node: &Node) {
        self.saw(text, kind, node.offset());
        let read = (text.index, kind);
        if !self.mapping_texts.contains(&read) {
            self.mapping_texts.push(read);
        }
    }

    /// Counts an object that has no part in the answers.
    pub(crate) fn skip(&mut self, text: &Text<'_>, kind: String, node: &Node) {
        let kind = match kind.len() > MAX_KIND {
            true => "objects whose kind is not a name".to_owned(),
            false => kind,
        };
        self.skip_at(kind, text.place(node.offset()));
    }

    /// Counts an object that has no part in the answers, by its place.
    pub(crate) fn skip_at(&mut self, kind: String, place: Place) {
        let counted = self
            .unrecognized
            .entry(kind.clone())
            .or_insert_with(|| Unrecognized {
                kind,
                count: 0,
                first: place,
            });
        counted.count = counted.count.saturating_add(1);
    }

    pub(crate) fn report(&mut self, place: Place, fault: SourceFault) {
        self.problems
            .push(Problem::new(place, Cause::Source(fault)));
    }

    pub(crate) fn lost(&mut self, place: Place, fault: SourceFault) {
        self.problems
            .push(Problem::lost(place, Cause::Source(fault)));
    }

    /// Takes the authentication mode. If two documents contradict each other, it is not known what the cluster reads.
    pub(crate) fn set_mode(&mut self, mode: AuthenticationMode, place: Place) {
        match &self.mode {
            None => self.mode = Some((mode, place)),
            Some((first, _)) if *first == mode => {}
            Some((_, first)) => {
                let fault = SourceFault::SeveralModes(first.clone());
                self.lost(place, fault);
            }
        }
    }

    /// Takes that an authentication mode is written and not known yet.
    pub(crate) fn lose_mode(&mut self, place: Place, what: String) {
        self.unknown_mode.get_or_insert((place, what));
    }

    /// Reports that the documents do not name the principal that created the cluster. The access entries of the cluster have it,
    /// except in the mode `CONFIG_MAP` (EKS user guide, "Grant IAM users and roles access to Kubernetes APIs").
    pub(super) fn report_unnamed_creator(&mut self) {
        let Some((true, place)) = &self.managed.creator else {
            return;
        };
        let has_entries = |source: &Source| source.kind == SourceKind::AccessEntries;
        let is_config_map = matches!(self.mode, Some((AuthenticationMode::ConfigMap, _)));
        if is_config_map || !self.sources.iter().any(has_entries) {
            let place = place.clone();
            self.report(place, SourceFault::UnnamedCreator);
        }
    }

    /// Leaves no answer if a file has other values for the parameters of a template than their defaults, which are filled in.
    pub(super) fn lose_parameters(&mut self) {
        let is_template = |source: &Source| source.kind == SourceKind::CloudFormation;
        if !self.sources.iter().any(is_template) {
            return;
        }
        for place in std::mem::take(&mut self.parameters) {
            let what = "a file with the values of parameters".to_owned();
            let give = "the template with these values as the defaults of its parameters";
            self.lost(place, SourceFault::Unread(what, give));
        }
    }

    /// Takes the version of Kubernetes. The first document that has it decides.
    pub(crate) fn set_version(&mut self, version: KubernetesVersion, place: Place) {
        match &self.version {
            None => self.version = Some((version, place)),
            Some((first, _)) if *first == version => {}
            Some(_) => self.report(place, SourceFault::Contradiction("version of Kubernetes")),
        }
    }

    pub(super) fn take_manifest_problems(&mut self) {
        let problems = self.manifests.problems().iter().map(|problem| {
            let place = Place::at(&problem.place.file, problem.place.position);
            let (path, fault) = (problem.place.path.clone(), problem.fault.clone());
            let is_lost = fault.loses_an_object() || is_not_as_meant(&fault);
            let cause = Cause::Manifest { path, fault };
            match is_lost {
                true => Problem::lost(place, cause),
                false => Problem::new(place, cause),
            }
        });
        self.problems.extend(problems);
    }
}
