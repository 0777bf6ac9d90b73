//! The command line.

mod commands;

use std::path::PathBuf;

use aws_auth_map::{AuthenticationMode, ConfigMapName, Dialect};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use k8s_rbac::KubernetesVersion;

pub(crate) use self::commands::{
    Audit, By, Check, Convert, Diff, Edit, EditCommand, Entry, Escalate, Question, Report, Scope,
    Target, User, Whoami, Write,
};

/// Who can do what in an Amazon EKS cluster, and why: answered from files, without a cluster.
///
/// A file is recognized by its content, whatever its name: the aws-auth ConfigMap, roles and bindings,
/// workloads, and other output of kubectl; access entries, `describe-cluster`, `list-roles` and `list-users`
/// of the AWS command line; files of eksctl; CloudFormation templates; plans and states of Terraform from
/// `terraform show -json`; `IAMIdentityMapping` objects; the configuration of aws-iam-authenticator.
///
/// Exit status: 0 yes, or nothing was found; 1 no, or something was found; 2 there is no answer: wrong usage,
/// a file that cannot be read, or a question about a resource that neither Kubernetes nor the files have; 3 a
/// change that locks out nodes, administrators or the caller who makes it.
///
/// Under the name `kubectl-eks_access` it is the plugin `kubectl eks-access`.
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
    /// A file, a directory of .yaml, .yml, .json and .tfstate files, without hidden ones and links to directories, or
    /// `-` for standard input (repeatable).
    #[arg(
        short = 'f',
        long = "file",
        value_name = "FILE|DIR|-",
        global = true,
        help_heading = "The cluster"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// Leaves a file or a directory out of the directories that are read, by the end of its path: `charts` is any
    /// file or directory of this name (repeatable).
    #[arg(long, value_name = "PATH", global = true, help_heading = "The cluster")]
    pub(crate) exclude: Vec<PathBuf>,
    /// The roles and users that AWS has, as `aws iam list-roles` and `list-users` print them (repeatable).
    #[arg(long, value_name = "FILE", global = true, help_heading = "The cluster")]
    pub(crate) principals: Vec<PathBuf>,
    /// Read the cluster itself, with the credentials of the kubeconfig or of the pod; files of -f are read as well.
    /// Needs a program that was built with the feature `live`.
    ///
    /// Only reads: `get` on the ConfigMap, `list` on roles, bindings, `IAMIdentityMapping`s and, for `who` and
    /// `check`, workloads and service accounts. If one of them may not be read, there is no answer. The command of
    /// an EKS context (`aws eks get-token`, `aws-iam-authenticator token`) is not run: the program mints the token.
    /// `edit` and `check --fix` change files, so they take no --live.
    #[arg(
        long,
        global = true,
        conflicts_with = "fleet",
        help_heading = "The cluster"
    )]
    pub(crate) live: bool,
    /// The context of the kubeconfig for --live [default: the current context].
    #[arg(long, value_name = "NAME", global = true, help_heading = "The cluster")]
    pub(crate) context: Option<String>,
    /// The kubeconfig for --live [default: the kubeconfig of kubectl].
    #[arg(long, value_name = "FILE", global = true, help_heading = "The cluster")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// A directory with one directory for each cluster. The question is asked about each cluster. With
    /// `diff`, OLD and NEW are directories of the same form, and clusters of the same name are compared.
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        conflicts_with = "files",
        help_heading = "The cluster"
    )]
    pub(crate) fleet: Option<PathBuf>,
    /// The version of Kubernetes, such as 1.34 [default: the version in the files, else 1.37].
    #[arg(
        long,
        value_name = "VERSION",
        global = true,
        help_heading = "The cluster"
    )]
    pub(crate) kubernetes_version: Option<KubernetesVersion>,
    /// `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP` [default: the mode in the files, else
    /// `API_AND_CONFIG_MAP`].
    #[arg(long, value_name = "MODE", global = true, help_heading = "The cluster")]
    pub(crate) authentication_mode: Option<AuthenticationMode>,
    /// The authenticator that reads the mapping: `eks`, `authenticator` (aws-iam-authenticator),
    /// `authenticator+SSORoleMatch` (with that feature gate) or `ours` (the verifier of this repository)
    /// [default: the authenticator in the files, else eks].
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
    /// The namespace of roles and bindings that do not name a namespace, as with `kubectl apply --namespace`.
    /// Without it, they are placed in `default`, with a warning.
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
    /// When to color text for people. The variable `NO_COLOR` turns colors off as well.
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        global = true,
        help_heading = "The output"
    )]
    pub(crate) color: Color,
}

