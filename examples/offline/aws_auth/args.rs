//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use iam_principal::{Identity, Kind, Principal};

/// Lint the `aws-auth` ConfigMap, show which Kubernetes user a caller becomes, and preview the effect
/// of an edit.
///
/// A FILE is the output of `kubectl get cm aws-auth -n kube-system -o yaml` or `-o json`, or the data of
/// that ConfigMap.
///
/// Exit status: 0 nothing found, or yes; 1 something found, or no; 2 no answer (wrong usage, unreadable
/// input); 3 a change that locks out nodes, administrators or the caller.
#[derive(Parser)]
#[command(name = "aws_auth")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lint ConfigMaps; the exit status is 1 if there is an error, and 0 if there are only warnings.
    Check {
        /// The ConfigMaps.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show which user a caller becomes, by which rule, and which rules nearly match.
    Explain(Explain),
    /// Compare two ConfigMaps: which callers gain access, lose it or become another user.
    Diff {
        /// The ConfigMap before.
        old: PathBuf,
        /// The ConfigMap after.
        new: PathBuf,
        #[command(flatten)]
        caller: Option<Caller>,
    },
    /// Convert a ConfigMap to access entries, or access entries to a ConfigMap.
    ///
    /// Losses are printed to standard error; the exit status is 1 if there are any.
    Convert {
        #[command(subcommand)]
        to: Convert,
    },
    /// Change one entry, and print the new ConfigMap. Everything else stays as it is.
    Edit {
        #[command(subcommand)]
        edit: Edit,
    },
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
    },
    /// Print a ConfigMap.
    ToConfigMap {
        /// The output of `aws eks describe-access-entry --output json`, for any number of entries one
        /// after another, and that of `list-associated-access-policies`.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum Edit {
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
    let with_arn = |why: iam_principal::Error| format!("{arn}: {why}");
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
                "{arn}: the caller is a session of the role; write arn:{}:sts::{account}:assumed-role/{}/SESSION",
                principal.partition(),
                principal.name()
            ));
        }
        Kind::Root => account.clone(),
        Kind::User => "AIDAEXAMPLE".to_owned(),
    };
    Identity::new(arn, &account, &id).map_err(with_arn)
}
