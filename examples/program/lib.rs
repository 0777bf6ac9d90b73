//! What the example programs share: reading files up to a limit, and printing without losing output.

pub mod files;
pub mod output;

#[cfg(test)]
mod tests;
