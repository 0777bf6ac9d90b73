//! The layer that authenticates logins: a client signs a POST request to STS and sends it, instead of sending a
//! token.

mod form;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use eks_auth::sts_presign::{self, SignedPost, read_identity};
use eks_auth::{AuthError, Authenticated, BindingHeader, KubernetesUser, PostTransport, Refused};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Collected, Full, LengthLimitError, Limited};
use tower::{BoxError, Layer, Service};

pub use form::LoginForm;

use crate::challenge::{ChallengeError, ChallengeStore, Challenges, MemoryChallenges};
use crate::rejection::Rejection;
use crate::verify::Verifier;

/// The longest login in bytes: our choice, several times a session token of 8 KiB in two layers of base64.
pub const MAX_LOGIN_LEN: usize = 65_536;

/// How logins are verified: the form of their documents, the policy and rules of a [`Verifier`], and challenges.
#[derive(Debug)]
pub struct Logins<T, S = MemoryChallenges> {
    form: LoginForm,
    verifier: Arc<Verifier<T>>,
    challenges: Option<Challenges<S>>,
}

impl<T> Logins<T> {
    /// Accepts logins that are bound to this server by the headers of the verifier's policy, as Vault
    /// (`X-Vault-AWS-IAM-Server-ID`) and Consul (`X-Consul-IAM-ServerID`) do.
    ///
    /// **A copy of such a login is good for 15 minutes.** Prefer [`with_challenges`].
    ///
    /// [`with_challenges`]: Self::with_challenges
    pub fn bound_to_server(form: LoginForm, verifier: impl Into<Arc<Verifier<T>>>) -> Self {
        Self {
            form,
            verifier: verifier.into(),
            challenges: None,
        }
    }
}

impl<T, S: ChallengeStore> Logins<T, S> {
    /// Accepts logins that are bound by the headers of the verifier's policy and also by an unused challenge
    /// that was issued here, as Teleport does.
    pub fn with_challenges(
        form: LoginForm,
        verifier: impl Into<Arc<Verifier<T>>>,
        challenges: Challenges<S>,
    ) -> Self {
        Self {
            form,
            verifier: verifier.into(),
            challenges: Some(challenges),
        }
    }

    /// Issues a challenge, to send to a client. `None` if the logins need no challenge.
    ///
    /// # Errors
    ///
    /// The rejection to answer with: 429 if too many challenges are outstanding, 500 if the store is
    /// unavailable.
    pub async fn issue_challenge(&self) -> Result<Option<String>, Rejection> {
        match &self.challenges {
            None => Ok(None),
            Some(challenges) => {
                let challenge = challenges.issue(self.verifier.now()).await;
                challenge.map(Some).map_err(failed)
            }
        }
    }
}

impl<T: PostTransport + Send + Sync, S: ChallengeStore> Logins<T, S> {
    /// Verifies the document of a login and maps its sender to a Kubernetes user.
    ///
    /// # Errors
    ///
    /// The rejection to answer with: 400 if the document does not have this form; 401 if a check or STS refuses
    /// the request in it, or its challenge is unknown, used or old; 429 if STS throttles; 500 if the login
    /// cannot be checked.
    pub async fn verify(&self, document: &[u8]) -> Result<Authenticated, Rejection> {
        let forwarded = self.form.read(document).map_err(Rejection::bad_request)?;
        let now = self.verifier.now();
        let policy = self.verifier.authenticator().policy();
        let claimed = match &self.challenges {
            None => None,
            Some(challenges) => {
                let value = forwarded
                    .header(challenges.header())
                    .ok_or_else(Rejection::unauthorized)?;
                let header = BindingHeader::parse(challenges.header(), value).map_err(refused)?;
                Some((challenges, value, header))
            }
        };
        let accepted = {
            let headers = forwarded.headers();
            let post = SignedPost::parse(&forwarded.request(&headers)).map_err(refused)?;
            match &claimed {
                None => policy.accept_post(&post, now),
                Some((.., header)) => policy
                    .clone()
                    .with_binding(header.clone())
                    .accept_post(&post, now),
            }
            .map_err(refused)?
        };
        // Taken after every check that needs no network, so that a malformed login does not use it up, and
        // before STS is asked, so that a challenge is good for one question.
        if let Some((challenges, value, _)) = &claimed
            && !challenges.take(value, now).await.map_err(failed)?
        {
            return Err(Rejection::unauthorized());
        }
        let request = accepted.to_http();
        let answer = self.verifier.transport().send_post(request).await;
        let answer = answer.map_err(AuthError::from)?;
        let identity = read_identity(&answer, policy.partition()).map_err(AuthError::from)?;
        let identity = identity.with_access_key_id(accepted.access_key_id());
        let rules = (self.verifier.rules)();
        Ok(Authenticated::resolve(identity, &rules)?)
    }
}

