//! HTTP requests to the API server: what they ask for, and the refusal of one.

pub(crate) mod canonical_path;
pub(crate) mod field_selector;
pub(crate) mod forbidden;
pub(crate) mod impersonation;
pub(crate) mod label_selector;
mod query;
pub(crate) mod request_info;
