//! Collections that are cheap to copy. A change copies only the pieces that it touches.
//!
//! A policy that is being read never changes: the writer copies it, changes the copy, and publishes
//! the copy. So each collection is split into reference-counted pieces. A piece without other owners
//! is changed in place, which is why building a policy copies nothing.

mod shard;
mod sorted;
mod table;
mod vector;

pub(crate) use shard::{Hinted, WithTag};
pub(crate) use sorted::{Ranked, Sorted};
pub(crate) use table::Table;
pub(crate) use vector::Vector;
