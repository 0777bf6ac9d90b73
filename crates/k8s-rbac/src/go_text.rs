//! Text as Go writes and reads it: `%q`, JSON, and the query of a URL.

pub(crate) mod printable;
pub(crate) mod query;
pub(crate) mod quote;
