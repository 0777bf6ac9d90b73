#![doc = include_str!("../README.md")]

mod encoding;
mod error;
#[cfg(feature = "exec-credential")]
pub mod exec_credential;
mod lookalike;
mod token;

pub use error::Error;
pub use lookalike::Lookalike;
pub use token::{MAX_TOKEN_LEN, PREFIX, Token, UrlText};
