//! The command line.

use std::path::PathBuf;

use aws_auth_map::{AuthenticationMode, ConfigMapName, Dialect};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use k8s_rbac::KubernetesVersion;

/// Who can do what in an Amazon EKS cluster, and why: answered from files, without a cluster.
///
/// A file is recognized by its content, whatever its name: the aws-auth ConfigMap, roles and bindings,
/// workloads, and other output of kubectl; access entries, `describe-cluster`, `list-roles` and `list-users`
/// of the AWS command line; files of eksctl; CloudFormation templates; plans and states of Terraform from
/// `terraform show -json`; `IAMIdentityMapping` objects; the configuration of aws-iam-authenticator.
///
/// Exit status: 0 yes, 1 no, 2 there is no answer: wrong usage, a file that cannot be read, or a question
/// about a name that neither Kubernetes nor the files have.
#[derive(Parser)]
#[command(name = "eks-access", version)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The options of every command, which may stand before or after it.
#[derive(ClapArgs)]
pub(crate) struct Common {
    /// A file, a directory of .yaml, .yml and .json files, or `-` for standard input (repeatable).
    #[arg(
        short = 'f',
        long = "file",
        value_name = "FILE|DIR|-",
        global = true,
        help_heading = "The cluster"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// The roles and users that AWS has, as `aws iam list-roles` and `list-users` print them (repeatable).
    #[arg(long, value_name = "FILE", global = true, help_heading = "The cluster")]
    pub(crate) principals: Vec<PathBuf>,
    /// A directory with one directory for each cluster, each of which is asked.
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        conflicts_with = "files",
        help_heading = "The cluster"
    )]
    pub(crate) fleet: Option<PathBuf>,
    /// The version of Kubernetes, such as 1.34 [default: that of the files, else 1.37].
    #[arg(
        long,
        value_name = "VERSION",
        global = true,
        help_heading = "The cluster"
    )]
    pub(crate) kubernetes_version: Option<KubernetesVersion>,
    /// `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP` [default: that of the files, else `API_AND_CONFIG_MAP`].
    #[arg(long, value_name = "MODE", global = true, help_heading = "The cluster")]
    pub(crate) authentication_mode: Option<AuthenticationMode>,
    /// The authenticator that reads the mapping: `eks`, `authenticator` (aws-iam-authenticator),
    /// `authenticator+SSORoleMatch` (with that feature gate) or `ours` (the verifier of this repository)
    /// [default: that of the files, else eks].
    #[arg(long, value_name = "NAME", global = true, help_heading = "The cluster")]
    pub(crate) dialect: Option<Dialect>,
    /// The ConfigMap with the mapping.
    #[arg(
        long,
        value_name = "NAMESPACE/NAME",
        default_value_t,
        global = true,
        help_heading = "The cluster"
    )]
    pub(crate) config_map: ConfigMapName,
    /// The namespace of roles and bindings that name none, as of `kubectl apply --namespace`; without it they
    /// are placed in `default`, with a warning.
    #[arg(
        long,
        value_name = "NAMESPACE",
        global = true,
        help_heading = "The cluster"
    )]
    pub(crate) objects_namespace: Option<String>,
    /// Leaves out the default policy of Kubernetes, which is otherwise added if the files lack it.
    #[arg(long, global = true, help_heading = "The cluster")]
    pub(crate) no_default_policy: bool,
    /// The greatest size of a file: a number of bytes, or of KiB, MiB or GiB. Reading takes about twenty times
    /// this much memory.
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "64MiB",
        value_parser = program::files::size,
        global = true,
        help_heading = "The cluster"
    )]
    pub(crate) max_input_size: usize,
    /// How to print the answer.
    #[arg(
        long,
        short = 'o',
        value_enum,
        default_value = "text",
        global = true,
        help_heading = "The output"
    )]
    pub(crate) output: Output,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// The same in YAML.
    Yaml,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// May this caller or user do this?
    ///
    /// Of several resources: all of them?
    Can(Question),
    /// Why, or why not: every way with the file and line of each rule, or every near miss.
    Why(Question),
    /// Who may do this: users, groups, service accounts, the callers of AWS that become them, and workloads.
    Who {
        /// VERB RESOURCE, as for `can`.
        #[arg(required = true, num_args = 2, value_names = ["VERB", "RESOURCE"])]
        words: Vec<String>,
        #[command(flatten)]
        scope: Scope,
    },
    /// Everything that a caller or user may do, as few rules.
    List {
        /// The ARN of a caller or of a role, unless --as is given.
        #[arg(
            value_name = "WHO",
            required_unless_present = "name",
            conflicts_with = "name"
        )]
        who: Option<String>,
        #[command(flatten)]
        user: User,
        /// How the rules are grouped.
        #[arg(long, value_enum, value_name = "GROUP")]
        by: Option<By>,
    },
    /// The user that a caller becomes, the rule, and the rules that nearly match.
    Whoami(Whoami),
    /// The callers that become a user or are in a group; all callers without a name.
    Callers {
        /// The name of a user or a group.
        #[arg(value_name = "USER|GROUP")]
        name: Option<String>,
    },
    /// What users did, from Kubernetes audit logs: the users, the minimal role of one, rules never used, or denied
    /// requests.
    ///
    /// Logs are JSON lines, `EventList`s, or exports of Amazon CloudWatch Logs, each of which may be compressed with
    /// gzip. Exit status: 0 nothing found, or a role; 1 unused rules or denied requests, or no request.
    Audit(Audit),
}

