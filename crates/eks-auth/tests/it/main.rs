//! The composition: crafted tokens end to end, failures told from refusals, the webhook's documents.

#[cfg(test)]
mod adversarial;
#[cfg(test)]
mod authenticator;
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
mod support;
