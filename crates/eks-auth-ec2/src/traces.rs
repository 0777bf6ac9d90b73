//! The spans of calls to EC2, with the feature `otel`.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod otel;

#[cfg(not(feature = "otel"))]
pub(crate) use absent::{Caller, Traces};
#[cfg(feature = "otel")]
pub(crate) use otel::{Caller, Traces};
