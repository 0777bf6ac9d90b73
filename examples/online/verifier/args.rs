//! The command line.

use std::path::PathBuf;

use aws_auth_map::ConfigMapName;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use sts_presign::BINDING_HEADER;

use crate::feature_gates::FeatureGates;
use crate::listeners::PORT;
use crate::settings::{LogFormat, LogLevel, Settings};

#[derive(Parser)]
#[command(
    name = "verifier",
    version,
    about = "Verify EKS bearer tokens, and map their owners to Kubernetes users."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) before: Before,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The flags that aws-iam-authenticator takes before the subcommand as well.
#[derive(ClapArgs)]
pub(crate) struct Before {
    #[arg(short = 'c', long = "config", hide = true, value_name = "FILE")]
    before_config: Option<PathBuf>,
    #[arg(short = 'i', long = "cluster-id", hide = true, value_name = "ID")]
    before_cluster_id: Option<String>,
    #[arg(
        short = 'l',
        long = "log-format",
        value_enum,
        hide = true,
        value_name = "FORMAT"
    )]
    before_log_format: Option<LogFormat>,
    #[arg(
        short = 'v',
        long = "log-verbosity",
        value_enum,
        ignore_case = true,
        hide = true,
        value_name = "LEVEL"
    )]
    before_log_level: Option<LogLevel>,
    #[arg(long = "feature-gates", hide = true, value_name = "GATES")]
    before_feature_gates: Option<FeatureGates>,
}

impl Before {
    /// Checks that flags stand before `serve` and `check` only. These two subcommands have all the
    /// flags.
    pub(crate) fn check(&self, command: &Command) -> Result<(), String> {
        let given = [
            ("--config", self.before_config.is_some()),
            ("--cluster-id", self.before_cluster_id.is_some()),
            ("--log-format", self.before_log_format.is_some()),
            ("--log-verbosity", self.before_log_level.is_some()),
            ("--feature-gates", self.before_feature_gates.is_some()),
        ];
        match (command, given.iter().find(|(_, is_given)| *is_given)) {
            (Command::Serve(_) | Command::Check(_), _) | (_, None) => Ok(()),
            (_, Some((flag, _))) => Err(format!(
                "{flag} before the subcommand is for serve and check; `verifier help` and the subcommand list the \
                 flags of each"
            )),
        }
    }

