//! Metadata on Unix.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// Creates a directory and its missing parents for this user alone.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Returns the device, the inode, and the time of the inode's last change in seconds and nanoseconds.
pub(crate) fn inode(metadata: &Metadata) -> (u64, u64, i64, i64) {
    (
        metadata.dev(),
        metadata.ino(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    )
}

/// Returns whether only this user may write.
pub(crate) fn is_private(metadata: &Metadata, user: u32) -> bool {
    metadata.uid() == user && metadata.mode() & 0o022 == 0
}

/// Returns the owner of a file.
pub(crate) fn user(metadata: &Metadata) -> u32 {
    metadata.uid()
}
