use iam_principal::{AccountId, Arn, Error, MAX_ARN_LEN, Partition, Principal};
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
fn every_kind_is_read_and_made_canonical() {
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
fn what_is_no_principal_is_refused_with_its_reason() {
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
        prop_assert_eq!(AccountId::parse(&digits).unwrap().to_string(), digits);
    }

    #[test]
    fn anything_but_twelve_digits_is_no_account(text in "[0-9٣a-]{0,14}") {
        let twelve_digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        prop_assert_eq!(AccountId::parse(&text).is_ok(), twelve_digits);
    }
}
