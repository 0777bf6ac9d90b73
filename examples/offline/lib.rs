//! Code that several of the offline programs share.

pub mod files;
