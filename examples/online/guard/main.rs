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
//! The program has no cache and no TLS. It does not ask STS: it verifies signatures with the keys
//! of a file.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use clap::Parser;
use eks_auth::aws_auth_map::Reader;
use eks_auth::k8s_rbac::{DEFAULT_MAX_BYTES, ManifestReader, Policy};
use eks_auth::sts_presign::{Keys, LocalSts};
use eks_auth::{
    AcceptPolicy, Authenticator, Backend, BackendKind, ClusterId, IdentityMap, LocalKeys,
    LocalTransport, Partition, UnixTime,
};
use eks_auth_tower::{AuthenticateLayer, AuthorizeLayer, Authorizer, Verifier};
use program::files::{MAX_SMALL_FILE, manifests, name, read};
use program::output;
use tokio::net::TcpListener;

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
    /// The limit on the size of each file, such as 64MiB. The default is 16MiB for an RBAC manifest, and 1MiB
    /// for the other files.
    #[arg(long, value_name = "SIZE", value_parser = program::files::size)]
    max_input_size: Option<usize>,
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
    let app = api()
        .layer(AuthorizeLayer::new(authorizer(&args)?))
        .layer(AuthenticateLayer::new(verifier(&args)?));
    let listener = TcpListener::bind(at)
        .await
        .map_err(|why| format!("{at}: {why}"))?;
    output::note(PROGRAM, &format_args!("http://{at}"));
    axum::serve(listener, app)
        .await
        .map_err(|why| format!("{at}: {why}"))
}

/// A verifier that needs no STS: it has the keys from a file.
type LocalVerifier = Verifier<LocalTransport<Keys, fn() -> UnixTime>>;

/// Accepts tokens that are signed with the keys in the file, and maps the callers by the ConfigMap.
fn verifier(args: &Args) -> Result<LocalVerifier, String> {
    let limit = args.max_input_size.unwrap_or(MAX_SMALL_FILE);
    let cluster =
        ClusterId::parse(&args.cluster_id).map_err(|why| format!("--cluster-id: {why}"))?;
    let keys = LocalKeys::read(&read(&args.local_credentials, limit)?)
        .map_err(|why| format!("{}: {why}", name(&args.local_credentials)))?;
    let reader = Reader::new().with_max_bytes(limit);
    let (rules, problems) = reader.read_config_map(&read(&args.aws_auth, limit)?);
    for problem in problems {
        output::note(
            PROGRAM,
            &format_args!("{}: {problem}", name(&args.aws_auth)),
        );
    }
    let backend = Backend::new(BackendKind::EksConfigMap, rules);
    let rules = Arc::new(IdentityMap::new().with_backend(backend));
    let clock: fn() -> UnixTime = now;
    Ok(Verifier::new(
        Authenticator::new(AcceptPolicy::new(cluster, Partition::Aws)),
        LocalTransport::new(LocalSts::new(keys.keys()), clock),
        move || Arc::clone(&rules),
        clock,
    ))
}

/// Allows the requests that the RBAC manifests allow.
fn authorizer(args: &Args) -> Result<Authorizer, String> {
    let limit = args.max_input_size.unwrap_or(DEFAULT_MAX_BYTES);
    let files = manifests(&args.rbac, limit)?;
    let files = ManifestReader::new().with_max_bytes(limit).read(
        files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    for problem in files.problems() {
        output::note(PROGRAM, &problem);
    }
    Ok(Authorizer::new(Policy::new(files.into_objects())))
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
