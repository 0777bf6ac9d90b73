//! Tests with real sockets: kube's client against stubs of an API server.

#[cfg(all(test, feature = "watch"))]
mod api_server;
#[cfg(all(test, feature = "token-source"))]
mod token_source;
#[cfg(all(test, feature = "watch"))]
mod watch;
