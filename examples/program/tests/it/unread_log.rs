//! `verifier serve` while its standard error is not read.

use crate::run::{AWS_AUTH, RBAC};
use crate::webhook::{LOCAL, Verifier};

/// If the reader of the log has stopped, users must still be able to log in to the cluster.
#[test]
fn reviews_and_probes_are_answered_while_the_log_is_not_read() {
    let arguments = [
        &LOCAL[..],
        &[
            "--aws-auth",
            AWS_AUTH,
            "--rbac",
            RBAC,
            "--lame-duck",
            "10ms",
        ],
    ]
    .concat();
    let mut verifier = Verifier::start(&arguments);
    // Each record has about 10 KB, and 6 MiB of records may wait.
    let (user, group, path) = ("u".repeat(1_000), "g".repeat(1_000), "p".repeat(1_000));
    let review = serde_json::json!({
        "kind": "SubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "spec": {
            "nonResourceAttributes": {"path": format!("/{path}"), "verb": "get"},
            "user": user,
            "groups": vec![group; 8],
        },
    })
    .to_string();
    for number in 0..800 {
        let answer = verifier.post("/authorize", &review);
        assert!(
            answer.contains("\"allowed\":false"),
            "{number}: {answer:.100}"
        );
    }
    assert!(verifier.get("/livez").starts_with("HTTP/1.1 200"));
    let metrics = verifier.get("/metrics");
    assert!(
        metrics.contains("\neks_auth_records_lost_total ")
            && !metrics.contains("\neks_auth_records_lost_total 0\n"),
        "{metrics}"
    );
    let lost = verifier.line("records lost");
    assert!(
        lost["records"].as_u64() > Some(0) && lost["level"] == "ERROR",
        "{lost}"
    );
    verifier.signal("-TERM");
    verifier.line("stopped");
    assert!(verifier.process.wait().unwrap().success());
}
