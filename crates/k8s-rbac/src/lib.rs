// The README's example reads manifests.
#![cfg_attr(feature = "yaml", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "yaml"),
    doc = "Kubernetes RBAC decisions, without reading manifests."
)]

pub mod api_resources;
#[cfg(feature = "bootstrap")]
pub mod bootstrap;
#[doc(hidden)]
pub mod reference;
pub mod review;

mod aggregation;
mod binding;
mod coverage;
mod defaults;
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
mod names;
mod objects;
#[cfg(feature = "k8s-openapi")]
mod openapi;
mod policy;
mod printable;
mod query;
mod quote;
mod request;
mod request_info;
mod response;
mod rule;
mod selector;
mod storage;
#[cfg(feature = "store")]
mod store;
mod validation;
mod write;

pub use aggregation::Aggregation;
pub use binding::BindingView;
pub use coverage::{Coverage, MAX_COMPARISONS, Permission};
pub use escalation::Escalation;
pub use field_error::{FieldError, FieldErrorReason, FieldErrors};
pub use field_selector::{FieldOperator, FieldRequirement, FieldSelectorError};
pub use forbidden::{Forbidden, ForbiddenDetails};
pub use identity::{Identity, ServiceAccount};
pub use label_selector::{LabelRequirement, LabelSelectorError};
pub use listing::{NonResourceRule, ResourceRule, RuleListing, SubjectRulesReviewStatus};
#[cfg(feature = "yaml")]
pub use manifests::{DEFAULT_MAX_BYTES, Fault, ManifestReader, Manifests, Place, Problem};
pub use objects::{
    API_GROUP, AggregationRule, ClusterRole, ClusterRoleBinding, LabelSelector,
    LabelSelectorRequirement, Metadata, Objects, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
#[cfg(feature = "k8s-openapi")]
pub use openapi::OtherReviewKind;
pub use policy::{PRIVILEGED_GROUP, Policy, UserView};
pub use quote::{Quoted, QuotedTexts};
pub use request::{PathRequest, Request, ResourceRequest, User};
pub use request_info::{RequestInfo, RequestInfoError};
pub use response::{BindingGrant, BindingName, Decision, Grant, Missing, Response, Unresolved};
pub use selector::{Operator, Selector, SelectorError};
#[cfg(feature = "store")]
pub use store::PolicyStore;
pub use write::{Permit, Write, WriteRefusal, WriteVerdict};
