//! The words and options of each command.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use eks_access::Severity;

/// How rules are grouped.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum By {
    /// The whole cluster first, then each namespace that has rules of its own.
    Namespace,
}

/// A question about a caller or a user, and a request.
#[derive(ClapArgs)]
pub(crate) struct Question {
    /// WHO VERB RESOURCE…, with WHO the ARN of a caller (`aws sts get-caller-identity`) or of a role. Leave
    /// out WHO if --as is given. A RESOURCE is written as for `kubectl auth can-i`: `pods`,
    /// `deployments.apps`, `pods/NAME`, `/healthz`.
    #[arg(required = true, num_args = 2.., value_name = "WORD")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) user: User,
    #[command(flatten)]
    pub(crate) scope: Scope,
}

/// The user of a question, in place of a caller.
#[derive(ClapArgs)]
pub(crate) struct User {
    /// The user, in place of WHO; a service account is `system:serviceaccount:NAMESPACE:NAME`.
    #[arg(long = "as", value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,
    /// A group of the user (repeatable). `system:authenticated` and the groups of a service account are added.
    #[arg(
        long = "as-group",
        value_name = "GROUP",
        requires = "name",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) groups: Vec<String>,
}

/// Where a request is made.
#[derive(ClapArgs)]
pub(crate) struct Scope {
    /// The namespace [default: `default`, or none for a cluster-scoped resource].
    #[arg(short = 'n', long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// All namespaces. If the answer is no, the namespaces with a yes are listed. `why` also shows the way in
    /// each.
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
    /// A subresource, such as `log`.
    #[arg(long, value_name = "NAME")]
    pub(crate) subresource: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct Whoami {
    /// The ARN of a caller as STS reports it, or the ARN of a role, for its sessions.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// The private DNS name, if the caller is an EC2 instance.
    #[arg(long, value_name = "NAME")]
    pub(crate) private_dns_name: Option<String>,
}

#[derive(Clone, ClapArgs)]
pub(crate) struct Audit {
    /// An audit log, or `-` for standard input. With --fleet: its path in the directory of each cluster
    /// [default: every .log and .jsonl file there, also with .gz].
    #[arg(value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,
    /// Print the smallest Role and ClusterRole that allow what this user did; a service account is
    /// `system:serviceaccount:NAMESPACE:NAME`. With --denied, --unused and --save: keep this user only.
    #[arg(long = "for", value_name = "USER")]
    pub(crate) user: Option<String>,
    /// The name of the roles.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "minimal",
        requires = "user"
    )]
    pub(crate) name: String,
    /// List the rules of the cluster's bindings (-f) that no request needed, or that have a verb
    /// that no request needed.
    #[arg(long, conflicts_with_all = ["denied", "save"])]
    pub(crate) unused: bool,
    /// List denied requests, each with the smallest rule that would have allowed it.
    #[arg(long, conflicts_with = "save")]
    pub(crate) denied: bool,
    /// Print the events that were read as JSON for --part, so that a long log can be read in parts.
    #[arg(long)]
    pub(crate) save: bool,
    /// A part of the log that --save printed (repeatable). With --fleet: its path in the directory of each cluster.
    #[arg(long = "part", value_name = "FILE")]
    pub(crate) parts: Vec<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct Check {
    /// Further files and directories, as with -f.
    #[arg(value_name = "FILE")]
    pub(crate) paths: Vec<PathBuf>,
    /// The lowest severity that makes the exit status 1: info, low, medium, high or critical.
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    pub(crate) fail_on: Severity,
    /// The lowest severity that is printed.
    #[arg(long, value_name = "SEVERITY", default_value = "info")]
    pub(crate) min_severity: Severity,
    /// A file of accepted findings, one a line: a code, an object and a reason, such as `secrets-read
    /// ClusterRole/cert-manager # it stores certificates`.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Prints the baseline that accepts all findings, to fill in the reasons.
    #[arg(long, conflicts_with = "baseline")]
    pub(crate) print_baseline: bool,
    /// Roles and bindings that the cluster has beside the files (repeatable). They are not judged.
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) known: Vec<PathBuf>,
    /// Makes mechanical repairs to the ConfigMap, in place: duplicates, the path of a role, and spaces around
    /// names. Then checks.
    #[arg(long)]
    pub(crate) fix: bool,
    /// Makes the repairs even if they lock out nodes or administrators.
    #[arg(long, requires = "fix")]
    pub(crate) force: bool,
}

