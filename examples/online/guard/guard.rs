//! The guard as an axum middleware.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use eks_auth::k8s_rbac::{Forbidden, Policy, RequestInfo};
use eks_auth::{AccessPolicyRules, Authenticator, DynTransport, IdentityMap, UnixTime, authorize};

/// What the guard decides by.
pub(crate) struct Guard {
    pub(crate) authenticator: Authenticator,
    pub(crate) sts: Box<dyn DynTransport>,
    pub(crate) rules: IdentityMap,
    pub(crate) rbac: Policy,
    pub(crate) access_policies: AccessPolicyRules,
    pub(crate) clock: fn() -> UnixTime,
}

/// Passes an authorized request on, with the caller as an extension; answers every other.
pub(crate) async fn admit(
    State(guard): State<Arc<Guard>>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION);
    let token = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let authenticated = guard
        .authenticator
        .authenticate(
            token.unwrap_or_default(),
            (guard.clock)(),
            &guard.sts,
            &guard.rules,
        )
        .await;
    let caller = match authenticated {
        Ok(caller) => caller,
        Err(error) => return json(error.status(), error.status_body().to_owned()),
    };
    let url = request
        .uri()
        .path_and_query()
        .map_or("/", |url| url.as_str());
    // The strict reader: what it accepts, every router reads alike.
    let info = match RequestInfo::parse(request.method().as_str(), url) {
        Ok(info) => info,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let asked = info.request();
    let answer = authorize(&caller, &asked, &guard.rbac, &guard.access_policies);
    if answer.is_allowed() {
        request.extensions_mut().insert(caller);
        return next.run(request).await;
    }
    let reason = answer.reason();
    let forbidden = Forbidden::new(caller.user().username(), asked, &reason);
    json(StatusCode::FORBIDDEN, forbidden.body())
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
