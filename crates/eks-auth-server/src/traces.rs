//! The spans of distributed traces, with the feature `otel`.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod otel;

#[cfg(not(feature = "otel"))]
pub(crate) use absent::Traces;
#[cfg(feature = "otel")]
pub(crate) use otel::Traces;
