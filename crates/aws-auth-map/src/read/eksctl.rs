//! Files of eksctl: its `ClusterConfig`, and the list of identity mappings that it prints.

mod misspelled;

use bounded_yaml::{Mapping, Node};
use iam_principal::{Kind, Principal};

use super::access_entry::{EKSCTL, Found};
use super::document::{self, text_of};
use super::entry::EntryForm;
use super::problem_sink::{ProblemSink, TextFrame};
use super::section::{read_account_entry, read_rule};
use super::{Reader, Reading};
use crate::problem::{Location, Problem, ProblemKind};
use crate::resolve::IdentityMap;
use crate::resolve::backend::{AuthenticationMode, Backend, BackendKind};
use crate::rules::arn::fold;
use crate::rules::{Rules, Section};

/// The group of eksctl's API, whose kinds are read.
const API_GROUP: &str = "eksctl.io/";

/// The identities of a `ClusterConfig`.
#[derive(Clone, Debug, Default)]
pub struct ClusterConfig {
    identity_mappings: Rules,
    access_entries: Rules,
    authentication_mode: Option<AuthenticationMode>,
}

impl ClusterConfig {
    /// Returns the rules that eksctl writes to `aws-auth`: `iamIdentityMappings`. The index of a
    /// rule counts the whole list.
    #[must_use]
    pub const fn identity_mappings(&self) -> &Rules {
        &self.identity_mappings
    }

    /// Returns the access entries, `accessConfig.accessEntries`.
    #[must_use]
    pub const fn access_entries(&self) -> &Rules {
        &self.access_entries
    }

    /// Returns `accessConfig.authenticationMode`. `None` if it is absent or not a mode.
    #[must_use]
    pub const fn authentication_mode(&self) -> Option<AuthenticationMode> {
        self.authentication_mode
    }

    /// Builds a map of the access entries and the identity mappings. The default authentication mode
    /// is `API_AND_CONFIG_MAP`, as in eksctl.
    #[must_use]
    pub fn into_map(self) -> IdentityMap {
        let mode = self
            .authentication_mode
            .unwrap_or(AuthenticationMode::ApiAndConfigMap);
        IdentityMap::new()
            .with_backend(Backend::new(
                BackendKind::AccessEntries,
                self.access_entries,
            ))
            .with_backend(Backend::new(
                BackendKind::EksConfigMap,
                self.identity_mappings,
            ))
            .with_authentication_mode(mode)
    }
}

