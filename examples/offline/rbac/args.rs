//! What can be asked of the program.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use k8s_rbac::KubernetesVersion;
use k8s_rbac_lint::Severity;

/// Who can do what, and why: answered from RBAC manifests, without a cluster.
///
/// Exit status: 0 the answer is yes, 1 it is no, 2 there is no answer. Of `diff` and `escalate`: 0
/// nothing was found, 1 something was, 2 there is no answer. Of `lint`: 1 something was found that is
/// as severe as --fail-on. If the files hold no RBAC object, an object could not be read, or the question
/// names a resource that neither Kubernetes nor the files have, there is no answer.
#[derive(Parser)]
#[command(name = "rbac")]
pub(crate) struct Args {
    /// How to print the answer.
    #[arg(long, short = 'o', value_enum, default_value = "text", global = true)]
    pub(crate) output: Output,
    /// Adds the default policy of Kubernetes, below the objects of the files; aggregates.
    #[arg(long, global = true)]
    pub(crate) bootstrap: bool,
    /// Fills in the rules of aggregated `ClusterRole`s, as the control plane does. Objects read back
    /// from a cluster have been through it.
    #[arg(long, global = true)]
    pub(crate) aggregate: bool,
    /// The namespace of objects that name none, as of `kubectl apply --namespace` and what `helm
    /// template` prints; without it they are placed in `default`, with a warning.
    #[arg(long, value_name = "NAMESPACE", global = true)]
    pub(crate) namespace: Option<String>,
    /// The version of Kubernetes, such as 1.34 [default: 1.37; `lint`: every version from 1.31].
    #[arg(long, value_name = "VERSION", global = true)]
    pub(crate) kubernetes_version: Option<KubernetesVersion>,
    /// The greatest size of an input file: a number of bytes, or of KiB, MiB or GiB, such as 64MiB. A larger
    /// file is refused. Reading takes about twenty times this much memory.
    #[arg(
        long,
        value_name = "SIZE",
        default_value = DEFAULT_MAX_INPUT_SIZE,
        value_parser = size,
        global = true
    )]
    pub(crate) max_input_size: usize,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// [`k8s_rbac::DEFAULT_MAX_BYTES`], as it is written.
const DEFAULT_MAX_INPUT_SIZE: &str = "16MiB";

/// Parses a number of bytes with an optional binary unit.
fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: usize = match text.get(digits.len()..).unwrap_or_default() {
        "" | "B" => 1,
        "K" | "Ki" | "KiB" => 1 << 10,
        "M" | "Mi" | "MiB" => 1 << 20,
        "G" | "Gi" | "GiB" => 1 << 30,
        _ => return Err("the unit is none of KiB, MiB and GiB".to_owned()),
    };
    let number: usize = digits
        .parse()
        .map_err(|_| "not a number of bytes, KiB, MiB or GiB".to_owned())?;
    number
        .checked_mul(unit)
        .filter(|&size| size > 0)
        .ok_or_else(|| "not a size that fits in memory".to_owned())
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// May this user do this?
    Can(Asked),
    /// Why, or why not: every grant, every near miss, and likely misreadings.
    Why(Asked),
    /// Who may do this, and by which grant.
    Who {
        #[command(flatten)]
        question: QuestionArg,
        #[command(flatten)]
        files: Files,
    },
    /// In which namespaces this user may do this.
    Where(Asked),
    /// All permissions of this user, as few rules.
    List {
        #[command(flatten)]
        user: UserArgs,
        #[command(flatten)]
        files: Files,
    },
    /// How this user can escalate their privileges: the identities, roles and permissions they can obtain,
    /// step by step, the shortest chains first.
    #[command(visible_aliases = ["escalate-paths", "become"])]
    Escalate {
        /// Prints one shortest chain to this goal only: `system:masters`, a username, `group:NAME`, or a
        /// question such as 'get secrets -n kube-system'. Exit status: 1 there is a chain, 0 there is none.
        #[arg(long, value_name = "GOAL")]
        to: Option<String>,
        #[command(flatten)]
        user: UserArgs,
        #[command(flatten)]
        files: Files,
    },
    /// Roles and bindings that are wrong, grant more than they seem to, or have no effect. The default
    /// policy of Kubernetes is known: --bootstrap and --aggregate change nothing.
    Lint(LintArgs),
    /// May this user write these roles and bindings? Applies the API server's checks: permission to
    /// create or update, and either holding every permission granted or having `escalate` or `bind`.
    Write {
        /// The objects to be written: a file or a folder.
        objects: PathBuf,
        #[command(flatten)]
        user: UserArgs,
        #[command(flatten)]
        files: Files,
    },
    /// The permissions that each user and group gains and loses from one policy to another.
    Diff {
        /// The manifests before: a file or a folder.
        before: PathBuf,
        /// The manifests after.
        after: PathBuf,
    },
}

#[derive(ClapArgs)]
pub(crate) struct Asked {
    #[command(flatten)]
    pub(crate) question: QuestionArg,
    #[command(flatten)]
    pub(crate) user: UserArgs,
    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(ClapArgs)]
pub(crate) struct QuestionArg {
    /// A question in the words of `kubectl auth can-i`: 'list deployments -n dev', 'get pods/web-0 -n
    /// dev', 'create pods --subresource=exec -n dev', 'get /healthz'. Without a namespace it is about
    /// `default`, or about the cluster where the resource has none.
    pub(crate) question: String,
}

#[derive(ClapArgs)]
pub(crate) struct UserArgs {
    /// The user's name; of a service account `system:serviceaccount:NAMESPACE:NAME`, whose groups
    /// are added.
    #[arg(long = "as", value_name = "USER")]
    pub(crate) name: String,
    /// A group of the user's (repeatable); `system:authenticated` is added.
    #[arg(long = "as-group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
}

#[derive(ClapArgs)]
pub(crate) struct LintArgs {
    /// The lowest severity that makes the exit status 1: info, low, medium, high or critical.
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    pub(crate) fail_on: Severity,
    /// The lowest severity that is printed.
    #[arg(long, value_name = "SEVERITY", default_value = "info")]
    pub(crate) min_severity: Severity,
    /// A file of accepted findings, one per line: a code and an object, such as `secrets-read
    /// ClusterRole/cert-manager` or `pod-exec Role/dev/debug`. A # begins a comment.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Manifests of objects that the cluster already has (repeatable). They are known and not judged.
    #[arg(long, value_name = "FILE-or-DIR")]
    pub(crate) known: Vec<PathBuf>,
    /// Prints the baseline that accepts all findings.
    #[arg(long, conflicts_with = "baseline")]
    pub(crate) print_baseline: bool,
    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(ClapArgs)]
pub(crate) struct Files {
    /// RBAC manifests, YAML or JSON, in this order; of a folder, every .yaml, .yml and .json below
    /// it, by name; `-` is standard input.
    #[arg(required = true, value_name = "FILE-or-DIR")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// One JSON document, for programs.
    Json,
}
