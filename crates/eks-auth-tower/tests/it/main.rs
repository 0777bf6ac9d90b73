//! Tests with real sockets: axum and hyper behind the layers, verified by the embedded STS.

#[cfg(test)]
mod bearer;
#[cfg(test)]
mod challenge;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod login;
#[cfg(test)]
#[cfg(feature = "redis")]
mod redis;
#[cfg(test)]
mod spellings;
#[cfg(test)]
mod world;
