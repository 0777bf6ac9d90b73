//! The forms in which logs are stored, and the defects of some.

use eks_access::audit::{AuditLog, MAX_EVENT_BYTES};
use serde_json::{Value, json};

use super::{SAMPLE, event, lines, log, records, with};

fn sample() -> Vec<Value> {
    testkit::json_lines(SAMPLE)
}

/// Checks that a text has the records of the sample.
fn check(name: &str, text: &str) {
    check_bytes(name, text.as_bytes());
}

fn check_bytes(name: &str, text: &[u8]) {
    let want = log(&testkit::text(SAMPLE));
    // The result is the same for any size of pieces.
    for size in [1, 7, 4_096] {
        let mut got = AuditLog::new();
        let reader = std::io::BufReader::with_capacity(size, text);
        got.read("audit.log", reader).unwrap();
        assert_eq!(records(&got), records(&want), "{name}, {size}");
        assert_eq!(got.counts(), want.counts(), "{name}, {size}");
    }
}

#[test]
fn every_form_has_the_same_requests() {
    let events = sample();
    let message = |event: &Value| json!({"timestamp": 1, "id": "1", "message": event.to_string()});
    let messages: Vec<Value> = events.iter().map(message).collect();
    // Go writes the items of a list without their own kind and version.
    let items: Vec<Value> = events
        .iter()
        .cloned()
        .map(|mut event| {
            if let Some(event) = event.as_object_mut() {
                event.remove("kind");
                event.remove("apiVersion");
            }
            event
        })
        .collect();
    let list = json!({"apiVersion": "audit.k8s.io/v1", "kind": "EventList", "metadata": {}, "items": items});
    let printed = json!({"events": messages, "searchedLogStreams": []});
    let received = json!({"messageType": "DATA_MESSAGE", "owner": "1", "logEvents": messages});
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    check("list", &list.to_string());
    check("list over lines", &pretty(&list));
    check("array", &json!(events).to_string());
    check("array over lines", &pretty(&json!(events)));
    check("filter-log-events", &pretty(&printed));
    check("filter-log-events in one line", &printed.to_string());
    check("subscription", &received.to_string());
    let (one, other) = messages.split_at(9);
    let split = [one, other].map(|part| json!({"logEvents": part}).to_string());
    check("subscriptions without line ends", &split.concat());
    let lists = [&events[..4], &events[4..]].map(|part| {
        let list = json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": part});
        list.to_string()
    });
    check("a list a line", &lists.join("\n"));
    let over_lines: Vec<String> = events.iter().map(pretty).collect();
    check("events over lines", &over_lines.join("\n"));
    check("a byte order mark", &format!("\u{feff}{}", lines(&events)));
    check(
        "a byte order mark before a list",
        &format!("\u{feff}{}", pretty(&list)),
    );
    let exported: Vec<String> = events
        .iter()
        .map(|event| format!("2026-11-28T06:05:58.861Z {event}\r\n"))
        .collect();
    check("export", &exported.concat());
    let tailed: Vec<String> = events
        .iter()
        .map(|event| {
            format!("2026-11-28T06:05:58.861000+00:00 kube-apiserver-audit-0a1b {event}\n")
        })
        .collect();
    check("tail", &tailed.concat());
    let row = |event: &Value| {
        let column = |name: &str, value: String| json!({"field": name, "value": value});
        json!([
            column("@timestamp", "2026-11-28 06:05:58.861".to_owned()),
            column("@message", event.to_string()),
            column("verb", "get".to_owned()),
            column("@ptr", "Cm0K".to_owned()),
        ])
    };
    let rows: Vec<Value> = events.iter().map(row).collect();
    let queried =
        json!({"results": rows, "statistics": {"recordsMatched": 30.0}, "status": "Complete"});
    check("get-query-results", &pretty(&queried));
    check("get-query-results in one line", &queried.to_string());
    for text in [lines(&events), pretty(&list)] {
        let text = format!("\u{feff}{text}");
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        check_bytes("UTF-16LE", &little);
        check_bytes("UTF-16BE", &big);
    }
}

