//! Recorded vectors, cases as data, and the properties of the front page.

#[cfg(test)]
mod answer;
#[cfg(test)]
mod cache_key;
#[cfg(test)]
mod conversions;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod endpoint;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod login;
#[cfg(test)]
mod post;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod support;
#[cfg(test)]
mod table;

#[cfg(test)]
#[cfg(all(feature = "sign", feature = "verify"))]
mod clients;
#[cfg(test)]
mod divergences;
#[cfg(test)]
#[cfg(all(feature = "sign", feature = "verify"))]
mod genuine;
#[cfg(test)]
#[cfg(all(feature = "sign", feature = "verify"))]
mod local;
#[cfg(test)]
#[cfg(all(feature = "sign", feature = "verify"))]
mod props;
#[cfg(test)]
#[cfg(feature = "sign")]
mod sign;
