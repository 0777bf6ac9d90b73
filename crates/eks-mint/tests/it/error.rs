//! The codes and texts of the failures of a provider.

use aws_credential_types::provider::error::CredentialsError;
use eks_mint::MintError;

#[test]
fn each_failure_of_a_provider_has_its_code_and_text() {
    let secret = "wJalrXUtnFEMI";
    let errors = [
        (
            CredentialsError::not_loaded(secret),
            "credentials-not-found",
            "no AWS credentials: the provider has none",
        ),
        (
            CredentialsError::invalid_configuration(secret),
            "credentials-configuration",
            "no AWS credentials: the provider is not configured correctly",
        ),
        (
            CredentialsError::provider_timed_out(std::time::Duration::from_secs(1)),
            "credentials-timeout",
            "no AWS credentials: the provider did not answer in time",
        ),
        (
            CredentialsError::provider_error(secret),
            "credentials-provider",
            "no AWS credentials: the provider failed",
        ),
    ]
    .map(|(error, code, text)| (MintError::from(error), code, text));
    for (error, code, text) in &errors {
        assert_eq!(error.code(), *code);
        assert_eq!(error.to_string(), *text);
        // Errors are equal by their codes.
        let equal = errors.iter().filter(|(other, ..)| other == error);
        assert_eq!(equal.count(), 1, "{code}");
    }
}
