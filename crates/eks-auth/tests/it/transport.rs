use std::error::Error as _;
use std::io;
use std::sync::Arc;

use eks_auth::{DynTransport, Transport, TransportError, TransportErrorKind};

use crate::support::{ALICE, Always, authenticator, now, ready, token};

fn arn(transport: &(impl Transport + ?Sized)) -> String {
    let authenticator = authenticator("test-cluster", "aws");
    let identity = ready(authenticator.identify(&token(), now(), transport));
    identity.unwrap().arn().to_owned()
}

#[test]
fn pointers_to_a_transport_are_transports() {
    let shared: Arc<dyn DynTransport> = Arc::new(Always(Ok((200, ALICE))));
    let boxed: Box<dyn DynTransport> = Box::new(Always(Ok((200, ALICE))));
    let plain = Always(Ok((200, ALICE)));
    let alice = "arn:aws:iam::111122223333:user/alice";
    assert_eq!(arn(&shared), alice);
    assert_eq!(arn(&*shared), alice);
    assert_eq!(arn(&boxed), alice);
    assert_eq!(arn(&&plain), alice);
    assert_eq!(arn(&Arc::new(plain)), alice);
    assert_eq!(arn(&Box::new(Always(Ok((200, ALICE))))), alice);
}

#[test]
fn a_transport_error_keeps_its_cause_and_compares_by_kind() {
    let bare = TransportError::from(TransportErrorKind::Connect);
    let caused = bare.clone().with_source(io::Error::other("no route"));
    assert_eq!(caused, bare);
    assert_ne!(caused, TransportErrorKind::Timeout.into());
    assert_eq!(caused.to_string(), "no connection to STS");
    assert_eq!(caused.source().unwrap().to_string(), "no route");
    assert!(bare.source().is_none());
    let too_long = TransportError::from(TransportErrorKind::TooLong);
    assert_eq!(
        too_long.to_string(),
        "STS's answer is longer than 65536 bytes"
    );
}

#[test]
fn a_transport_error_has_the_code_of_its_kind() {
    for (kind, code) in [
        (TransportErrorKind::Connect, "sts-unreachable"),
        (TransportErrorKind::Interrupted, "sts-interrupted"),
        (TransportErrorKind::Overloaded, "sts-overloaded"),
        (TransportErrorKind::Setup, "sts-client-setup"),
        (TransportErrorKind::Timeout, "sts-timeout"),
        (TransportErrorKind::TooLong, "response-too-long"),
    ] {
        assert_eq!(TransportError::from(kind).code(), code);
    }
}