#[derive(ClapArgs)]
pub(crate) struct Diff {
    /// The cluster before: a file, a directory, `-`, or a revision of git and a path in it, such as
    /// `origin/main:cluster`. With --live, one side is `live`, the cluster itself.
    #[arg(value_name = "OLD")]
    pub(crate) old: String,
    /// The cluster after.
    #[arg(value_name = "NEW")]
    pub(crate) new: String,
    /// The caller who makes the change (`aws sts get-caller-identity`). If the caller loses access or a
    /// permission, that is a lockout.
    #[arg(long, value_name = "ARN")]
    pub(crate) caller: Option<String>,
    /// A file of intended differences, in the form of a baseline: `lockout-nodes
    /// arn:aws:iam::111122223333:role/old-nodes # retired`.
    #[arg(long, value_name = "FILE")]
    pub(crate) accept: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct Edit {
    /// Makes the change even if it locks out nodes or administrators, or adds an entry that is not read.
    #[arg(long, global = true)]
    pub(crate) force: bool,
    /// Writes the file in place, whole or not at all, instead of printing it.
    #[arg(long, short = 'i', global = true)]
    pub(crate) in_place: bool,
    #[command(subcommand)]
    pub(crate) command: EditCommand,
}

#[derive(Subcommand)]
pub(crate) enum EditCommand {
    /// Add an entry at the end of its section, or an account.
    Add(Entry),
    /// Replace the entry for an ARN.
    Replace(Entry),
    /// Remove the entry for an ARN, a pattern or an account.
    Remove {
        /// The ARN, pattern or account as in the entry.
        #[arg(value_name = "ARN")]
        arn: String,
    },
    /// Remove every entry of a role or user that another entry for the same principal replaces.
    Dedupe,
}

#[derive(ClapArgs)]
pub(crate) struct Entry {
    /// The ARN of the role or user, or the twelve digits of an account.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// The username, which may contain placeholders such as `{{SessionName}}`.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) username: String,
    /// A group (repeatable).
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Vec<String>,
}

#[derive(ClapArgs)]
pub(crate) struct Convert {
    /// The format.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) to: Target,
    /// The name of the cluster [default: the name in the files, else CLUSTER].
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// The region, which eksctl requires.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The principal that created the cluster, or one of its sessions: EKS makes the entry of this principal,
    /// so it is skipped.
    #[arg(long, value_name = "ARN")]
    pub(crate) creator: Option<String>,
    /// Also writes the entries that EKS makes itself: the entries of managed node groups and Fargate
    /// profiles, and the entry of --creator.
    #[arg(long)]
    pub(crate) with_managed: bool,
}

/// The format to convert to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Target {
    /// The aws-auth ConfigMap.
    ConfigMap,
    /// Inputs of `aws eks create-access-entry` and `associate-access-policy` (`--cli-input-json`).
    Entries,
    /// A `ClusterConfig` of eksctl.
    Eksctl,
    /// A template of CloudFormation. Also `cloud-formation`.
    #[value(name = "cloudformation", alias = "cloud-formation")]
    CloudFormation,
    /// Terraform resources, with `import` blocks for entries that exist.
    Terraform,
}

#[derive(ClapArgs)]
pub(crate) struct Report {
    /// The title of the page, such as the name of the cluster.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// The file to write, whole or not at all [default: standard output]. With --fleet: a directory, for one
    /// file for each cluster.
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) save_as: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub(crate) struct Escalate {
    /// The ARN of a caller or of a role. Leave it out if --as is given.
    #[arg(value_name = "WHO", required_unless_present = "name")]
    pub(crate) who: Option<String>,
    /// Prints one shortest chain to this power only: `system:masters`, a username, `group:NAME`, or a question
    /// such as 'get secrets -n kube-system'.
    #[arg(long, value_name = "POWER")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) user: User,
}

#[derive(ClapArgs)]
pub(crate) struct Write {
    /// WHO FILE…, with WHO the ARN of a caller or of a role, and the files or directories with the objects to
    /// store. Leave out WHO if --as is given.
    #[arg(required = true, value_name = "WHO FILE")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) user: User,
}
