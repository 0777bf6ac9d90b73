//! Follows the objects of one kind.

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

use super::known::{Change, Key, Objects};

/// How many objects of one kind are kept: 100,000. Our choice: ten times the bindings of a large cluster.
const MAX_OBJECTS: usize = 100_000;

/// The longest pause between two attempts, if the backoff ends: that of [`DefaultBackoff`].
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a list may take, all pages together: one minute. Our choice: kube-apiserver itself ends a request
/// after that (`--request-timeout`).
const LIST_TIMEOUT: Duration = Duration::from_secs(60);

/// How much of an error is kept, in characters: 300. Our choice: the message of an API server is shorter.
const MAX_ERROR: usize = 300;

/// The objects of one kind, and how they are read.
pub(super) struct Followed<K, T> {
    pub(super) api: Api<K>,
    pub(super) config: watcher::Config,
    pub(super) resync: Duration,
    /// Returns the part of an object that is kept.
    pub(super) keep: fn(K) -> T,
}

impl<K, T> Followed<K, T>
where
    K: Resource + Clone + Debug + serde::de::DeserializeOwned + Send + 'static,
{
    /// Lists and watches the objects, and reports each change to a function that returns how many there are. A watch
    /// that fails is replaced by a new list, so that a compacted history needs no further care.
    pub(super) async fn run(self, mut report: impl FnMut(Change<T>) -> usize) -> Infallible {
        let mut backoff = DefaultBackoff::default();
        loop {
            // Without an error, it is time to list everything again.
            if let Some(why) = self.until_end(&mut report).await {
                report(Change::Lost(why.chars().take(MAX_ERROR).collect()));
                sleep(backoff.next().unwrap_or(LONGEST_PAUSE)).await;
            }
        }
    }

    /// Follows the objects until the watch fails, or for some time. Returns the error.
    async fn until_end(&self, report: &mut impl FnMut(Change<T>) -> usize) -> Option<String> {
        let start = Instant::now();
        let end = start.checked_add(self.resync)?;
        let end_of_list = start.checked_add(LIST_TIMEOUT)?;
        let mut events = pin!(watcher(self.api.clone(), self.config.clone()));
        // The list that is under way.
        let mut list = Some(Objects::new());
        loop {
            let end = if list.is_none() { end } else { end_of_list };
            let Ok(event) = timeout_at(end, events.next()).await else {
                return list.map(|_| format!("no list in {LIST_TIMEOUT:?}"));
            };
            let event = match event {
                None => return Some("the watch ended".to_owned()),
                Some(Err(error)) => return Some(Causes::new(&error).to_string()),
                Some(Ok(event)) => event,
            };
            if self.handle(event, &mut list, report) > MAX_OBJECTS {
                return Some(format!("there are more than {MAX_OBJECTS} objects"));
            }
        }
    }

    /// Adds an event to the list that is under way, or reports it. Returns how many objects there are.
    fn handle(
        &self,
        event: Event<K>,
        list: &mut Option<Objects<T>>,
        report: &mut impl FnMut(Change<T>) -> usize,
    ) -> usize {
        let change = match event {
            Event::Init => {
                *list = Some(Objects::new());
                return 0;
            }
            Event::InitDone => Change::Listed(list.take().unwrap_or_default()),
            Event::Apply(object) | Event::InitApply(object) => {
                Change::Applied(key(&object), (self.keep)(object))
            }
            Event::Delete(object) => Change::Deleted(key(&object)),
        };
        match (change, list) {
            (Change::Applied(key, object), Some(list)) => {
                list.insert(key, object);
                list.len()
            }
            (Change::Deleted(key), Some(list)) => {
                list.remove(&key);
                list.len()
            }
            (change, _) => report(change),
        }
    }
}

fn key<K: Resource>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}
