// The README's examples use both features.
#![cfg_attr(all(feature = "token-source", feature = "watch"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "token-source", feature = "watch")),
    doc = "EKS authentication for the kube crate."
)]

#[cfg(feature = "token-source")]
mod token_source;
#[cfg(feature = "watch")]
mod watch;

#[cfg(feature = "watch")]
pub use eks_auth_sources;
#[cfg(feature = "token-source")]
pub use eks_mint;
#[cfg(feature = "token-source")]
pub use token_source::{TokenLayer, TokenService, client, without_credentials};
#[cfg(feature = "watch")]
pub use watch::{AbsentConfigMap, ClusterWatch, RESYNC_INTERVAL, WATCH_TIMEOUT, WatchFailures};
