//! The distinct requests of a log, and their collection.

mod events;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use super::action::Action;
use super::counts::{AuditCounts, add};
use super::error::AuditError;
use super::numbers::{Numbers, Vacant};
use super::open::{Counted, Open, RequestId, Side};
use super::record::{AuditRecord, AuditUser, Outcome};
use super::shared::Pool;
use super::tally::Tally;

pub(super) use events::Readable;

/// The text that a log keeps, in bytes, including the tables around it. Our choice: a log of 1 GB in which all
/// requests differ takes three quarters of it, and a busy cluster with ten thousand users and service accounts a
/// thirtieth.
pub const MAX_AUDIT_BYTES: usize = 512 << 20;

/// The bytes of a record beside its text: 200 in the list of records, 40 in the table of numbers, and six
/// allocations with their headers.
const RECORD_BYTES: usize = 352;

/// The bytes of a shared text beside the text itself.
pub(super) const TEXT_BYTES: usize = 40;

/// The distinct requests of an audit log, with their users and decisions.
#[derive(Clone, Debug)]
pub struct AuditLog {
    only: Option<String>,
    max_bytes: usize,
    bytes: usize,
    /// In the order in which they were found.
    records: Vec<AuditRecord>,
    numbers: Numbers,
    hasher: RandomState,
    users: Pool<AuditUser>,
    texts: Pool<str>,
    pub(super) counts: AuditCounts,
    open: Open,
}

impl Default for AuditLog {
    fn default() -> Self {
        Self::new()
    }
}

impl AuditLog {
    /// Builds a log of all users, without events.
    #[must_use]
    pub fn new() -> Self {
        Self {
            only: None,
            max_bytes: MAX_AUDIT_BYTES,
            bytes: 0,
            records: Vec::new(),
            numbers: Numbers::default(),
            hasher: RandomState::new(),
            users: Pool::default(),
            texts: Pool::default(),
            counts: AuditCounts::default(),
            open: Open::default(),
        }
    }

    /// Builds a log that keeps the requests of one user, by username.
    #[must_use]
    pub fn of_user(username: &str) -> Self {
        Self {
            only: Some(username.to_owned()),
            ..Self::new()
        }
    }

