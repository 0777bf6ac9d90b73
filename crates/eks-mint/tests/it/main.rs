//! Tests of the public API.

#[cfg(test)]
mod error;
#[cfg(test)]
mod minter;
#[cfg(test)]
mod source;
