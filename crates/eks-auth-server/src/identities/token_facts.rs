//! The facts about a token before STS is asked.

use std::sync::Arc;

use eks_auth::PendingStsCall;

/// The facts of a token that passed validation. STS has not confirmed them.
///
/// A clone is cheap.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenFacts(Arc<Facts>);

#[derive(Debug, Eq, PartialEq)]
struct Facts {
    access_key_id: String,
    region: String,
    host: String,
}

impl TokenFacts {
    pub(super) fn of(call: &PendingStsCall) -> Self {
        let accepted = call.accepted();
        Self(Arc::new(Facts {
            access_key_id: accepted.access_key_id().to_owned(),
            region: accepted.region().to_owned(),
            host: accepted.host().to_owned(),
        }))
    }

    /// Returns the access key id in the credential.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.0.access_key_id
    }

    /// Returns the region in the credential scope.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// Returns the STS host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }
}
