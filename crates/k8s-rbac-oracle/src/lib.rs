//! Generated RBAC policies and questions, for the tests, benches and fuzz targets of this workspace.
//!
//! The naive evaluator that answers are compared with is `k8s_rbac::reference`, which this crate
//! re-exports.

#[cfg(feature = "bootstrap")]
pub mod sized_policy;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod worlds;

pub use k8s_rbac::reference;
