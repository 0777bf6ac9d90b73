use sts_presign::AnswerError;
use testkit::Divergences;

use crate::answer;
use crate::judge::cases;
use crate::support::{GOOD, accept, at, judge, policy};

/// The upstream column was measured (the file says how). The test runs our code for the other
/// column.
#[test]
fn every_divergence_is_listed_and_real() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/divergences.toml"
    ));
    let verdict = |accepted: bool| if accepted { "passes" } else { "refused" };
    for case in cases() {
        if let Some(row) = &case.divergence {
            rows.compare(row, &"passes", &verdict(judge(&case.url()).is_ok()));
        }
    }
    let changed = |from: &str, to: &str| GOOD.replace(from, to);
    let iso = changed(
        "sts.us-west-2.amazonaws.com",
        "sts.us-iso-east-1.api.aws.ic.gov",
    );
    let iso = iso.replace("us-west-2", "us-iso-east-1");
    let ours = accept(&iso, &policy("c", "aws-iso"), at("2023-04-28T00:01:00Z"));
    rows.compare("iso-dual-stack", &"refused", &verdict(ours.is_ok()));
    for case in answer::cases() {
        let Some(row) = &case.divergence else {
            continue;
        };
        let (upstream, ours) = match (row.as_str(), case.read()) {
            // Upstream has one type for both.
            ("answer-failure-is-no-refusal", Err(AnswerError::Failed(_))) => ("refusal", "failure"),
            ("answer-in-xml", read) => ("refused", verdict(read.is_ok())),
            (_, read) => ("passes", verdict(read.is_ok())),
        };
        rows.compare(row, &upstream, &ours);
    }
    rows.finish();
}
