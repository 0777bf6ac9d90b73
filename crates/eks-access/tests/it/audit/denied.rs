//! Denied requests compared with a policy, and whether a log is complete.

use k8s_rbac::{Manifests, Policy};
use serde_json::{Value, json};

use super::{denied, event, lines, log, with};

/// Allows `get` of the pods `a` and `b`, and `list` in another namespace.
const POLICY: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: dev}
rules:
- {apiGroups: [''], resources: [pods], resourceNames: [a, b], verbs: [get]}
- {apiGroups: [''], resources: [pods], verbs: [watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: r, namespace: dev}
subjects: [{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: r, apiGroup: rbac.authorization.k8s.io}
";

fn refused(verb: &str, uri: &str) -> Value {
    denied(event("u", verb, uri), "")
}

/// The denied objects of an event, whether they are allowed now, the names in the addition, and the near misses.
type Row<'r> = (&'r [&'r str], bool, &'r [&'r str], usize);

#[test]
fn denied_requests_are_compared_with_the_policy_of_today() {
    let policy = Policy::new(Manifests::read([("a.yaml", POLICY)]).into_objects());
    let rows: [Row<'_>; 4] = [
        (&["/a"], true, &["a"], 0),
        (&["/a", "/b"], true, &["a", "b"], 0),
        (&["/a", "/c"], false, &["a", "c"], 1),
        // If one request has a name and another does not, the addition is for all names.
        (&["/a", ""], false, &[], 2),
    ];
    for (objects, is_allowed_now, names, near_misses) in rows {
        let events: Vec<Value> = objects
            .iter()
            .map(|object| refused("get", &format!("/api/v1/namespaces/dev/pods{object}")))
            .collect();
        let own = log(&lines(&events));
        let denied = own.denied(Some(&policy));
        let [one] = denied.as_slice() else {
            panic!("{denied:?}");
        };
        let addition = one.addition().unwrap();
        assert_eq!(
            (
                one.is_allowed_now(),
                addition.rule.resource_names.as_slice(),
                one.near_misses().len(),
                one.tally().count()
            ),
            (
                is_allowed_now,
                names
                    .iter()
                    .map(|&name| name.to_owned())
                    .collect::<Vec<_>>()
                    .as_slice(),
                near_misses,
                u64::try_from(objects.len()).unwrap()
            ),
            "{objects:?}: {:?}",
            one.near_misses()
        );
        let without = own.denied(None);
        let without = without.first().unwrap();
        assert!(!without.is_allowed_now() && without.near_misses().is_empty());
    }
}

/// The log does not keep which of 65 pods were denied, so the answer cannot say whether they are
/// allowed now.
#[test]
fn too_many_names_are_not_allowed_now() {
    let pods = (0..65).map(|at| {
        refused(
            "watch",
            &format!("/api/v1/namespaces/dev/pods/p{at}?watch=true"),
        )
    });
    let own = log(&lines(&pods.collect::<Vec<_>>()));
    let policy = Policy::new(Manifests::read([("a.yaml", POLICY)]).into_objects());
    let denied = own.denied(Some(&policy));
    let [one] = denied.as_slice() else {
        panic!("{denied:?}");
    };
    assert!(one.tally().names().is_too_many() && !one.is_allowed_now());
    let addition = one.addition().unwrap();
    assert_eq!(addition.rule.resource_names, [""; 0]);
}

#[test]
fn a_log_is_complete_if_each_event_could_be_read() {
    let good = event("u", "get", "/healthz");
    let cut = good.to_string();
    let cut = cut.get(..cut.len() / 2).unwrap_or_default();
    let received = with(good.clone(), "/stage", json!("RequestReceived"));
    let undecided = with(good.clone(), "/annotations", json!({}));
    let other = with(good.clone(), "/apiVersion", json!("audit.k8s.io/v1beta1"));
    let long = with(
        good.clone(),
        "/requestObject",
        json!("x".repeat(eks_access::audit::MAX_EVENT_BYTES)),
    );
    for (text, has_events, is_incomplete) in [
        ("", false, false),
        ("{\"level\":\"info\"}\n", false, false),
        (&lines(&[good]), true, false),
        (&lines(&[received]), true, false),
        (&lines(&[undecided]), true, false),
        (cut, true, true),
        (&lines(&[other]), true, true),
        (&lines(&[long]), true, true),
    ] {
        let own = log(text);
        let counts = (own.counts().has_events(), own.counts().is_incomplete());
        assert_eq!(counts, (has_events, is_incomplete), "{:.200}", text);
    }
    let broken = log(&format!("{cut}\n").repeat(12));
    let places: Vec<u64> = broken
        .counts()
        .places
        .iter()
        .map(|one| one.number)
        .collect();
    assert_eq!(
        (places, broken.counts().unreadable),
        ((1..=10).collect(), 12)
    );
}

#[test]
fn a_log_of_one_user_has_events_of_others() {
    let mut own = eks_access::audit::AuditLog::of_user("v");
    own.read("audit.log", lines(&[event("u", "get", "/a")]).as_bytes())
        .unwrap();
    assert!(own.counts().has_events() && !own.counts().is_incomplete());
}
