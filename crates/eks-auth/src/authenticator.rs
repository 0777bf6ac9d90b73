//! From a token to a user.

use aws_auth_map::{IdentityMap, Resolution, UserInfo};
use eks_token::Token;
use http::{Request, Response};
use iam_principal::Identity;
use sts_presign::{AcceptPolicy, AcceptedRequest, PresignedUrl, UnixTime, read_identity};

use crate::error::{AuthError, Refused};
use crate::transport::Transport;

/// Judges tokens and asks STS whose they are.
///
/// It has no state: the clock is an argument, the transport is one, and so are the rules, since they
/// change while tokens come in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authenticator {
    policy: AcceptPolicy,
    max_token_len: usize,
}

/// Who a token belongs to, and who that is to Kubernetes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Authenticated {
    /// Whom STS named.
    pub identity: Identity,
    /// Whom the rules make of them.
    pub user: UserInfo,
}

impl Authenticator {
    /// Accepts what the policy accepts, in tokens of at most [`eks_token::MAX_TOKEN_LEN`] bytes.
    #[must_use]
    pub const fn new(policy: AcceptPolicy) -> Self {
        Self {
            policy,
            max_token_len: eks_token::MAX_TOKEN_LEN,
        }
    }

    /// Sets the length that tokens may have, in bytes.
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

    /// Judges a token as far as that goes without STS. What comes back holds the request to send and
    /// reads its answer: whoever has no async runtime does the sending between the two.
    ///
    /// # Errors
    ///
    /// [`Refused::Token`], then [`Refused::Url`].
    pub fn begin(&self, token: &str, now: UnixTime) -> Result<Exchange, Refused> {
        let token = Token::parse_with_limit(token, self.max_token_len).map_err(Refused::Token)?;
        let url = token.decode().map_err(Refused::Token)?;
        let url = PresignedUrl::parse(url.expose()).map_err(Refused::Url)?;
        let accepted = self.policy.accept(url, now).map_err(Refused::Url)?;
        Ok(Exchange {
            accepted,
            policy: self.policy.clone(),
        })
    }

    /// Asks STS whose a token is.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin), of the transport, and of [`Exchange::finish`].
    pub async fn identify(
        &self,
        token: &str,
        now: UnixTime,
        transport: &impl Transport,
    ) -> Result<Identity, AuthError> {
        let exchange = self.begin(token, now)?;
        let answer = transport.send(exchange.request()).await?;
        exchange.finish(&answer)
    }

    /// Asks STS whose a token is, and the rules who that is to Kubernetes.
    ///
    /// The rules are asked without a private DNS name: a rule with `{{EC2PrivateDNSName}}` needs one,
    /// and whoever can look it up calls [`identify`](Self::identify) and [`IdentityMap::resolve`] instead.
    ///
    /// # Errors
    ///
    /// Those of [`identify`](Self::identify), then [`Refused::NotMapped`] or [`Refused::Mapping`].
    pub async fn authenticate(
        &self,
        token: &str,
        now: UnixTime,
        transport: &impl Transport,
        rules: &IdentityMap,
    ) -> Result<Authenticated, AuthError> {
        let identity = self.identify(token, now, transport).await?;
        Ok(Authenticated::by_rules(identity, rules)?)
    }
}

impl Authenticated {
    /// Asks the rules who an identity is to Kubernetes.
    ///
    /// # Errors
    ///
    /// [`Refused::NotMapped`] or [`Refused::Mapping`].
    pub fn by_rules(identity: Identity, rules: &IdentityMap) -> Result<Self, Refused> {
        match rules.resolve(&identity) {
            Resolution::Mapped(mapped) => Ok(Self {
                user: mapped.into_user(),
                identity,
            }),
            Resolution::NotMapped => Err(Refused::NotMapped),
            Resolution::Refused(refusal) => Err(Refused::Mapping(refusal)),
        }
    }
}

/// A token that was judged, between the question to STS and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    accepted: AcceptedRequest,
    policy: AcceptPolicy,
}

impl Exchange {
    /// Returns the request to send to STS; see [`AcceptedRequest::to_http`] for the sender's duties.
    #[must_use]
    pub fn request(&self) -> Request<()> {
        self.accepted.to_http()
    }

    /// Returns what was accepted.
    #[must_use]
    pub const fn accepted(&self) -> &AcceptedRequest {
        &self.accepted
    }

    /// Reads STS's answer.
    ///
    /// # Errors
    ///
    /// [`Refused::Sts`] where STS says no, [`Failed::Sts`](crate::Failed::Sts) where it does not
    /// answer the question.
    pub fn finish(&self, answer: &Response<impl AsRef<[u8]>>) -> Result<Identity, AuthError> {
        let identity = read_identity(answer, self.policy.partition())?;
        Ok(identity.with_access_key_id(self.accepted.access_key_id()))
    }
}
