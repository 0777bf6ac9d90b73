// The README's examples use all features.
#![cfg_attr(
    all(feature = "reader", feature = "token-source", feature = "watch"),
    doc = include_str!("../README.md")
)]
#![cfg_attr(
    not(all(feature = "reader", feature = "token-source", feature = "watch")),
    doc = "EKS authentication for the kube crate."
)]

#[cfg(feature = "token-source")]
mod eks_command;
#[cfg(feature = "reader")]
mod reader;
#[cfg(feature = "token-source")]
mod token_source;
#[cfg(feature = "watch")]
mod watch;

#[cfg(feature = "watch")]
pub use eks_auth_sources;
#[cfg(feature = "token-source")]
pub use eks_command::EksCommand;
#[cfg(feature = "token-source")]
pub use eks_mint;
#[cfg(feature = "reader")]
pub use reader::{ClusterObjects, ClusterReader, MAX_OBJECTS, Progress, ReadError};
#[cfg(feature = "token-source")]
pub use token_source::{TokenLayer, TokenService, client, without_credentials};
#[cfg(feature = "watch")]
pub use watch::{AbsentConfigMap, ClusterWatch, RESYNC_INTERVAL, WATCH_TIMEOUT, WatchFailures};
