//! The webhooks over real sockets, and the parts under them.

#[cfg(test)]
mod snapshot;
