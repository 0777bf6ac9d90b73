// The README's example uses this feature.
#![cfg_attr(feature = "exec-credential", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "exec-credential"),
    doc = "EKS bearer tokens from AWS credentials."
)]

mod error;
mod minter;
mod source;
mod token;

pub use error::MintError;
pub use minter::Minter;
pub use source::{MIN_INTERVAL, REFRESH_AHEAD, TokenSource};
pub use token::MintedToken;

// The types of other crates that a caller needs.
#[cfg(feature = "exec-credential")]
pub use eks_token::exec_credential::ApiVersion;
pub use sts_presign::{ClusterId, Endpoint, EndpointVariant, SignError, UnixTime};
