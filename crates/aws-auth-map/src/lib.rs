#![doc = include_str!("../README.md")]

mod access_policy;
mod matching;
mod rules;
mod template;
mod user;

mod backend;
mod resolution;
mod resolve;

mod explain;

#[cfg(feature = "yaml")]
mod problem;
#[cfg(feature = "yaml")]
mod yaml;

pub use access_policy::{AccessPolicy, AccessScope, PolicyRule};
pub use backend::{AuthenticationMode, Backend, BackendKind, EKS_RESERVED_PREFIXES};
pub use explain::{Explanation, Finding, NearMiss, Step};
pub use matching::{MatchedOn, SsoError, SsoRole};
pub use resolution::{Mapped, Reason, Refusal, Resolution};
pub use resolve::{Map, instance_id};
pub use rules::{Overlap, Rule, RuleRef, Rules, Section};
pub use template::{Placeholder, Spelling, Template};
pub use user::UserInfo;

#[cfg(feature = "yaml")]
pub use problem::{Location, Problem, ProblemKind, Severity};
#[cfg(feature = "yaml")]
pub use yaml::{
    DEFAULT_MAX_BYTES, PolicyTable, PolicyTableError, Reader, ReservedPrefixes, read_config_map,
};
