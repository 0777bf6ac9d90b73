#![doc = include_str!("../README.md")]

// Documents, and places in them.
mod document;
mod options;
mod place;
mod problem;
mod source;

// The documents, taken apart by kind.
mod gather;
mod managed;
mod missing_role;
mod parallel;
mod principals;
mod sources;
mod workload;

// The cluster, joined.
mod cluster;
mod rbac;

// The requests of its users.
pub mod audit;

// Problems and risks, on one scale.
mod baseline;
mod finding;
pub mod format;

// Questions about it.
mod near;
mod no_answer;
mod question;
mod resolved;
mod verdict;
mod who;

// The answers.
mod callers;
mod can;
mod check;
mod convert;
mod diff;
mod edit;
mod escalate;
mod grant;
mod listing;
#[cfg(feature = "report")]
pub mod report;
mod united;
mod unknown_policy;
mod who_can;
mod whoami;
mod why;
mod write;

pub use baseline::{Baseline, BaselineError, Reviewed};
pub use callers::{Caller, Callers};
pub use can::{AllowedNamespace, Can};
pub use check::Checked;
pub use cluster::Cluster;
pub use convert::{CLUSTER_PLACEHOLDER, Conversion, ConvertOptions, Target};
pub use diff::ClusterDiff;
pub use document::Document;
pub use edit::{Edit, EditRefused, Edited, NewEntry};
pub use escalate::{Escalation, EscalationStep, Power};
pub use finding::{Finding, severity_of_problem};
pub use k8s_rbac_lint::{ParseSeverityError, Severity};
pub use listing::{ListedRule, Listing, ListingByNamespace};
pub use no_answer::{ComparedSide, NoAnswer};
pub use options::{DEFAULT_MAX_BYTES, Options, Origin, Setting};
pub use place::Place;
pub use principals::{IamPrincipal, Principals};
pub use problem::{Cause, Problem, SourceFault};
pub use question::Question;
pub use rbac::{DefaultPolicy, Rbac};
pub use source::{Source, SourceKind, Unrecognized};
pub use unknown_policy::UnknownPolicy;
pub use verdict::{Step, Verdict};
pub use who::{CallerArn, Who, WhoError};
pub use who_can::{AllowedCaller, AllowedSubject, AllowedWorkload, UnknownCaller, WhoCan};
pub use whoami::{HeldPolicy, MappedUser, OtherRule, WhoAmI};
pub use why::{NearMiss, Side, Why};
pub use workload::Workload;
pub use write::{ObjectWrite, Writes};
