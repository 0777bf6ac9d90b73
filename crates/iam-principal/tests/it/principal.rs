use iam_principal::{AccountId, Arn, Error, MAX_ARN_LEN, Part, Partition, Principal};
use proptest::prelude::*;
use serde::Deserialize;
use testkit::Report;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    name: String,
    arn: String,
    kind: String,
    #[serde(default)]
    path: String,
    canonical: String,
    without_path: String,
    session: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    arn: String,
    error: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
    refused: Vec<Refused>,
}

fn cases() -> Cases {
    testkit::toml(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/principals.toml"
    ))
}

#[test]
fn every_kind_is_parsed_and_canonicalized() {
    let mut report = Report::new();
    for case in cases().case {
        let got = Principal::parse(&case.arn).map(|p| {
            (
                p.kind().to_string(),
                p.path().to_owned(),
                p.canonical(),
                p.without_path(),
                p.session_name().map(str::to_owned),
            )
        });
        let want = (
            case.kind,
            case.path,
            case.canonical,
            case.without_path,
            case.session,
        );
        report.check(&case.name, &got, &Ok(want));
    }
    report.finish();
}

#[test]
fn other_texts_are_refused_with_their_reason() {
    let mut report = Report::new();
    for case in cases().refused {
        let got = Principal::parse(&case.arn).map_err(|e| format!("{e:?}"));
        report.check(&case.arn, &got.map(|p| p.canonical()), &Err(case.error));
    }
    report.finish();
}

#[test]
fn length_is_checked_first_and_its_limit_is_inclusive() {
    let prefix = "arn:aws:iam::111122223333:user/";
    let longest = format!("{prefix}{}", "a".repeat(MAX_ARN_LEN - prefix.len()));
    assert!(Principal::parse(&longest).is_ok());
    assert_eq!(
        Principal::parse(&format!("{longest} ")).unwrap_err(),
        Error::TooLong
    );
}

#[test]
fn other_services_are_arns_though_no_principals() {
    let arn = Arn::parse("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy").unwrap();
    assert_eq!((arn.service(), arn.account()), ("eks", "aws"));
    assert_eq!(arn.resource(), "cluster-access-policy/AmazonEKSViewPolicy");
}

#[test]
fn partitions_are_known_by_their_exact_id() {
    for partition in Partition::ALL {
        assert_eq!(partition.id().parse(), Ok(partition));
    }
    assert_eq!("AWS".parse::<Partition>(), Err(Error::UnknownPartition));
}

#[test]
fn a_principal_has_its_parts() {
    let text = "arn:aws-cn:iam::012345678901:user/a/b/alice";
    let user = Principal::parse(text).unwrap();
    assert_eq!((user.path(), user.name()), ("a/b/", "alice"));
    assert_eq!(user.partition(), Partition::AwsCn);
    assert_eq!(user.account().to_string(), "012345678901");
    assert_eq!(
        (user.arn().as_str(), user.to_string().as_str()),
        (text, text)
    );
    let root = Principal::parse("arn:aws:iam::012345678901:root").unwrap();
    assert_eq!(
        (root.path(), root.name(), root.session_name()),
        ("", "", None)
    );
    let carol = Principal::parse("arn:aws:sts::012345678901:federated-user/a/b").unwrap();
    assert_eq!((carol.path(), carol.name()), ("", "a/b"));
}

#[test]
fn an_arn_has_its_parts() {
    let text = "arn:aws:eks:us-west-2:111122223333:cluster/a:b";
    let arn = Arn::parse(text).unwrap();
    assert_eq!((arn.region(), arn.as_str()), ("us-west-2", text));
    assert_eq!(
        (arn.partition(), arn.resource()),
        (Partition::Aws, "cluster/a:b")
    );
}

#[test]
fn accounts_are_parsed_and_printed() {
    let account: AccountId = "000000000012".parse().unwrap();
    assert_eq!(format!("{account:?}"), "AccountId(000000000012)");
    assert_eq!("12".parse::<AccountId>(), Err(Error::AccountId));
}

#[test]
fn errors_name_the_part_and_the_expected_form() {
    for (part, word) in [
        (Part::Arn, "the ARN is empty"),
        (Part::Name, "the name is empty"),
        (Part::Path, "the path is empty"),
        (Part::SessionName, "the session name is empty"),
        (Part::UserId, "the user id is empty"),
    ] {
        assert_eq!(Error::Empty(part).to_string(), word);
    }
    assert_eq!(
        Error::AccountId.to_string(),
        "an account id is twelve digits"
    );
}

/// botocore's `partitions.json`: id, `dnsSuffix`, `dualStackDnsSuffix`, `implicitGlobalRegion`.
#[test]
fn partitions_are_botocores() {
    let table = [
        ("aws", "amazonaws.com", "api.aws", "us-east-1"),
        (
            "aws-cn",
            "amazonaws.com.cn",
            "api.amazonwebservices.com.cn",
            "cn-northwest-1",
        ),
        (
            "aws-eusc",
            "amazonaws.eu",
            "api.amazonwebservices.eu",
            "eusc-de-east-1",
        ),
        ("aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"),
        (
            "aws-iso-b",
            "sc2s.sgov.gov",
            "api.aws.scloud",
            "us-isob-east-1",
        ),
        (
            "aws-iso-e",
            "cloud.adc-e.uk",
            "api.cloud-aws.adc-e.uk",
            "eu-isoe-west-1",
        ),
        (
            "aws-iso-f",
            "csp.hci.ic.gov",
            "api.aws.hci.ic.gov",
            "us-isof-south-1",
        ),
        ("aws-us-gov", "amazonaws.com", "api.aws", "us-gov-west-1"),
    ];
    for (partition, (id, suffix, dual_stack, region)) in Partition::ALL.into_iter().zip(table) {
        assert_eq!((partition.id(), partition.to_string().as_str()), (id, id));
        assert_eq!(partition.dns_suffix(), suffix);
        assert_eq!(partition.dual_stack_dns_suffix(), dual_stack);
        assert_eq!(partition.implicit_region(), region);
    }
}

proptest! {
    #[test]
    fn a_canonical_arn_is_canonical(
        name in "[a-zA-Z0-9+=,.@_-]{1,20}",
        session in "[a-zA-Z0-9+=,.@_-]{2,20}",
    ) {
        let arn = format!("arn:aws:sts::111122223333:assumed-role/{name}/{session}");
        let canonical = Principal::parse(&arn).unwrap().canonical();
        prop_assert_eq!(Principal::parse(&canonical).unwrap().canonical(), canonical.clone());
    }

    #[test]
    fn whatever_is_read_prints_as_it_was_written(text in ".{0,80}") {
        if let Ok(arn) = Arn::parse(&text) {
            prop_assert_eq!(arn.to_string(), text);
        }
    }

    #[test]
    fn account_ids_keep_their_leading_zeros(digits in "[0-9]{12}") {
        let account = AccountId::parse(&digits).unwrap();
        prop_assert_eq!(account.as_str(), &digits);
        prop_assert_eq!(account.to_string(), digits);
    }

    #[test]
    fn anything_but_twelve_digits_is_no_account(text in "[0-9٣a-]{0,14}") {
        let twelve_digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        prop_assert_eq!(AccountId::parse(&text).is_ok(), twelve_digits);
    }
}
