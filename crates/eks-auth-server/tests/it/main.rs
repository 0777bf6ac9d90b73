//! The webhooks over real sockets, and the parts under them.

#[cfg(test)]
mod access_reviews;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod records;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod sts_client;
#[cfg(test)]
mod support;
#[cfg(test)]
#[cfg(feature = "otel")]
mod traces;
#[cfg(test)]
mod webhooks;
