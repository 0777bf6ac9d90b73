//! What can be asked of the program.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use sts_presign::BINDING_HEADER;

#[derive(Parser)]
#[command(
    name = "verifier",
    about = "Says whose EKS token it is, and who that is to Kubernetes."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Judge one token, read from standard input.
    ///
    /// Exit status: 0 the token is good, 1 it is refused, 2 nobody could say.
    Token(TokenArgs),
    /// Explain check by check why a token is refused, or a login in POST form, and what to change in its
    /// producer. Asks nobody.
    ///
    /// Prints neither the signature nor the session token. Exit status: 0 nothing is wrong that can be
    /// seen without STS, 1 it is refused, 2 nobody could say.
    Doctor(DoctorArgs),
    /// Answer kube-apiserver's TokenReview webhook, v1 and v1beta1, at POST /authenticate.
    ///
    /// GET /healthz says that it runs. SIGTERM and SIGINT let open requests finish.
    Serve(ServeArgs),
}

/// What both need to know.
#[derive(ClapArgs)]
pub(crate) struct Common {
    /// The cluster that tokens must be bound to: the EKS cluster's name, or any id.
    #[arg(
        long,
        short = 'i',
        visible_alias = "cluster-name",
        env = "KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID",
        value_name = "ID"
    )]
    pub(crate) cluster_id: String,
    /// The partition that tokens and callers must be of.
    #[arg(long, default_value = "aws", value_name = "PARTITION")]
    pub(crate) partition: String,
    /// Accept STS endpoints of these regions only (repeatable); all of the partition by default.
    #[arg(long = "region", value_name = "REGION")]
    pub(crate) regions: Vec<String>,
    /// Answer STS's part from the keys in this file instead of asking STS: an AWS shared credentials
    /// file with `arn` and `user_id` in each profile.
    #[arg(long, value_name = "FILE")]
    pub(crate) local_credentials: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Read the token from this file instead of standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The aws-auth ConfigMap, as kubectl prints it in YAML or JSON. Without it only the AWS identity
    /// is told.
    #[arg(long, value_name = "FILE")]
    pub(crate) aws_auth: Option<PathBuf>,
    /// How to print the answer.
    #[arg(long, short = 'o', value_enum, default_value = "text")]
    pub(crate) output: Output,
}

#[derive(ClapArgs)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Read the token from this file instead of standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Explain a login in POST form instead, as Vault, Consul and Teleport carry it: a JSON document with
    /// `method`, `url`, `headers` (a list of `[name, value]`) and `body`, each decoded.
    #[arg(long, value_name = "FILE", conflicts_with = "token_file")]
    pub(crate) login: Option<PathBuf>,
    /// The header that binds such a login; its value is the cluster id.
    #[arg(long, value_name = "NAME", default_value = BINDING_HEADER)]
    pub(crate) binding_header: String,
    /// Judge as if it were then, as 2026-11-24T09:00:00Z; now by default.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The aws-auth ConfigMap, as kubectl prints it in YAML or JSON. Read once, at the start.
    #[arg(long, value_name = "FILE")]
    pub(crate) aws_auth: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:21362", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,
    /// The server's certificate chain, in PEM. Without it only a loopback address may be listened on.
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM.
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Output {
    /// A line for each fact.
    Text,
    /// One JSON document.
    Json,
}
