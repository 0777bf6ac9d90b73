// The README's example reads manifests.
#![cfg_attr(feature = "yaml", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "yaml"),
    doc = "Kubernetes RBAC decisions, without reading manifests."
)]

// The decision: its objects, its input, its output, its specification, and the index that computes it.
mod engine;
mod objects;
#[doc(hidden)]
pub mod reference;
mod request;
mod response;
mod rule;
mod subject_name;

pub use engine::binding::BindingView;
pub use engine::policy::view::UserView;
pub use engine::policy::{PRIVILEGED_GROUP, Policy};
pub use engine::role::RoleView;
#[cfg(feature = "store")]
pub use engine::store::PolicyStore;
pub use objects::{
    API_GROUP, AggregationRule, ClusterRole, ClusterRoleBinding, LabelSelector,
    LabelSelectorRequirement, Metadata, Objects, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
pub use request::{PathRequest, Request, ResourceRequest, User};
pub use response::{BindingGrant, BindingName, Decision, Grant, Missing, Response, Unresolved};
pub use subject_name::{ServiceAccount, SubjectName};

// The objects: read from manifests, aggregated, checked before they are stored, converted.
mod admission;
mod aggregation;
#[cfg(feature = "yaml")]
mod manifests;
#[cfg(feature = "k8s-openapi")]
mod openapi;

pub use admission::coverage::{Coverage, MAX_COMPARISONS, Permission};
pub use admission::escalation::Escalation;
pub use admission::field_error::{FieldError, FieldErrorReason, FieldErrors};
pub use admission::write::{Permit, Write, WriteRefusal};
pub use aggregation::selector::{Operator, Selector, SelectorError};
pub use aggregation::{
    AggregatedRole, AggregatedRoles, Aggregation, AggregationError, MAX_AGGREGATED_RULES,
    MAX_AGGREGATION_STEPS,
};
#[cfg(feature = "yaml")]
pub use manifests::{
    CommandOutput, DEFAULT_MAX_BYTES, Fault, ManifestProblem, ManifestReader, Manifests,
    NOT_AN_API_OBJECT, Place, Placeholder,
};
#[cfg(feature = "k8s-openapi")]
pub use openapi::OtherReviewKind;

// The API server's HTTP and review interface.
mod http;
pub mod review;

pub use http::canonical_path::Ambiguity;
pub use http::field_selector::{FieldOperator, FieldRequirement, FieldSelectorError};
pub use http::forbidden::{Forbidden, ForbiddenDetails};
pub use http::impersonation::{Impersonation, ImpersonationRefusal};
pub use http::label_selector::{LabelRequirement, LabelSelectorError};
pub use http::request_info::{RequestInfo, RequestInfoError};
pub use review::listing::{NonResourceRule, ResourceRule, RuleListing, SubjectRulesReviewStatus};

// Data of each release of Kubernetes.
pub mod api_resources;
#[cfg(feature = "bootstrap")]
pub mod bootstrap;
mod version;

pub use version::{KubernetesVersion, KubernetesVersionError};

// The base of all: text as Go writes it.
mod go_text;

pub use go_text::quote::{Quoted, QuotedTexts};
