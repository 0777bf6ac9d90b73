//! The checks of the API server before it stores a role or a binding.
//!
//! - [`defaults`]: the fields that the API server fills in;
//! - [`validation`]: the fields that the API server refuses, as [`field_error`]s, by [`release`];
//! - [`write`](mod@write): whether a user may write the object: [`escalation`] prevention, by [`coverage`].

pub(crate) mod coverage;
pub(crate) mod defaults;
pub(crate) mod escalation;
pub(crate) mod field_error;
pub(crate) mod lookup_error;
pub(crate) mod names;
pub(crate) mod release;
pub(crate) mod validation;
pub(crate) mod write;
