//! Cases as data, and properties.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod props;
#[cfg(test)]
mod sources;
