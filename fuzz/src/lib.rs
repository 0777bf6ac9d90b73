//! The bodies of the fuzz targets: functions from bytes, each with a property that must hold beyond
//! not crashing, so that an ordinary test can replay what a fuzzer once found.

mod token;
mod url;

pub use token::decode_has_one_spelling;
pub use url::accepted_reads_alike;
