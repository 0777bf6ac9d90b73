//! The addresses of the listeners. Several settings together make an address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::settings::Settings;

/// The port of the webhooks by default: upstream's (`cmd/aws-iam-authenticator/server.go`).
pub(crate) const PORT: u16 = 21_362;

/// The port of the probes by default: upstream's.
const PROBE_PORT: u16 = 21_363;

impl Settings {
    /// Fills in the settings that are not set. `listen` consists of an address and a port. If `address` or `port` is
    /// set, it replaces this part of the other's `listen`.
    pub(crate) fn or(mut self, mut other: Self) -> Self {
        match (&self.listen, &mut other.listen) {
            (Some(_), _) => (other.address, other.port) = (None, None),
            (None, Some(listen)) => {
                if let Some(address) = self.address.take() {
                    listen.set_ip(address);
                }
                if let Some(port) = self.port.take() {
                    listen.set_port(port);
                }
            }
            (None, None) => {}
        }
        self.or_each(other)
    }

    /// Checks that a file does not set the same address twice. The command line cannot.
    ///
    /// # Errors
    ///
    /// `listen` beside `address` or `port`.
    pub(crate) fn check_listen(&self) -> Result<(), &'static str> {
        match self.listen.is_some() && (self.address.is_some() || self.port.is_some()) {
            true => Err("listen cannot be set together with address or port: it is both"),
            false => Ok(()),
        }
    }

    /// Returns the address of the webhooks.
    pub(crate) fn webhook_address(&self) -> SocketAddr {
        let address = self.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = self.port.unwrap_or(PORT);
        self.listen
            .unwrap_or_else(|| SocketAddr::new(address, port))
    }

    /// Returns the address of the probes.
    pub(crate) fn probe_address(&self) -> SocketAddr {
        self.probe_listen
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, PROBE_PORT)))
    }

    /// Returns the settings that no server can have, each with its reason.
    pub(crate) fn impossible(&self) -> Vec<String> {
        let mut found = Vec::new();
        let (webhooks, probes) = (self.webhook_address(), self.probe_address());
        if overlap(webhooks, probes) {
            found.push(format!(
                "--probe-listen: {probes} is taken by the webhooks, which listen on {webhooks}: the two need an address \
                 or a port of their own"
            ));
        }
        let is_empty = |directory: &std::path::PathBuf| directory.as_os_str().is_empty();
        if self.state_dir.as_ref().is_some_and(is_empty) {
            found.push("--state-dir: expected a directory, and the path is empty".to_owned());
        }
        if self.audience.iter().flatten().any(String::is_empty) {
            found.push(
                "--audience: expected a name, since no review asks for an empty audience"
                    .to_owned(),
            );
        }
        found
    }
}

/// Returns whether two listeners cannot both have their addresses. Port 0 gives each listener a
/// port of its own.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let takes = |all: IpAddr, ip: IpAddr| all.is_unspecified() && (all.is_ipv6() || ip.is_ipv4());
    let (ip, other_ip) = (one.ip(), other.ip());
    one.port() == other.port()
        && one.port() != 0
        && (ip == other_ip || takes(ip, other_ip) || takes(other_ip, ip))
}

#[cfg(test)]
mod tests {
    use super::overlap;
    use crate::settings::Settings;

    fn settings(toml: &str) -> Settings {
        toml::from_str(toml).unwrap()
    }

    /// Each source takes precedence over the later sources, whichever of the three settings it has.
    #[test]
    fn an_address_of_one_source_takes_precedence_over_those_behind_it() {
        for (sources, expected) in [
            (&[""][..], "127.0.0.1:21362"),
            (&["port = 1"], "127.0.0.1:1"),
            (
                &[
                    "address = \"127.0.0.1\"\nport = 1",
                    "listen = \"0.0.0.0:2\"",
                ],
                "127.0.0.1:1",
            ),
            (&["port = 1", "listen = \"0.0.0.0:2\""], "0.0.0.0:1"),
            (&["address = \"::1\"", "listen = \"0.0.0.0:2\""], "[::1]:2"),
            (
                &[
                    "port = 1",
                    "listen = \"0.0.0.0:2\"",
                    "address = \"::1\"\nport = 3",
                ],
                "0.0.0.0:1",
            ),
            (
                &["listen = \"0.0.0.0:2\"", "address = \"::1\"\nport = 3"],
                "0.0.0.0:2",
            ),
            (&["port = 1", "address = \"::1\"\nport = 3"], "[::1]:1"),
        ] {
            let merged = sources
                .iter()
                .map(|source| settings(source))
                .reduce(Settings::or)
                .unwrap();
            assert_eq!(
                merged.webhook_address().to_string(),
                expected,
                "{sources:?}"
            );
        }
    }

    #[test]
    fn listeners_overlap_as_the_system_has_it() {
        for (one, other, expected) in [
            ("127.0.0.1:1", "127.0.0.1:1", true),
            ("127.0.0.1:1", "127.0.0.1:2", false),
            ("127.0.0.1:1", "127.0.0.2:1", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("0.0.0.0:1", "127.0.0.1:1", true),
            ("0.0.0.0:1", "[::1]:1", false),
            ("[::]:1", "127.0.0.1:1", true),
            ("[::]:1", "[::1]:1", true),
        ] {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(overlap(one, other), expected, "{one} {other}");
            assert_eq!(overlap(other, one), expected, "{other} {one}");
        }
    }
}
