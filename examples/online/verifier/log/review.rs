//! The records of reviews. They are written as the events of `tracing` are, but are none: there is one for each request,
//! and an event with twenty fields costs three times as much as its text.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use eks_auth_server::{Observer, ReviewRecord, ServerEvent, Verdict};
use tracing::Level;

use super::Log;
use super::line::{Line, name};
use super::queue::Queue;
use crate::settings::LogFormat;

/// Writes what happens on the server to the log.
pub(crate) struct ServerLog {
    pub(super) log: Log,
    pub(super) queue: Arc<Queue>,
    pub(super) format: LogFormat,
    /// The last level that is written.
    pub(super) level: Level,
}

impl Observer for ServerLog {
    fn review(&self, record: &ReviewRecord<'_>) {
        let level = match record.verdict {
            Verdict::Granted => Level::INFO,
            Verdict::Failed => Level::ERROR,
            _ => Level::WARN,
        };
        if level <= self.level {
            let mut line = Line::begin(self.format, SystemTime::now(), level, "review");
            add_fields(&mut line, record);
            // The queue takes every record.
            let _ = (&*self.queue).write_all(line.end().as_bytes());
        }
    }

    fn event(&self, event: &ServerEvent<'_>) {
        self.log.event(event);
    }
}

/// The record of records that were lost.
pub(super) fn lost(format: LogFormat, number: u64) -> String {
    let message = "records lost: standard error was not read";
    let mut line = Line::begin(format, SystemTime::now(), Level::ERROR, message);
    line.number(name!("records"), number);
    line.end()
}

fn add_fields(line: &mut Line, record: &ReviewRecord<'_>) {
    line.text(name!("request_id"), record.request_id);
    line.address(name!("client"), record.peer);
    line.word(name!("kind"), record.kind.as_str());
    line.word(name!("verdict"), record.verdict.as_str());
    line.text(name!("code"), record.code);
    if !record.reason.is_empty() {
        line.text(name!("reason"), record.reason);
    }
    if let Some(identity) = record.identity {
        line.foreign_text(name!("arn"), identity.arn());
        line.foreign_text(name!("canonical_arn"), identity.canonical_arn());
        line.text(name!("account"), identity.account().as_str());
        line.foreign_text(name!("user_id"), identity.user_id());
        if let Some(session) = identity.session_name() {
            line.foreign_text(name!("session"), session);
        }
    }
    if let Some(token) = record.token {
        line.text(name!("access_key_id"), token.access_key_id());
        line.text(name!("region"), token.region());
        line.text(name!("sts_host"), token.host());
    }
    if let Some(username) = record.username {
        line.foreign_text(name!("username"), username);
        line.foreign_text(name!("groups"), &joined(record.groups));
    }
    if let Some(question) = record.question {
        line.foreign_text(name!("question"), question);
    }
    line.word(name!("cache"), record.cache.as_str());
    if let Some(time) = record.sts_time {
        line.milliseconds(name!("sts_ms"), time);
    }
    line.milliseconds(name!("took_ms"), record.took);
    line.number(name!("generation"), record.generation);
}

fn joined(groups: &[String]) -> Cow<'_, str> {
    match groups {
        [group] => Cow::Borrowed(group),
        groups => Cow::Owned(groups.join(",")),
    }
}
