//! Cases as data, and properties.

#[cfg(test)]
mod sources;
