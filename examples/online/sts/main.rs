//! The embedded STS behind a port: a test double for whatever asks AWS who is calling.
//!
//! Unlike an emulator that takes any signature, it knows the keys of a file and verifies. Every AWS
//! SDK can be pointed at it:
//!
//! ```text
//! $ sts --credentials credentials --listen 127.0.0.1:4566 &
//! sts: http://127.0.0.1:4566
//! $ AWS_ENDPOINT_URL_STS=http://127.0.0.1:4566 AWS_SHARED_CREDENTIALS_FILE=credentials \
//!       aws sts get-caller-identity --profile alice --region us-east-1 --query Arn --output text
//! arn:aws:iam::111122223333:user/alice
//! ```
//!
//! What it leaves out: every operation but `GetCallerIdentity`, TLS, and keys that come and go.

#![expect(clippy::print_stderr, reason = "a program speaks to its user")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::request::Parts;
use axum::http::{Request, Response};
use clap::Parser;
use eks_auth::LocalKeys;
use sts_presign::{Keys, LocalSts, MAX_REQUEST_LEN, UnixTime};
use tokio::net::TcpListener;

/// Answers STS's GetCallerIdentity over HTTP, from the keys in a file, and verifies every signature.
#[derive(Parser)]
#[command(name = "sts")]
struct Args {
    /// The keys that exist: an AWS shared credentials file with `arn` and `user_id` in each profile,
    /// and `expiration` where a temporary key ends.
    #[arg(long, value_name = "FILE")]
    credentials: PathBuf,
    /// Where to listen; port 0 takes a free one. Anybody who gets there may ask.
    #[arg(long, default_value = "127.0.0.1:4566", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Answer `Throttling` to what comes beyond so many requests in one second.
    #[arg(long, value_name = "REQUESTS")]
    max_per_second: Option<u32>,
}

struct Server {
    sts: LocalSts<Keys>,
    max_per_second: Option<u32>,
    // The current second, and how many requests it has seen.
    seen: Mutex<(u64, u32)>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("sts: {why}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    let path = args.credentials.display();
    let text =
        std::fs::read_to_string(&args.credentials).map_err(|why| format!("{path}: {why}"))?;
    let keys = LocalKeys::read(&text).map_err(|why| format!("{path}: {why}"))?;
    let server = Server {
        sts: LocalSts::new(keys.keys()),
        max_per_second: args.max_per_second,
        seen: Mutex::default(),
    };
    let app = Router::new()
        .fallback(answer)
        .layer(DefaultBodyLimit::max(MAX_REQUEST_LEN))
        .with_state(Arc::new(server));
    let at = args.listen;
    let listener = TcpListener::bind(at)
        .await
        .map_err(|why| format!("{at}: {why}"))?;
    let at = listener
        .local_addr()
        .map_err(|why| format!("{at}: {why}"))?;
    eprintln!("sts: http://{at}");
    axum::serve(listener, app)
        .with_graceful_shutdown(stopped())
        .await
        .map_err(|why| format!("{at}: {why}"))
}

async fn answer(State(server): State<Arc<Server>>, parts: Parts, body: Bytes) -> Response<Body> {
    let request = Request::from_parts(parts, body);
    // A clock before 1970 or after 9999 makes every signature expired.
    let now = UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST);
    let answer = match server.has_room(now) {
        true => server.sts.answer(&request, now),
        false => server.sts.throttle(&request),
    };
    eprintln!("sts: {} {}", request.method(), answer.status());
    answer.map(Body::from)
}

impl Server {
    fn has_room(&self, now: UnixTime) -> bool {
        let Some(most) = self.max_per_second else {
            return true;
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != now.as_secs() {
            *seen = (now.as_secs(), 0);
        }
        seen.1 = seen.1.saturating_add(1);
        seen.1 <= most
    }
}

/// Waits for SIGINT or SIGTERM; requests that are open then are answered.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    drop(interrupt.await);
}
