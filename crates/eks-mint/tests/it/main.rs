//! Tests of the public API.

#[cfg(test)]
mod minter;
#[cfg(test)]
mod source;
