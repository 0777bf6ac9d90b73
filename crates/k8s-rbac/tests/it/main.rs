//! Recorded answers of the real API server, cases as data, and the properties of the README.

#[cfg(test)]
mod aggregation;
#[cfg(test)]
mod api;
#[cfg(test)]
mod api_resources;
#[cfg(test)]
mod bootstrap;
#[cfg(test)]
mod decisions;
#[cfg(all(test, feature = "yaml"))]
mod divergences;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod impersonation;
#[cfg(test)]
mod large_subjects;
#[cfg(test)]
mod listings;
#[cfg(all(test, feature = "yaml"))]
mod manifests;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod props;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod reviews;
#[cfg(all(test, feature = "store"))]
mod store;
#[cfg(test)]
mod upstream;
#[cfg(test)]
mod validation;
#[cfg(test)]
mod values;
#[cfg(test)]
mod writes;
