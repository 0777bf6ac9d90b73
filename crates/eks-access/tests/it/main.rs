//! Cases as data, and properties.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod props;
#[cfg(test)]
mod sources;
