//! Input that several benches share.

pub mod tokens;
