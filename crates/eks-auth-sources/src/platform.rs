//! The metadata of a file on this system.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{create_private, inode, is_private, user};
#[cfg(unix)]
pub(crate) use unix::{create_private, inode, is_private, user};
