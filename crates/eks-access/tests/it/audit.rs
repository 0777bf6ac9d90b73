//! Audit logs: `testdata/audit_sample.jsonl` has thirty events of kube-apiserver 1.34.1 behind an
//! authentication webhook, recorded with kubectl 1.36.3.

mod damaged;
mod denied;
mod findings;
mod formats;
mod impersonation;
mod limits;
mod minimal;
mod parts;
mod unused;
mod worlds;

use eks_access::audit::{AuditError, AuditLog, Authorizer, MAX_AUDIT_BYTES, Outcome, UnusedRule};
use k8s_rbac::{Manifests, Policy};
use serde_json::{Value, json};

const SAMPLE: &str = "testdata/audit_sample.jsonl";

/// Reads a log of one text.
fn log(text: &str) -> AuditLog {
    let mut log = AuditLog::new();
    log.read("audit.log", text.as_bytes()).unwrap();
    log
}

/// An event of a request that RBAC allowed.
fn event(username: &str, verb: &str, uri: &str) -> Value {
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
        "auditID": format!("{username}{verb}{uri}"), "stage": "ResponseComplete",
        "requestURI": uri, "verb": verb,
        "user": {"username": username, "groups": ["system:authenticated"]},
        "userAgent": "kubectl/v1.36.3 (linux/amd64) kubernetes/0f29094",
        "requestReceivedTimestamp": "2026-11-28T06:05:58.861120Z",
        "annotations": {
            "authorization.k8s.io/decision": "allow",
            "authorization.k8s.io/reason": "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"r\" to User \"u\"",
        },
    })
}

fn with(mut event: Value, pointer: &str, value: Value) -> Value {
    if let Some(place) = event.pointer_mut(pointer) {
        *place = value;
    } else if let (Some(event), Some(key)) = (event.as_object_mut(), pointer.strip_prefix('/')) {
        event.insert(key.to_owned(), value);
    }
    event
}

