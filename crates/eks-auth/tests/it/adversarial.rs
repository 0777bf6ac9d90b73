use serde::Deserialize;
use sts_presign::UnixTime;
use testkit::Report;

use crate::support::authenticator;

#[derive(Deserialize)]
struct Case {
    name: String,
    token: String,
    cluster_id: String,
    partition: String,
    now: String,
    expect: String,
}

#[test]
fn crafted_tokens_get_the_recorded_verdict() {
    let cases: Vec<Case> = testkit::json_lines(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/adversarial.jsonl"
    ));
    let mut report = Report::new();
    for case in cases {
        let now = UnixTime::parse_rfc3339(&case.now).unwrap();
        let begun = authenticator(&case.cluster_id, &case.partition).begin(&case.token, now);
        let got = if begun.is_ok() { "accept" } else { "reject" };
        report.check(&case.name, &got, &case.expect.as_str());
    }
    report.finish();
}