/// When text is colored.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    Always,
    Never,
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
    /// SARIF 2.1.0, for code scanners (`audit`, `check` and `diff`).
    Sarif,
    /// Annotations of GitHub Actions (`audit`, `check` and `diff`).
    Github,
    /// JUnit XML (`audit`, `check` and `diff`).
    Junit,
    /// A comment of a pull request (`audit`, `check` and `diff`).
    Markdown,
}

impl Output {
    /// Whether this form exists only for findings.
    pub(crate) const fn is_of_findings(self) -> bool {
        matches!(
            self,
            Self::Sarif | Self::Github | Self::Junit | Self::Markdown
        )
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// May this caller or user do this?
    ///
    /// With several resources: may it do this to all of them?
    #[command(
        override_usage = "eks-access can [OPTIONS] WHO VERB RESOURCE…\n       \
                                eks-access can [OPTIONS] --as USER [--as-group GROUP]… VERB RESOURCE…"
    )]
    Can(Question),
    /// Why, or why not: every way with the file and line of each rule, or every near miss.
    #[command(
        override_usage = "eks-access why [OPTIONS] WHO VERB RESOURCE…\n       \
                                eks-access why [OPTIONS] --as USER [--as-group GROUP]… VERB RESOURCE…"
    )]
    Why(Question),
    /// Who may do this: users, groups, service accounts, the callers of AWS that become them, and workloads.
    Who {
        /// VERB RESOURCE, as for `can`.
        #[arg(required = true, num_args = 2.., value_names = ["VERB", "RESOURCE"])]
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
    /// What users did, from Kubernetes audit logs: all users, the minimal role of a user, unused rules, or denied
    /// requests.
    ///
    /// Logs are JSON lines, `EventList`s, exports of Amazon CloudWatch Logs, or the output of `aws logs tail`,
    /// `filter-log-events` and `get-query-results`. Each log may be compressed with gzip. With --fleet, each directory has the
    /// logs of a cluster beside its files. Exit status: 0 nothing found, or a role; 1 unused rules or denied requests, or no
    /// request; 2 if the log has no audit event, or unreadable events might change the answer.
    Audit(Audit),
    /// Find mistakes and risks: on the AWS side, in roles and bindings, and between the two.
    ///
    /// Exit status: 1 if a finding is as severe as --fail-on, 2 if a file could not be read.
    Check(Check),
    /// Compare two clusters: which callers gain and lose access, and what each may do.
    ///
    /// The files of -f are part of both. Exit status: 0 if every caller, user and group may do the same, 1 if
    /// not, 3 for a lockout.
    Diff(Diff),
    /// Change one entry of the aws-auth ConfigMap, and print the new ConfigMap. Everything else stays
    /// unchanged.
    ///
    /// A change that locks out nodes or administrators, or adds an entry that is not read, is refused with
    /// exit status 3.
    Edit(Edit),
    /// Write the mapping in the format of another tool.
    ///
    /// Losses, changes and skipped entries are listed on standard error; the exit status is 1 if anything was
    /// lost or changed.
    Convert(Convert),
    /// Write one HTML page that shows who can do what, and why.
    ///
    /// Principals, the users and groups that they become, bindings, roles and findings, with a matrix of
    /// principals by namespace. The page needs no network, and a script only to filter. With -o json, the
    /// output is the data of the page.
    Report(Report),
    /// How a caller or user can get more permissions: step by step, the shortest chains first.
    ///
    /// Exit status: 0 there is no chain, 1 there is one.
    Escalate(Escalate),
    /// May this caller or user store these roles and bindings?
    ///
    /// Applies the checks of the API server: permission to create or update, validity, and either holding
    /// every permission that is granted or having `escalate` or `bind`.
    Write(Write),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of a command.
    Man {
        /// The command.
        command: Option<String>,
    },
}
