use iam_principal::{ArnPattern, Error, MAX_ARN_LEN, Part};
use proptest::prelude::*;

fn matches(pattern: &str, arn: &str) -> bool {
    ArnPattern::parse(pattern).unwrap().matches(arn)
}

#[test]
fn wildcards_stay_within_their_part() {
    let arn = "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_0123456789abcdef";
    assert!(matches(
        "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_*",
        arn
    ));
    assert!(matches("arn:*:iam::*:role/*", arn));
    assert!(matches("arn:aws:iam::11112222333?:role/*", arn));
    assert!(
        !matches("arn:aws:iam::11112222333??:role/*", arn),
        "`?` is exactly one"
    );
    assert!(
        !matches("arn:aws:*:role/*:x:y", arn),
        "`*` does not cross a colon"
    );
    assert!(
        !matches("arn:aws:iam::111122223333:role/awsreservedsso_*", arn),
        "case matters"
    );
}

#[test]
fn the_resource_may_hold_colons() {
    let arn = "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0";
    assert!(matches(
        "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/*",
        arn
    ));
    assert!(matches("arn:aws:sts::111122223333:assumed-role/*", arn));
}

#[test]
fn a_pattern_without_six_parts_can_match_nothing_and_is_refused() {
    assert_eq!(ArnPattern::parse("*").unwrap_err(), Error::NotAnArn);
    assert_eq!(
        ArnPattern::parse("arn:aws:iam::*").unwrap_err(),
        Error::NotAnArn
    );
}

#[test]
fn a_pattern_of_characters_that_no_arn_has_is_refused() {
    for name in ["a\u{1b}[2J", "a\u{202e}", "a\nb", "a b", "\u{212a}ate"] {
        let pattern = format!("arn:aws:iam::111122223333:role/{name}*");
        assert_eq!(
            ArnPattern::parse(&pattern).unwrap_err(),
            Error::Character(Part::Arn)
        );
    }
}

#[test]
fn a_pattern_is_at_most_as_long_as_an_arn_and_begins_like_one() {
    let longest = format!("arn:aws:iam::1:{}", "*".repeat(MAX_ARN_LEN - 15));
    assert_eq!(ArnPattern::parse(&longest).unwrap().as_str(), longest);
    let long = format!("{longest}*");
    assert_eq!(ArnPattern::parse(&long).unwrap_err(), Error::TooLong);
    let other = ArnPattern::parse("*:aws:iam::1:user/a");
    assert_eq!(other.unwrap_err(), Error::NotAnArn);
}

#[test]
fn every_part_counts() {
    let arn = "arn:aws:iam:r:1:user/a";
    assert!(matches(arn, arn));
    for pattern in [
        "arn:aws-cn:iam:r:1:user/a",
        "arn:aws:sts:r:1:user/a",
        "arn:aws:iam:s:1:user/a",
        "arn:aws:iam:r:2:user/a",
        "arn:aws:iam:r:1:user/b",
        "arn:aws:iam:r:1:user/",
        "arn:aws:iam:r:1:user/aa",
    ] {
        assert!(!matches(pattern, arn), "{pattern}");
    }
    assert!(!matches("arn:*:*:*:*:*", "arn:aws:iam"));
}

/// The wording of the IAM User Guide, as a naive recursion.
fn naive(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|n| naive(rest, &text[n..])),
        [b'?', rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && naive(rest, &text[1..]),
    }
}

proptest! {
    #[test]
    fn matching_is_what_the_naive_reading_gives(pattern in "[ab*?]{0,9}", text in "[ab]{0,9}") {
        let got = matches(&format!("arn:aws:iam:::{pattern}"), &format!("arn:aws:iam:::{text}"));
        prop_assert_eq!(got, naive(pattern.as_bytes(), text.as_bytes()));
    }
}

#[test]
fn a_pattern_prints_as_it_was_written() {
    let text = "arn:aws:iam::111122223333:role/Dev-*";
    assert_eq!(ArnPattern::parse(text).unwrap().to_string(), text);
}
