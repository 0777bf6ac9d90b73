//! Functions that the example programs share: reading files up to a limit, printing without losing output,
//! and writing YAML.

pub mod files;
pub mod output;
mod secrets;
pub mod yaml;

#[cfg(test)]
mod tests;
