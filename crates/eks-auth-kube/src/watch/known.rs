//! The objects of one kind that are known, and the delay before their changes are published.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// Changes are published once there has been no further change for this time: 100 ms. Our choice: one
/// `kubectl apply` changes several objects.
const QUIET: Duration = Duration::from_millis(100);

/// The longest time that a change waits for later changes: 500 ms. Our choice: a change is in effect within two
/// seconds, and while changes go on, the work for all objects is done twice a second.
const LONGEST: Duration = Duration::from_millis(500);

/// A namespace and a name.
pub(super) type Key = (String, String);

/// Objects by namespace and name.
pub(super) type Objects<T> = BTreeMap<Key, T>;

/// What a watch reports.
pub(super) enum Change<T> {
    /// The watch failed.
    Lost(String),
    /// All objects that exist.
    Listed(Objects<T>),
    /// An object is new, or has changed.
    Applied(Key, T),
    Deleted(Key),
}

/// The objects of one kind, or the reason why they are unknown. After a failure, the objects that were listed
/// before it may not exist any more.
pub(super) struct Known<T>(Result<Objects<T>, Option<String>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Err(None))
    }
}

impl<T> Known<T> {
    /// Takes over a change. Returns how many objects there are. The cost does not depend on their number.
    pub(super) fn take(&mut self, change: Change<T>) -> usize {
        match (change, &mut self.0) {
            (Change::Lost(why), _) => self.0 = Err(Some(why)),
            (Change::Listed(objects), _) => self.0 = Ok(objects),
            (Change::Applied(key, object), Ok(objects)) => drop(objects.insert(key, object)),
            (Change::Deleted(key), Ok(objects)) => drop(objects.remove(&key)),
            // A list comes first.
            (Change::Applied(..) | Change::Deleted(_), Err(_)) => {}
        }
        self.0.as_ref().map_or(0, BTreeMap::len)
    }

    /// Returns the objects.
    ///
    /// # Errors
    ///
    /// Why they are not known; without a reason, the first list is still under way.
    pub(super) fn objects(&self) -> Result<impl Iterator<Item = &T>, Option<String>> {
        match &self.0 {
            Ok(objects) => Ok(objects.values()),
            Err(why) => Err(why.clone()),
        }
    }
}

/// Waits for a change, and for those that follow it closely.
pub(super) async fn collected(changed: &Notify) {
    changed.notified().await;
    let quiet = async { while timeout(QUIET, changed.notified()).await.is_ok() {} };
    // If changes go on, this time is enough as well.
    let _ = timeout(LONGEST, quiet).await;
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::pin::pin;

    use futures_util::future::{Either, select};
    use tokio::time::{Instant, sleep};

    use super::{Change, Duration, Known, LONGEST, Notify, Objects, QUIET, collected};

    /// Makes changes at a distance of each other, and returns when they are published.
    async fn published(changes: u32, distance: Duration) -> Vec<Duration> {
        let (changed, start) = (Notify::new(), Instant::now());
        let times = RefCell::new(Vec::new());
        let publish = async {
            loop {
                collected(&changed).await;
                times.borrow_mut().push(start.elapsed());
            }
        };
        let make = async {
            for _ in 0..changes {
                changed.notify_one();
                sleep(distance).await;
            }
            sleep(LONGEST).await;
        };
        let publish = pin!(publish);
        let make = pin!(make);
        let ended = select(publish, make).await;
        assert!(matches!(ended, Either::Right(_)));
        times.borrow().clone()
    }

    #[tokio::test(start_paused = true)]
    async fn changes_are_published_once_they_end_or_have_lasted() {
        let millisecond = Duration::from_millis(1);
        assert_eq!(published(1, millisecond).await, [QUIET]);
        assert_eq!(published(3, QUIET / 2).await.len(), 1);
        assert_eq!(published(3, QUIET * 2).await.len(), 3);
        // A storm of ten seconds.
        let storm = published(1_000, 10 * millisecond).await;
        assert!((19..=21).contains(&storm.len()), "{storm:?}");
        let longest = LONGEST + 20 * millisecond;
        let apart = storm.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(apart.max() <= Some(longest), "{storm:?}");
    }

    #[test]
    fn objects_are_known_after_a_list_and_until_a_failure() {
        let key = |name: &str| (String::new(), name.to_owned());
        let mut known = Known::default();
        let listed: Objects<u8> = [(key("a"), 1), (key("b"), 2)].into();
        for (change, count, objects) in [
            (Change::Applied(key("a"), 1), 0, Err(None)),
            (Change::Listed(listed), 2, Ok(vec![1, 2])),
            (Change::Applied(key("a"), 3), 2, Ok(vec![3, 2])),
            (Change::Applied(key("c"), 4), 3, Ok(vec![3, 2, 4])),
            (Change::Deleted(key("b")), 2, Ok(vec![3, 4])),
            (Change::Deleted(key("b")), 2, Ok(vec![3, 4])),
            (
                Change::Lost("gone".to_owned()),
                0,
                Err(Some("gone".to_owned())),
            ),
            (Change::Deleted(key("a")), 0, Err(Some("gone".to_owned()))),
            (Change::Listed(Objects::new()), 0, Ok(Vec::new())),
        ] {
            assert_eq!(known.take(change), count);
            let now = known.objects().map(|all| all.copied().collect::<Vec<_>>());
            assert_eq!(now, objects);
        }
    }
}
