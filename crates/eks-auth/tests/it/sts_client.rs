use std::error::Error as _;

use eks_auth::{StsClient, TransportErrorKind};

/// No test of this crate installs a provider, and none of its dependencies brings one.
#[test]
fn a_client_without_a_cryptography_provider_is_an_error() {
    let error = StsClient::builder().build().unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Setup);
    assert_eq!(
        error.source().unwrap().to_string(),
        "no cryptography provider for rustls is installed in this process"
    );
}
