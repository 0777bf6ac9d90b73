//! How the crates of this workspace read their test data: vectors as JSON lines, cases as TOML,
//! and the divergence file that says where we part from upstream on purpose.
//!
//! Everything here panics with a message that names the file and the case: it is only ever called
//! from tests.

mod data;
mod divergence;

pub use data::{Report, json_lines, text, toml};
pub use divergence::{Divergence, Divergences};
