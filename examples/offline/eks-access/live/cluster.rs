//! Reads the objects of a cluster.

use std::io::{self, IsTerminal as _, Write as _};

use eks_access::Document;
use eks_auth_kube::{ClusterReader, EksCommand, Progress};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use printable_text::Causes;
use tokio::runtime::Builder;

use super::failure::{self, Target};
use super::{Extent, Live, token};
use crate::args::Common;

/// The variable by which a pod knows the API server of its cluster.
const IN_CLUSTER: &str = "KUBERNETES_SERVICE_HOST";

/// Reads the cluster of the kubeconfig's context, or else the cluster of the pod.
pub(crate) fn read(common: &Common, extent: Extent) -> Result<Live, String> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|why| format!("--live: {why}"))?;
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime
        .block_on(read_with(common, extent))
        .map_err(|why| format!("--live: {why}"))
}

async fn read_with(common: &Common, extent: Extent) -> Result<Live, String> {
    let config = config(common).await?;
    let target = Target::of(&config);
    let client = client(config, &target).await?;
    let name = &common.config_map;
    let reader = ClusterReader::new(client).with_config_map(name.namespace(), name.name());
    let reader = match extent {
        Extent::Access => reader.without_workloads(),
        Extent::Workloads => reader,
    };
    let is_terminal = io::stderr().is_terminal();
    let objects = reader
        .read(|progress| {
            if is_terminal {
                show(progress)
            }
        })
        .await;
    if is_terminal {
        clear();
    }
    let objects = objects.map_err(|why| target.of_read(&why))?;
    let version = objects.version().to_owned();
    let documents = objects.into_documents().into_iter();
    Ok(Live {
        documents: documents
            .map(|(name, text)| Document::new(name, text))
            .collect(),
        version,
    })
}

/// Finds the cluster as kubectl does: by the kubeconfig, or by the service account in a pod without
/// a kubeconfig.
async fn config(common: &Common) -> Result<Config, String> {
    let found = match &common.kubeconfig {
        Some(path) => Kubeconfig::read_from(path).map_err(|why| failure::of_kubeconfig(&why))?,
        None => match Kubeconfig::read() {
            Ok(found) => found,
            Err(_) if common.context.is_none() && std::env::var_os(IN_CLUSTER).is_some() => {
                return Config::incluster().map_err(|why| Causes::new(&why).to_string());
            }
            Err(why) => return Err(failure::of_kubeconfig(&why)),
        },
    };
    if let Some(why) = failure::of_context(&found, common.context.as_deref()) {
        return Err(why);
    }
    let options = KubeConfigOptions {
        context: common.context.clone(),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(found, &options).await;
    config.map_err(|why| failure::of_kubeconfig(&why))
}

/// Builds the client. The command of an EKS context is not run: its tokens are minted here.
async fn client(config: Config, target: &Target) -> Result<Client, String> {
    let command = config.auth_info.exec.as_ref();
    match command.and_then(EksCommand::parse) {
        Some(command) => {
            let source = token::source(&command).await?;
            eks_auth_kube::client(config, source).map_err(|why| target.of_client(&why))
        }
        None => Client::try_from(config).map_err(|why| target.of_client(&why)),
    }
}

/// Shows on a terminal how far the reading is.
fn show(progress: Progress) {
    let Progress {
        resource, objects, ..
    } = progress;
    // An error means that the terminal is gone.
    let _ = write!(io::stderr(), "\r\x1b[Kreading {resource}: {objects}");
    let _ = io::stderr().flush();
}

fn clear() {
    let _ = write!(io::stderr(), "\r\x1b[K");
    let _ = io::stderr().flush();
}
