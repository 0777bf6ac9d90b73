//! Values and their text.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use sts_presign::{ClusterId, Endpoint, Error, TimeError, UnixTime};

/// What `Display` writes, `FromStr` and `TryFrom<&str>` parse.
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