    /// Adds the flags to the flags behind the subcommand. The flags behind it take precedence.
    pub(crate) fn join(self, args: ServeArgs) -> ServeArgs {
        let before = Settings {
            cluster_id: self.before_cluster_id,
            log_format: self.before_log_format,
            log_level: self.before_log_level,
            feature_gates: self.before_feature_gates,
            ..Settings::default()
        };
        ServeArgs {
            config: args.config.or(self.before_config),
            settings: args.settings.or(before),
            ..args
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Verify one token, read from standard input.
    ///
    /// Exit status: 0 if the token is accepted, 1 if it is refused, 2 if there is no answer.
    Token(TokenArgs),
    /// Explain, check by check, why a token or a login in POST form is refused, and how to fix its producer.
    /// Sends nothing.
    ///
    /// With --local-credentials, the signature is verified too, and if it is wrong, the usual causes are tried
    /// one by one.
    ///
    /// Prints neither the signature nor the session token. Exit status: 0 if no fault is visible without
    /// STS, 1 if the token is refused, 2 if there is no answer.
    Doctor(DoctorArgs),
    /// Answer kube-apiserver's TokenReview webhook, v1 and v1beta1, at POST /authenticate.
    ///
    /// With --rbac, POST /authorize answers the webhook of authorization. Probes and metrics have a listener of
    /// their own. SIGTERM and SIGINT stop the program after its open requests. SIGHUP reads the rules and the
    /// certificate again. The rules are also watched, and the files of the certificate are compared every 30 seconds.
    #[command(visible_alias = "server")]
    Serve(Box<ServeArgs>),
    /// Report the problems of the settings and rules that `serve` would use, with the same flags.
    ///
    /// Exit status: 0 without problems, 1 with problems, 2 if there is no answer.
    Check(Box<ServeArgs>),
    /// Write what a cluster needs to ask this webhook: a certificate, the kubeconfig of kube-apiserver, and the
    /// flags to start it with.
    Init(InitArgs),
}

/// The settings of every command.
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
    /// The partition of the cluster, its tokens and its callers.
    #[arg(long, default_value = "aws", value_name = "PARTITION")]
    pub(crate) partition: String,
    /// Accept only the STS endpoints of this region (repeatable). By default, all regions of the partition
    /// are accepted.
    #[arg(long = "region", value_name = "REGION")]
    pub(crate) regions: Vec<String>,
    /// Verify signatures with the keys in this file instead of asking STS: an AWS shared credentials file
    /// with `arn` and `user_id` in each profile.
    #[arg(long, value_name = "FILE")]
    pub(crate) local_credentials: Option<PathBuf>,
    /// The limit on the size of each file, and of the token on standard input, such as 4MiB.
    #[arg(long, value_name = "SIZE", value_parser = program::files::size, default_value = "1MiB")]
    pub(crate) max_input_size: usize,
}

/// The mapping rules.
#[derive(ClapArgs)]
pub(crate) struct RuleArgs {
    /// The ConfigMap with the rules, if its file has several.
    #[arg(long, default_value_t = ConfigMapName::default(), value_name = "NAMESPACE/NAME")]
    pub(crate) config_map: ConfigMapName,
}

#[derive(ClapArgs)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Read the token from this file instead of standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The aws-auth ConfigMap, as kubectl prints it in YAML or JSON. Without it, only the AWS identity is
    /// printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) aws_auth: Option<PathBuf>,
    /// The private DNS name of the caller's EC2 instance, for rules with `{{EC2PrivateDNSName}}`.
    #[arg(long, requires = "aws_auth", value_name = "NAME")]
    pub(crate) private_dns_name: Option<String>,
    /// The format of the answer.
    #[arg(long, short = 'o', value_enum, default_value = "text")]
    pub(crate) output: Output,
}

#[derive(ClapArgs)]
pub(crate) struct InitArgs {
    /// The directory for cert.pem, key.pem and kubeconfig.yaml. Files that exist are kept.
    #[arg(
        long,
        default_value = "/var/aws-iam-authenticator",
        value_name = "DIRECTORY"
    )]
    pub(crate) state_dir: PathBuf,
    /// The name or address by which kube-apiserver reaches the webhook: a subject of the certificate.
    #[arg(long, default_value = "127.0.0.1", value_name = "NAME")]
    pub(crate) hostname: String,
    /// The port of the webhook.
    #[arg(long, default_value_t = PORT, value_parser = clap::value_parser!(u16).range(1..), value_name = "PORT")]
    pub(crate) port: u16,
    /// Write csr.pem, a request to an authority of your own, in place of a self-signed certificate.
    #[arg(long)]
    pub(crate) csr: bool,
}

#[derive(ClapArgs)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Read the token from this file instead of standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Explain a login in POST form instead, as Vault, Consul and Teleport forward it: a JSON document with
    /// `method`, `url`, `headers` (a list of `[name, value]`) and `body`, each decoded.
    #[arg(long, value_name = "FILE", conflicts_with = "token_file")]
    pub(crate) login: Option<PathBuf>,
    /// The header that binds the login; its value is the cluster id.
    #[arg(long, value_name = "NAME", default_value = BINDING_HEADER)]
    pub(crate) binding_header: String,
    /// With --local-credentials: another cluster or server that the signature may be for (repeatable).
    #[arg(long, requires = "local_credentials", value_name = "ID")]
    pub(crate) other_cluster_id: Vec<String>,
    /// The time of the verification, as in 2026-11-24T09:00:00Z; by default, now.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct ServeArgs {
    /// A file of settings in TOML. Its keys are the names of the flags, without the dashes in front; a flag
    /// that is given takes precedence.
    #[arg(long = "settings", value_name = "FILE")]
    pub(crate) settings_file: Option<PathBuf>,
    /// The configuration file of aws-iam-authenticator, unchanged: its rules are the backend MountedFile, and
    /// its settings apply where neither a flag nor --settings has one.
    #[arg(long, short = 'c', value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Output {
    /// One line for each fact.
    Text,
    /// One JSON document.
    Json,
}
