//! The properties of the front page.

use aws_credential_types::Credentials;
use proptest::prelude::*;
use sts_presign::{ClusterId, Endpoint, PresignedUrl, Signer, UnixTime, verify};

use crate::genuine::keys;
use crate::support::{GOOD, accept, judge, policy};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2000-01-01 to 2100-01-01.
const TIMES: std::ops::Range<u64> = 946_684_800..4_102_444_800;

fn sign(cluster: &str, token: Option<&str>, secret: &str, now: UnixTime) -> String {
    let endpoint = Endpoint::from_host("sts.eu-west-1.amazonaws.com").unwrap();
    let token = token.map(str::to_owned);
    let credentials = Credentials::new("AKIDEXAMPLE", secret, token, None, "test");
    let signer = Signer::new(&endpoint, &ClusterId::parse(cluster).unwrap());
    signer
        .sign(&credentials.into(), now)
        .unwrap()
        .expose()
        .to_owned()
}

proptest! {
    #[test]
    fn signed_urls_are_accepted_and_verified(
        cluster in "[!-~]{1,255}",
        token in proptest::option::of("[!-~]{1,600}"),
        secret in "[!-~]{1,60}",
        now in TIMES,
    ) {
        let now = UnixTime::from_secs(now).unwrap();
        let url = sign(&cluster, token.as_deref(), &secret, now);
        let accepted = accept(&url, &policy(&cluster, "aws"), now).unwrap();
        prop_assert_eq!(accepted.to_http().uri().to_string(), url);
        let keys = keys("AKIDEXAMPLE", &secret, token.as_deref(), "aws");
        prop_assert!(verify(&accepted, &keys, now).is_ok());
    }

    #[test]
    fn a_changed_byte_is_refused_or_not_verified(
        at in 0_usize..1000,
        byte in 0_u8..128,
        now in TIMES,
    ) {
        let now = UnixTime::from_secs(now).unwrap();
        let url = sign("c", Some("TOKEN/+="), SECRET, now);
        let at = at.checked_rem(url.len()).unwrap();
        let mut changed = url.clone().into_bytes();
        // Hexadecimal digits after a `%` have two equivalent spellings.
        prop_assume!(!changed[at].eq_ignore_ascii_case(&byte));
        changed[at] = byte;
        let changed = String::from_utf8(changed).unwrap();
        if let Ok(accepted) = accept(&changed, &policy("c", "aws"), now) {
            let keys = keys("AKIDEXAMPLE", SECRET, Some("TOKEN/+="), "aws");
            prop_assert!(verify(&accepted, &keys, now).is_err(), "{changed}");
        }
    }

    #[test]
    fn url_and_http_agree_about_accepted_urls(
        from in prop::sample::select(vec!["sts", "%2F", "60", "Action", "&", "=", "us-west-2", "host"]),
        to in "[a-zA-Z0-9%&=./:-]{0,6}",
    ) {
        let url = GOOD.replacen(from, &to, 1);
        if let Ok(accepted) = judge(&url) {
            let sent = accepted.to_http();
            let (ours, theirs) = (url::Url::parse(&sent.uri().to_string()), url::Url::parse(&url));
            let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
            prop_assert_eq!(ours.host_str(), theirs.host_str());
            prop_assert_eq!(sent.uri().host(), theirs.host_str());
            let sorted = |url: &url::Url| {
                let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
                pairs.sort();
                pairs
            };
            prop_assert_eq!(sorted(&ours), sorted(&theirs));
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>(), tail in "[ -~]{0,200}") {
        let _ = PresignedUrl::parse(&text);
        let _ = PresignedUrl::parse(&format!("https://sts.amazonaws.com/?{tail}"));
        let _ = UnixTime::parse_amz_date(&text);
        let _ = UnixTime::parse_rfc3339(&text);
    }

    #[test]
    fn times_print_and_parse(secs in 0_u64..253_402_300_800) {
        let time = UnixTime::from_secs(secs).unwrap();
        prop_assert_eq!(UnixTime::parse_amz_date(&time.to_amz_date()), Ok(time));
        prop_assert_eq!(UnixTime::parse_rfc3339(&time.to_rfc3339()), Ok(time));
    }
}