#[test]
fn utf_16_that_is_cut_is_read_to_its_end() {
    let event = with(event("u\u{1f600}", "get", "/a"), "/verb", json!("get"));
    let text = format!("\u{feff}{event}\n");
    let whole: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // Half of a unit is dropped. Half of a pair becomes a line of U+FFFD.
    for (rest, lines) in [(&[0x20][..], 0), (&[0x3d, 0xd8], 1)] {
        let bytes = [&whole, rest].concat();
        for size in [1, 2, 3, 4_096] {
            let mut log = AuditLog::new();
            let reader = std::io::BufReader::with_capacity(size, bytes.as_slice());
            log.read("audit.log", reader).unwrap();
            let counts = log.counts();
            assert_eq!((counts.requests, counts.not_events), (1, lines));
            assert!(log.users().contains_key("u\u{1f600}"));
        }
    }
}

#[test]
fn what_is_not_an_event_is_counted() {
    let good = event("u", "get", "/healthz").to_string();
    let cut = good.get(..good.len() / 2).unwrap_or_default();
    let text =
        format!("{good}\n{cut}\n{good}\n\nI1128 06:05:58 started\n{{\"level\":\"info\"}}\n{cut}");
    let own = log(&text);
    let counts = own.counts();
    assert_eq!(
        (counts.requests, counts.unreadable, counts.not_events),
        (2, 2, 2)
    );
    let places: Vec<u64> = counts.places.iter().map(|place| place.number).collect();
    assert_eq!(places, [2, 7]);
    assert!(counts.is_incomplete());
    // The first line is cut off.
    assert_eq!(log(&format!("{cut}\n{good}\n")).counts().requests, 1);
    // A list is cut off.
    let list =
        json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [good.clone(), 1]});
    assert_eq!(log(&list.to_string()).counts().requests, 0);
    let list = format!(
        "{{\n\"kind\": \"EventList\", \"apiVersion\": \"audit.k8s.io/v1\", \"items\": [{good}, {cut}"
    );
    let own = log(&list);
    assert_eq!((own.counts().requests, own.counts().unreadable), (1, 1));
}

#[test]
fn events_of_other_versions_are_counted_by_name() {
    let old = with(
        event("u", "get", "/a"),
        "/apiVersion",
        json!("audit.k8s.io/v1beta1"),
    );
    let own = log(&lines(&[old, event("u", "get", "/b")]));
    assert_eq!(own.counts().requests, 1);
    assert_eq!(
        own.counts().other_versions.get("audit.k8s.io/v1beta1"),
        Some(&1)
    );
    let many: Vec<Value> = (0..100)
        .map(|number| {
            with(
                event("u", "get", "/a"),
                "/apiVersion",
                json!(format!("v{number}")),
            )
        })
        .collect();
    assert!(log(&lines(&many)).counts().other_versions.len() < 10);
}

#[test]
fn an_event_that_is_too_long_is_skipped() {
    let long = with(
        event("u", "get", "/a"),
        "/requestObject",
        json!("x".repeat(MAX_EVENT_BYTES)),
    );
    let good = event("u", "get", "/b");
    for text in [
        lines(&[good.clone(), long.clone(), good.clone()]),
        json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [good, long, good]})
            .to_string(),
    ] {
        let own = log(&text);
        assert_eq!((own.counts().requests, own.counts().too_long), (2, 1));
    }
}