/// How rules are grouped.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum By {
    /// The whole cluster first, then each namespace that has rules of its own.
    Namespace,
}

/// A question about a caller or a user, and a request.
#[derive(ClapArgs)]
pub(crate) struct Question {
    /// WHO VERB RESOURCE…, with WHO the ARN of a caller (`aws sts get-caller-identity`) or of a role; without
    /// WHO if --as is given. A RESOURCE is written as for `kubectl auth can-i`: `pods`, `deployments.apps`,
    /// `pods/NAME`, `/healthz`.
    #[arg(required = true, num_args = 2.., value_name = "WHO VERB RESOURCE")]
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
    #[arg(long = "as", value_name = "USER")]
    pub(crate) name: Option<String>,
    /// A group of the user (repeatable). `system:authenticated` and the groups of a service account are added.
    #[arg(long = "as-group", value_name = "GROUP", requires = "name")]
    pub(crate) groups: Vec<String>,
}

/// Where a request is made.
#[derive(ClapArgs)]
pub(crate) struct Scope {
    /// The namespace [default: `default`, or none for a cluster-scoped resource].
    #[arg(short = 'n', long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// All namespaces. If the answer is no, the namespaces with a yes are listed.
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
    /// A subresource, such as `log`.
    #[arg(long, value_name = "NAME")]
    pub(crate) subresource: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct Whoami {
    /// The ARN of a caller as STS reports it, or that of a role, for its sessions.
    #[arg(value_name = "ARN")]
    pub(crate) arn: String,
    /// The private DNS name, if the caller is an EC2 instance.
    #[arg(long, value_name = "NAME")]
    pub(crate) private_dns_name: Option<String>,
}

#[derive(ClapArgs)]
pub(crate) struct Audit {
    /// An audit log, or `-` for standard input.
    #[arg(value_name = "LOG", required_unless_present = "parts")]
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
    /// List the rules of the cluster's bindings (-f) that no request needed, or not with each verb.
    #[arg(long, conflicts_with_all = ["denied", "save"])]
    pub(crate) unused: bool,
    /// List denied requests, each with the smallest rule that would have allowed it.
    #[arg(long, conflicts_with = "save")]
    pub(crate) denied: bool,
    /// Print what was read as JSON for --part, so that a long log can be read in parts.
    #[arg(long)]
    pub(crate) save: bool,
    /// A part of the log that --save printed (repeatable).
    #[arg(long = "part", value_name = "FILE")]
    pub(crate) parts: Vec<PathBuf>,
}
