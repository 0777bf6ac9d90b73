#![doc = include_str!("../README.md")]

// The results: snapshots, reports and events.
mod event;
mod fault;
mod problems;
mod snapshot;
mod source;
mod status;

// From a path to the text of one version.
mod fingerprint;
mod platform;
mod read;
mod settle;

// From text to rules, and the versions that are kept.
mod backend_mode_file;
mod engine;
mod parse;
mod slot;
mod state_dir;

// The thread that does both.
mod builder;
mod feed;
mod sources;
mod watch;
mod worker;

// The crates underneath, so that a program can name their types without depending on each crate.
pub use eks_auth;

pub use builder::{SourcesBuilder, StartError};
pub use event::{Event, Observer};
pub use fault::Fault;
pub use feed::Feed;
pub use problems::{MAX_PROBLEMS, Problems};
pub use read::{MAX_DIRECTORY_BYTES, MAX_DIRECTORY_FILES};
pub use settle::{SETTLE, SHORTENED_SETTLES};
pub use snapshot::{NoPolicy, Snapshot};
pub use source::{SourceKind, SourceName};
pub use sources::Sources;
pub use status::{Report, Serving, SourceStatus, Watching};
pub use worker::{POLL_INTERVAL, RESYNC_INTERVAL};
