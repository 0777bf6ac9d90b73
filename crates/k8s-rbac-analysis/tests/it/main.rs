//! Cases as data, recorded answers of the real API server, and the properties of the README.

#[cfg(test)]
mod can_i;
#[cfg(test)]
mod divergences;
#[cfg(test)]
mod escalation_paths;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod json;
mod limits;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod who_can;
