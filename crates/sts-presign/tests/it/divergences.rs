use testkit::Divergences;

use crate::support::{GOOD, accept, at, judge, policy};

/// What upstream gives was measured with its own statements (the file says how); ours is run here.
#[test]
fn every_divergence_is_listed_and_real() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/divergences.toml"
    ));
    let changed = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replace(from, to)
    };
    for (case, url) in [
        ("userinfo", changed("https://", "https://user:pw@")),
        ("empty-fragment", format!("{GOOD}#")),
        ("unknown-region", changed("us-west-2", "not-a-region")),
        (
            "govcloud-host-for-aws",
            changed("us-west-2", "us-gov-west-1"),
        ),
        ("no-version", changed("&Version=2011-06-15", "")),
        (
            "scope-region",
            changed("%2Fus-west-2%2F", "%2Feu-west-1%2F"),
        ),
        ("scope-date", changed("%2F20230428%2F", "%2F20200101%2F")),
        (
            "no-signature",
            GOOD.split("&X-Amz-Signature").next().unwrap().to_owned(),
        ),
        (
            "signed-headers-order",
            changed("host%3Bx-k8s-aws-id", "x-k8s-aws-id%3Bhost"),
        ),
        (
            "signed-header-case",
            changed("x-k8s-aws-id", "X-K8s-Aws-Id"),
        ),
        (
            "foreign-signed-header",
            changed("=host", "=amz-sdk-request%3Bhost"),
        ),
        ("expires-plus-sign", changed("Expires=60", "Expires=%2B60")),
        ("future-date", changed("20230428", "20991231")),
        ("fractional-second", changed("T000000Z", "T000000.5Z")),
        ("empty-pair", changed("&Version", "&&Version")),
        ("control-character-in-value", changed("2011-06-15", "%00")),
    ] {
        rows.compare(
            case,
            &"passes",
            &if judge(&url).is_ok() {
                "passes"
            } else {
                "refused"
            },
        );
    }
    let iso = changed(
        "sts.us-west-2.amazonaws.com",
        "sts.us-iso-east-1.api.aws.ic.gov",
    );
    let iso = iso.replace("us-west-2", "us-iso-east-1");
    let ours = accept(&iso, &policy("c", "aws-iso"), at("2023-04-28T00:01:00Z"));
    rows.compare(
        "iso-dual-stack",
        &"refused",
        &if ours.is_ok() { "passes" } else { "refused" },
    );
    rows.finish();
}
