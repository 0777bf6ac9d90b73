//! `verifier serve`

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use aws_auth_map::IdentityMap;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use eks_auth::{AuthError, Authenticator, MAX_REVIEW_LEN, Review};
use program::output;

use crate::PROGRAM;
use crate::args::ServeArgs;
use crate::setup::{self, Sts};

/// How long open requests may take to finish after a signal to stop: slightly longer than STS has to
/// answer.
const GRACE: Duration = Duration::from_secs(12);

struct Webhook {
    authenticator: Authenticator,
    sts: Sts,
    rules: IdentityMap,
}

pub(crate) async fn run(args: ServeArgs) -> Result<(), String> {
    let webhook = Webhook {
        authenticator: setup::authenticator(&args.common)?,
        sts: setup::sts(&args.common)?,
        rules: setup::rules(&args.aws_auth, &args.rules, &args.common)?,
    };
    let app = Router::new()
        .route("/authenticate", post(authenticate))
        .route("/healthz", get(async || "ok"))
        .layer(DefaultBodyLimit::max(MAX_REVIEW_LEN))
        .with_state(Arc::new(webhook))
        .into_make_service();
    let handle = Handle::new();
    tokio::spawn(stop_on_signal(handle.clone()));
    let address = args.listen;
    let outcome = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let tls = RustlsConfig::from_pem_file(cert, key).await;
            let tls = tls.map_err(|why| {
                format!(
                    "certificate {} and key {}: {why}",
                    cert.display(),
                    key.display()
                )
            })?;
            log(&format_args!("listening on https://{address}/authenticate"));
            axum_server::bind_rustls(address, tls)
                .handle(handle)
                .serve(app)
                .await
        }
        _ if !address.ip().is_loopback() => {
            return Err(format!(
                "{address} is not a loopback address: tokens must not cross a network in the clear, so \
                 --tls-cert and --tls-key are required"
            ));
        }
        _ => {
            log(&format_args!("listening on http://{address}/authenticate"));
            axum_server::bind(address).handle(handle).serve(app).await
        }
    };
    outcome.map_err(|why| format!("{address}: {why}"))
}

async fn authenticate(State(webhook): State<Arc<Webhook>>, body: Bytes) -> Response {
    let review = match Review::read(&body) {
        Ok(review) => review,
        Err(why) => {
            log(&format_args!("malformed review: {why}"));
            return (StatusCode::BAD_REQUEST, why.to_string()).into_response();
        }
    };
    let Webhook {
        authenticator,
        sts,
        rules,
    } = &*webhook;
    let token = review.expose_token();
    let answer = match authenticator
        .authenticate(token, setup::now(), sts, rules)
        .await
    {
        Ok(authenticated) => {
            let (arn, user) = (authenticated.identity().arn(), authenticated.user());
            log(&format_args!(
                "authenticated arn={arn:?} username={:?}",
                user.username()
            ));
            review.authenticated(user)
        }
        Err(why) => return refuse(&review, &why),
    };
    json(StatusCode::OK, answer)
}

/// Answers a token that names no user. There is no `Retry-After`: with it, kube-apiserver's client repeats
/// each of its five attempts ten times.
fn refuse(review: &Review, error: &AuthError) -> Response {
    let (status, code, why) = (error.webhook_status(), error.code(), error.to_string());
    match error {
        AuthError::Refused(_) => {
            log(&format_args!("refused code={code} why={why:?}"));
            json(status, review.unauthenticated())
        }
        AuthError::Failed(_) => {
            log(&format_args!(
                "failed code={code} why={:?}",
                setup::describe(error)
            ));
            (status, why).into_response()
        }
    }
}

fn log(line: &dyn Display) {
    output::note(PROGRAM, line);
}

fn json(status: StatusCode, document: String) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        document,
    )
        .into_response()
}

async fn stop_on_signal(handle: Handle<std::net::SocketAddr>) {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
    log(&"stopping");
    handle.graceful_shutdown(Some(GRACE));
}
