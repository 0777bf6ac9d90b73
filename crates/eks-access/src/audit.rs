//! Kubernetes audit logs: the requests that users made, the permissions that they never used, and the
//! requests that were denied.
//!
//! [`AuditLog`] reads audit events as they are stored: one JSON object a line, an `EventList`, or exports of
//! Amazon `CloudWatch` Logs. It keeps each user's distinct requests with a count, and not the events. So its
//! memory is bounded by [`MAX_AUDIT_BYTES`], even for a very long log.
//!
//! A log yields [`MinimalRole`], the role that allows the requests of a user; [`UnusedRule`], the rules of a
//! policy that no request needed; and [`DeniedRequest`], each refusal with the rule that would have allowed
//! it. Parts of a log can be read separately, saved with [`AuditLog::save`], and merged.
//!
//! As upstream: apiserver, `pkg/apis/audit/v1/types.go` and `pkg/audit/request.go`.

mod action;
mod counts;
mod denied;
mod error;
mod event;
mod findings;
mod impersonation;
mod json;
mod log;
mod minimal;
mod names;
mod numbers;
mod open;
mod read;
mod record;
mod rows;
mod saved;
mod shared;
mod split;
mod tally;
mod unused;
mod utf16;
mod yaml;

pub use action::Action;
pub use counts::{AuditCounts, UnreadableEvent};
pub use denied::{Addition, DeniedRequest};
pub use error::AuditError;
pub use log::{AuditLog, MAX_AUDIT_BYTES};
pub use minimal::{Generalization, LeftOut, MinimalRole, RoleRequest, RuleUse};
pub use names::{MAX_NAMES, Names};
pub use read::MAX_EVENT_BYTES;
pub use record::{AuditRecord, AuditUser, Authorizer, Outcome};
pub use shared::Shared;
pub use tally::Tally;
pub use unused::UnusedRule;
