// The README's example uses this feature.
#![cfg_attr(feature = "token-source", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "token-source"),
    doc = "EKS authentication for the kube crate."
)]

#[cfg(feature = "token-source")]
mod token_source;

#[cfg(feature = "token-source")]
pub use eks_mint;
#[cfg(feature = "token-source")]
pub use token_source::{TokenLayer, TokenService, client, without_credentials};
