//! The client of STS before a server of the tests, over TLS. A process of its own, since it installs a cryptography
//! provider.

#![cfg(feature = "reqwest")]

#[cfg(test)]
mod client;
#[cfg(test)]
mod server;