impl Reader {
    /// Reads the `ClusterConfig` of eksctl: `iamIdentityMappings`, and `accessConfig` with its
    /// access entries. Other kinds and keys are skipped.
    ///
    /// eksctl writes the ARN of a mapping to `aws-auth` unchanged, so a role's path, for instance,
    /// is a mistake here too.
    #[must_use]
    pub fn read_cluster_config(&self, text: &str) -> (ClusterConfig, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut problems);
        let nodes = document::read(text, &self.limits, &mut sink).unwrap_or_default();
        let mut configs = nodes.iter().filter(|node| is_cluster_config(node));
        let Some(file) = configs.next() else {
            if !nodes.is_empty() {
                sink.report(ProblemKind::NotAClusterConfig, Location::FILE, None);
            }
            let config = ClusterConfig {
                identity_mappings: Rules::unreadable_source(),
                access_entries: Rules::unreadable_source(),
                authentication_mode: None,
            };
            return (config, problems);
        };
        let mut config = ClusterConfig::default();
        if let Some(second) = configs.next() {
            sink.report(
                ProblemKind::MoreClusterConfigs,
                Location::FILE,
                second.offset(),
            );
            let place = sink.locate(second.offset());
            config.identity_mappings.mark_unreadable(None, place);
            config.access_entries.mark_unreadable(None, place);
        }
        if let Some(mappings) = present(file, "iamIdentityMappings") {
            self.read_mappings(mappings, &mut config.identity_mappings, &mut sink);
        }
        if let Some(access) = present(file, "accessConfig") {
            self.read_access(access, &mut config, &mut sink);
        }
        misspelled::mark(file, &mut config, &mut sink);
        let is_empty = |rules: &Rules| rules.is_empty() && rules.unreadable().next().is_none();
        if is_empty(&config.identity_mappings) && is_empty(&config.access_entries) {
            sink.report(ProblemKind::NoIdentities, Location::FILE, file.offset());
        }
        (config, problems)
    }

    /// Reads the list that `eksctl get iamidentitymapping -o yaml` or `-o json` prints: entries with
    /// a `rolearn`, a `userarn` or an `account`. The index of a rule counts the whole list.
    #[must_use]
    pub fn read_identity_mapping_list(&self, text: &str) -> (Rules, Vec<Problem>) {
        let mut reading = Reading::default();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut reading.problems);
        let Some(nodes) = document::read(text, &self.limits, &mut sink) else {
            return reading.unreadable();
        };
        match nodes.as_slice() {
            [list @ Node::Sequence(_)] => self.read_mappings(list, &mut reading.rules, &mut sink),
            _ => {
                sink.report(ProblemKind::SectionNotAList, Location::FILE, None);
                return reading.unreadable();
            }
        }
        reading.finish()
    }

    fn read_mappings(&self, list: &Node, rules: &mut Rules, sink: &mut ProblemSink<'_>) {
        let Some(items) = list.as_sequence() else {
            let at = Location::section_of(Section::Roles);
            sink.report(ProblemKind::SectionNotAList, at, list.offset());
            rules.mark_unreadable(None, sink.locate(list.offset()));
            return;
        };
        for (index, item) in items.iter().enumerate() {
            self.read_mapping(index, item, rules, sink);
        }
    }

    fn read_mapping(
        &self,
        index: usize,
        item: &Node,
        rules: &mut Rules,
        sink: &mut ProblemSink<'_>,
    ) {
        if let Some(account) = present(item, "account") {
            read_account_entry(index, account, rules, sink);
            // An entry that also names a principal is read for that principal, too.
            if ["arn", "rolearn", "userarn"]
                .into_iter()
                .all(|key| present(item, key).is_none())
            {
                return;
            }
        }
        if let Some(service) = present(item, "serviceName") {
            let at = Location::section_of(Section::Roles).entry(index);
            sink.report(ProblemKind::ServiceMapping, at, service.offset());
            return;
        }
        let (form, section) = if present(item, "rolearn").is_some() {
            (EntryForm::ConfigMap, Section::Roles)
        } else if present(item, "userarn").is_some() {
            (EntryForm::ConfigMap, Section::Users)
        } else {
            (EntryForm::ClusterConfig, section_of(item))
        };
        let syntax = super::Syntax {
            form,
            dialect: self.dialect,
        };
        read_rule(syntax, section, index, item, rules, sink);
    }

    fn read_access(&self, access: &Node, config: &mut ClusterConfig, sink: &mut ProblemSink<'_>) {
        if let Some(mode) = present(access, "authenticationMode") {
            config.authentication_mode = mode.as_text().and_then(|mode| mode.parse().ok());
            if config.authentication_mode.is_none() {
                let at = Location::FILE.field_of("authenticationMode");
                sink.report(ProblemKind::AuthenticationMode, at, mode.offset());
            }
        }
        let Some(entries) = present(access, "accessEntries") else {
            return;
        };
        let Some(items) = entries.as_sequence() else {
            let at = Location::section_of(Section::Entries);
            sink.report(ProblemKind::SectionNotAList, at, entries.offset());
            let place = sink.locate(entries.offset());
            config.access_entries.mark_unreadable(None, place);
            return;
        };
        let found = Found::of_list(items);
        self.add_entries(
            &found,
            &EKSCTL,
            &mut config.access_entries,
            std::slice::from_mut(sink),
        );
    }
}

/// Whether a document is a `ClusterConfig` of eksctl.
pub(super) fn is_cluster_config(node: &Node) -> bool {
    text_of(node, "kind") == Some("ClusterConfig")
        && text_of(node, "apiVersion").is_some_and(|version| version.starts_with(API_GROUP))
}

/// Whether a document is a list that `eksctl get iamidentitymapping` prints.
pub(super) fn is_mapping_list(node: &Node) -> bool {
    let is_entry = |item: &Node| {
        item.as_mapping().is_some_and(|entry| {
            ["rolearn", "userarn", "account"]
                .into_iter()
                .any(|key| entry.get(key).is_some())
        })
    };
    node.as_sequence()
        .is_some_and(|items| !items.is_empty() && items.iter().any(is_entry))
}

/// Returns the section to which eksctl writes an entry: users have a separate section.
fn section_of(item: &Node) -> Section {
    let arn = text_of(item, "arn").map(fold).unwrap_or_default();
    match Principal::parse(&arn).map(|principal| principal.kind()) {
        Ok(Kind::User) => Section::Users,
        _ => Section::Roles,
    }
}

fn present<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.as_mapping()
        .and_then(|mapping: &Mapping| mapping.get(key))
        .filter(|value| !value.is_null())
}
