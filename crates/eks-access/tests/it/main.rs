//! Cases as data, and properties.

#[cfg(test)]
mod props;
#[cfg(test)]
mod sources;
