//! The composition: crafted tokens end to end, refusals and failures, decisions, the webhook's documents.

#[cfg(test)]
mod adversarial;
#[cfg(test)]
mod authenticator;
#[cfg(test)]
#[cfg(feature = "rbac")]
mod authorization;
#[cfg(test)]
#[cfg(feature = "review")]
mod divergences;
#[cfg(test)]
#[cfg(feature = "local")]
mod local;
#[cfg(test)]
#[cfg(feature = "review")]
mod review;
#[cfg(test)]
mod status;
#[cfg(test)]
#[cfg(feature = "reqwest")]
mod sts_client;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transport;
