//! Cases as data, and properties.

#[cfg(test)]
mod aggregation;
#[cfg(test)]
mod baseline;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod props;
#[cfg(test)]
mod support;
