//! The signer as a process, with stubs of STS, SSO, and the metadata of containers and instances.

mod hostile;
mod sources;
mod world;
