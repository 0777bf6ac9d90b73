//! Parts of a log that are saved and merged.

use eks_access::audit::{AuditError, AuditLog};
use serde_json::{Value, json};

use super::{SAMPLE, denied, event, lines, log, records, with};

#[test]
fn parts_are_saved_and_merged() {
    let text = testkit::text(SAMPLE);
    let whole = log(&text);
    let lines: Vec<&str> = text.lines().collect();
    let (one, other) = lines.split_at(11);
    let mut merged = AuditLog::new();
    for part in [other, one] {
        let saved = log(&part.join("\n")).save().unwrap();
        merged.merge(AuditLog::from_saved(&saved).unwrap()).unwrap();
    }
    assert_eq!(merged.save(), whole.save());
    let saved = whole.save().unwrap();
    let newer = saved.replacen("\"version\":2", "\"version\":3", 1);
    assert_eq!(
        AuditLog::from_saved(&newer).unwrap_err(),
        AuditError::SavedVersion(3)
    );
    let cut = saved.get(..saved.len() / 2).unwrap_or_default();
    assert!(matches!(
        AuditLog::from_saved(cut),
        Err(AuditError::NotSaved { line: 1, .. })
    ));
    let unknown = saved.replacen("\"counts\"", "\"more\":1,\"counts\"", 1);
    assert!(matches!(
        AuditLog::from_saved(&unknown),
        Err(AuditError::NotSaved { .. })
    ));
    let of_user = AuditLog::of_user("admin");
    assert_eq!(merged.merge(of_user), Err(AuditError::OtherUser));
    // A request that belongs to no record.
    let open = saved.replacen(
        "\"ended\":[]",
        "\"ended\":[{\"id\":\"00000000000000000000000000000000\",\"times\":1,\"records\":[[9999,1]]}]",
        1,
    );
    assert_ne!(open, saved);
    assert!(matches!(
        AuditLog::from_saved(&open),
        Err(AuditError::NotSaved { .. })
    ));
}

/// A request that has two events.
fn long(username: &str, uri: &str, time: &str) -> (Value, Value) {
    let verb = if uri.contains("watch=true") {
        "watch"
    } else {
        "get"
    };
    let end = with(
        event(username, verb, uri),
        "/requestReceivedTimestamp",
        json!(time),
    );
    // The client chose the same id for each request.
    let end = with(end, "/auditID", json!("chosen"));
    (with(end.clone(), "/stage", json!("ResponseStarted")), end)
}

/// A log in which requests overlap, have one event only, or have their events in the wrong order.
fn overlapping() -> Vec<Value> {
    let watch = "/api/v1/pods?watch=true";
    let (begin, end) = long("u", watch, "2026-11-28T06:05:58.000001Z");
    let (later_begin, later_end) = long("u", watch, "2026-11-28T06:05:58.000002Z");
    let (_, end_alone) = long("v", watch, "2026-11-28T06:05:58.000003Z");
    let (begin_alone, _) = long("v", watch, "2026-11-28T06:05:58.000004Z");
    let logs = "/api/v1/namespaces/dev/pods/web-0/log?follow=true";
    let (log_begin, log_end) = long("u", logs, "2026-11-28T06:05:58.000005Z");
    let impersonate = |event| {
        let user = json!({"username": "w", "groups": ["devs", "ops", "system:authenticated"]});
        with(event, "/impersonatedUser", user)
    };
    let exec = "/api/v1/namespaces/dev/pods/web-0/exec?command=id";
    let (exec_begin, exec_end) = long("admin", exec, "2026-11-28T06:05:58.000006Z");
    let (exec_begin, exec_end) = (impersonate(exec_begin), impersonate(exec_end));
    // No stock API server has two events of such a request; another server may.
    let (odd_begin, odd_end) = long("u", "/long/poll", "2026-11-28T06:05:58.000007Z");
    vec![
        begin,
        event("u", "get", "/healthz"),
        exec_begin,
        odd_begin,
        end,
        later_begin,
        exec_end,
        end_alone,
        log_end,
        log_begin,
        denied(event("v", "watch", watch), ""),
        begin_alone,
        later_end.clone(),
        odd_end,
        // The event was delivered twice.
        later_end,
    ]
}

#[test]
fn overlapping_requests_count_once() {
    let own = log(&lines(&overlapping()));
    assert_eq!((own.counts().requests, own.counts().repeated), (10, 5));
    assert_eq!(
        records(&own),
        [
            "admin: impersonate groups [\"devs\", \"ops\"] x2",
            "admin: impersonate users [\"w\"] x1",
            "u: get /healthz [] x1",
            "u: get /long/poll [] x1",
            "u: get pods/log in namespace dev [\"web-0\"] x1",
            "u: watch pods [] x3",
            "v: denied watch pods [] x1",
            "v: watch pods [] x2",
            "w: get pods/exec in namespace dev [\"web-0\"] x1",
        ]
    );
}

