#![doc = include_str!("../README.md")]

// What is read, and its places.
mod document;
mod options;
mod place;
mod problem;
mod source;

// The documents, taken apart by what they are.
mod gather;
mod principals;
mod sources;
mod workload;

// The cluster, joined.
mod cluster;
mod rbac;

// Questions about it.
mod no_answer;
mod who;

pub use cluster::Cluster;
pub use document::Document;
pub use no_answer::NoAnswer;
pub use options::{Options, Origin, Setting};
pub use place::Place;
pub use principals::{IamPrincipal, Principals};
pub use problem::{Cause, Problem, SourceFault};
pub use rbac::{DefaultPolicy, Rbac};
pub use source::{Source, SourceKind, Unrecognized};
pub use who::{CallerArn, Who, WhoError};
pub use workload::Workload;
