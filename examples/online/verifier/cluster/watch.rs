//! The watch on the cluster.

use std::fmt;
use std::time::Duration;

use eks_auth_kube::{ClusterWatch, WatchFailures};
use eks_auth_server::Metrics;
use eks_auth_sources::{Fault, SourceKind, SourceStatus, Sources};
use http::Uri;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use printable_text::Causes;
use program::files::name;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use tokio::time::{sleep, timeout};

use super::kinds;
use crate::log::Log;
use crate::settings::{AbsentConfigMap, Settings};
use crate::setup;

/// How long a connection may be silent. Our choice: longer than a watch, because the API server
/// ends a watch after [`eks_auth_kube::WATCH_TIMEOUT`].
const READ_TIMEOUT: Duration = Duration::from_secs(75);

/// How long `verifier check` waits for the first list: our choice, as long as for an answer of STS.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// The objects of the cluster that are watched, before the watch starts.
pub(crate) struct Watch {
    /// `None` if no source is watched.
    watch: Option<ClusterWatch>,
    server: Uri,
}

impl Watch {
    /// Prepares the watch. This function sends no request, since the API server may start after
    /// this program.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self, String> {
        if kinds(settings)?.is_empty() {
            return Ok(Self {
                watch: None,
                server: Uri::default(),
            });
        }
        setup::install_provider();
        let config = config(settings).await?;
        let server = config.cluster_url.clone();
        let client =
            Client::try_from(config).map_err(|why| format!("{server}: {}", Causes::new(&why)))?;
        let watch = ClusterWatch::new(client)
            .with_config_map(settings.config_map.clone().unwrap_or_default())
            .with_absent_config_map(match settings.absent_config_map.unwrap_or_default() {
                AbsentConfigMap::Empty => eks_auth_kube::AbsentConfigMap::HasNoRules,
                AbsentConfigMap::Keep => eks_auth_kube::AbsentConfigMap::KeepsLastGood,
            });
        Ok(Self {
            watch: Some(watch),
            server,
        })
    }

    /// Starts to watch. The watch ends when the task is dropped, at the end of the program.
    pub(crate) fn start(self, sources: &Sources, metrics: &Metrics, log: Log) {
        let Some(watch) = self.watch else {
            return;
        };
        let config_map = watch.failures();
        metrics.read_config_map_watch_failures(move || config_map.of(SourceKind::ConfigMap));
        let failures = FailureMetrics(watch.failures());
        metrics.register(|registry| registry.register_collector(Box::new(failures)));
        log.say(&format!("watching rules in the cluster at {}", self.server));
        let sources = sources.clone();
        tokio::spawn(async move { watch.run(&sources).await });
    }
}

impl Watch {
    /// Watches until every kind was listed or failed, for [`LIST_TIMEOUT`] at most.
    pub(crate) async fn list(self, sources: &Sources) {
        let Some(watch) = self.watch else {
            return;
        };
        let is_pending = |source: &SourceStatus| source.fault == Some(Fault::Pending);
        let listed = async {
            while sources.report().sources.iter().any(is_pending) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            () = watch.run(sources) => {}
            _ = timeout(LIST_TIMEOUT, listed) => {}
        }
    }
}

/// Builds the configuration of the client as upstream does (`pkg/server/server.go`: client-go's
/// `BuildConfigFromFlags`): the kubeconfig's current context, in which the URL of `--master` replaces
/// the server's URL. Without both flags, it is the service account of the pod.
async fn config(settings: &Settings) -> Result<Config, String> {
    let mut config = match (&settings.kubeconfig, &settings.master) {
        (Some(path), _) => {
            let wrong = |why| format!("--kubeconfig {}: {}", name(path), Causes::new(&why));
            let file = Kubeconfig::read_from(path).map_err(wrong)?;
            let options = KubeConfigOptions::default();
            Config::from_custom_kubeconfig(file, &options).await.map_err(wrong)?
        }
        (None, Some(_)) => Config::new(Uri::default()),
        (None, None) => Config::incluster().map_err(|why| {
            format!(
                "the cluster to watch is not known: set --kubeconfig or --master, or run in a pod with a service \
                 account: {}",
                Causes::new(&why)
            )
        })?,
    };
    if let Some(master) = &settings.master {
        config.cluster_url = master.clone();
    }
    config.read_timeout = Some(READ_TIMEOUT);
    Ok(config)
}

/// Our counter of failed watches of each source.
#[derive(Debug)]
struct FailureMetrics(WatchFailures);

impl Collector for FailureMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let of = |kind| ConstCounter::new(self.0.of(kind));
        let counter = of(SourceKind::ConfigMap);
        let mut ours = encoder.encode_descriptor(
            "eks_auth_watch_failures",
            "Failed watches in the cluster, by kind of source",
            None,
            counter.metric_type(),
        )?;
        for kind in [
            SourceKind::ConfigMap,
            SourceKind::IdentityMappings,
            SourceKind::Rbac,
        ] {
            let label = [("source", kind.to_string())];
            of(kind).encode(ours.encode_family(&label)?)?;
        }
        Ok(())
    }
}
