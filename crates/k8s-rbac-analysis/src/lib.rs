#![doc = include_str!("../README.md")]

pub mod can_i;
pub mod escalation_paths;
pub mod explain;

mod diff;
mod json;
mod namespaces;
mod permission_set;
mod permissions;
mod role_key;
mod rule_sources;
mod scoped_rule;
mod who_can;

pub use diff::{Change, MAX_DIFF_STEPS, PolicyDiff, diff};
pub use escalation_paths::{EscalationPaths, EscalationSearch, escalation_paths};
pub use explain::{Explainer, Explanation, explain};
pub use namespaces::{AllowedNamespaces, allowed_namespaces};
pub use permission_set::{MAX_PERMISSIONS, ScopedPermission, TooLarge};
pub use permissions::{Permissions, permissions};
pub use rule_sources::RuleSources;
pub use scoped_rule::ScopedRule;
pub use who_can::{AllowedSubject, AllowedSubjects, who_can};
