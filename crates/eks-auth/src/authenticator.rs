//! From a token to an identity and a user.

use aws_auth_map::IdentityMap;
use eks_token::{Token, UrlText};
use http::{Request, Response};
use iam_principal::{Identity, Partition};
use sts_presign::{AcceptPolicy, AcceptedRequest, PresignedUrl, UnixTime, read_identity};

use crate::authenticated::Authenticated;
use crate::error::{AuthError, Refused};
use crate::transport::Transport;

/// Validates tokens and asks STS which AWS identity signed them.
///
/// It holds configuration but no state. The clock, the transport and the mapping rules are arguments of
/// each call, because all three change while tokens arrive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authenticator {
    policy: AcceptPolicy,
    max_token_len: usize,
}

impl Authenticator {
    /// Builds an authenticator that accepts the tokens that `policy` accepts, of at most
    /// [`eks_token::MAX_TOKEN_LEN`] bytes.
    #[must_use]
    pub const fn new(policy: AcceptPolicy) -> Self {
        Self {
            policy,
            max_token_len: eks_token::MAX_TOKEN_LEN,
        }
    }

    /// Sets the maximum length of a token, in bytes.
    #[must_use]
    pub fn with_max_token_len(self, max_token_len: usize) -> Self {
        Self {
            max_token_len,
            ..self
        }
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &AcceptPolicy {
        &self.policy
    }

    /// Validates a token as far as possible without STS.
    ///
    /// The result holds the request to send to STS and reads the answer. A program without an async
    /// runtime sends the request between `begin` and `finish`.
    ///
    /// # Errors
    ///
    /// [`Refused::Token`], then [`Refused::Url`].
    pub fn begin(&self, token: &str, now: UnixTime) -> Result<PendingStsCall, Refused> {
        self.begin_with_url(&self.decode(token)?, now)
    }

    /// Decodes a token: the first half of [`begin`](Self::begin).
    ///
    /// # Errors
    ///
    /// [`Refused::Token`].
    pub fn decode(&self, token: &str) -> Result<UrlText, Refused> {
        let token = Token::parse_with_limit(token, self.max_token_len).map_err(Refused::Token)?;
        token.decode().map_err(Refused::Token)
    }

    /// Validates the URL of a token: the second half of [`begin`](Self::begin).
    ///
    /// # Errors
    ///
    /// [`Refused::Url`].
    pub fn begin_with_url(&self, url: &UrlText, now: UnixTime) -> Result<PendingStsCall, Refused> {
        let url = PresignedUrl::parse(url.expose()).map_err(Refused::Url)?;
        let accepted = self.policy.accept(url, now).map_err(Refused::Url)?;
        Ok(PendingStsCall {
            accepted,
            partition: self.policy.partition(),
        })
    }

    /// Repeats the checks of an accepted token that depend on the time. Every other check of the same URL by
    /// this authenticator has the same outcome at any time.
    ///
    /// # Errors
    ///
    /// [`Refused::Url`] before the token is valid, and after it has expired.
    pub fn check_time(&self, call: &PendingStsCall, now: UnixTime) -> Result<(), Refused> {
        let checked = self.policy.check_time(call.accepted(), now);
        checked.map_err(Refused::Url)
    }

    /// Validates a token and asks STS which AWS identity signed it.
    ///
    /// # Errors
    ///
    /// The errors of [`begin`](Self::begin), of the transport, and of [`PendingStsCall::finish`].
    pub async fn identify(
        &self,
        token: &str,
        now: UnixTime,
        transport: &(impl Transport + ?Sized),
    ) -> Result<Identity, AuthError> {
        let call = self.begin(token, now)?;
        let answer = transport.send(call.request()).await?;
        call.finish(&answer)
    }

    /// Validates a token, asks STS which AWS identity signed it, and maps that identity to a Kubernetes
    /// user.
    ///
    /// A rule with `{{EC2PrivateDNSName}}` needs the private DNS name of the caller's instance, which this
    /// method does not have. To supply it, call [`identify`](Self::identify) and
    /// [`Authenticated::resolve_instance`].
    ///
    /// # Errors
    ///
    /// The errors of [`identify`](Self::identify), then of [`Authenticated::resolve`].
    pub async fn authenticate(
        &self,
        token: &str,
        now: UnixTime,
        transport: &(impl Transport + ?Sized),
        rules: &IdentityMap,
    ) -> Result<Authenticated, AuthError> {
        let identity = self.identify(token, now, transport).await?;
        Authenticated::resolve(identity, rules)
    }
}

/// An accepted token whose question to STS has not been answered yet.
#[derive(Clone, Debug)]
#[must_use = "a token is not authenticated until STS has answered"]
pub struct PendingStsCall {
    accepted: AcceptedRequest,
    partition: Partition,
}

impl PendingStsCall {
    /// Returns the request to send to STS. [`AcceptedRequest::to_http`] lists the sender's duties.
    #[must_use]
    pub fn request(&self) -> Request<()> {
        self.accepted.to_http()
    }

    /// Returns the request that the token was parsed into.
    #[must_use]
    pub const fn accepted(&self) -> &AcceptedRequest {
        &self.accepted
    }

    /// Reads STS's answer.
    ///
    /// # Errors
    ///
    /// [`Refused::Sts`] if STS refuses the caller, [`Failed::Sts`](crate::Failed::Sts) if the answer
    /// names no caller for another reason.
    pub fn finish(&self, answer: &Response<impl AsRef<[u8]>>) -> Result<Identity, AuthError> {
        let identity = read_identity(answer, self.partition)?;
        Ok(identity.with_access_key_id(self.accepted.access_key_id()))
    }
}
