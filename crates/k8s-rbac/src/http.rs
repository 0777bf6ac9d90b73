//! HTTP requests to the API server: their attributes, and the response to a refused request.

pub(crate) mod canonical_path;
pub(crate) mod field_selector;
pub(crate) mod forbidden;
pub(crate) mod impersonation;
pub(crate) mod label_selector;
mod query;
pub(crate) mod request_info;
