//! From a parser's events to nodes, each paid for before it is kept.

mod build;
pub(crate) mod json;
mod reread;
pub(crate) mod yaml;
