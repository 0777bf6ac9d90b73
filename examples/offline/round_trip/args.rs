//! What can be asked of the program.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, ValueEnum};

/// The whole road from AWS credentials to a Kubernetes verdict, offline.
///
/// Without arguments: the walk-through of a small cluster. With arguments: the same on your own files.
///
/// Exit status: 0 every question was answered with yes, 1 one was answered with no, 2 there is no
/// answer. The walk-through ends with 0.
#[derive(Parser)]
#[command(name = "round_trip")]
pub(crate) struct Args {
    /// How to print the answer.
    #[arg(long, short = 'o', value_enum, default_value = "text")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) own: Option<Own>,
}

#[derive(ClapArgs)]
#[group(requires_all = ["credentials", "cluster_id", "aws_auth"])]
pub(crate) struct Own {
    /// The credentials: an AWS shared credentials file with `arn` and `user_id` in each profile, since
    /// the embedded STS must know whose each key is.
    #[arg(long, required = false, value_name = "FILE")]
    pub(crate) credentials: PathBuf,
    /// Whose token to make; may be left out where the file has one profile only.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The cluster that the token is bound to.
    #[arg(long, required = false, value_name = "ID")]
    pub(crate) cluster_id: String,
    /// The region whose STS is asked; the partition's own by default.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The aws-auth ConfigMap, as kubectl prints it in YAML or JSON.
    #[arg(long, required = false, value_name = "FILE")]
    pub(crate) aws_auth: PathBuf,
    /// RBAC manifests, YAML or JSON; of a folder, every .yaml, .yml and .json below it.
    #[arg(long, num_args = 1.., value_name = "FILE-or-DIR")]
    pub(crate) rbac: Vec<PathBuf>,
    /// A question in the words of `kubectl auth can-i` (repeatable): 'list deployments -n dev',
    /// 'get pods/web-0 -n dev', 'create pods --subresource=exec -n dev', 'get /healthz'.
    #[arg(long, value_name = "QUESTION")]
    pub(crate) can: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// One JSON document, for programs.
    Json,
}