fn refused(error: sts_presign::Error) -> Rejection {
    AuthError::from(Refused::Url(error)).into()
}

fn failed(error: ChallengeError) -> Rejection {
    match error {
        ChallengeError::Full => Rejection::too_many_requests(),
        _ => Rejection::internal("the challenge could not be checked"),
    }
}

/// Reads the body of a request as a login, and passes the request on if the login is good: with the caller as an
/// extension, as [`AuthenticateLayer`](crate::AuthenticateLayer) does, and with the body that was read. The
/// handler then issues the result of the login, such as a session.
///
/// Every other request is answered as by [`Logins::verify`], with 413 beyond [`MAX_LOGIN_LEN`], and with 408 if the
/// body takes longer than [`with_body_deadline`](Self::with_body_deadline) allows. **Without a deadline, a request whose
/// body does not arrive stays open as long as its connection**: the servers of hyper and axum limit only the time of a
/// head.
#[derive(Debug)]
pub struct LoginLayer<T, S = MemoryChallenges> {
    logins: Arc<Logins<T, S>>,
    deadline: Option<Deadline>,
}

/// A timer for each body. The crate has no timer, since it depends on no runtime.
#[derive(Clone)]
struct Deadline(Arc<dyn Fn() -> Timer + Send + Sync>);

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deadline")
    }
}

impl<T, S> LoginLayer<T, S> {
    /// Builds a layer. Share the logins with the handler that issues challenges.
    pub fn new(logins: impl Into<Arc<Logins<T, S>>>) -> Self {
        Self {
            logins: logins.into(),
            deadline: None,
        }
    }

    /// Limits the time for the body of a request. `timer` returns a future, for example `||
    /// tokio::time::sleep(Duration::from_secs(5))`. If the body is not complete when it ends, the answer is 408.
    #[must_use]
    pub fn with_body_deadline<F>(self, timer: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            deadline: Some(Deadline(Arc::new(move || Box::pin(timer())))),
            ..self
        }
    }
}

impl<T, S> Clone for LoginLayer<T, S> {
    fn clone(&self) -> Self {
        Self {
            logins: Arc::clone(&self.logins),
            deadline: self.deadline.clone(),
        }
    }
}

impl<I, T, S> Layer<I> for LoginLayer<T, S> {
    type Service = LoginService<I, T, S>;

    fn layer(&self, inner: I) -> Self::Service {
        LoginService {
            inner,
            logins: Arc::clone(&self.logins),
            deadline: self.deadline.clone(),
        }
    }
}

/// The service of a [`LoginLayer`].
#[derive(Debug)]
pub struct LoginService<I, T, S = MemoryChallenges> {
    inner: I,
    logins: Arc<Logins<T, S>>,
    deadline: Option<Deadline>,
}

impl<I: Clone, T, S> Clone for LoginService<I, T, S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            logins: Arc::clone(&self.logins),
            deadline: self.deadline.clone(),
        }
    }
}

impl<I, T, S, B, R> Service<Request<B>> for LoginService<I, T, S>
where
    I: Service<Request<Full<bytes::Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    I::Future: Send,
    T: PostTransport + Send + Sync + 'static,
    S: ChallengeStore,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = I::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, I::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone may not be ready, but the service that was polled is.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let logins = Arc::clone(&self.logins);
        let timer = self.deadline.as_ref().map(|Deadline(timer)| timer());
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let document = match in_time(collect(body), timer).await {
                Ok(document) => document,
                Err(rejection) => return Ok(rejection.into_response()),
            };
            match logins.verify(&document).await {
                Ok(caller) => {
                    let mut request = Request::from_parts(parts, Full::new(document));
                    let user = KubernetesUser::from(caller.user());
                    request.extensions_mut().insert(user);
                    request.extensions_mut().insert(caller);
                    inner.call(request).await
                }
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}

/// Waits for a body until a timer ends.
async fn in_time<T>(
    body: impl Future<Output = Result<T, Rejection>>,
    mut timer: Option<Timer>,
) -> Result<T, Rejection> {
    let mut body = pin!(body);
    poll_fn(|cx| {
        if let Poll::Ready(body) = body.as_mut().poll(cx) {
            return Poll::Ready(body);
        }
        let timer = timer.as_mut().map(|timer| timer.as_mut().poll(cx));
        match timer {
            Some(Poll::Ready(())) => Poll::Ready(Err(Rejection::request_timeout())),
            _ => Poll::Pending,
        }
    })
    .await
}

async fn collect<B>(body: B) -> Result<bytes::Bytes, Rejection>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let body = Limited::new(body, MAX_LOGIN_LEN).collect().await;
    body.map(Collected::to_bytes)
        .map_err(|why| match why.downcast::<LengthLimitError>() {
            Ok(_) => Rejection::too_large(MAX_LOGIN_LEN),
            Err(_) => Rejection::bad_request("the body could not be read"),
        })
}
