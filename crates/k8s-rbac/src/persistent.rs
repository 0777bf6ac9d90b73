//! Collections of which a copy costs a few counters, and a change copies only what it touches.
//!
//! A policy that somebody reads is never changed: the writer copies it, changes the copy, and hands
//! that out. So these are cut in pieces behind counters; a piece that nobody else has is changed in
//! place, which is why building a policy copies nothing.

mod shard;
mod sorted;
mod table;
mod vector;

pub(crate) use shard::Marked;
pub(crate) use sorted::{Ranked, Sorted};
pub(crate) use table::Table;
pub(crate) use vector::Vector;
