// The README's example reads manifests.
#![cfg_attr(feature = "yaml", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "yaml"),
    doc = "Kubernetes RBAC decisions, without reading manifests."
)]

pub mod api_resources;
pub mod becoming;
#[cfg(feature = "bootstrap")]
pub mod bootstrap;
pub mod can_i;
pub mod explain;
#[doc(hidden)]
pub mod reference;
pub mod review;

mod aggregation;
mod atoms;
mod binding;
mod coverage;
mod defaults;
mod diff;
mod engine;
mod escalation;
mod field_error;
mod field_selector;
mod forbidden;
mod identity;
mod label_selector;
mod listing;
#[cfg(feature = "yaml")]
mod manifests;
mod merge;
mod names;
mod namespaces;
mod objects;
#[cfg(feature = "k8s-openapi")]
mod openapi;
mod permissions;
mod policy;
mod printable;
mod query;
mod quote;
mod request;
mod request_info;
mod response;
mod rule;
mod selector;
mod sources;
mod storage;
#[cfg(feature = "store")]
mod store;
mod validation;
mod who;
mod write;

pub use aggregation::Aggregation;
pub use atoms::{Atom, MAX_ATOMS, TooLarge};
pub use coverage::{Coverage, MAX_COMPARISONS, Permission};
pub use diff::{Change, MAX_DIFF_STEPS, PolicyDiff};
pub use escalation::Escalation;
pub use field_error::{FieldError, FieldErrorReason, FieldErrors};
pub use field_selector::{FieldOperator, FieldRequirement, FieldSelectorError};
pub use forbidden::{Forbidden, ForbiddenDetails};
pub use identity::Identity;
pub use label_selector::{LabelRequirement, LabelSelectorError};
pub use listing::{NonResourceRule, ResourceRule, RuleListing, SubjectRulesReviewStatus};
#[cfg(feature = "yaml")]
pub use manifests::{DEFAULT_MAX_BYTES, Fault, ManifestReader, Manifests, Place, Problem};
pub use merge::ScopedRule;
pub use namespaces::AllowedNamespaces;
pub use objects::{
    API_GROUP, AggregationRule, ClusterRole, ClusterRoleBinding, LabelSelector,
    LabelSelectorRequirement, Metadata, Objects, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
#[cfg(feature = "k8s-openapi")]
pub use openapi::OtherReviewKind;
pub use permissions::Permissions;
pub use policy::{PRIVILEGED_GROUP, Policy, UserView};
pub use request::{PathRequest, Request, ResourceRequest, User};
pub use request_info::{RequestInfo, RequestInfoError};
pub use response::{BindingGrant, BindingName, Decision, Grant, Missing, Response, Unresolved};
pub use selector::{Operator, Selector, SelectorError};
pub use sources::RuleSources;
#[cfg(feature = "store")]
pub use store::PolicyStore;
pub use who::{AllowedSubject, AllowedSubjects};
pub use write::{Permit, Write, WriteRefusal, WriteVerdict};
