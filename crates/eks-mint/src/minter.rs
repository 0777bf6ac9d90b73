//! From credentials to a token.

use aws_credential_types::Credentials;
use eks_token::Token;
use sts_presign::{ClusterId, Endpoint, SignError, Signer, UnixTime};

use crate::error::MintError;
use crate::token::MintedToken;

/// Mints tokens for one cluster and one STS endpoint. It holds no credentials and sends nothing.
#[derive(Clone, Debug)]
pub struct Minter {
    signer: Signer,
}

impl Minter {
    /// Mints for a public STS endpoint: `Endpoint::regional(region, variant)`, or `Endpoint::global()`.
    #[must_use]
    pub fn new(endpoint: &Endpoint, cluster_id: &ClusterId) -> Self {
        Self {
            signer: Signer::new(endpoint, cluster_id),
        }
    }

    /// Mints for another STS host, such as a VPC endpoint. **EKS accepts public endpoints only.**
    ///
    /// # Errors
    ///
    /// [`SignError::Host`] unless the host is a lower-case DNS name, [`SignError::Region`] unless the region is
    /// a lower-case DNS label.
    pub fn for_host(host: &str, region: &str, cluster_id: &ClusterId) -> Result<Self, SignError> {
        Ok(Self {
            signer: Signer::for_host(host, region, cluster_id)?,
        })
    }

    /// Mints a token for the owner of the credentials.
    ///
    /// # Errors
    ///
    /// [`MintError::Sign`], then [`MintError::Token`].
    pub fn mint(&self, credentials: &Credentials, now: UnixTime) -> Result<MintedToken, MintError> {
        let url = self.signer.sign(&credentials.clone().into(), now)?;
        Ok(MintedToken {
            token: Token::encode(url.expose())?,
            minted_at: now,
            expires_at: url.expires_at(),
        })
    }
}
