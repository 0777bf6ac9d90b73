//! The cluster itself as a source: `--live`.

#[cfg(not(feature = "live"))]
mod absent;
#[cfg(feature = "live")]
mod cluster;
#[cfg(feature = "live")]
mod failure;
#[cfg(test)]
#[cfg(feature = "live")]
mod tests;
#[cfg(feature = "live")]
mod token;

use eks_access::{Cluster, Document, SourceKind};
use serde_json::json;

use crate::args::{Command, Common};
use crate::print::Answer;

#[cfg(not(feature = "live"))]
use absent::read as read_cluster;
#[cfg(feature = "live")]
use cluster::read as read_cluster;

/// The objects that were read from a cluster.
pub(crate) struct Live {
    pub(crate) documents: Vec<Document>,
    /// The version of Kubernetes, such as `1.34`.
    pub(crate) version: String,
}

/// How much of a cluster a command needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    /// The mapping, roles and bindings.
    Access,
    /// The workloads and service accounts as well, which are most of the objects.
    Workloads,
}

impl Extent {
    pub(crate) const fn of(command: &Command) -> Self {
        match command {
            Command::Who { .. } | Command::Check(_) => Self::Workloads,
            _ => Self::Access,
        }
    }
}

/// Reads the cluster. `None` without `--live`.
pub(crate) fn read(common: &Common, extent: Extent) -> Result<Option<Live>, String> {
    match common.live {
        true => read_cluster(common, extent).map(Some),
        false => Ok(None),
    }
}

/// Refuses `--live` for a command of files.
pub(crate) fn refuse(common: &Common, what: &str) -> Result<(), String> {
    match common.live {
        true => Err(format!("--live: {what}")),
        false => Ok(()),
    }
}

/// Adds to an answer that the access entries of the cluster were not read, unless a file lists them. The API server
/// does not have them, only the EKS API does.
pub(crate) fn note(mut answer: Answer, common: &Common, cluster: &Cluster) -> Answer {
    let is_entries = |source: &eks_access::Source| source.kind() == SourceKind::AccessEntries;
    if !common.live || cluster.sources().iter().any(is_entries) {
        return answer;
    }
    answer.aside.push(
        "--live: access entries were not read, since the cluster does not have them: a caller may have another user or \
         more permissions by one. Give them with -f (`aws eks describe-access-entry`)"
            .to_owned(),
    );
    if let Some(cluster) = answer
        .data
        .get_mut("cluster")
        .and_then(|one| one.as_object_mut())
    {
        cluster.insert("notRead".to_owned(), json!(["access-entries"]));
    }
    answer
}