    /// Sets the limit instead of [`MAX_AUDIT_BYTES`].
    #[must_use]
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Returns the username of the only user whose requests are kept. `None` if all requests are
    /// kept.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        self.only.as_deref()
    }

    /// Returns the numbers of events.
    #[must_use]
    pub const fn counts(&self) -> &AuditCounts {
        &self.counts
    }

    /// Returns the records, by user, action and outcome.
    #[must_use]
    pub fn records(&self) -> Vec<&AuditRecord> {
        let records = self.numbered_records();
        records.into_iter().map(|(_, record)| record).collect()
    }

    /// Returns the records in the order of [`records`](Self::records), each with its number.
    pub(super) fn numbered_records(&self) -> Vec<(usize, &AuditRecord)> {
        let mut records: Vec<_> = self.records.iter().enumerate().collect();
        records.sort_unstable_by(|(_, one), (_, other)| {
            (&one.user, &one.action, one.outcome).cmp(&(&other.user, &other.action, other.outcome))
        });
        records
    }

    /// Counts the requests of each user, by username: those that were allowed, and those that were denied.
    #[must_use]
    pub fn users(&self) -> BTreeMap<&str, (u64, u64)> {
        let mut users: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for record in &self.records {
            let (allowed, denied) = users.entry(&record.user.username).or_default();
            let count = match record.outcome {
                Outcome::Allowed(_) => allowed,
                Outcome::Denied(_) => denied,
            };
            add(count, record.tally.count());
        }
        users
    }

    /// Returns the requests for which only one of two events was counted.
    pub(super) const fn open(&self) -> &Open {
        &self.open
    }

    /// Adds another part of the log, in any order. A request that began in one part and ended in another counts
    /// once.
    ///
    /// # Errors
    ///
    /// [`AuditError::OtherUser`] if the parts keep the requests of different users;
    /// [`AuditError::TooLarge`].
    pub fn merge(&mut self, other: Self) -> Result<(), AuditError> {
        if self.only != other.only {
            return Err(AuditError::OtherUser);
        }
        self.counts.merge(other.counts);
        // The number of each record of the other part here.
        let mut numbers = Vec::with_capacity(other.records.len());
        for record in other.records {
            numbers.push(self.insert(record)?);
        }
        let mut twice = Vec::new();
        for side in Side::BOTH {
            for (id, times, counted) in other.open.requests(side) {
                let number =
                    |(number, times): &(usize, u64)| Some((*numbers.get(*number)?, *times));
                let counted = Counted {
                    records: counted.records.iter().filter_map(number).collect(),
                    ..*counted
                };
                let times = self.open.merge(id, side, times, counted.clone());
                twice.push((times, counted));
            }
        }
        self.take_back(&twice);
        Ok(())
    }

    /// Takes back requests that were counted for both of their events, each as often as it was
    /// counted twice.
    fn take_back(&mut self, requests: &[(u64, Counted)]) {
        let mut of_records: HashMap<usize, u64> = HashMap::new();
        for (times, counted) in requests {
            let count = match counted.is_of_other_user {
                true => &mut self.counts.of_other_users,
                false => &mut self.counts.requests,
            };
            *count = count.saturating_sub(*times);
            add(&mut self.counts.repeated, *times);
            for (number, each) in &counted.records {
                add(
                    of_records.entry(*number).or_default(),
                    times.saturating_mul(*each),
                );
            }
        }
        for (number, count) in of_records {
            if let Some(record) = self.records.get_mut(number) {
                record.tally.take_back(count);
            }
        }
    }

    /// Remembers a request of a saved part.
    pub(super) fn remember(&mut self, id: RequestId, side: Side, times: u64, counted: Counted) {
        self.open.merge(id, side, times, counted);
    }

    /// Adds a record, or its tally to the record of the same requests. Returns the number of the record.
    pub(super) fn insert(&mut self, record: AuditRecord) -> Result<usize, AuditError> {
        let mut text = record.tally.text_len();
        for name in record.tally.names().iter() {
            text = text.saturating_add(name.len());
        }
        let user = &record.user;
        let groups = user.groups.iter().map(String::as_str);
        let found = self.find((&user.username, groups), &record.action, record.outcome);
        let vacant = match found {
            Err(vacant) => vacant,
            Ok(number) => {
                if let Some(own) = self.records.get_mut(number) {
                    own.tally.merge(record.tally);
                }
                return self.spend(text).map(|()| number);
            }
        };
        // Merging into an empty tally limits the names to what a record may have.
        let mut tally = Tally::default();
        tally.merge(record.tally);
        let (number, more) = self.push(vacant, AuditRecord { tally, ..record });
        self.spend(text.saturating_add(more)).map(|()| number)
    }

    /// Finds the number of a record by its user, action and outcome, or the place for its number.
    fn find<'t>(
        &self,
        (username, groups): (&str, impl Iterator<Item = &'t str> + Clone),
        action: &Action,
        outcome: Outcome,
    ) -> Result<usize, Vacant> {
        let mut hasher = self.hasher.build_hasher();
        username.hash(&mut hasher);
        groups.clone().for_each(|group| group.hash(&mut hasher));
        (action, outcome).hash(&mut hasher);
        self.numbers.find(hasher.finish(), |number| {
            self.records.get(number).is_some_and(|record| {
                record.outcome == outcome
                    && record.user.username == username
                    && record.action == *action
                    && record.user.groups.iter().eq(groups.clone())
            })
        })
    }

    /// Adds a record that was not found. Returns its number, and how many bytes it takes beside its tally.
    fn push(&mut self, vacant: Vacant, mut record: AuditRecord) -> (usize, usize) {
        let mut more = RECORD_BYTES.saturating_add(record.action.share(&mut self.texts));
        if self.users.share(&mut record.user) {
            let texts = record.user.groups.iter().chain([&record.user.username]);
            let bytes = texts.map(|text| text.len().saturating_add(TEXT_BYTES));
            more = bytes.fold(more, usize::saturating_add);
        }
        let number = self.records.len();
        self.records.push(record);
        self.numbers.insert(vacant, number);
        (number, more)
    }

    pub(super) fn set_only(&mut self, only: Option<String>) {
        self.only = only;
    }

    pub(super) fn set_counts(&mut self, counts: AuditCounts) {
        self.counts = counts;
    }

    fn spend(&mut self, more: usize) -> Result<(), AuditError> {
        self.bytes = self.bytes.saturating_add(more);
        match self.bytes > self.max_bytes {
            true => Err(AuditError::TooLarge {
                limit: self.max_bytes,
            }),
            false => Ok(()),
        }
    }
}
