//! Tests with real sockets: kube's client against a stub of an API server.

#[cfg(test)]
mod token_source;
