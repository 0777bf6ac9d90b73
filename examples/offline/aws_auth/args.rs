//! The command line.

use std::path::PathBuf;

use aws_auth_map::{AuthenticationMode, ConfigMapName, Dialect};
use clap::{Args as ClapArgs, Parser, Subcommand};
use iam_principal::{Identity, Kind, Principal};
use printable_text::Printable;

/// Lint the `aws-auth` ConfigMap, show which Kubernetes user a caller becomes, and preview the effect
/// of an edit.
///
/// A FILE is the output of `kubectl get cm aws-auth -n kube-system -o yaml` or `-o json`, or the data of
/// that ConfigMap. `check`, `explain`, `diff` and `convert` also read, by their content: access entries
/// (the output of `aws eks describe-access-entry`), the `ClusterConfig` of eksctl, the output of
/// `eksctl get iamidentitymapping -o yaml`, `IAMIdentityMapping` objects, and the configuration file of
/// aws-iam-authenticator.
///
/// Exit status: 0 nothing found, or yes; 1 something found, or no; 2 no answer (wrong usage, unreadable
/// input); 3 a change that locks out nodes, administrators or the caller.
#[derive(Parser)]
#[command(name = "aws_auth")]
pub(crate) struct Args {
    /// The authenticator that reads the files: `eks`, `authenticator` (aws-iam-authenticator),
    /// `authenticator+SSORoleMatch` (with that feature gate), or `ours` (the verifier of this
    /// repository). The default is `eks`; `diff` then also reports the lockouts of `ours`, if a file
    /// has keys that EKS does not read.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) dialect: Option<Dialect>,
    /// The ConfigMap to read if a file contains several.
    #[arg(long, global = true, value_name = "NAMESPACE/NAME", default_value_t)]
    pub(crate) config_map: ConfigMapName,
    /// The limit on the size of a file, such as 4MiB. The default is 1MiB for a ConfigMap, the most that
    /// Kubernetes stores in one, and 16MiB for access entries.
    #[arg(long, global = true, value_name = "SIZE", value_parser = program::files::size)]
    pub(crate) max_input_size: Option<usize>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The access entries that the cluster has beside the ConfigMap.
#[derive(ClapArgs)]
pub(crate) struct AccessEntries {
    /// The access entries that the cluster has beside the ConfigMap, which decide first: the output of
    /// `aws eks describe-access-entry --output json` for each of them, one after another.
    #[arg(long, value_name = "FILE")]
    pub(crate) access_entries: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lint ConfigMap files; the exit status is 1 if there is an error, and 0 if there are only warnings.
    Check {
        /// The ConfigMap files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The cluster's authentication mode: `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`. With
        /// `CONFIG_MAP` a map without nodes is reported.
        #[arg(long, value_name = "MODE")]
        mode: Option<AuthenticationMode>,
        #[command(flatten)]
        beside: AccessEntries,
    },
    /// Show which user a caller becomes, by which rule, and which rules nearly match.
    Explain(Explain),
    /// Compare two ConfigMap files: which callers gain access, lose it or become another user.
    Diff {
        /// The ConfigMap before.
        old: PathBuf,
        /// The ConfigMap after.
        new: PathBuf,
        #[command(flatten)]
        caller: Option<Caller>,
        #[command(flatten)]
        beside: AccessEntries,
    },
    /// Convert a ConfigMap to access entries, or access entries to a ConfigMap.
    ///
    /// Losses are printed to standard error; the exit status is 1 if there are any.
    Convert {
        #[command(subcommand)]
        to: Convert,
    },
    /// Change one entry, and print the new ConfigMap. Everything else stays as it is.
    ///
    /// A change that locks out nodes or administrators, or adds an entry with an error, is refused with
    /// exit status 3 unless --force is given.
    Edit(Edit),
}

#[derive(ClapArgs)]
pub(crate) struct Explain {
    /// The ConfigMap.
    pub(crate) file: PathBuf,
    /// The caller's ARN as STS reports it: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`,
    /// `arn:aws:iam::ACCOUNT:user/USER`.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// The private DNS name, if the caller is an EC2 instance.
    #[arg(long, value_name = "NAME")]
    pub(crate) private_dns_name: Option<String>,
    #[command(flatten)]
    pub(crate) beside: AccessEntries,
}

#[derive(ClapArgs)]
pub(crate) struct Caller {
    /// The caller who makes the change (`aws sts get-caller-identity`). Losing access, or becoming
    /// another user, is a lockout.
    #[arg(long, required = false, value_name = "ARN")]
    pub(crate) caller: String,
}

#[derive(Subcommand)]
pub(crate) enum Convert {
    /// Print inputs for `aws eks create-access-entry` and `associate-access-policy`
    /// (`--cli-input-json`), one per line.
    ToEntries {
        /// The ConfigMap.
        file: PathBuf,
        /// The name of the cluster.
        #[arg(long, value_name = "NAME")]
        cluster: String,
        /// A file with the ARNs of roles and users, such as the output of `aws iam list-roles`. Access
        /// entries need the path of a role, which the ConfigMap does not have.
        #[arg(long, value_name = "FILE")]
        principals: Option<PathBuf>,
    },
    /// Print a ConfigMap.
    ToConfigMap {
        /// The output of `aws eks describe-access-entry --output json`, for any number of entries one
        /// after another, and that of `list-associated-access-policies`; or another file, such as the
        /// `ClusterConfig` of eksctl.
        file: PathBuf,
    },
}

#[derive(ClapArgs)]
pub(crate) struct Edit {
    /// Make the change even if it locks out nodes or administrators, or adds an entry with an error.
    #[arg(long, global = true)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) beside: AccessEntries,
    #[command(subcommand)]
    pub(crate) command: EditCommand,
}

#[derive(Subcommand)]
pub(crate) enum EditCommand {
    /// Add an entry at the end of its section.
    Add(Entry),
    /// Replace the entry for an ARN.
    Replace(Entry),
    /// Remove the entry for an ARN or an account.
    Remove {
        /// The ConfigMap.
        file: PathBuf,
        /// The ARN, pattern or account as in the entry.
        #[arg(value_name = "ARN")]
        arn: String,
    },
    /// Remove every entry of a role or user that another entry for the same principal replaces.
    Dedupe {
        /// The ConfigMap.
        file: PathBuf,
    },
}

#[derive(ClapArgs)]
pub(crate) struct Entry {
    /// The ConfigMap.
    pub(crate) file: PathBuf,
    /// The ARN of the role or user, or the twelve digits of an account.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// The username, which may contain placeholders such as `{{SessionName}}`.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) username: String,
    /// A group; repeatable.
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Vec<String>,
}

/// Builds the identity of a caller from the ARN that STS reports. The ids are invented, because rules of
/// the ConfigMap do not depend on them.
pub(crate) fn identity(arn: &str) -> Result<Identity, String> {
    let printed = Printable::new(arn);
    let with_arn = |why: iam_principal::Error| format!("{printed}: {why}");
    let principal = Principal::parse(arn).map_err(with_arn)?;
    let account = principal.account().to_string();
    let session = principal.session_name().unwrap_or("");
    let id = match principal.kind() {
        Kind::AssumedRole if principal.name() == "aws:ec2-instance" => {
            format!("{account}:aws:ec2-instance:{session}")
        }
        Kind::AssumedRole => format!("AROAEXAMPLE:{session}"),
        Kind::FederatedUser => format!("{account}:{session}"),
        Kind::Role => {
            return Err(format!(
                "{printed}: the caller is a session of the role; write arn:{}:sts::{account}:assumed-role/{}/SESSION",
                principal.partition(),
                Printable::new(principal.name())
            ));
        }
        Kind::Root => account.clone(),
        Kind::User => "AIDAEXAMPLE".to_owned(),
    };
    Identity::new(arn, &account, &id).map_err(with_arn)
}