/// Merges parts that were saved.
fn merged(of: &dyn Fn() -> AuditLog, parts: &[&[Value]]) -> String {
    let mut merged = of();
    for part in parts {
        let mut own = of();
        own.read("audit.log", lines(part).as_bytes()).unwrap();
        let saved = AuditLog::from_saved(&own.save().unwrap()).unwrap();
        merged.merge(saved).unwrap();
    }
    merged.save().unwrap()
}

#[test]
fn a_log_that_is_split_anywhere_and_merged_in_any_order_is_the_whole() {
    // Only a part that has the start of the unusual request can know that the end belongs to such a
    // request.
    let events: Vec<Value> = overlapping()
        .into_iter()
        .filter(|event| event["requestURI"] != "/long/poll")
        .collect();
    for of in [
        AuditLog::new,
        || AuditLog::of_user("admin"),
        || AuditLog::of_user("u"),
    ] {
        let whole = merged(&of, &[&events]);
        for at in 0..=events.len() {
            let (one, other) = events.split_at(at);
            assert_eq!(merged(&of, &[one, other]), whole, "{at}");
            assert_eq!(merged(&of, &[other, one]), whole, "{at}");
            for later in 0..=other.len() {
                let (other, last) = other.split_at(later);
                assert_eq!(merged(&of, &[last, one, other]), whole, "{at} {later}");
            }
        }
    }
}

#[test]
fn a_saved_part_has_nothing_that_a_terminal_or_a_pipeline_acts_on() {
    let name = "##vso[task.x]##[y]\u{1b}[31m\u{202e}é\u{1f600}#";
    let mut log = AuditLog::new();
    let event = event(name, "get", "/version").to_string();
    log.read("x", event.as_bytes()).unwrap();
    let mut saved = Vec::new();
    log.save_to(&mut saved).unwrap();
    let saved = String::from_utf8(saved).unwrap();
    assert_eq!(Ok(&saved), log.save().as_ref());
    assert!(!saved.contains("##") && !saved.contains(['\u{1b}', '\u{202e}']));
    // The rest is unchanged.
    let escaped = r"#\u0023vso[task.x]#\u0023[y]\u001b[31m\u202eé😀#";
    assert!(saved.contains(escaped), "{saved}");
    let read = AuditLog::from_saved(&saved).unwrap();
    assert_eq!(read.users().keys().collect::<Vec<_>>(), [&name]);
}

/// If any part of a request differs, it is another request, even if the client chose the same id.
#[test]
fn a_request_ends_with_its_own_event_only() {
    let user = |username: &str, uid: &str, groups: &[&str], extra: Value| json!({"username": username, "uid": uid, "groups": groups, "extra": extra});
    let watch = event("u", "watch", "/api/v1/pods?watch=true");
    let extra = json!({"k": ["v"]});
    let own = with(watch, "/user", user("u", "1", &["a", "b"], extra.clone()));
    let begin = with(own.clone(), "/stage", json!("ResponseStarted"));
    let of = |end: Value| {
        let own = log(&lines(&[begin.clone(), end]));
        (own.counts().requests, own.counts().repeated)
    };
    assert_eq!(of(own.clone()), (1, 1));
    let rows = [
        ("/auditID", json!("another")),
        (
            "/requestReceivedTimestamp",
            json!("2026-11-28T06:05:58.861121Z"),
        ),
        ("/requestURI", json!("/api/v1/pods?watch=1")),
        ("/userAgent", json!("kubectl")),
        ("/annotations/authorization.k8s.io~1reason", json!("")),
        (
            "/annotations/authorization.k8s.io~1decision",
            json!("forbid"),
        ),
        (
            "/authenticationMetadata",
            json!({"impersonationConstraint": "impersonate:user-info"}),
        ),
        ("/user", user("v", "1", &["a", "b"], extra.clone())),
        ("/user", user("u", "2", &["a", "b"], extra.clone())),
        ("/user", user("u", "1", &["a"], extra.clone())),
        ("/user", user("u", "1", &["ab"], extra)),
        ("/user", user("u", "1", &["a", "b"], json!({"k": ["w"]}))),
        ("/user", user("u", "1", &["a", "b"], json!({"l": ["v"]}))),
        (
            "/user",
            user("u", "1", &["a", "b"], json!({"k": ["v", "w"]})),
        ),
        ("/impersonatedUser", json!({"username": "w"})),
    ];
    for (pointer, value) in rows {
        let end = with(own.clone(), pointer, value.clone());
        assert_eq!(of(end), (2, 0), "{pointer} {value}");
    }
}

/// A server has other long-running requests than a stock server. Each counts once, and for this the log does not
/// remember every other request.
#[test]
fn unusual_long_running_requests_count_once() {
    let (begin, end) = long("u", "/long/poll", "2026-11-28T06:05:58.000007Z");
    let own = log(&lines(&[begin.clone(), end]));
    assert_eq!((own.counts().requests, own.counts().repeated), (1, 1));
    let own = log(&lines(&[begin, event("u", "get", "/healthz")]));
    let saved: Value = serde_json::from_str(&own.save().unwrap()).unwrap();
    let open = ["begun", "ended"].map(|side| saved[side].as_array().map(Vec::len));
    assert_eq!(open, [Some(1), Some(0)]);
}
