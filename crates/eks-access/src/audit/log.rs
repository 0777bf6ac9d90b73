//! The distinct requests of a log, and their collection.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use k8s_rbac::{KubernetesVersion, RequestInfo, User};
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::counts::{AuditCounts, add};
use super::error::AuditError;
use super::event::{EventUser, Line, VERSION};
use super::impersonation;
use super::numbers::{Numbers, Vacant};
use super::open::{Counted, Open, RequestId, Side};
use super::shared::{Pool, Shared};
use super::tally::Tally;

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

/// The user of a request, as authentication or impersonation reported it.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditUser {
    /// The username.
    pub username: String,
    /// The groups.
    pub groups: Vec<String>,
}

impl AuditUser {
    /// Returns the user for RBAC.
    #[must_use]
    pub fn to_user(&self) -> User {
        User::new(self.username.clone(), self.groups.iter().cloned())
    }
}

/// Requests of one user that differ only in the name of the object.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The user; with an impersonation, the impersonated user.
    pub user: Shared<AuditUser>,
    /// The action that they requested.
    pub action: Action,
    /// The decision.
    pub outcome: Outcome,
    /// How often, when, and for which objects.
    pub tally: Tally,
}

/// The decision of a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "decision", content = "by", rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "a request is allowed or denied")]
pub enum Outcome {
    /// The annotation `authorization.k8s.io/decision` is `allow`.
    Allowed(Authorizer),
    /// It is `forbid`: no authorizer allowed the request, or one denied it.
    Denied(Authorizer),
}

/// The authorizer that decided, if the annotation `authorization.k8s.io/reason` shows it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Authorizer {
    /// An access policy of Amazon EKS.
    AccessPolicy,
    /// The reason has another form. Usually the authorizer is a webhook.
    Other,
    /// RBAC, or no authorizer at all for a denied request.
    Rbac,
    /// Allowed without a reason: for a member of `system:masters`, by the Node authorizer, or by a webhook
    /// that gives no reason. An impersonation is allowed without a separate event.
    Unnamed,
}

impl Authorizer {
    fn of_allowed(reason: &str) -> Self {
        match reason {
            "" => Self::Unnamed,
            _ if reason.starts_with("RBAC: allowed by ") => Self::Rbac,
            _ if reason.starts_with("EKS Access Policy: allowed by ") => Self::AccessPolicy,
            _ => Self::Other,
        }
    }

    fn of_denied(reason: &str) -> Self {
        match reason {
            "" => Self::Rbac,
            // From 1.37 on, the name of the authorizer comes first.
            _ if reason.starts_with("RBAC: ") || reason.starts_with("rbac: ") => Self::Rbac,
            _ => Self::Other,
        }
    }
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

    /// Adds an event.
    pub(super) fn add(&mut self, event: &Line<'_>) -> Result<Readable, AuditError> {
        if event.kind != "Event" {
            add(&mut self.counts.not_events, 1);
            return Ok(Readable::Yes);
        }
        if event.api_version != VERSION {
            self.counts.add_version(&event.api_version);
            return Ok(Readable::Yes);
        }
        if event.stage == "RequestReceived" {
            add(&mut self.counts.repeated, 1);
            return Ok(Readable::Yes);
        }
        let user = event.impersonated_user.as_ref().unwrap_or(&event.user);
        let is_kept = |user: &EventUser<'_>| {
            let mut only = self.only.iter();
            only.all(|only| *only == user.username)
        };
        let (keeps_user, keeps_actor) = (is_kept(user), is_kept(&event.user));
        if !keeps_user && !keeps_actor {
            add(&mut self.counts.of_other_users, 1);
            return Ok(Readable::Yes);
        }
        let outcome = match event.annotations.decision.as_ref() {
            "allow" => Outcome::Allowed(Authorizer::of_allowed(&event.annotations.reason)),
            "forbid" => Outcome::Denied(Authorizer::of_denied(&event.annotations.reason)),
            _ => {
                add(&mut self.counts.undecided, 1);
                return Ok(Readable::Yes);
            }
        };
        let Some(info) = request_of(event) else {
            return Ok(Readable::No);
        };
        let action = Action::of(&info);
        let side = match event.stage.as_ref() {
            "ResponseStarted" => Side::Begin,
            _ => Side::End,
        };
        let id = self.open.id(event, side, &action);
        if id.is_some_and(|id| self.open.settle(id, side)) {
            add(&mut self.counts.repeated, 1);
            return Ok(Readable::Yes);
        }
        let mut counted = Counted {
            is_of_other_user: !keeps_user,
            ..Counted::default()
        };
        if keeps_user {
            add(&mut self.counts.requests, 1);
            counted.add(self.record(event, user, &action, &info.name, outcome)?);
        } else {
            add(&mut self.counts.of_other_users, 1);
        }
        if let (true, Some(impersonated)) = (keeps_actor, &event.impersonated_user) {
            let constraint = &event.authentication_metadata.impersonation_constraint;
            for request in impersonation::requests(impersonated, constraint, &info) {
                let action = Action::of(&request);
                let outcome = Outcome::Allowed(Authorizer::Unnamed);
                counted.add(self.record(event, &event.user, &action, &request.name, outcome)?);
            }
        }
        if let Some(id) = id {
            self.open.remember(id, side, &action, counted);
        }
        Ok(Readable::Yes)
    }

    /// Counts an event. Returns the number of its record.
    fn record(
        &mut self,
        event: &Line<'_>,
        user: &EventUser<'_>,
        action: &Action,
        name: &str,
        outcome: Outcome,
    ) -> Result<usize, AuditError> {
        let time = &event.request_received_timestamp;
        let (url, agent) = (&event.request_uri, &event.user_agent);
        let (number, more) = match self.find((&user.username, groups(user)), action, outcome) {
            Ok(number) => {
                let own = self.records.get_mut(number);
                let more = own.map_or(0, |own| own.tally.add(name, time, url, agent));
                (number, more)
            }
            Err(vacant) => {
                let mut tally = Tally::default();
                let text = tally.add(name, time, url, agent);
                let user = AuditUser {
                    username: user.username.clone().into_owned(),
                    groups: groups(user).map(str::to_owned).collect(),
                };
                let record = AuditRecord {
                    user: Shared::new(user),
                    action: action.clone(),
                    outcome,
                    tally,
                };
                let (number, more) = self.push(vacant, record);
                (number, text.saturating_add(more))
            }
        };
        self.spend(more).map(|()| number)
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

/// Whether an event has the attributes that a request needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Readable {
    Yes,
    No,
}

fn groups<'e>(user: &'e EventUser<'_>) -> impl Iterator<Item = &'e str> + Clone {
    user.groups.iter().map(|group| group.0.as_ref())
}

/// Parses the URL of an event, since `objectRef` has names that were not authorized: the name of an object
/// that is created comes from its body.
fn request_of(event: &Line<'_>) -> Option<RequestInfo> {
    let verb = event.verb.as_ref();
    let method = match verb {
        "get" | "list" | "watch" => "GET",
        "create" => "POST",
        "update" => "PUT",
        "deletecollection" => "DELETE",
        other => &other.to_ascii_uppercase(),
    };
    let username = &event
        .impersonated_user
        .as_ref()
        .unwrap_or(&event.user)
        .username;
    if verb.is_empty() || username.is_empty() {
        return None;
    }
    let version = KubernetesVersion::default();
    let mut info = RequestInfo::parse_like_apiserver(version, method, &event.request_uri).ok()?;
    verb.clone_into(&mut info.verb);
    Some(info)
}
