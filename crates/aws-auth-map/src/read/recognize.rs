//! Recognizes a file by its content.

use bounded_yaml::{Node, documents};

use super::document::{Search, find, text_of};
use super::eksctl::{is_cluster_config, is_mapping_list};
use super::problem_sink::{ProblemSink, TextFrame};
use super::{Reader, access_entry};
use crate::problem::ProblemKind;

/// What a file contains, and which function of [`Reader`] reads it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FileKind {
    /// EKS access entries: [`Reader::read_access_entries`].
    AccessEntries,
    /// A `ClusterConfig` of eksctl: [`Reader::read_cluster_config`].
    ClusterConfig,
    /// The ConfigMap `aws-auth` or its data, or something unknown: [`Reader::read_config_map`].
    ConfigMap,
    /// The list that `eksctl get iamidentitymapping` prints:
    /// [`Reader::read_identity_mapping_list`].
    IdentityMappingList,
    /// `IAMIdentityMapping` objects: [`Reader::read_identity_mappings`].
    IdentityMappings,
    /// The configuration file of aws-iam-authenticator, or a ConfigMap with it:
    /// [`Reader::read_server_config`].
    ServerConfig,
}

impl Reader {
    /// Recognizes a file by its content. An unknown or unreadable text counts as a ConfigMap, whose
    /// reader names the problem.
    #[must_use]
    pub fn recognize(&self, text: &str) -> FileKind {
        let nodes: Result<Vec<Node>, _> = documents(text, &self.limits).collect();
        let Ok(nodes) = nodes else {
            return FileKind::ConfigMap;
        };
        let mut problems = Vec::new();
        let mut sink = ProblemSink::new(text, TextFrame::Here, &mut problems);
        let search = find(&nodes, &self.config_map, &mut sink);
        let has = |kind| problems.iter().any(|problem| problem.kind() == kind);
        if matches!(search, Search::Unknown) && has(ProblemKind::ServerConfig) {
            return FileKind::ServerConfig;
        }
        if !has(ProblemKind::NotAConfigMap) {
            return FileKind::ConfigMap;
        }
        let any = |is: fn(&Node) -> bool| nodes.iter().any(is);
        if any(is_cluster_config) {
            FileKind::ClusterConfig
        } else if any(has_identity_mapping) {
            FileKind::IdentityMappings
        } else if any(|node| {
            node.get("server")
                .is_some_and(|it| it.as_mapping().is_some())
        }) {
            FileKind::ServerConfig
        } else if any(is_mapping_list) {
            FileKind::IdentityMappingList
        } else if access_entry::has_entries(&nodes) {
            FileKind::AccessEntries
        } else {
            FileKind::ConfigMap
        }
    }
}

/// Whether a document is an `IAMIdentityMapping`, or a list with one.
fn has_identity_mapping(node: &Node) -> bool {
    let is_mapping = |node: &Node| text_of(node, "kind") == Some("IAMIdentityMapping");
    let items = node.get("items").and_then(Node::as_sequence);
    is_mapping(node) || items.unwrap_or_default().iter().any(is_mapping)
}
