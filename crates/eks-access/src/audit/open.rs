//! Requests for which one event was counted, but the other may be in another part of the log.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::action::Action;
use super::event::{EventUser, Line};

/// How many requests are remembered by their start, and how many by their end. Our choice: more than a
/// cluster has open at once. If a request was forgotten, its other event counts as another request, which
/// changes only numbers.
const MAX_OPEN: usize = 1 << 16;

/// The most records of a request that is remembered. Our choice: enough for an impersonation with a few extra
/// fields. Together with [`MAX_OPEN`] it limits the memory to 32 MiB. A log without such requests takes an
/// eighth of that at most.
const MAX_RECORDS: usize = 16;

/// Identifies a request: the audit id, which clients choose, and every attribute that a log keeps.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct RequestId([u8; 16]);

/// The event that a long-running request had, out of two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    /// The stage `ResponseStarted`.
    Begin,
    /// The stage `ResponseComplete` or `Panic`.
    End,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Begin, Self::End];

    const fn other(self) -> Self {
        match self {
            Self::Begin => Self::End,
            Self::End => Self::Begin,
        }
    }
}

/// The records of a request that was counted, to take it back.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Counted {
    pub(super) is_of_other_user: bool,
    /// The numbers of its records, each with how often it was counted there.
    pub(super) records: Vec<(usize, u64)>,
}

impl Counted {
    pub(super) fn add(&mut self, record: usize) {
        // One more record than the limit is enough to see that there are too many.
        let is_full = self.records.len() > MAX_RECORDS;
        match self.records.iter_mut().find(|(one, _)| *one == record) {
            Some((_, times)) => *times = times.saturating_add(1),
            None if is_full => {}
            None => self.records.push((record, 1)),
        }
    }
}

/// The requests of a log that lack one of their two events.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    begun: Waiting,
    ended: Waiting,
    /// Whether a request began that is not long-running in a stock API server.
    has_unusual: bool,
}

#[derive(Clone, Debug, Default)]
struct Waiting {
    requests: HashMap<RequestId, Request>,
    /// The oldest first.
    order: BTreeMap<u64, RequestId>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Request {
    place: u64,
    /// How often it was counted: an exporter may deliver an event twice.
    times: u64,
    counted: Counted,
}

impl Open {
    /// Returns the id of the request of an event that may be one of two events. `None` if the request has
    /// only this event.
    pub(super) fn id(&self, event: &Line<'_>, side: Side, action: &Action) -> Option<RequestId> {
        let may_wait = side == Side::Begin || self.has_unusual || is_long_running(action);
        may_wait.then(|| RequestId::of(event))
    }

    /// Takes an event whose request may have had the other event already. Returns whether it had.
    pub(super) fn settle(&mut self, id: RequestId, side: Side) -> bool {
        self.waiting(side.other()).take(id, 1) > 0
    }

    /// Remembers a request that was counted by one event.
    pub(super) fn remember(
        &mut self,
        id: RequestId,
        side: Side,
        action: &Action,
        counted: Counted,
    ) {
        let is_usual = is_long_running(action);
        match side {
            Side::Begin => self.has_unusual |= !is_usual,
            Side::End if !is_usual => return,
            Side::End => {}
        }
        self.add(id, side, 1, counted);
    }

    /// Adds a request that was counted in another part. Returns how often it was counted here already, by the
    /// other event.
    pub(super) fn merge(&mut self, id: RequestId, side: Side, times: u64, counted: Counted) -> u64 {
        let settled = self.waiting(side.other()).take(id, times);
        let times = times.saturating_sub(settled);
        if times > 0 {
            self.add(id, side, times, counted);
        }
        settled
    }

    fn add(&mut self, id: RequestId, side: Side, times: u64, counted: Counted) {
        if counted.records.len() <= MAX_RECORDS {
            self.waiting(side).add(id, times, counted);
        }
    }

    const fn waiting(&mut self, side: Side) -> &mut Waiting {
        match side {
            Side::Begin => &mut self.begun,
            Side::End => &mut self.ended,
        }
    }

