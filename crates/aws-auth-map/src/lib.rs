#![doc = include_str!("../README.md")]

// From the bottom up: a module uses the modules above it.
mod dialect;
mod names;
mod rules;

mod resolve;

mod edit_distance;
mod explain;

mod quoted_text;

mod convert;
mod diff;

#[cfg(feature = "yaml")]
mod check;
#[cfg(feature = "yaml")]
mod edit;
#[cfg(feature = "yaml")]
mod problem;
#[cfg(feature = "yaml")]
mod read;
#[cfg(feature = "yaml")]
mod store;

pub use convert::{AccessEntry, ConversionLoss, ConversionLossKind, EntryType};
pub use dialect::{Dialect, UnknownDialect};
pub use diff::{Affected, Change, ChangeKind, Diff, DiffSide, Lockout};
pub use explain::{Explanation, Finding, NearMiss, Step};
pub use resolve::backend::{
    AuthenticationMode, Backend, BackendKind, EKS_RESERVED_PREFIXES, UnknownAuthenticationMode,
    UnknownBackend,
};
pub use resolve::backend_modes::{BackendModes, BackendModesError};
pub use resolve::extra::Extra;
pub use resolve::resolution::{Mapped, Reason, Refusal, Resolution};
pub use resolve::user::UserInfo;
pub use resolve::{IdentityMap, instance_id};
pub use rules::access_policy::{AccessPolicy, AccessScope, PolicyGap, PolicyRule};
pub use rules::matching::{MatchedOn, RulePrincipal};
pub use rules::sso_role::{SsoError, SsoRole};
pub use rules::template::{Placeholder, Spelling, Template};
pub use rules::{Overlap, Place, Rule, RuleRef, Rules, Section};

#[cfg(feature = "yaml")]
pub use check::MapProblem;
#[cfg(feature = "yaml")]
pub use edit::{EditError, Editor};
#[cfg(feature = "yaml")]
pub use problem::{Location, Problem, ProblemKind, Severity};
#[cfg(feature = "yaml")]
pub use read::{
    ClusterConfig, ConfigMapName, ConfigMapNameError, DEFAULT_MAX_BYTES, FileKind, PolicyTable,
    PolicyTableError, ReadEntries, Reader, ReservedPrefixes, ServerConfig, read_config_map,
};
#[cfg(feature = "yaml")]
pub use store::{RetainedSection, SourceFormat, Store, UpdateOutcome};
