//! The bodies of the fuzz targets: functions from bytes, each with a property that must hold beyond
//! not crashing, so that an ordinary test can replay what a fuzzer once found.

mod rbac;
mod token;
mod url;

pub use rbac::{
    manifests_are_read_alike, requests_are_read_by_their_path, selectors_are_read_back,
};
pub use token::decode_has_one_spelling;
pub use url::accepted_reads_alike;
