//! A token and its times.

use std::fmt;

use eks_token::Token;
#[cfg(feature = "exec-credential")]
use eks_token::exec_credential::{ApiVersion, ExecCredential};
use sts_presign::UnixTime;

/// A token that was minted, with the times between which it is good.
///
/// It is a bearer secret for fifteen minutes: `Debug` is redacted, and its text is wiped when it is dropped.
pub struct MintedToken {
    pub(crate) token: Token<'static>,
    pub(crate) minted_at: UnixTime,
    pub(crate) expires_at: UnixTime,
}

impl MintedToken {
    /// Reveals the token, for `Authorization: Bearer`.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.token.expose()
    }

    /// Returns when the token was signed.
    #[must_use]
    pub const fn minted_at(&self) -> UnixTime {
        self.minted_at
    }

    /// Returns when to use another token: 14 minutes after signing (a minute before verifiers refuse it), or
    /// when the credentials expire if that is sooner.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Returns the `ExecCredential` document of a credential plugin, as `aws eks get-token` prints it.
    ///
    /// # Errors
    ///
    /// This function never fails. It returns a `Result` because [`ExecCredential::write_json`] does.
    #[cfg(feature = "exec-credential")]
    pub fn exec_credential(&self, version: ApiVersion) -> std::io::Result<String> {
        let expires_at = self.expires_at.to_rfc3339();
        let mut document = Vec::new();
        ExecCredential::new(version, &self.token, &expires_at).write_json(&mut document)?;
        String::from_utf8(document).map_err(std::io::Error::other)
    }
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintedToken")
            .field("token", &self.token)
            .field("minted_at", &self.minted_at)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}
