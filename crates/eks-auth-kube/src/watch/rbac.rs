//! The RBAC objects of a cluster.

use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use eks_auth_sources::Feed;
use futures_util::future::join5;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use kube::Resource;
use kube::api::Api;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::follow::{Seen, follow};
use super::{ClusterWatch, config};

/// How long changes are collected before they are published: 100 ms. Our choice: one `kubectl apply` changes
/// several objects.
const QUIET: Duration = Duration::from_millis(100);

/// The objects of each kind, as far as they are known.
#[derive(Default)]
struct Parts {
    roles: Part<k8s_rbac::Role>,
    role_bindings: Part<k8s_rbac::RoleBinding>,
    cluster_roles: Part<k8s_rbac::ClusterRole>,
    cluster_role_bindings: Part<k8s_rbac::ClusterRoleBinding>,
}

/// The objects of one kind, or why they are not known. Objects that were listed before a failure are not
/// those that exist.
struct Part<T>(Result<Vec<T>, Option<String>>);

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self(Err(None))
    }
}

impl Parts {
    /// Returns all objects, if those of every kind are known; otherwise the first error.
    fn objects(&self) -> Result<k8s_rbac::Objects, Option<String>> {
        Ok(k8s_rbac::Objects {
            roles: self.roles.0.clone()?,
            role_bindings: self.role_bindings.0.clone()?,
            cluster_roles: self.cluster_roles.0.clone()?,
            cluster_role_bindings: self.cluster_role_bindings.0.clone()?,
        })
    }
}

/// Watches the four kinds of objects, and publishes them together.
pub(super) async fn watch(cluster: &ClusterWatch, feed: &Feed) -> Infallible {
    let shared = Shared {
        cluster,
        feed,
        parts: Mutex::default(),
        changed: Notify::new(),
    };
    let (never, ..) = join5(
        shared.publish(),
        shared.watch_kind::<Role, _>(|parts| &mut parts.roles),
        shared.watch_kind::<RoleBinding, _>(|parts| &mut parts.role_bindings),
        shared.watch_kind::<ClusterRole, _>(|parts| &mut parts.cluster_roles),
        shared.watch_kind::<ClusterRoleBinding, _>(|parts| &mut parts.cluster_role_bindings),
    )
    .await;
    never
}

struct Shared<'w> {
    cluster: &'w ClusterWatch,
    feed: &'w Feed,
    parts: Mutex<Parts>,
    changed: Notify,
}

impl Shared<'_> {
    async fn watch_kind<K, T>(&self, part: fn(&mut Parts) -> &mut Part<T>) -> Infallible
    where
        K: Resource<DynamicType = ()>
            + Clone
            + Debug
            + serde::de::DeserializeOwned
            + Send
            + 'static,
        T: From<K>,
    {
        let api: Api<K> = Api::all(self.cluster.client.clone());
        let report = |seen: Seen<'_, K>| {
            let new = match seen {
                Seen::Objects(objects) => Ok(objects.values().cloned().map(T::from).collect()),
                Seen::Lost(why) => {
                    self.cluster.failures.add(self.feed.name().kind());
                    Err(Some(why))
                }
            };
            {
                let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
                part(&mut parts).0 = new;
            }
            self.changed.notify_one();
        };
        follow(&api, &config(), self.cluster.resync, report).await
    }

    async fn publish(&self) -> Infallible {
        loop {
            self.changed.notified().await;
            sleep(QUIET).await;
            let objects = {
                let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
                parts.objects()
            };
            match objects {
                Ok(objects) => self.feed.publish_objects(objects),
                Err(Some(why)) => self.feed.disconnected(&why),
                // The first list is still under way.
                Err(None) => {}
            }
        }
    }
}
