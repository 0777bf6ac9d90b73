#![doc = include_str!("../README.md")]

mod account;
mod arn;
mod error;
mod identity;
mod partition;
mod pattern;
mod principal;

pub use account::AccountId;
pub use arn::{Arn, MAX_ARN_LEN};
pub use error::{Error, Part};
pub use identity::Identity;
pub use partition::Partition;
pub use pattern::ArnPattern;
pub use principal::{Kind, Principal};
