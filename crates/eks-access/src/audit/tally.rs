//! How often and when a request was made, and by which clients.

use serde::{Deserialize, Serialize};

use super::names::{Names, insert};

/// The clients that are kept for one action of one user. Our choice: enough to recognize a program.
const MAX_CLIENTS: usize = 4;

/// The bytes of a URL or of the name of a client that are kept.
const MAX_TEXT: usize = 200;

/// Requests of one user that differ only in the name of the object.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Tally {
    count: u64,
    names: Names,
    first: Box<str>,
    last: Box<str>,
    /// The URL of the first request.
    example: Box<str>,
    // INVARIANT: in alphabetical order, at most `MAX_CLIENTS`.
    clients: Vec<Box<str>>,
}

impl Tally {
    /// Returns the number of requests.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the names of the objects.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Returns when the first request was received, as the log writes it. Empty if the log has no
    /// time.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.first
    }

    /// Returns when the last request was received.
    #[must_use]
    pub fn last(&self) -> &str {
        &self.last
    }

    /// Returns the URL of the first request, up to 200 bytes of it.
    #[must_use]
    pub fn example(&self) -> &str {
        &self.example
    }

    /// Returns the names of the clients, such as `kubectl/v1.36.3`: the first four in alphabetical order.
    #[must_use]
    pub fn clients(&self) -> &[Box<str>] {
        &self.clients
    }

    /// Counts a request. Returns how many bytes of text are kept in addition.
    pub(super) fn add(&mut self, name: &str, time: &str, url: &str, agent: &str) -> usize {
        let before = self.text_len();
        self.count = self.count.saturating_add(1);
        let time = cut(time);
        if self.first.is_empty() || (time, cut(url)) < (self.first(), self.example()) {
            self.first = time.into();
            self.example = cut(url).into();
        }
        if time > self.last() {
            self.last = time.into();
        }
        let client = cut(agent.split(' ').next().unwrap_or_default());
        if !client.is_empty() {
            self.add_client(client);
        }
        let more = self.text_len().saturating_sub(before);
        more.saturating_add(self.names.add(name))
    }

    pub(super) fn merge(&mut self, other: Self) {
        let is_earlier = (&other.first, &other.example) < (&self.first, &self.example);
        if self.first.is_empty() || (is_earlier && !other.first.is_empty()) {
            self.first = other.first;
            self.example = other.example;
        }
        self.last = std::mem::take(&mut self.last).max(other.last);
        self.count = self.count.saturating_add(other.count);
        self.names.merge(other.names);
        for client in other.clients {
            self.add_client(&client);
        }
    }

    /// Takes back requests that were counted twice.
    pub(super) const fn take_back(&mut self, count: u64) {
        self.count = self.count.saturating_sub(count);
    }

    fn add_client(&mut self, client: &str) {
        insert(&mut self.clients, client);
        self.clients.truncate(MAX_CLIENTS);
    }

    /// Returns how many bytes of text are kept, without names.
    pub(super) fn text_len(&self) -> usize {
        let texts = [&self.first, &self.last, &self.example];
        texts
            .into_iter()
            .chain(&self.clients)
            .fold(0_usize, |sum, text| sum.saturating_add(text.len()))
    }
}

/// Cuts a text at a character boundary.
fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_TEXT);
    text.get(..end).unwrap_or_default()
}
