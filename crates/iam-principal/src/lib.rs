#![doc = include_str!("../README.md")]

mod access_key_id;
mod account;
mod arn;
mod error;
mod identity;
mod partition;
mod pattern;
mod principal;
#[cfg(feature = "serde")]
mod serialize;

pub use access_key_id::AccessKeyId;
pub use account::AccountId;
pub use arn::{Arn, MAX_ARN_LEN};
pub use error::{Error, Part};
pub use identity::Identity;
pub use partition::Partition;
pub use pattern::ArnPattern;
pub use principal::{Kind, Principal};
