//! Each limit, with a test at the limit and a test one beyond it.

use eks_access::audit::{AuditCounts, AuditError, AuditLog, MAX_EVENT_BYTES, MAX_NAMES};
use serde_json::{Value, json};

use super::{denied, event, lines, log, with};

/// A record takes 352 bytes, and each text that records share takes 40 beside its length. The times, the URL, the
/// client and the names take their own length.
#[test]
fn memory_is_counted_to_the_byte() {
    let user = "u".len() + "system:authenticated".len() + 2 * 40;
    let tally = 2 * "2026-11-28T06:05:58.861120Z".len() + "kubectl/v1.36.3".len();
    let path = "get/healthz".len() + 2 * 40;
    // The group and the subresource are the same text, which is empty.
    let resource = "getpodsdev".len() + 4 * 40;
    let pod = "/api/v1/namespaces/dev/pods/web";
    let rows = [
        ("/healthz", 352 + user + tally + path + "/healthz".len()),
        (pod, 352 + user + tally + resource + pod.len() + "web".len()),
    ];
    for (uri, bytes) in rows {
        let read = |max_bytes: usize, log: AuditLog, event: &Value| {
            let mut log = log.with_max_bytes(max_bytes);
            log.read("x", lines(std::slice::from_ref(event)).as_bytes())
                .map(|()| log)
        };
        let own = event("u", "get", uri);
        let log = read(bytes, AuditLog::new(), &own).unwrap();
        let limit = bytes - 1;
        assert_eq!(
            read(limit, AuditLog::new(), &own).unwrap_err(),
            AuditError::TooLarge { limit }
        );
        // The same request again takes no memory. A request with another decision shares the texts, also in a
        // copy.
        assert!(read(bytes, log.clone(), &own).is_ok());
        let refused = denied(own, "");
        let name = if uri == pod { "web".len() } else { 0 };
        let bytes = bytes + 352 + tally + uri.len() + name;
        assert!(read(bytes, log.clone(), &refused).is_ok());
        let limit = bytes - 1;
        assert_eq!(
            read(limit, log, &refused).unwrap_err(),
            AuditError::TooLarge { limit }
        );
    }
}

#[test]
fn as_many_names_as_may_be_kept_are_kept() {
    let part = |numbers: std::ops::Range<usize>| {
        let url = |number| format!("/api/v1/namespaces/dev/pods/p{number:03}");
        let events = numbers.map(|number| event("u", "get", &url(number)));
        log(&lines(&events.collect::<Vec<_>>()))
    };
    for (count, is_too_many) in [(MAX_NAMES, false), (MAX_NAMES + 1, true)] {
        let whole = part(0..count);
        let mut merged = part(0..30);
        // Some names are in both parts.
        merged.merge(part(20..count)).unwrap();
        for log in [whole, merged] {
            let records = log.records();
            let names = records.first().map(|record| record.tally.names());
            let names = names.map(|names| (names.is_too_many(), names.named().len()));
            let kept = if is_too_many { 0 } else { count };
            assert_eq!(names, Some((is_too_many, kept)));
        }
    }
}

/// An event of the greatest size is read in every form.
#[test]
fn an_event_of_the_greatest_size_is_read() {
    let long = with(event("u", "get", "/a"), "/requestObject", json!(""));
    let room = MAX_EVENT_BYTES - long.to_string().len();
    let good = event("u", "get", "/b");
    for (more, read) in [(0, (2, 0)), (1, (1, 1))] {
        let object = json!("x".repeat(room + more));
        let long = with(long.clone(), "/requestObject", object).to_string();
        assert_eq!(long.len(), MAX_EVENT_BYTES + more);
        for text in [
            format!("{good}\n{long}\n"),
            format!("{good}\n{long}"),
            format!("[\n{good},\n{long}\n]"),
        ] {
            let own = log(&text);
            let counts = (own.counts().requests, own.counts().too_long);
            assert_eq!(counts, read, "{more} {:.3}", text);
        }
    }
}

/// A longer event is skipped to its end, if the end comes within 64 times the size of an event.
#[test]
fn a_line_of_several_times_the_greatest_size_is_skipped() {
    let good = event("u", "get", "/a");
    let own = log(&format!(
        "{good}\n{}\n{good}\n",
        "x".repeat(3 * MAX_EVENT_BYTES)
    ));
    assert_eq!((own.counts().requests, own.counts().too_long), (2, 1));
}

#[test]
fn documents_are_read_three_deep() {
    let plain = event("u", "get", "/a").to_string();
    let message = |text: String| json!({ "message": text }).to_string();
    let list = |text: String| format!("{{\"items\":[{text}]}}");
    let deep = |wrap: &dyn Fn(String) -> String, times: usize, text: String| {
        (0..times).fold(text, |text, _| wrap(text))
    };
    let counts = |text: &str| {
        let own = log(text);
        let AuditCounts {
            requests,
            not_events,
            unreadable,
            ..
        } = own.counts().clone();
        (requests, not_events, unreadable)
    };
    let wraps: [&dyn Fn(String) -> String; 2] = [&message, &list];
    for wrap in wraps {
        assert_eq!(counts(&deep(wrap, 3, plain.clone())), (1, 0, 0));
        // The event is still in the text.
        assert_eq!(counts(&deep(wrap, 4, plain.clone())), (0, 0, 1));
    }
    let array = format!("[{plain}]");
    assert_eq!(counts(&deep(&message, 2, array.clone())), (1, 0, 0));
    assert_eq!(counts(&deep(&message, 3, array)), (0, 0, 1));
}

/// If a request has more records than are remembered, each event counts.
#[test]
fn requests_of_sixteen_records_are_remembered() {
    for (keys, counted) in [(14, (1, 1)), (15, (2, 0))] {
        // There is a record for the request, for the user, and for each key.
        let extra: serde_json::Map<String, Value> = (0..keys)
            .map(|key| (format!("k{key}"), json!(["v"])))
            .collect();
        let user = json!({"username": "w", "extra": extra});
        let watch = event("admin", "watch", "/api/v1/pods?watch=true");
        let end = with(watch, "/impersonatedUser", user);
        let begin = with(end.clone(), "/stage", json!("ResponseStarted"));
        let own = log(&lines(&[begin, end]));
        let counts = own.counts();
        assert_eq!((counts.requests, counts.repeated), counted, "{keys}");
    }
}
