//! Rules watched in a cluster.

mod follow;
mod known;
mod rbac;

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eks_auth_sources::eks_auth::aws_auth_map::ConfigMapName;
use eks_auth_sources::{Feed, SourceKind, Sources};
use futures_util::future::{join, join_all};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::Notify;

use self::follow::Followed;
use self::known::{Change, Known, collected};

/// How often everything is listed again, by default: every 10 minutes. Our choice: a watch that silently
/// stopped reporting is noticed by then, and a list of a large cluster costs its API server little at that
/// rate.
pub const RESYNC_INTERVAL: Duration = Duration::from_secs(600);

/// How long one watch runs before the next continues it, in seconds: one minute. Our choice. If the network
/// drops the connection silently, that is noticed 5 s later; client-go's watches, of 5 to 10 minutes, notice
/// it later.
pub const WATCH_TIMEOUT: u32 = 60;

/// The objects that are read: `IAMIdentityMapping` of upstream (`deploy/iamidentitymapping.yaml`).
const IDENTITY_MAPPING: (&str, &str, &str, &str) = (
    "iamauthenticator.k8s.aws",
    "v1alpha1",
    "IAMIdentityMapping",
    "iamidentitymappings",
);

/// The effect of a ConfigMap that does not exist.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third effect")]
pub enum AbsentConfigMap {
    /// The last good version stays in effect. If there is none, callers get no answer.
    #[default]
    KeepsLastGood,
    /// There are no rules, as upstream (`pkg/mapper/configmap/configmap.go`, `startLoadConfigMap`).
    HasNoRules,
}

/// Watches the objects of a cluster that hold rules, and passes each version on to a feed.
///
/// The objects are listed, and then watched. When a watch fails, which includes a history that the API
/// server has compacted (`410 Gone`), the feed reports it, and the objects are listed again with jittered
/// backoff of up to 30 s ([`DefaultBackoff`](kube::runtime::watcher::DefaultBackoff)). The last good version
/// stays in effect meanwhile.
///
/// The client needs the verbs `get`, `list` and `watch` for the objects.
#[derive(Clone)]
pub struct ClusterWatch {
    client: Client,
    config_map: ConfigMapName,
    absent: AbsentConfigMap,
    resync: Duration,
    failures: WatchFailures,
}

/// How many watches failed, by the kind of their source. Clones share the counters.
#[derive(Clone, Debug, Default)]
pub struct WatchFailures {
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    config_map: AtomicU64,
    identity_mappings: AtomicU64,
    rbac: AtomicU64,
}

impl WatchFailures {
    /// Returns the failures of the watch on a source; for the ConfigMap, upstream's metric
    /// `configmap_watch_failures_total`. Zero for a kind that is not watched.
    #[must_use]
    pub fn of(&self, kind: SourceKind) -> u64 {
        self.counter(kind)
            .map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    fn add(&self, kind: SourceKind) {
        if let Some(counter) = self.counter(kind) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counter(&self, kind: SourceKind) -> Option<&AtomicU64> {
        match kind {
            SourceKind::ConfigMap => Some(&self.counters.config_map),
            SourceKind::IdentityMappings => Some(&self.counters.identity_mappings),
            SourceKind::Rbac => Some(&self.counters.rbac),
            _ => None,
        }
    }
}

impl fmt::Debug for ClusterWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterWatch")
            .field("config_map", &self.config_map)
            .field("absent", &self.absent)
            .field("resync", &self.resync)
            .finish_non_exhaustive()
    }
}

