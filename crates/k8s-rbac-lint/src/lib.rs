#![doc = include_str!("../README.md")]

mod aggregated;
mod baseline;
mod bindings;
mod cluster;
mod default_policies;
mod finding;
mod finding_code;
mod known;
mod lint;
mod placeholders;
mod redundant_bindings;
mod redundant_rules;
mod risky_permissions;
mod roles;
mod rules;
mod severity;
mod spelling;
mod unreachable;
mod wording;

pub use baseline::{Baseline, BaselineError, Reviewed};
pub use finding::{Finding, ObjectName};
pub use finding_code::{FindingCode, ParseFindingCodeError};
pub use lint::Lint;
pub use severity::{ParseSeverityError, Severity};
