//! Text as Go writes it: `%q` and JSON.

mod printable;
pub(crate) mod quote;
