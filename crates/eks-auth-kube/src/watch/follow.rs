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

/// The longest pause between two attempts, as in [`DefaultBackoff`]. It is used once the backoff
/// ends.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a list may take, all pages together: one minute. Our choice: kube-apiserver itself ends a request
/// after that (`--request-timeout`).
const LIST_TIMEOUT: Duration = Duration::from_secs(60);

/// How much of an error is kept, in characters: 300. Our choice: the message of an API server is shorter.
const MAX_ERROR: usize = 300;

/// The objects of one kind, and the way to read them.
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::client::{Body, Client};
    use serde_json::{Value, json};
    use tokio::time::timeout;
    use tower::service_fn;

    use super::super::known::Known;
    use super::{Api, Change, Duration, Followed, Instant, MAX_ERROR, MAX_OBJECTS, watcher};

    /// An API server: its answers to the requests for a list and for a watch, by their number. `None` is no answer.
    type Answer = fn(&'static str, usize) -> Option<String>;

    /// Returns what is reported within some seconds: the second, and the names of the objects or the error.
    async fn reported(answer: Answer, resync: Duration, seconds: u64) -> Vec<(u64, String)> {
        let mut counts = [0; 2];
        let service = service_fn(move |request: Request<Body>| {
            let query = request.uri().query().unwrap_or_default();
            let [lists, watches] = &mut counts;
            let (what, count) = match query.contains("watch=true") {
                true => ("watch", watches),
                false => ("list", lists),
            };
            let answer = answer(what, *count);
            *count = count.saturating_add(1);
            async move {
                match answer {
                    Some(text) => Ok::<_, Infallible>(Response::new(Body::from(text.into_bytes()))),
                    None => std::future::pending().await,
                }
            }
        });
        let followed = Followed {
            api: Api::<ConfigMap>::all(Client::new(service, "default")),
            config: watcher::Config::default(),
            resync,
            keep: |object: ConfigMap| object.metadata.name.unwrap_or_default(),
        };
        let (start, mut reports) = (Instant::now(), Vec::new());
        let mut known = Known::default();
        let report = |change: Change<String>| {
            let count = known.take(change);
            let text = match known.objects() {
                Ok(objects) if count > 9 => format!("{} objects", objects.count()),
                Ok(objects) => objects.map(String::as_str).collect::<Vec<_>>().join(" "),
                Err(why) => why.unwrap_or_default(),
            };
            reports.push((start.elapsed().as_secs(), text));
            count
        };
        let ended = timeout(Duration::from_secs(seconds), followed.run(report)).await;
        assert!(ended.is_err());
        reports
    }

    fn object(namespace: &str, name: &str) -> Value {
        json!({"metadata": {"namespace": namespace, "name": name, "resourceVersion": "1"}})
    }

    fn list(objects: &[Value]) -> String {
        json!({"metadata": {"resourceVersion": "1"}, "items": objects}).to_string()
    }

    fn many(count: usize) -> String {
        let objects = (0..count).map(|number| object("n", &number.to_string()));
        list(&objects.collect::<Vec<_>>())
    }

    fn event(kind: &str, object: &Value) -> String {
        format!("{}\n", json!({"type": kind, "object": object}))
    }

    const NEVER: Duration = Duration::from_secs(1_000_000);

    #[tokio::test(start_paused = true)]
    async fn a_list_has_to_be_complete_in_time() {
        let reports = reported(|_, _| None, NEVER, 100).await;
        assert_eq!(reports, [(60, "no list in 60s".to_owned())]);
        // The second attempt is answered, and a watch may be silent for long.
        let answer: Answer = |what, number| match (what, number) {
            ("list", 1..) => Some(list(&[object("n", "a")])),
            _ => None,
        };
        let reports = reported(answer, NEVER, 10_000).await;
        let reports: Vec<&str> = reports.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(reports, ["no list in 60s", "a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_listed_again_in_time() {
        let answer: Answer = |what, _| (what == "list").then(|| list(&[object("n", "a")]));
        let reports = reported(answer, Duration::from_secs(600), 1_300).await;
        let expected = [0, 600, 1_200].map(|second| (second, "a".to_owned()));
        assert_eq!(reports, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn each_event_of_a_watch_changes_one_object() {
        let answer: Answer = |what, number| match (what, number) {
            ("list", _) => Some(list(&[
                object("n", "a"),
                object("m", "a"),
                object("n", "b"),
            ])),
            ("watch", 0) => Some(
                event("DELETED", &object("n", "a"))
                    + &event("ADDED", &object("n", "c"))
                    + &event("MODIFIED", &object("n", "b")),
            ),
            _ => None,
        };
        let reports = reported(answer, NEVER, 100).await;
        let reports: Vec<&str> = reports.iter().map(|(_, text)| text.as_str()).collect();
        // By namespace and name.
        assert_eq!(reports, ["a a b", "a b", "a b c", "a b c"]);
    }

    #[tokio::test(start_paused = true)]
    async fn objects_and_errors_have_limits() {
        let answer: Answer = |what, _| (what == "list").then(|| many(MAX_OBJECTS));
        assert_eq!(reported(answer, NEVER, 10).await[0].1, "100000 objects");
        let answer: Answer = |what, _| (what == "list").then(|| many(MAX_OBJECTS + 1));
        let reports = reported(answer, NEVER, 1).await;
        assert_eq!(reports[0].1, "there are more than 100000 objects");
        let answer: Answer = |_, _| Some(format!("\"{}\"", "x".repeat(10_000)));
        let reports = reported(answer, NEVER, 1).await;
        assert_eq!(reports[0].1.chars().count(), MAX_ERROR, "{reports:?}");
    }
}
