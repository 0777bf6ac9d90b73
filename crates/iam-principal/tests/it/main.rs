//! Cases as data, and the properties of the README.

#[cfg(test)]
mod access_key_id;
mod divergences;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod pattern;
#[cfg(test)]
mod principal;
#[cfg(all(test, feature = "serde"))]
mod serialize;