/// As `filter-log-events` and `get-query-results` answer (API reference of `CloudWatch` Logs).
#[test]
fn a_part_of_the_events_is_incomplete() {
    let message = event("u", "get", "/api/v1/pods").to_string();
    for (rest, cut) in [
        (json!({}), 0),
        (json!({"nextToken": "x"}), 1),
        (json!({"NextToken": "x"}), 1),
        (json!({"nextToken": null, "other": "x"}), 0),
        (
            json!({"nextForwardToken": "f/1", "nextBackwardToken": "b/1"}),
            0,
        ),
        (json!({"searchedLogStreams": ["nextToken", "x"]}), 0),
        (json!({"status": "Running"}), 1),
        (json!({"status": "Complete"}), 0),
        // Only the rows of a query are compared with what it matched.
        (json!({"statistics": {"recordsMatched": 2.0}}), 0),
    ] {
        let mut answer = json!({"events": [{"timestamp": 1, "message": message}]});
        answer
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        for text in [answer.to_string(), format!("{answer:#}")] {
            let own = log(&text);
            let counts = own.counts();
            assert_eq!((counts.requests, counts.cut), (1, cut), "{text}");
            assert_eq!(counts.is_incomplete(), cut > 0, "{text}");
        }
    }
}

/// As `get-query-results` answers: `recordsMatched` counts the log events before the limit of the query, and `@ptr` is a
/// column of each row that is a log event.
#[test]
fn a_result_that_its_limit_cut_off_is_incomplete() {
    let message = event("u", "get", "/api/v1/pods").to_string();
    let column = |name: &str, value: &str| json!({"field": name, "value": value});
    let text = column("@message", &message);
    let pointer = column("@ptr", "p");
    let time = column("@timestamp", "2026-11-30 00:00:00.000");
    let verb = column("verb", "get");
    let count = column("count(*)", "7");
    for (row, matched, cut) in [
        (json!([text, pointer]), "7.0", 1),
        (json!([text]), "7", 1),
        (json!([time, text, pointer]), "2.0", 1),
        (json!([verb, text, pointer]), "2.0", 1),
        (json!([text, pointer]), "1.0E7", 1),
        (
            json!([text, pointer]),
            "        99999999999999999999999999999999999",
            1,
        ),
        (json!([text, pointer]), "1.0", 0),
        (json!([text, pointer]), "1.9", 0),
        (json!([text, pointer]), "0.0", 0),
        // A row of `stats … by @message` is made of several log events.
        (json!([text, count]), "7.0", 0),
    ] {
        let statistics = format!(
            r#""statistics": {{"recordsScanned": 9.0, "recordsMatched": {matched}, "bytesScanned": 8.0}}"#
        );
        let results = format!(r#""results": [{row}]"#);
        for answer in [
            format!(r#"{{{results}, {statistics}, "status": "Complete"}}"#),
            format!(r#"{{{statistics}, "status": "Complete", {results}}}"#),
            format!("{{\n{results},\n{statistics}\n}}\n"),
            format!("{{\n{statistics},\n{results}\n}}\n"),
        ] {
            let own = log(&answer);
            let counts = own.counts();
            assert_eq!((counts.requests, counts.cut), (1, cut), "{answer}");
        }
    }
    // A row that is no event follows one that is, and a list in a row is none.
    for rows in [
        json!([[text, pointer], [count]]),
        json!([[[text], pointer]]),
    ] {
        let own = log(&format!(
            r#"{{"results": {rows}, "statistics": {{"recordsMatched": 3}}}}"#
        ));
        assert_eq!(own.counts().cut, 1, "{rows}");
    }
    let rows = json!([[[text], [text]]]);
    let own = log(&format!(
        r#"{{"results": {rows}, "statistics": {{"recordsMatched": 2}}}}"#
    ));
    assert_eq!(own.counts().cut, 1);
    // Each of several answers is judged alone.
    let answer = |matched: u64| {
        format!(r#"{{"results": [[{text}]], "statistics": {{"recordsMatched": {matched}.0}}}}"#)
    };
    let own = log(&format!("{}\n{}\n{}\n", answer(1), answer(2), answer(1)));
    assert_eq!(own.counts().cut, 1);
}
