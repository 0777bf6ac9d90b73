//! The key under which an answer of STS may be remembered.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Uri};

use crate::binding::Binding;

/// Identifies an accepted request in a cache of identities: two requests have equal keys if and only if
/// the same bytes are sent to STS for both, so that one answer is good for both.
///
/// The text of a token is not such a key: the parameters of one request can be ordered and escaped in
/// many ways. The key compares the decoded values, the signed headers and the verifier's own binding
/// values.
///
/// The key holds the signature and the session token, so keep it in memory only. `Debug` shows neither.
/// **Forget the entry at `expires_at` of the request, and never remember an
/// [`AnswerFailure`](crate::AnswerFailure).**
///
/// ```
/// # use std::collections::HashMap;
/// # use iam_principal::Identity;
/// # use sts_presign::{AcceptedRequest, CacheKey, UnixTime};
/// type Cache = HashMap<CacheKey, (Identity, UnixTime)>;
///
/// fn remember(cache: &mut Cache, request: &AcceptedRequest, identity: Identity) {
///     cache.insert(request.cache_key(), (identity, request.expires_at()));
/// }
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct CacheKey {
    uri: Uri,
    headers: SentHeaders,
    body: &'static str,
}

/// The headers that are sent with a request.
#[derive(Clone, Eq, PartialEq)]
enum SentHeaders {
    /// The binding headers with the verifier's own values.
    Binding(Arc<Binding>),
    /// The headers of a request in POST form, including `authorization`.
    Signed(Vec<(HeaderName, HeaderValue)>),
}

impl CacheKey {
    pub(crate) fn of_url(uri: &Uri, binding: &Arc<Binding>) -> Self {
        Self {
            uri: uri.clone(),
            headers: SentHeaders::Binding(Arc::clone(binding)),
            body: "",
        }
    }

    pub(crate) fn of_post(
        uri: &Uri,
        headers: impl Iterator<Item = (HeaderName, HeaderValue)>,
        body: &'static str,
    ) -> Self {
        Self {
            uri: uri.clone(),
            headers: SentHeaders::Signed(headers.collect()),
            body,
        }
    }
}

impl Hash for CacheKey {
    /// Hashes the parts that differ between the requests of one verifier: the query of a presigned URL,
    /// which includes its signature, or the headers of a request in POST form.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uri.query().hash(state);
        if let SentHeaders::Signed(headers) = &self.headers {
            headers.hash(state);
        }
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheKey")
            .field("host", &self.uri.host())
            .finish_non_exhaustive()
    }
}
