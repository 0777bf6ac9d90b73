#![doc = include_str!("../README.md")]

mod access_policy;
mod matching;
mod names;
mod rules;
mod template;
mod user;

mod backend;
mod backend_modes;
mod resolution;
mod resolve;

mod explain;
mod spelling;

mod convert;
mod diff;
mod quote;

#[cfg(feature = "yaml")]
mod check;
#[cfg(feature = "yaml")]
mod problem;
#[cfg(feature = "yaml")]
mod store;
#[cfg(feature = "yaml")]
mod yaml;

pub use access_policy::{AccessPolicy, AccessScope, PolicyRule};
pub use backend::{AuthenticationMode, Backend, BackendKind, EKS_RESERVED_PREFIXES};
pub use backend_modes::{BackendModes, BackendModesError};
pub use convert::{AccessEntry, EntryType, Obstacle, ObstacleKind};
pub use diff::{Change, ChangeKind, Diff, Lockout, Side, Whom};
pub use explain::{Explanation, Finding, NearMiss, Step};
pub use matching::{MatchedOn, RulePrincipal, SsoError, SsoRole};
pub use resolution::{Mapped, Reason, Refusal, Resolution};
pub use resolve::{Map, instance_id};
pub use rules::{Overlap, Place, Rule, RuleRef, Rules, Section};
pub use template::{Placeholder, Spelling, Template};
pub use user::UserInfo;

#[cfg(feature = "yaml")]
pub use check::MapProblem;
#[cfg(feature = "yaml")]
pub use problem::{Location, Problem, ProblemKind, Severity};
#[cfg(feature = "yaml")]
pub use store::{Kept, Outcome, SourceFormat, Store};
#[cfg(feature = "yaml")]
pub use yaml::{
    DEFAULT_MAX_BYTES, EditError, Editor, PolicyTable, PolicyTableError, Reader, ReservedPrefixes,
    ServerConfig, read_config_map,
};
