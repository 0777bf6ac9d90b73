//! Access reviews about a caller with an access entry, whose policies grant permissions beside RBAC, and the
//! notes on each review.

use std::sync::Arc;

use aws_auth_map::{Backend, BackendKind, IdentityMap, PolicyTable, Reader};
use eks_auth::iam_principal::Identity;
use eks_auth::{AccessPolicyRules, Authenticated};
use eks_auth_server::{MAX_ACCESS_REVIEW_LEN, Metrics, SharedSnapshot, Snapshot, Webhooks};
use k8s_rbac::{KubernetesVersion, Policy};
use serde_json::{Value, json};

use crate::support::{Counting, Notes, Running, exchange, identities, post, short};

const ENTRY: &str = r#"[{
    "principalArn": "arn:aws:iam::111122223333:role/dev", "type": "STANDARD", "username": "dev",
    "associatedAccessPolicies": [
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
         "accessScope": {"type": "namespace", "namespaces": ["dev"]}}
    ]}]"#;

fn rules() -> IdentityMap {
    let (rules, problems) = Reader::new().read_access_entries(ENTRY);
    assert_eq!(problems, []);
    IdentityMap::new().with_backend(Backend::new(BackendKind::AccessEntries, rules))
}

/// The review that kube-apiserver sends about the user of an accepted token.
fn document() -> Value {
    let arn = "arn:aws:sts::111122223333:assumed-role/dev/alice";
    let identity = Identity::new(arn, "111122223333", "AROAEXAMPLE:alice").unwrap();
    let known = Authenticated::resolve(identity, &rules()).unwrap();
    let user = known.user();
    let extra: serde_json::Map<String, Value> = user
        .extra()
        .iter()
        .map(|(key, value)| (key.to_owned(), json!([value])))
        .collect();
    json!({
        "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "spec": {
            "user": user.username(), "uid": user.uid(), "extra": extra,
            "groups": ["system:authenticated"],
            "resourceAttributes": {"namespace": "dev", "verb": "list", "version": "v1", "resource": "pods"},
        },
    })
}

/// Returns the status, the body and the notes.
async fn exchanged(rules: IdentityMap, body: &str) -> (u16, String, String) {
    let snapshot = Snapshot::new(rules)
        .with_policy(Policy::default())
        .with_access_policies(AccessPolicyRules::from(&PolicyTable::eks()));
    let notes = Arc::new(Notes::default());
    let webhooks = Webhooks::new(
        identities(Counting::answering(&[])),
        SharedSnapshot::new(snapshot),
        Arc::new(Metrics::new()),
        notes.clone(),
    )
    .with_access_reviews(KubernetesVersion::default())
    .with_untyped_reviews();
    let running = Running::start(webhooks, short(), None).await;
    let request = post("/authorize", body);
    let (status, answer) = exchange(running.address, &request).await.unwrap();
    running.stop().await;
    let notes = notes.lines.lock().unwrap().join("\n");
    (status, answer, notes)
}

async fn ask(rules: IdentityMap, document: &Value) -> Value {
    let (status, answer, _) = exchanged(rules, &document.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["status"].clone()
}

#[tokio::test]
async fn an_access_policy_allows_the_very_user_of_the_entry() {
    let status = ask(rules(), &document()).await;
    assert_eq!(status["allowed"], true, "{status}");
    let reason = status["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("EKS Access Policy: allowed by "),
        "{reason}"
    );

    let status = ask(IdentityMap::new(), &document()).await;
    assert_eq!(status["allowed"], false, "without the entry");

    for (change, value) in [
        ("/spec/user", json!("other")),
        ("/spec/uid", json!("other")),
        ("/spec/uid", json!("")),
        ("/spec/extra/arn", json!([])),
        (
            "/spec/extra/arn",
            json!(["arn:aws:sts::111122223333:assumed-role/ops/alice"]),
        ),
        (
            "/spec/extra/arn",
            json!([
                "arn:aws:sts::111122223333:assumed-role/dev/alice",
                "arn:aws:sts::111122223333:assumed-role/dev/alice"
            ]),
        ),
        ("/spec/extra/principalId", json!(["AROAOTHER"])),
        ("/spec/extra", json!({})),
        ("/spec/resourceAttributes/namespace", json!("prod")),
        ("/spec/resourceAttributes/verb", json!("delete")),
    ] {
        let mut changed = document();
        *changed.pointer_mut(change).unwrap() = value.clone();
        let status = ask(rules(), &changed).await;
        assert_eq!(status["allowed"], false, "{change}: {value}");
    }
}

#[tokio::test]
async fn each_access_review_is_noted_with_its_question_and_answer() {
    let with = |attributes: &str| {
        format!(
            r#"{{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{{"user":"jane",{attributes}}}}}"#
        )
    };
    let resource = |rest: &str| {
        with(&format!(
            r#""resourceAttributes":{{"verb":"get","version":"v1",{rest}}}"#
        ))
    };
    let path = r#""nonResourceAttributes":{"verb":"get","path":"/metrics"}"#;
    let untyped = format!(r#"{{"spec":{{"user":"jane",{path}}}}}"#);
    let untyped_kind = untyped.replacen('{', r#"{"kind":"SubjectAccessReview","#, 1);
    let longest = |length: usize| format!("{}{}", document(), " ".repeat(length));
    let room = MAX_ACCESS_REVIEW_LEN - document().to_string().len();
    for (body, status, code, question) in [
        (document().to_string(), 200, "ok", "list pods -n dev"),
        (with(path), 200, "not-allowed", "get /metrics"),
        (
            resource(r#""resource":"pods","subresource":"log","name":"a","namespace":"ns""#),
            200,
            "not-allowed",
            "get pods/log/a -n ns",
        ),
        (
            resource(r#""resource":"deployments","group":"apps""#),
            200,
            "not-allowed",
            "get deployments.apps",
        ),
        (untyped, 200, "not-allowed", "get /metrics"),
        (untyped_kind, 400, "malformed", ""),
        (longest(room), 200, "ok", "list pods -n dev"),
    ] {
        let (got, answer, notes) = exchanged(rules(), &body).await;
        assert_eq!(got, status, "{answer}");
        assert!(notes.contains(&format!("code: \"{code}\"")), "{notes}");
        let asked = format!("question: Some(\"{question}\")");
        assert_eq!(notes.contains(&asked), status == 200, "{notes}");
    }
    let (status, ..) = exchanged(rules(), &longest(room + 1)).await;
    assert_eq!(status, 413);
}
