//! Traces: the spans of requests, exported to a collector of OpenTelemetry.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod collector;
#[cfg(feature = "otel")]
mod endpoint;
#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod otlp;
#[cfg(test)]
#[cfg(feature = "otel")]
mod tests;

#[cfg(not(feature = "otel"))]
pub(crate) use absent::{Traces, without_effect};
#[cfg(feature = "otel")]
pub(crate) use otlp::{Traces, without_effect};
