//! Tests with real sockets: kube's client against stubs of an API server.

#[cfg(test)]
#[cfg(any(feature = "reader", feature = "watch"))]
#[cfg_attr(
    not(feature = "watch"),
    expect(dead_code, reason = "a reader needs no changes")
)]
mod api_server;
#[cfg(test)]
#[cfg(feature = "token-source")]
mod eks_command;
#[cfg(test)]
#[cfg(feature = "reader")]
mod reader;
#[cfg(test)]
#[cfg(feature = "token-source")]
mod token_source;
#[cfg(test)]
#[cfg(feature = "watch")]
mod watch;
