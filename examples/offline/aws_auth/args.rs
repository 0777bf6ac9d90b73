//! What can be asked of the program.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use iam_principal::{Identity, Kind, Principal};

/// The `aws-auth` ConfigMap: what is wrong in it, who is whom by it, what a change changes.
///
/// A FILE is what `kubectl get cm aws-auth -n kube-system -o yaml` or `-o json` prints, or its data.
///
/// Exit status: 0 nothing was found, or the answer is yes; 1 something was found, or the answer is no;
/// 2 there is no answer; 3 a change locks somebody out.
#[derive(Parser)]
#[command(name = "aws_auth")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Says what is wrong: 1 if an entry or more is left out, 0 if there are warnings at most.
    Check {
        /// Texts of the ConfigMap.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Says which user a caller is, by which rule, and which rules nearly match.
    Explain(Explain),
    /// Says who gains, who loses and who changes: 0 nobody, 1 somebody, 3 somebody is locked out.
    Diff {
        /// The ConfigMap before.
        old: PathBuf,
        /// The ConfigMap after.
        new: PathBuf,
        #[command(flatten)]
        caller: Option<Caller>,
    },
    /// Writes access entries for a ConfigMap, or a ConfigMap for access entries; what is not carried
    /// as it is goes to standard error, and makes the status 1.
    Convert {
        #[command(subcommand)]
        to: Convert,
    },
    /// Changes one entry, and prints the new ConfigMap; all else stays as it is.
    Edit {
        #[command(subcommand)]
        edit: Edit,
    },
}

#[derive(ClapArgs)]
pub(crate) struct Explain {
    /// The ConfigMap.
    pub(crate) file: PathBuf,
    /// The caller as STS names it: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`,
    /// `arn:aws:iam::ACCOUNT:user/USER`.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// The private DNS name, if the caller is an EC2 instance.
    #[arg(long, value_name = "NAME")]
    pub(crate) private_dns_name: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct Caller {
    /// Whoever makes the change, as STS names them (`aws sts get-caller-identity`): it is a lockout if
    /// they are somebody else after it.
    #[arg(long, required = false, value_name = "ARN")]
    pub(crate) caller: String,
}

#[derive(Subcommand)]
pub(crate) enum Convert {
    /// Prints the inputs of `aws eks create-access-entry` and `associate-access-policy`
    /// (`--cli-input-json`), one a line.
    ToEntries {
        /// The ConfigMap.
        file: PathBuf,
        /// The name of the cluster.
        #[arg(long, value_name = "NAME")]
        cluster: String,
    },
    /// Prints a ConfigMap.
    ToConfigMap {
        /// What `aws eks describe-access-entry --output json` prints, any number one after another,
        /// with what `list-associated-access-policies` prints.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum Edit {
    /// Adds an entry behind the others.
    Add(Entry),
    /// Puts an entry in place of the one for the same ARN.
    Replace(Entry),
    /// Removes the entry for an ARN, or an account.
    Remove {
        /// The ConfigMap.
        file: PathBuf,
        /// The ARN, pattern or account as the entry has it.
        #[arg(value_name = "ARN")]
        arn: String,
    },
}

#[derive(ClapArgs)]
pub(crate) struct Entry {
    /// The ConfigMap.
    pub(crate) file: PathBuf,
    /// The ARN of the role or user, or twelve digits for a whole account.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// The name of the user, with placeholders as `{{SessionName}}`.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) username: String,
    /// A group (repeatable).
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Vec<String>,
}

/// The caller with an ARN as STS names it. The ids are made up: the ConfigMap does not ask for them.
pub(crate) fn identity(arn: &str) -> Result<Identity, String> {
    let told = |why: iam_principal::Error| format!("{arn}: {why}");
    let principal = Principal::parse(arn).map_err(told)?;
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
                "{arn}: a role calls by its sessions; write arn:{}:sts::{account}:assumed-role/{}/SESSION",
                principal.partition(),
                principal.name()
            ));
        }
        Kind::Root => account.clone(),
        Kind::User => "AIDAEXAMPLE".to_owned(),
    };
    Identity::new(arn, &account, &id).map_err(told)
}
