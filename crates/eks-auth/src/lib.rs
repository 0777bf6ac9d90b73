#![doc = include_str!("../README.md")]

mod access;
mod authenticator;
mod transport;

#[cfg(feature = "reqwest")]
mod https;
#[cfg(feature = "local")]
mod local;
#[cfg(feature = "local")]
mod local_keys;
#[cfg(feature = "review")]
mod review;

mod error;

pub use access::kubernetes_user;
pub use authenticator::{Authenticated, Authenticator, Exchange};
pub use error::{AuthError, Failed, Refused};
#[cfg(feature = "reqwest")]
pub use https::{Https, STS_TIMEOUT};
#[cfg(feature = "local")]
pub use local::LocalTransport;
#[cfg(feature = "local")]
pub use local_keys::{LocalKeys, LocalKeysError, LocalProfile, Problem};
#[cfg(feature = "review")]
pub use review::{MAX_REVIEW_LEN, Review, ReviewError, ReviewVersion, review_status};
pub use transport::{Transport, TransportError};
