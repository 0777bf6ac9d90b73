//! `sources.config_map`: the user of a caller after each change of a ConfigMap that is watched.

use std::collections::BTreeMap;

use eks_auth_kube::{AbsentConfigMap, ClusterWatch};
use eks_auth_sources::{SourceKind, Sources};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::config_map_server::Server;
use super::{not_started, user};
use crate::Refusal;
use crate::mapping::Caller;

#[derive(Deserialize)]
pub(super) struct ToWatch {
    identity: Caller,
    #[serde(default)]
    absent_has_no_rules: bool,
    /// The first version is the state when the watch begins.
    versions: Vec<Version>,
}

/// A state of the ConfigMap.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    data: BTreeMap<String, String>,
    #[serde(default)]
    is_absent: bool,
    /// The watch was interrupted before the change, and begins again after the change.
    #[serde(default)]
    is_missed: bool,
    /// The API server no longer knows the change when the watch begins again.
    #[serde(default)]
    is_compacted: bool,
    /// The API server has ended the watch. It refuses requests until a version without this field
    /// comes.
    #[serde(default)]
    is_refused: bool,
}

pub(super) fn follow(question: ToWatch) -> Result<Value, Refusal> {
    // A pause between two attempts takes no time.
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|why| not_started(&why))?;
    runtime.block_on(watch(question))
}

async fn watch(question: ToWatch) -> Result<Value, Refusal> {
    let identity = question.identity.identity()?;
    let sources = Sources::builder()
        .with_feed(SourceKind::ConfigMap, "kube-system/aws-auth")
        .start()
        .map_err(|why| not_started(&why))?;
    let server = Server::default();
    let absent = match question.absent_has_no_rules {
        true => AbsentConfigMap::HasNoRules,
        false => AbsentConfigMap::KeepsLastGood,
    };
    let mut answers = Vec::new();
    for (number, version) in question.versions.into_iter().enumerate() {
        let is_missed = version.is_missed && number > 0;
        if is_missed {
            server.interrupt();
        }
        server.change((!version.is_absent).then(|| json!(version.data)));
        if is_missed && version.is_compacted {
            server.compact();
        }
        server.refuse(version.is_refused);
        if number == 0 {
            let watch = ClusterWatch::new(server.client()).with_absent_config_map(absent);
            let sources = sources.clone();
            tokio::spawn(async move { watch.run(&sources).await });
        }
        server.idle().await;
        answers.push(user(&sources, &identity));
    }
    Ok(json!({ "answers": answers }))
}
