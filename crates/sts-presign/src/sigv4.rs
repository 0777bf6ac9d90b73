//! `SigV4` (AWS General Reference, "Create a signed AWS API request"): the keys, the text that is signed,
//! and the comparison.

mod canonical;
mod compared;
mod keys;
mod verify;

pub(crate) use canonical::{Payload, Signed};
pub(crate) use compared::Compared;
pub(crate) use keys::SentToken;
pub use keys::{Key, KeyLookup, Keys, SecretAccessKey, SessionToken};
pub(crate) use verify::check;
pub use verify::{VerifyError, verify, verify_post};
