//! The RBAC objects of a cluster.

use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use eks_auth_sources::Feed;
use futures_util::future::join5;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use kube::Resource;
use kube::api::Api;
use tokio::sync::Notify;

use super::follow::Followed;
use super::known::{Change, Known, collected};
use super::{ClusterWatch, config};

/// The objects of each kind, if they are known.
#[derive(Default)]
struct Parts {
    roles: Known<k8s_rbac::Role>,
    role_bindings: Known<k8s_rbac::RoleBinding>,
    cluster_roles: Known<k8s_rbac::ClusterRole>,
    cluster_role_bindings: Known<k8s_rbac::ClusterRoleBinding>,
}

impl Parts {
    /// Returns all objects, if the objects of every kind are known; otherwise the first error.
    fn objects(&self) -> Result<k8s_rbac::Objects, Option<String>> {
        Ok(k8s_rbac::Objects {
            roles: self.roles.objects()?.cloned().collect(),
            role_bindings: self.role_bindings.objects()?.cloned().collect(),
            cluster_roles: self.cluster_roles.objects()?.cloned().collect(),
            cluster_role_bindings: self.cluster_role_bindings.objects()?.cloned().collect(),
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
    async fn watch_kind<K, T>(&self, part: fn(&mut Parts) -> &mut Known<T>) -> Infallible
    where
        K: Resource<DynamicType = ()>
            + Clone
            + Debug
            + serde::de::DeserializeOwned
            + Send
            + 'static,
        T: From<K>,
    {
        let followed = Followed {
            api: Api::all(self.cluster.client.clone()),
            config: config(),
            resync: self.cluster.resync,
            keep: T::from,
        };
        let report = |change: Change<T>| {
            if matches!(change, Change::Lost(_)) {
                self.cluster.failures.add(self.feed.name().kind());
            }
            let count = {
                let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
                part(&mut parts).take(change)
            };
            self.changed.notify_one();
            count
        };
        followed.run(report).await
    }

    async fn publish(&self) -> Infallible {
        loop {
            collected(&self.changed).await;
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
