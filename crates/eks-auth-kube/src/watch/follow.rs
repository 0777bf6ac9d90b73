//! Follows the objects of one kind.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use kube::api::Api;
use kube::runtime::watcher::{self, DefaultBackoff, Event, watcher};
use kube::{Resource, ResourceExt};
use printable_text::Causes;
use tokio::time::{Instant, sleep, timeout_at};

/// How many objects of one kind are kept: 100,000. Our choice: ten times the bindings of a large cluster.
const MAX_OBJECTS: usize = 100_000;

/// The longest pause between two attempts, if the backoff ends: that of [`DefaultBackoff`].
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a list may take, all pages together: one minute. Our choice: kube-apiserver itself ends a request
/// after that (`--request-timeout`).
const LIST_TIMEOUT: Duration = Duration::from_secs(60);

/// How much of an error is kept, in characters: 300. Our choice: the message of an API server is shorter.
const MAX_ERROR: usize = 300;

/// The objects by namespace and name.
pub(super) type Objects<K> = BTreeMap<(String, String), K>;

/// What a watch reports.
pub(super) enum Seen<'o, K> {
    /// The watch failed.
    Lost(String),
    /// All objects that exist, after each change.
    Objects(&'o Objects<K>),
}

/// Lists and watches the objects, and reports each change. A watch that fails is replaced by a new list, so
/// that a compacted history needs no further care.
pub(super) async fn follow<K>(
    api: &Api<K>,
    config: &watcher::Config,
    resync: Duration,
    mut report: impl FnMut(Seen<'_, K>),
) -> Infallible
where
    K: Resource + Clone + Debug + serde::de::DeserializeOwned + Send + 'static,
{
    let mut backoff = DefaultBackoff::default();
    loop {
        // Without an error, it is time to list everything again.
        if let Some(why) = until_end(api, config, resync, &mut report).await {
            report(Seen::Lost(why.chars().take(MAX_ERROR).collect()));
            sleep(backoff.next().unwrap_or(LONGEST_PAUSE)).await;
        }
    }
}

/// Follows the objects until the watch fails, or for some time. Returns the error.
async fn until_end<K>(
    api: &Api<K>,
    config: &watcher::Config,
    resync: Duration,
    report: &mut impl FnMut(Seen<'_, K>),
) -> Option<String>
where
    K: Resource + Clone + Debug + serde::de::DeserializeOwned + Send + 'static,
{
    let start = Instant::now();
    let (end, end_of_list) = (start.checked_add(resync)?, start.checked_add(LIST_TIMEOUT)?);
    let mut events = pin!(watcher(api.clone(), config.clone()));
    let mut objects = Objects::new();
    let mut is_complete = false;
    loop {
        let end = if is_complete { end } else { end_of_list };
        let Ok(event) = timeout_at(end, events.next()).await else {
            return (!is_complete).then(|| format!("no list in {LIST_TIMEOUT:?}"));
        };
        match event {
            None => return Some("the watch ended".to_owned()),
            Some(Err(error)) => return Some(Causes::new(&error).to_string()),
            Some(Ok(Event::Init)) => {
                objects.clear();
                is_complete = false;
            }
            Some(Ok(Event::InitDone)) => is_complete = true,
            Some(Ok(Event::Apply(object) | Event::InitApply(object))) => {
                objects.insert(key(&object), object);
            }
            Some(Ok(Event::Delete(object))) => {
                objects.remove(&key(&object));
            }
        }
        if objects.len() > MAX_OBJECTS {
            return Some(format!("there are more than {MAX_OBJECTS} objects"));
        }
        if is_complete {
            report(Seen::Objects(&objects));
        }
    }
}

fn key<K: Resource>(object: &K) -> (String, String) {
    (object.namespace().unwrap_or_default(), object.name_any())
}
