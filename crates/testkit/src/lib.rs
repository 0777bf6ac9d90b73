//! Test data of this workspace: recorded answers as JSON lines, cases as TOML, and the file of
//! deliberate differences from upstream.
//!
//! Every function panics with a message that names the file and the case, since only tests call
//! them.

mod data;
mod divergence;

pub use data::{Report, Vector, json_lines, text, toml, vectors};
pub use divergence::{Divergence, Divergences};
