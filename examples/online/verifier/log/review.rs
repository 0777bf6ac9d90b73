//! The records of reviews. They have the format of `tracing` events, but are not events: each request has a record, and
//! an event with twenty fields costs three times as much as its text.

use std::io::Write as _;
use std::sync::Arc;
use std::time::SystemTime;

use eks_auth_server::{Observer, ReviewRecord, ServerEvent, Verdict};
use printable_text::MAX_PRINTED_CHARS;
use tracing::Level;

use super::line::{Line, name};
use super::queue::Queue;
use super::{Log, printable};
use crate::settings::LogFormat;

/// The most bytes of groups in a record: our choice. With this many bytes and seven texts of [`MAX_PRINTED_CHARS`], a
/// record without escapes is shorter than 16 KiB, at which containerd splits a line (`max_container_log_line_size`).
const MAX_GROUPS_LEN: usize = 8_192;

/// Writes the events of the server to the log.
pub(crate) struct ServerLog {
    pub(super) log: Log,
    pub(super) queue: Arc<Queue>,
    pub(super) format: LogFormat,
    /// The least severe level that is written.
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

/// The record that says how many records were lost.
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
        line.foreign_text(name!("reason"), record.reason);
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
        add_groups(line, record.groups);
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

fn add_groups(line: &mut Line, groups: &[String]) {
    let name = name!("groups");
    let len = groups.iter().fold(0, |len: usize, group| {
        len.saturating_add(group.len()).saturating_add(1)
    });
    match groups {
        [group] => line.foreign_text(name, group),
        groups if len <= MAX_PRINTED_CHARS => line.foreign_text(name, &groups.join(",")),
        groups => line.text(name, &first_groups(groups)),
    }
}

/// Joins the groups that [`MAX_GROUPS_LEN`] has room for, each escaped, and counts the others.
#[cold]
fn first_groups(groups: &[String]) -> String {
    let mut joined = String::new();
    for (number, group) in groups.iter().enumerate() {
        let group = printable(group);
        if joined.len().saturating_add(group.len()) > MAX_GROUPS_LEN {
            let more = groups.len().saturating_sub(number);
            joined.push_str(&format!("… ({more} more groups)"));
            break;
        }
        if number > 0 {
            joined.push(',');
        }
        joined.push_str(&group);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(groups: &[String]) -> String {
        let mut line = Line::begin(LogFormat::Json, SystemTime::now(), Level::INFO, "review");
        add_groups(&mut line, groups);
        let line: serde_json::Value = serde_json::from_str(&line.end()).unwrap();
        line["groups"].as_str().unwrap().to_owned()
    }

    #[test]
    fn groups_are_written_up_to_a_limit() {
        let group = |len: usize| "g".repeat(len);
        for (number, len, are_whole) in [
            (1, MAX_PRINTED_CHARS, true),
            (1, MAX_PRINTED_CHARS + 1, false),
            (2, MAX_PRINTED_CHARS / 2, true),
            (8, 1_000, true),
            (9, 1_000, false),
            (10_000, 20, false),
        ] {
            let groups = vec![group(len); number];
            let text = written(&groups);
            assert_eq!(text == groups.join(","), are_whole, "{number} of {len}");
            assert!(text.len() < MAX_GROUPS_LEN + 50, "{number} of {len}");
        }
        let text = written(&vec![group(1_000); 9]);
        assert!(text.ends_with("g… (1 more groups)"), "{text}");
        let escaped = written(&[group(2_000), "a\u{1b}[31m".to_owned()]);
        assert!(
            escaped.ends_with("g… (976 more characters),a\\u{1b}[31m"),
            "{escaped}"
        );
    }
}
