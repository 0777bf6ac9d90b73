//! The embedded STS on a port: a test double for clients that call `GetCallerIdentity`.
//!
//! Unlike an emulator that accepts any signature, it verifies signatures with the keys of a file. Every AWS
//! SDK can use it:
//!
//! ```text
//! $ sts --credentials credentials --listen 127.0.0.1:4566 &
//! sts: http://127.0.0.1:4566
//! $ AWS_ENDPOINT_URL_STS=http://127.0.0.1:4566 AWS_SHARED_CREDENTIALS_FILE=credentials \
//!       aws sts get-caller-identity --profile alice --region us-east-1 --query Arn --output text
//! arn:aws:iam::111122223333:user/alice
//! ```
//!
//! The only operation is `GetCallerIdentity`. There is no TLS, and keys cannot be added or removed at
//! run time.

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
use program::files::{MAX_SMALL_FILE, name, read};
use program::output;
use sts_presign::{Keys, LocalSts, MAX_REQUEST_LEN, UnixTime};
use tokio::net::TcpListener;

/// Serve STS's GetCallerIdentity over HTTP for the keys in a file. Every signature is verified.
#[derive(Parser)]
#[command(name = "sts", version)]
struct Args {
    /// The keys: an AWS shared credentials file with `arn` and `user_id` in each profile, and `expiration`
    /// where a temporary key ends.
    #[arg(long, value_name = "FILE")]
    credentials: PathBuf,
    /// The address to listen on; port 0 chooses a free port. Every client that can connect gets an answer.
    #[arg(long, default_value = "127.0.0.1:4566", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Answer `Throttling` to requests beyond this number in one second.
    #[arg(long, value_name = "REQUESTS")]
    max_per_second: Option<u32>,
}

const PROGRAM: &str = "sts";

struct Server {
    sts: LocalSts<Keys>,
    max_per_second: Option<u32>,
    // The current second and the number of requests in it.
    seen: Mutex<(u64, u32)>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = match output::parse(PROGRAM) {
        Ok(args) => args,
        Err(status) => return status,
    };
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => output::fail(PROGRAM, &why),
    }
}

async fn run(args: Args) -> Result<(), String> {
    let text = read(&args.credentials, MAX_SMALL_FILE)?;
    let keys =
        LocalKeys::read(&text).map_err(|why| format!("{}: {why}", name(&args.credentials)))?;
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
    output::note(PROGRAM, &format_args!("http://{at}"));
    axum::serve(listener, app)
        .with_graceful_shutdown(stopped())
        .await
        .map_err(|why| format!("{at}: {why}"))
}

async fn answer(State(server): State<Arc<Server>>, parts: Parts, body: Bytes) -> Response<Body> {
    let request = Request::from_parts(parts, body);
    // With a clock before 1970 or after 9999, every signature is expired.
    let now = UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST);
    let answer = match server.has_room(now) {
        true => server.sts.answer(&request, now),
        false => server.sts.throttle(&request),
    };
    let line = format_args!("{} {}", request.method(), answer.status());
    output::note(PROGRAM, &line);
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

/// Waits for SIGINT or SIGTERM. Requests that are open at that time are answered.
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
