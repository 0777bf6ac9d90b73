//! Why there is no token.

use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use sts_presign::SignError;
use thiserror::Error as ThisError;

/// Why there is no token.
///
/// Two errors are equal if their [codes](Self::code) are. `Display` and the code quote no part of the
/// credentials; the [`source`](std::error::Error::source) is the provider's own error.
#[derive(Clone, Debug, ThisError)]
#[non_exhaustive]
pub enum MintError {
    /// The provider of credentials failed.
    #[error("no AWS credentials: {}", provider_fact(.0))]
    Credentials(#[source] Arc<CredentialsError>),
    /// The credentials cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The signed URL cannot be encoded as a token, because the session token of the credentials is too
    /// long.
    #[error(transparent)]
    Token(#[from] eks_token::Error),
}

impl MintError {
    /// Returns the stable kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Credentials(error) => match &**error {
                CredentialsError::CredentialsNotLoaded(_) => "credentials-not-found",
                CredentialsError::InvalidConfiguration(_) => "credentials-configuration",
                CredentialsError::ProviderTimedOut(_) => "credentials-timeout",
                _ => "credentials-provider",
            },
            Self::Sign(error) => error.code(),
            Self::Token(error) => error.code(),
        }
    }
}

const fn provider_fact(error: &CredentialsError) -> &'static str {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => "the provider has none",
        CredentialsError::InvalidConfiguration(_) => "the provider is not configured correctly",
        CredentialsError::ProviderTimedOut(_) => "the provider did not answer in time",
        _ => "the provider failed",
    }
}

impl From<CredentialsError> for MintError {
    fn from(error: CredentialsError) -> Self {
        Self::Credentials(Arc::new(error))
    }
}

impl PartialEq for MintError {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for MintError {}
