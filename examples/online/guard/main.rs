//! A guard in front of an axum server: an EKS bearer token is authenticated, the request authorized by RBAC,
//! and only then routed.
//!
//! ```text
//! $ guard --cluster-id demo --local-credentials credentials --aws-auth aws-auth.yaml --rbac rbac.yaml &
//! guard: http://127.0.0.1:8080
//! $ curl --header "Authorization: Bearer $(signer --cluster-id demo --region us-east-1 --token-only)" \
//!       http://127.0.0.1:8080/api/v1/namespaces/dev/pods
//! list pods in dev
//! ```
//!
//! Not included: a cache, TLS, and STS itself: signatures are verified with the keys of a file.

mod guard;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::Path;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use clap::Parser;
use eks_auth::k8s_rbac::{DEFAULT_MAX_BYTES, Manifests, Policy};
use eks_auth::sts_presign::LocalSts;
use eks_auth::{
    AcceptPolicy, AccessPolicyRules, Authenticator, ClusterId, IdentityMap, LocalKeys,
    LocalTransport, Partition, UnixTime,
};
use program::files::{MAX_SMALL_FILE, manifests, name, read};
use program::output;
use tokio::net::TcpListener;

use guard::{Guard, admit};

const PROGRAM: &str = "guard";

/// Serve a small API to callers with EKS tokens, as far as RBAC allows.
#[derive(Parser)]
#[command(name = "guard", version)]
struct Args {
    /// The cluster that tokens must be bound to.
    #[arg(long, value_name = "ID")]
    cluster_id: String,
    /// The keys that sign tokens: an AWS shared credentials file with `arn` and `user_id` in each profile.
    #[arg(long, value_name = "FILE")]
    local_credentials: PathBuf,
    /// The aws-auth ConfigMap, as kubectl prints it in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    aws_auth: PathBuf,
    /// RBAC manifests, YAML or JSON. From a directory, every .yaml, .yml and .json file below it is read.
    #[arg(long, num_args = 1.., value_name = "FILE-or-DIR")]
    rbac: Vec<PathBuf>,
    /// The address to listen on: a loopback address, because tokens must not cross a network in the clear.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = match output::parse(PROGRAM) {
        Ok(args) => args,
        Err(status) => return status,
    };
    match serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => output::fail(PROGRAM, &why),
    }
}

async fn serve(args: Args) -> Result<(), String> {
    let at = args.listen;
    if !at.ip().is_loopback() {
        return Err(format!("{at} is not a loopback address"));
    }
    let guard = Arc::new(guard(&args)?);
    let app = api().layer(from_fn_with_state(guard, admit));
    let listener = TcpListener::bind(at)
        .await
        .map_err(|why| format!("{at}: {why}"))?;
    output::note(PROGRAM, &format_args!("http://{at}"));
    axum::serve(listener, app)
        .await
        .map_err(|why| format!("{at}: {why}"))
}

fn guard(args: &Args) -> Result<Guard, String> {
    let cluster =
        ClusterId::parse(&args.cluster_id).map_err(|why| format!("--cluster-id: {why}"))?;
    let keys = LocalKeys::read(&read(&args.local_credentials, MAX_SMALL_FILE)?)
        .map_err(|why| format!("{}: {why}", name(&args.local_credentials)))?;
    let (rules, problems) = IdentityMap::from_config_map(&read(&args.aws_auth, MAX_SMALL_FILE)?);
    for problem in problems {
        output::note(
            PROGRAM,
            &format_args!("{}: {problem}", name(&args.aws_auth)),
        );
    }
    let files = manifests(&args.rbac, DEFAULT_MAX_BYTES)?;
    let files = Manifests::read(
        files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    for problem in files.problems() {
        output::note(PROGRAM, &problem);
    }
    let clock: fn() -> UnixTime = now;
    Ok(Guard {
        authenticator: Authenticator::new(AcceptPolicy::new(cluster, Partition::Aws)),
        sts: Box::new(LocalTransport::new(LocalSts::new(keys.keys()), clock)),
        rules,
        rbac: Policy::new(files.into_objects()),
        access_policies: AccessPolicyRules::default(),
        clock,
    })
}

/// A part of the Kubernetes API. Each handler answers with the request that it was routed for.
fn api() -> Router {
    Router::new()
        .route(
            "/api/v1/namespaces",
            get(async || "list namespaces".to_owned()),
        )
        .route(
            "/api/v1/namespaces/{ns}",
            get(async |Path(ns): Path<String>| format!("get namespaces/{ns} in {ns}"))
                .delete(async |Path(ns): Path<String>| format!("delete namespaces/{ns} in {ns}")),
        )
        .route(
            "/api/v1/namespaces/{ns}/pods",
            get(async |Path(ns): Path<String>| format!("list pods in {ns}")),
        )
        .route(
            "/api/v1/namespaces/{ns}/pods/{name}",
            get(async |Path((ns, name)): Path<(String, String)>| {
                format!("get pods/{name} in {ns}")
            })
            .delete(async |Path((ns, name)): Path<(String, String)>| {
                format!("delete pods/{name} in {ns}")
            }),
        )
        .route("/healthz", get(async || "get /healthz".to_owned()))
}

/// Returns the time of the system clock. If it is before 1970 or after 9999, every token is expired.
fn now() -> UnixTime {
    UnixTime::try_from(SystemTime::now()).unwrap_or(UnixTime::LAST)
}
