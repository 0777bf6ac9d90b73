//! Logs with defects, and readers that fail.

use std::io::{self, BufRead, ErrorKind, Read};

use eks_access::audit::{AuditError, AuditLog};
use serde_json::{Value, json};

use super::{event, lines, log, with};

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Texts, and how many of their events are requests, are unreadable, and are no events.
#[test]
fn what_is_whole_is_read() {
    let (one, other) = (event("u", "get", "/a"), event("u", "get", "/b"));
    let (line, lines) = (one.to_string(), lines(&[one.clone(), other.clone()]));
    let (over_lines, others) = (pretty(&one), pretty(&other));
    let list = json!({"items": [one], "rest": {"b": {"c": 1}, "d": {"e": 2}}});
    let version = "\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\"";
    let rows = [
        // A blank behind a key does not end a time.
        (line.replace("\":{", "\": {"), (1, 0, 0)),
        // The first line is cut off, and the next lines are events.
        (format!("{{\"user\":{{\n{lines}"), (2, 1, 0)),
        (
            format!("{{\"user\":{{\n2026-11-28T06:05:58.861Z {line}\n{line}"),
            (1, 1, 0),
        ),
        (format!("[{line},{{\n{line}"), (1, 1, 0)),
        // A document spans several lines. Its first line is not only a brace, or its next line begins like
        // an event.
        (format!("{{{version},\n\"items\":[{line}]}}"), (1, 0, 0)),
        (format!("[\n{line},\n{other}\n]"), (2, 0, 0)),
        // Text between documents is skipped.
        (format!("{over_lines}\nit is 5\" wide {others}"), (2, 0, 0)),
        // A text that is cut off ends with its line.
        (
            format!("{over_lines}\n{{\n\"user\": \"cut o\n{others}"),
            (2, 1, 0),
        ),
        // The text behind a list is part of its document.
        (pretty(&list), (1, 0, 0)),
        // A text within a list does not count as a key.
        (format!("{{\n\"x\":[\"items\"][{line}]\n}}"), (0, 1, 0)),
        // Items without a kind are events in a list of events, with its version.
        (
            "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{\"spec\":{}}]}".to_owned(),
            (0, 0, 1),
        ),
        (
            "{\"kind\":\"EventList\",\"items\":[{\"verb\":\"get\"}]}".to_owned(),
            (0, 0, 1),
        ),
        // Every request has a verb and a user.
        (with(one.clone(), "/verb", json!("")).to_string(), (0, 1, 0)),
        (
            with(one, "/user/username", json!("")).to_string(),
            (0, 1, 0),
        ),
    ];
    for (text, want) in rows {
        let own = log(&text);
        let counts = own.counts();
        let got = (
            // The same request twice is two requests, or one request that is repeated.
            own.records().len(),
            counts.unreadable,
            counts.not_events,
        );
        assert_eq!(got, want, "{text}");
        assert!(counts.other_versions.is_empty(), "{text}");
    }
}

/// If one line has several events, the number is the number of the line. If a document spans several lines, it
/// is the number of the event.
#[test]
fn an_unreadable_event_has_a_number() {
    let (good, bad) = (
        event("u", "get", "/a"),
        with(event("u", "get", "/b"), "/verb", json!("")),
    );
    let items = json!({"items": [good, good, bad]});
    for (text, number) in [
        (format!("\n{good}{bad}"), 2),
        (format!("\n{items}"), 2),
        (pretty(&items), 3),
        (format!("{}\n{}", pretty(&good), pretty(&bad)), 2),
    ] {
        let own = log(&text);
        let places: Vec<u64> = own.counts().places.iter().map(|one| one.number).collect();
        assert_eq!((own.records().len(), places), (1, vec![number]), "{text}");
    }
}

#[test]
fn escapes_in_a_document_end_no_text() {
    for agent in ["x\"{", "x\"]", "x\\", "x\\\"[{", "}\\\\\""] {
        let event = with(event("u", "get", "/a"), "/userAgent", json!(agent));
        for text in [pretty(&event), pretty(&json!({"items": [event]}))] {
            let own = log(&text);
            assert_eq!((own.counts().requests, own.counts().unreadable), (1, 0));
            let records = own.records();
            let clients = records.first().map(|record| record.tally.clients());
            assert_eq!(clients, Some(&[Box::from(agent)][..]));
        }
    }
}

/// A reader that fails before each chunk after a place, or only once.
struct Failing<'t> {
    text: &'t [u8],
    read: usize,
    from: usize,
    kind: ErrorKind,
    is_due: bool,
    is_once: bool,
}

impl BufRead for Failing<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.is_due && self.read >= self.from {
            self.is_due = false;
            return Err(self.kind.into());
        }
        let rest = self.text.get(self.read..).unwrap_or_default();
        Ok(rest.get(..64).unwrap_or(rest))
    }

    fn consume(&mut self, amount: usize) {
        self.read = self.read.saturating_add(amount);
        self.is_due |= !self.is_once;
    }
}

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut chunk = self.fill_buf()?;
        let read = chunk.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[test]
fn a_reader_that_is_interrupted_is_read_on() {
    let events = [event("u", "get", "/a"), event("v\u{1f600}", "get", "/b")];
    let list = pretty(&json!({"items": events}));
    let marked = format!("\u{feff}{}", lines(&events));
    let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for text in [lines(&events).as_bytes(), list.as_bytes(), &wide] {
        let reader = |kind, from, is_once| Failing {
            text,
            read: 0,
            from,
            kind,
            is_due: true,
            is_once,
        };
        let mut own = AuditLog::new();
        let interrupted = reader(ErrorKind::Interrupted, 0, false);
        own.read("x", interrupted).unwrap();
        assert_eq!((own.counts().requests, own.records().len()), (2, 2));
        for from in (0..=text.len()).step_by(16).chain([1, text.len()]) {
            for is_once in [false, true] {
                let reset = ErrorKind::ConnectionReset;
                let read = AuditLog::new().read("x", reader(reset, from, is_once));
                assert_eq!(read, Err(AuditError::Read(reset)), "{from} {is_once}");
            }
        }
    }
}