    /// Lists the requests that had one event, by id.
    pub(super) fn requests(&self, side: Side) -> Vec<(RequestId, u64, &Counted)> {
        let waiting = match side {
            Side::Begin => &self.begun,
            Side::End => &self.ended,
        };
        let requests = waiting.requests.iter();
        let mut requests: Vec<_> = requests
            .map(|(id, request)| (*id, request.times, &request.counted))
            .collect();
        requests.sort_unstable_by_key(|(id, ..)| *id);
        requests
    }
}

impl Waiting {
    fn add(&mut self, id: RequestId, times: u64, counted: Counted) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.times = request.times.saturating_add(times);
            return;
        }
        let place = self.next;
        self.next = place.saturating_add(1);
        self.order.insert(place, id);
        let request = Request {
            place,
            times,
            counted,
        };
        self.requests.insert(id, request);
        if self.requests.len() > MAX_OPEN
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.requests.remove(&oldest);
        }
    }

    /// Takes a request out, up to some times. Returns how often it was there.
    fn take(&mut self, id: RequestId, times: u64) -> u64 {
        let Some(request) = self.requests.get_mut(&id) else {
            return 0;
        };
        let taken = request.times.min(times);
        request.times = request.times.saturating_sub(taken);
        if request.times == 0 {
            let place = request.place;
            self.order.remove(&place);
            self.requests.remove(&id);
        }
        taken
    }
}

/// Returns whether a request has an event at its start and another at its end.
///
/// As upstream: apiserver, `pkg/server/filters/longrunning.go`, `BasicLongRunningRequestCheck`, with the verbs
/// and subresources of `cmd/kube-apiserver/app/server.go`.
fn is_long_running(action: &Action) -> bool {
    match action {
        Action::Path { path, .. } => path.starts_with("/debug/pprof/"),
        Action::Resource {
            verb, subresource, ..
        } => {
            matches!(&**verb, "proxy" | "watch")
                || matches!(
                    &**subresource,
                    "attach" | "exec" | "log" | "portforward" | "proxy"
                )
        }
    }
}

impl RequestId {
    fn of(event: &Line<'_>) -> Self {
        let mut hasher = Sha256::new();
        // Each text has its length before it, so that no two lists of texts are written alike.
        let mut write = |text: &str| {
            hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(text);
        };
        write(&event.audit_id);
        write(&event.request_received_timestamp);
        write(&event.verb);
        write(&event.request_uri);
        write(&event.user_agent);
        write(&event.annotations.decision);
        write(&event.annotations.reason);
        write(&event.authentication_metadata.impersonation_constraint);
        for user in std::iter::once(&event.user).chain(&event.impersonated_user) {
            write_user(user, &mut write);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }

    /// Writes the id in hexadecimal digits.
    pub(super) fn to_text(self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            // Writing to a `String` does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Reads the digits of [`to_text`](Self::to_text). `None` for another text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_id = text.len() == 32 && text.bytes().all(is_digit);
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_id)?;
        Some(Self(number.to_be_bytes()))
    }
}

fn write_user(user: &EventUser<'_>, write: &mut impl FnMut(&str)) {
    write(&user.username);
    write(&user.uid);
    write(&user.groups.len().to_string());
    for group in &user.groups {
        write(&group.0);
    }
    for (key, values) in &user.extra {
        write(&key.0);
        write(&values.len().to_string());
        for value in values {
            write(&value.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Action {
        Action::Resource {
            verb: "watch".into(),
            api_group: "".into(),
            resource: "pods".into(),
            subresource: "".into(),
            namespace: "".into(),
        }
    }

    fn id(number: usize) -> RequestId {
        RequestId(u128::try_from(number).unwrap().to_be_bytes())
    }

    #[test]
    fn the_oldest_request_is_forgotten_first() {
        let mut open = Open::default();
        for number in 0..=MAX_OPEN {
            open.remember(id(number), Side::End, &watch(), Counted::default());
            // A request that began does not make room for a request that ended.
            open.remember(id(number), Side::Begin, &watch(), Counted::default());
        }
        assert_eq!(open.requests(Side::End).len(), MAX_OPEN);
        assert!(!open.settle(id(0), Side::Begin));
        assert!(open.settle(id(1), Side::Begin));
        assert!(open.settle(id(MAX_OPEN), Side::End));
        assert!(!open.settle(id(MAX_OPEN), Side::End));
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let own = id(0x1234_abcd);
        assert_eq!(RequestId::parse(&own.to_text()), Some(own));
        for text in ["", "+0", &"g".repeat(32), &"A".repeat(32), &"0".repeat(33)] {
            assert_eq!(RequestId::parse(text), None, "{text}");
        }
    }
}
