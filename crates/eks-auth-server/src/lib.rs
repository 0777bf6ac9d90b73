#![doc = include_str!("../README.md")]

mod private_dns_names;
mod snapshot;
mod source_status;

pub use private_dns_names::{PendingName, PrivateDnsNameError, PrivateDnsNames};
pub use snapshot::{SharedSnapshot, Snapshot};
pub use source_status::SourceStatus;
