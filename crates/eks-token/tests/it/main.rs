//! Cases as data, and the theorems of the README.

#[cfg(all(test, feature = "exec-credential"))]
mod divergences;
#[cfg(all(test, feature = "exec-credential"))]
mod exec_credential;
#[cfg(test)]
mod genuine;
#[cfg(test)]
mod lookalike;
#[cfg(test)]
mod props;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod secrets;
