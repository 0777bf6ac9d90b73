//! Conversions and traits of the public types.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use sts_presign::{ClusterId, Endpoint, Error, TimeError, UnixTime};

/// `FromStr` and `TryFrom<&str>` parse the output of `Display`.
#[track_caller]
fn round_trip<T>(text: &'static str)
where
    T: FromStr + Display + Debug + PartialEq + TryFrom<&'static str>,
{
    let Ok(value) = text.parse::<T>() else {
        panic!("not parsed: {text}");
    };
    assert_eq!(value.to_string(), text);
    assert_eq!(T::try_from(text).ok(), Some(value));
}

#[test]
fn what_is_displayed_parses() {
    round_trip::<ClusterId>("my-cluster");
    round_trip::<Endpoint>("sts.eu-west-1.amazonaws.com");
    round_trip::<Endpoint>("sts.amazonaws.com");
    round_trip::<UnixTime>("2023-04-28T00:01:00Z");
}

#[test]
fn what_does_not_parse_keeps_its_reason() {
    assert_eq!("a b".parse::<ClusterId>(), Err(Error::ClusterId));
    assert_eq!("example.com".parse::<Endpoint>(), Err(Error::Host));
    assert_eq!("20230428T000100Z".parse::<UnixTime>(), Err(TimeError::Form));
}

/// Every public type crosses threads, and prints for debugging.
#[test]
fn public_types_are_send_sync_and_debug() {
    fn check<T: Send + Sync + Debug>() {}
    check::<sts_presign::AcceptPolicy>();
    check::<sts_presign::AcceptedPost>();
    check::<sts_presign::AcceptedRequest>();
    check::<sts_presign::AnswerError>();
    check::<sts_presign::BindingHeader>();
    check::<sts_presign::CacheKey>();
    check::<ClusterId>();
    check::<sts_presign::Diagnosis>();
    check::<Endpoint>();
    check::<sts_presign::EndpointTable>();
    check::<Error>();
    check::<sts_presign::ForwardedRequest<'_>>();
    check::<sts_presign::PresignedUrl<'_>>();
    check::<sts_presign::SignedPost<'_>>();
    check::<UnixTime>();
}

#[cfg(all(feature = "sign", feature = "verify"))]
#[test]
fn types_of_features_are_send_sync_and_debug() {
    fn check<T: Send + Sync + Debug>() {}
    check::<sts_presign::Key>();
    check::<sts_presign::Keys>();
    check::<sts_presign::LocalSts<sts_presign::Keys>>();
    check::<sts_presign::SecretAccessKey>();
    check::<sts_presign::SessionToken>();
    check::<sts_presign::SignedUrl>();
    check::<sts_presign::Signer>();
    check::<sts_presign::StsError>();
    check::<sts_presign::VerifyError>();
}

#[test]
fn every_error_has_its_own_code() {
    let mut codes = vec![TimeError::Form.code(), TimeError::Range.code()];
    #[cfg(feature = "sign")]
    {
        use sts_presign::SignError;
        codes.extend(
            [
                SignError::AccessKeyId,
                SignError::Expired,
                SignError::Host,
                SignError::NoCredentials,
                SignError::Region,
                SignError::Secret,
                SignError::SessionToken,
                SignError::Signing,
                SignError::Time,
            ]
            .map(|error| error.code()),
        );
    }
    let distinct: std::collections::BTreeSet<&str> = codes.iter().copied().collect();
    assert_eq!(distinct.len(), codes.len(), "{codes:?}");
    for code in codes {
        assert!(
            code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{code}"
        );
    }
}
