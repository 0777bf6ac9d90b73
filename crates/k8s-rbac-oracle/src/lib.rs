//! Generated RBAC worlds and questions, for the tests, benches and fuzz targets of this workspace.

#[cfg(feature = "proptest")]
pub mod strategies;
