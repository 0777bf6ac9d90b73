//! The command line.

use std::path::PathBuf;

use aws_auth_map::ConfigMapName;
use clap::{Args as ClapArgs, Parser, ValueEnum};

/// Follow AWS credentials to a Kubernetes verdict: token, IAM identity, user, RBAC decision, all offline.
///
/// Without arguments, walk through a small example cluster. With arguments, do the same on your own files.
///
/// Exit status: 0 if every question is answered with yes, 1 if one is answered with no, 2 if there is no
/// answer. The walk-through ends with 0.
#[derive(Parser)]
#[command(name = "round_trip")]
pub(crate) struct Args {
    /// The format of the answer.
    #[arg(long, short = 'o', value_enum, default_value = "text")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) own: Option<Own>,
}

#[derive(ClapArgs)]
#[group(requires_all = ["credentials", "cluster_id", "aws_auth"])]
pub(crate) struct Own {
    /// The credentials: an AWS shared credentials file with `arn` and `user_id` in each profile, because
    /// the embedded STS must know the identity of each key.
    #[arg(long, required = false, value_name = "FILE")]
    pub(crate) credentials: PathBuf,
    /// The profile to sign with; may be omitted if the file has only one.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The cluster that the token is bound to.
    #[arg(long, required = false, value_name = "ID")]
    pub(crate) cluster_id: String,
    /// The region of the STS endpoint; by default the partition's own.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The aws-auth ConfigMap, as kubectl prints it in YAML or JSON.
    #[arg(long, required = false, value_name = "FILE")]
    pub(crate) aws_auth: PathBuf,
    /// The ConfigMap with the rules, if its file has several.
    #[arg(long, default_value_t = ConfigMapName::default(), value_name = "NAMESPACE/NAME")]
    pub(crate) config_map: ConfigMapName,
    /// The private DNS name of the caller's EC2 instance, for rules with `{{EC2PrivateDNSName}}`.
    #[arg(long, value_name = "NAME")]
    pub(crate) private_dns_name: Option<String>,
    /// RBAC manifests, YAML or JSON. From a directory, every .yaml, .yml and .json file below it is read.
    #[arg(long, num_args = 1.., value_name = "FILE-or-DIR")]
    pub(crate) rbac: Vec<PathBuf>,
    /// The limit on the size of an RBAC manifest or of the ConfigMap, such as 64MiB. The default is 16MiB,
    /// and 1MiB for the ConfigMap.
    #[arg(long, value_name = "SIZE", value_parser = program::files::size)]
    pub(crate) max_input_size: Option<usize>,
    /// A question in the form of `kubectl auth can-i` (repeatable): 'list deployments -n dev',
    /// 'get pods/web-0 -n dev', 'create pods --subresource=exec -n dev', 'get /healthz'.
    #[arg(long, value_name = "QUESTION")]
    pub(crate) can: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Output {
    /// Aligned text.
    Text,
    /// One JSON document.
    Json,
}