fn denied(event: Value, reason: &str) -> Value {
    let annotations = json!({
        "authorization.k8s.io/decision": "forbid",
        "authorization.k8s.io/reason": reason,
    });
    with(event, "/annotations", annotations)
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// Lists records as `USERNAME: ACTION [NAMES] xCOUNT`.
fn records(log: &AuditLog) -> Vec<String> {
    let records = log.records();
    let record = records.iter().map(|record| {
        let outcome = match record.outcome {
            Outcome::Allowed(_) => "",
            Outcome::Denied(_) => "denied ",
        };
        let names = record.tally.names().named();
        let (user, action) = (&record.user.username, &record.action);
        format!(
            "{user}: {outcome}{action} {names:?} x{}",
            record.tally.count()
        )
    });
    let mut shown: Vec<String> = record.collect();
    shown.sort();
    shown
}

#[test]
fn the_sample_is_counted_once_and_by_user() {
    let log = log(&testkit::text(SAMPLE));
    let counts = log.counts();
    assert_eq!((counts.requests, counts.undecided), (28, 2));
    assert_eq!(
        (counts.unreadable, counts.repeated, counts.not_events),
        (0, 0, 0)
    );
    assert_eq!(
        records(&log),
        [
            // The permissions that the impersonation needs do not come from an event of their own.
            "admin: create configmaps in namespace dev [] x1",
            "admin: impersonate users [\"k8s-developer\"] x1",
            "admin: list clusterroles.rbac.authorization.k8s.io [] x1",
            "deployer:carol-example.com: denied delete deployments.apps in namespace dev [\"web\"] x1",
            "deployer:carol-example.com: denied list pods in namespace dev [] x1",
            "deployer:carol-example.com: get deployments.apps in namespace dev [\"web\"] x1",
            "deployer:carol-example.com: list deployments.apps [] x1",
            "deployer:carol-example.com: patch deployments.apps in namespace dev [\"web\"] x1",
            "deployer:carol-example.com: patch deployments.apps/scale in namespace dev [\"web\"] x1",
            "k8s-developer: create deployments.apps in namespace dev [] x1",
            "k8s-developer: create selfsubjectaccessreviews.authorization.k8s.io [] x1",
            "k8s-developer: delete deployments.apps in namespace dev [\"web\"] x1",
            "k8s-developer: delete pods in namespace dev [\"web-0\"] x1",
            "k8s-developer: denied create pods/exec in namespace dev [\"web-0\"] x1",
            "k8s-developer: denied get /metrics [] x1",
            "k8s-developer: denied get namespaces in namespace dev [\"dev\"] x1",
            "k8s-developer: denied get pods/exec in namespace dev [\"web-0\"] x1",
            "k8s-developer: denied get pods/log in namespace dev [\"web-0\"] x1",
            "k8s-developer: denied list nodes [] x1",
            "k8s-developer: denied list secrets in namespace dev [] x1",
            "k8s-developer: get /api/v1 [] x1",
            "k8s-developer: get /healthz [] x1",
            "k8s-developer: get deployments.apps in namespace dev [\"web\"] x1",
            "k8s-developer: get pods in namespace dev [\"web-0\"] x2",
            "k8s-developer: list pods in namespace dev [] x2",
            "k8s-developer: patch pods in namespace dev [\"web-0\"] x1",
            "k8s-developer: watch pods in namespace dev [] x1",
        ]
    );
}

#[test]
fn a_request_with_two_events_counts_once() {
    let watch = event("u", "watch", "/api/v1/pods?watch=true");
    let started = with(watch.clone(), "/stage", json!("ResponseStarted"));
    let received = with(watch.clone(), "/stage", json!("RequestReceived"));
    let own = log(&lines(&[received, started.clone(), watch.clone()]));
    assert_eq!((own.counts().requests, own.counts().repeated), (1, 2));
    // A client chooses the audit id. The id of another request hides no request.
    let other = with(
        event("v", "list", "/api/v1/nodes"),
        "/auditID",
        json!("uwatch/api/v1/pods?watch=true"),
    );
    let both = log(&lines(&[started, other]));
    assert_eq!(both.counts().requests, 2);
    // A panic takes the place of the last event.
    let panic = with(watch, "/stage", json!("Panic"));
    assert_eq!(log(&lines(&[panic])).counts().requests, 1);
}

#[test]
fn an_impersonation_is_of_two_users() {
    let plain = with(
        event("admin", "get", "/api/v1/namespaces/dev/pods/web"),
        "/impersonatedUser",
        json!({
            "username": "system:serviceaccount:dev:ci", "uid": "7",
            "groups": ["system:serviceaccounts", "system:serviceaccounts:dev", "devs", "system:authenticated"],
            "extra": {"scopes": ["view"]},
        }),
    );
    let own = log(&lines(std::slice::from_ref(&plain)));
    assert_eq!(own.counts().requests, 1);
    assert_eq!(
        records(&own),
        [
            "admin: impersonate groups [\"devs\"] x1",
            "admin: impersonate serviceaccounts in namespace dev [\"ci\"] x1",
            "admin: impersonate uids.authentication.k8s.io [\"7\"] x1",
            "admin: impersonate userextras.authentication.k8s.io/scopes [\"view\"] x1",
            "system:serviceaccount:dev:ci: get pods in namespace dev [\"web\"] x1",
        ]
    );
    let constrained = with(
        with(plain, "/impersonatedUser", json!({"username": "panda"})),
        "/authenticationMetadata",
        json!({"impersonationConstraint": "impersonate:user-info"}),
    );
    let mut of_admin = AuditLog::of_user("admin");
    of_admin
        .read("x", lines(&[constrained]).as_bytes())
        .unwrap();
    assert_eq!(
        (of_admin.counts().requests, of_admin.counts().of_other_users),
        (0, 1)
    );
    assert_eq!(
        records(&of_admin),
        [
            "admin: impersonate-on:user-info:get pods in namespace dev [\"web\"] x1",
            "admin: impersonate:user-info users.authentication.k8s.io [\"panda\"] x1",
        ]
    );
}

#[test]
fn the_reason_shows_the_authorizer() {
    let reason = |reason: &str| {
        let event = event("u", "get", "/healthz");
        with(
            event,
            "/annotations/authorization.k8s.io~1reason",
            json!(reason),
        )
    };
    let of = |event: Value| {
        log(&lines(&[event]))
            .records()
            .first()
            .map(|record| record.outcome)
    };
    let allowed = |by| Some(Outcome::Allowed(by));
    assert_eq!(of(event("u", "get", "/healthz")), allowed(Authorizer::Rbac));
    assert_eq!(of(reason("")), allowed(Authorizer::Unnamed));
    assert_eq!(of(reason("webhook says so")), allowed(Authorizer::Other));
    let policy = "EKS Access Policy: allowed by ClusterRoleBinding \"a+b\" of ClusterRole \"b\" to User \"u\"";
    assert_eq!(of(reason(policy)), allowed(Authorizer::AccessPolicy));
    let refused = |reason| denied(event("u", "get", "/healthz"), reason);
    let missing = "RBAC: clusterrole.rbac.authorization.k8s.io \"x\" not found";
    assert_eq!(of(refused("")), Some(Outcome::Denied(Authorizer::Rbac)));
    assert_eq!(
        of(refused(missing)),
        Some(Outcome::Denied(Authorizer::Rbac))
    );
    assert_eq!(
        of(refused("node 'n' may not")),
        Some(Outcome::Denied(Authorizer::Other))
    );
}

#[test]
fn denied_requests_have_the_smallest_addition() {
    let log = log(&testkit::text(SAMPLE));
    let manifests = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: deployer}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [get, list, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: deployers}
subjects: [{kind: User, name: 'deployer:carol-example.com', apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: deployer, apiGroup: rbac.authorization.k8s.io}
";
    let policy = Policy::new(Manifests::read([("a.yaml", manifests)]).into_objects());
    let denied = log.denied(Some(&policy));
    let carol: Vec<_> = denied
        .iter()
        .filter(|one| one.user().username.starts_with("deployer:"))
        .map(|one| {
            let addition = one.addition().unwrap();
            (
                addition.namespace.as_deref(),
                addition.to_string(),
                one.near_misses(),
            )
        })
        .collect();
    let delete = "- apiGroups: [\"apps\"]\n  resources: [\"deployments\"]\n  resourceNames: [\"web\"]\n  verbs: [\"delete\"]\n";
    let list = "- apiGroups: [\"\"]\n  resources: [\"pods\"]\n  verbs: [\"list\"]\n";
    let near = "ClusterRoleBinding \"deployers\" of ClusterRole \"deployer\" to User \"deployer:carol-example.com\": its verbs are [\"get\" \"list\" \"patch\"]";
    assert_eq!(
        carol,
        [
            (Some("dev"), delete.to_owned(), [near.to_owned()].as_slice()),
            (Some("dev"), list.to_owned(), [].as_slice()),
        ]
    );
    let metrics = denied
        .iter()
        .find(|one| one.action().to_string() == "get /metrics");
    let addition = metrics.and_then(|one| one.addition()).unwrap();
    assert_eq!(addition.namespace, None);
    assert_eq!(
        addition.to_string(),
        "- nonResourceURLs: [\"/metrics\"]\n  verbs: [\"get\"]\n"
    );
}

#[test]
fn rules_that_no_request_needed_are_unused() {
    let log = log(&testkit::text(SAMPLE));
    let manifests = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: developer, namespace: dev}
rules:
- {apiGroups: [''], resources: [pods], verbs: [get, list, watch, patch, delete]}
- {apiGroups: [apps], resources: [deployments], verbs: ['*']}
- {apiGroups: [''], resources: [secrets], verbs: [get]}
- {apiGroups: [apps], resources: [deployments], verbs: [get, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: developer, namespace: dev}
subjects:
- {kind: User, name: k8s-developer, apiGroup: rbac.authorization.k8s.io}
- {kind: Group, name: gone, apiGroup: rbac.authorization.k8s.io}
roleRef: {kind: Role, name: developer, apiGroup: rbac.authorization.k8s.io}
";
    let policy = Policy::new(Manifests::read([("a.yaml", manifests)]).into_objects());
    let unused = log.unused(&policy);
    let shown: Vec<_> = unused
        .iter()
        .map(|one| (one.number(), one.is_unused(), one.unused_verbs()))
        .collect();
    assert_eq!(shown, [(2, true, vec!["get"]), (3, false, vec!["update"])]);
    let unseen = unused.first().map(UnusedRule::unseen).unwrap_or_default();
    assert_eq!(
        unseen.iter().map(|one| one.name).collect::<Vec<_>>(),
        ["gone"]
    );
}

#[test]
fn users_with_other_groups_are_others() {
    let of = |groups: &[&str]| {
        let user = json!({"username": "u", "groups": groups});
        with(event("u", "get", "/healthz"), "/user", user)
    };
    let events = [of(&["a", "b"]), of(&["a"]), of(&[]), of(&["a", "b"])];
    let log = log(&lines(&events));
    let records = log.records();
    let shown: Vec<_> = records
        .iter()
        .map(|record| (record.user.groups.join(" "), record.tally.count()))
        .collect();
    let want = [("", 1), ("a", 1), ("a b", 2)];
    assert_eq!(
        shown,
        want.map(|(groups, count)| (groups.to_owned(), count))
    );
}

/// The input is endless, like a device or an archive of zeros.
#[test]
fn a_line_that_does_not_end_is_an_error() {
    let endless = std::io::BufReader::with_capacity(1 << 20, std::io::repeat(0));
    assert!(matches!(
        AuditLog::new().read("x", endless),
        Err(AuditError::EndlessLine { line: 1, .. })
    ));
}

/// A record takes only the memory of its text: two thousand users in a hundred namespaces have an answer.
#[test]
fn many_users_in_many_namespaces_fit() {
    let mut log = AuditLog::new();
    for namespace in 0..10 {
        let events = (0..2_000).map(|user| {
            let url = format!("/api/v1/namespaces/team-{namespace}/pods");
            event(&format!("user-{user}@example.com"), "list", &url)
        });
        let text = lines(&events.collect::<Vec<_>>());
        log.read("x", text.as_bytes()).unwrap();
    }
    assert_eq!(log.records().len(), 20_000);
    let text = log.save().unwrap();
    // A tenth of the namespaces takes less than a tenth of the limit.
    let part = AuditLog::from_saved(&text).unwrap();
    let small = MAX_AUDIT_BYTES / 10;
    let mut own = AuditLog::new().with_max_bytes(small);
    assert_eq!(own.merge(part), Ok(()));
}

#[test]
fn memory_is_bounded() {
    let events: Vec<Value> = (0..300)
        .map(|number| event("u", "get", &format!("/path/{number}")))
        .collect();
    let text = lines(&events);
    let mut small = AuditLog::new().with_max_bytes(100_000);
    assert_eq!(
        small.read("x", text.as_bytes()),
        Err(AuditError::TooLarge { limit: 100_000 })
    );
    // Names beyond the limit give one record without names.
    let events: Vec<Value> = (0..200)
        .map(|number| {
            event(
                "u",
                "get",
                &format!("/api/v1/namespaces/dev/pods/p{number}"),
            )
        })
        .collect();
    let mut small = AuditLog::new().with_max_bytes(100_000);
    small.read("x", lines(&events).as_bytes()).unwrap();
    let records = small.records();
    let tally = records.first().map(|record| &record.tally).unwrap();
    assert!(tally.names().is_too_many() && tally.names().named().is_empty());
    assert_eq!((records.len(), tally.count()), (1, 200));
}

#[test]
fn a_record_has_its_first_and_last_time_in_any_order_of_events() {
    let at = |second: u8, name: &str| {
        let event = event("u", "get", &format!("/api/v1/namespaces/dev/pods/{name}"));
        let time = format!("2026-11-28T06:05:0{second}.000000Z");
        with(event, "/requestReceivedTimestamp", json!(time))
    };
    for events in [
        [at(1, "b"), at(2, "a"), at(3, "a")],
        [at(2, "a"), at(1, "b"), at(3, "a")],
        [at(3, "a"), at(2, "a"), at(1, "b")],
    ] {
        let log = log(&lines(&events));
        let records = log.records();
        let tally = records.first().map(|record| &record.tally).unwrap();
        assert_eq!(tally.first(), "2026-11-28T06:05:01.000000Z");
        assert_eq!(tally.last(), "2026-11-28T06:05:03.000000Z");
        assert_eq!(tally.example(), "/api/v1/namespaces/dev/pods/b");
    }
}