impl ClusterWatch {
    /// Watches with this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            config_map: ConfigMapName::default(),
            absent: AbsentConfigMap::default(),
            resync: RESYNC_INTERVAL,
            failures: WatchFailures::default(),
        }
    }

    /// Sets the ConfigMap. The default is `kube-system/aws-auth`. The reader of the sources must have the
    /// same name.
    #[must_use]
    pub fn with_config_map(self, config_map: ConfigMapName) -> Self {
        Self { config_map, ..self }
    }

    /// Sets the effect of a ConfigMap that does not exist.
    #[must_use]
    pub fn with_absent_config_map(self, absent: AbsentConfigMap) -> Self {
        Self { absent, ..self }
    }

    /// Sets how often everything is listed again, instead of [`RESYNC_INTERVAL`].
    #[must_use]
    pub fn with_resync(self, resync: Duration) -> Self {
        Self { resync, ..self }
    }

    /// Returns the counters of failures, which stay valid while the watch runs.
    #[must_use]
    pub fn failures(&self) -> WatchFailures {
        self.failures.clone()
    }

    /// Watches for every feed that the sources have: [`SourceKind::ConfigMap`],
    /// [`SourceKind::IdentityMappings`] and [`SourceKind::Rbac`]. Never returns, unless the sources have
    /// no such feed; to stop, drop the future.
    pub async fn run(self, sources: &Sources) {
        let kinds = [
            SourceKind::ConfigMap,
            SourceKind::IdentityMappings,
            SourceKind::Rbac,
        ];
        let feeds = kinds.into_iter().filter_map(|kind| sources.feed(kind));
        join_all(feeds.map(|feed| self.feed(feed))).await;
    }

    async fn feed(&self, feed: Feed) -> Infallible {
        match feed.name().kind() {
            SourceKind::ConfigMap => self.watch_config_map(&feed).await,
            SourceKind::IdentityMappings => self.watch_identity_mappings(&feed).await,
            _ => rbac::watch(self, &feed).await,
        }
    }

    async fn watch_config_map(&self, feed: &Feed) -> Infallible {
        let (namespace, name) = (self.config_map.namespace(), self.config_map.name());
        let followed = Followed {
            api: Api::namespaced(self.client.clone(), namespace),
            config: config().fields(&format!("metadata.name={name}")),
            resync: self.resync,
            keep: |object: ConfigMap| object,
        };
        let mut known: Known<ConfigMap> = Known::default();
        // A single object, so each change is published at once.
        let publish = |change| {
            let count = known.take(change);
            match known.objects() {
                Ok(mut objects) => {
                    let object = objects.find(|object| object.name_any() == name);
                    match (object, self.absent) {
                        (Some(object), _) => feed.publish(config_map(namespace, object)),
                        (None, AbsentConfigMap::HasNoRules) => feed.clear(),
                        (None, AbsentConfigMap::KeepsLastGood) => feed.deleted(),
                    }
                }
                Err(Some(why)) => self.lose(feed, &why),
                // The first list is still under way.
                Err(None) => {}
            }
            count
        };
        followed.run(publish).await
    }

    async fn watch_identity_mappings(&self, feed: &Feed) -> Infallible {
        let (group, version, kind, plural) = IDENTITY_MAPPING;
        let kind = GroupVersionKind::gvk(group, version, kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        let followed = Followed {
            api: Api::all_with(self.client.clone(), &resource),
            config: config(),
            resync: self.resync,
            keep: identity_mapping,
        };
        let (known, changed) = (Mutex::new(Known::default()), Notify::new());
        let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
        let publish = async {
            loop {
                collected(&changed).await;
                if let Ok(objects) = known().objects() {
                    feed.publish(identity_mappings(objects));
                }
            }
        };
        let take = |change| {
            if let Change::Lost(why) = &change {
                self.lose(feed, why);
            }
            changed.notify_one();
            known().take(change)
        };
        let (never, _) = join(followed.run(take), publish).await;
        never
    }

    fn lose(&self, feed: &Feed, why: &str) {
        self.failures.add(feed.name().kind());
        feed.disconnected(why);
    }
}

/// Returns the settings of the watches.
fn config() -> watcher::Config {
    watcher::Config::default().timeout(WATCH_TIMEOUT)
}

/// Writes a ConfigMap in the form that the reader of files accepts.
fn config_map(namespace: &str, object: &ConfigMap) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": object.metadata.name},
        "data": object.data,
    })
    .to_string()
}

/// Returns the part of an `IAMIdentityMapping` that the reader of files uses.
fn identity_mapping(object: DynamicObject) -> Value {
    let (group, version, kind, _) = IDENTITY_MAPPING;
    json!({
        "apiVersion": format!("{group}/{version}"),
        "kind": kind,
        "metadata": {"name": object.metadata.name},
        "spec": object.data.get("spec"),
    })
}

fn identity_mappings<'o>(objects: impl Iterator<Item = &'o Value>) -> String {
    let items: Vec<_> = objects.collect();
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}
