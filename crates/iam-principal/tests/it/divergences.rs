use iam_principal::{Identity, Principal};
use testkit::Divergences;

/// The upstream column was read from upstream's source: the canonical ARN, or nothing.
#[test]
fn every_divergence_is_listed_and_real() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/divergences.toml"
    ));
    let canonical = |arn: &str| Principal::parse(arn).ok().map(|p| p.canonical());
    for (case, arn) in [
        (
            "region-in-principal",
            "arn:aws:iam:us-east-1:111122223333:user/alice",
        ),
        ("account-not-twelve-digits", "arn:aws:iam::aws:role/x"),
        ("empty-name", "arn:aws:iam::111122223333:user/"),
        (
            "non-ascii-arn",
            "arn:aws:iam::111122223333:user/\u{212A}elvin",
        ),
    ] {
        rows.compare(case, &Some(arn.to_owned()), &canonical(arn));
    }
    let arn = "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0";
    let ours = Identity::new(arn, "111122223333", "111122223333:aws:ec2-instance:i-0").ok();
    let ours = ours.map(|identity| identity.canonical_arn().to_owned());
    rows.compare("ec2-instance-session", &None, &ours);
    let alice = "arn:aws:iam::111122223333:user/alice";
    let ours = Identity::new(alice, "111122223333", "AROAEXAMPLE").ok();
    let ours = ours.map(|identity| identity.canonical_arn().to_owned());
    rows.compare("user-id-of-another-kind", &Some(alice.to_owned()), &ours);
    let dev = "arn:aws:sts::111122223333:federated-user/dev";
    let ours = Identity::new(dev, "111122223333", "111122223333:dev").unwrap();
    let theirs = ("111122223333:dev", None);
    rows.compare(
        "federated-user-session",
        &theirs,
        &(ours.user_id(), ours.session_name()),
    );
    rows.finish();
}
