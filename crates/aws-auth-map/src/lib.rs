#![doc = include_str!("../README.md")]

mod matching;
mod rules;
mod template;
mod user;

mod resolve;

#[cfg(feature = "yaml")]
mod problem;
#[cfg(feature = "yaml")]
mod yaml;

pub use matching::{MatchedOn, SsoError, SsoRole};
pub use resolve::{
    Backend, BackendKind, EKS_RESERVED_PREFIXES, Map, Mapped, Reason, Refusal, Resolution,
    instance_id,
};
pub use rules::{Overlap, Rule, RuleRef, Rules, Section};
pub use template::{Placeholder, Spelling, Template};
pub use user::UserInfo;

#[cfg(feature = "yaml")]
pub use problem::{Location, Problem, ProblemKind, Severity};
#[cfg(feature = "yaml")]
pub use yaml::{DEFAULT_MAX_BYTES, Reader, ReservedPrefixes, read_config_map};
