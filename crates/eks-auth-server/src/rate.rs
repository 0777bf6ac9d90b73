//! The rate of requests of each client.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// How many clients are remembered. Beyond it, clients that are within their rate are forgotten. Our
/// choice, about one megabyte.
const MAX_CLIENTS: usize = 8_192;

/// Limits the rate of requests of each client address.
pub(crate) struct ClientRate {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
}

impl ClientRate {
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::keyed(Quota::per_second(per_second)),
        }
    }

    /// Returns whether a request of this client is within its rate, and counts it.
    pub(crate) fn allows(&self, client: IpAddr) -> bool {
        if self.limiter.len() >= MAX_CLIENTS {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&network(client)).is_ok()
    }
}

/// Returns the address that stands for a client: one host owns at least a /64 of IPv6.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use std::net::Ipv4Addr;

    use super::{ClientRate, MAX_CLIENTS, network};

    #[test]
    fn a_client_is_an_ipv4_address_or_a_network_of_ipv6() {
        for (address, of) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(network(address.parse().unwrap()).to_string(), of);
        }
    }

    #[test]
    fn each_client_has_a_rate_of_its_own() {
        let rate = ClientRate::new(NonZeroU32::new(2).unwrap());
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|a| a.parse().unwrap());
        assert!(rate.allows(one));
        assert!(rate.allows(one));
        assert!(!rate.allows(one));
        assert!(rate.allows(other));
    }

    /// A flood from many addresses does not fill the memory.
    #[test]
    fn clients_within_their_rate_are_forgotten_beyond_the_limit() {
        // A client is within its rate again a millionth of a second after its request.
        let rate = ClientRate::new(NonZeroU32::new(1_000_000).unwrap());
        let mut clients = (0..).map(|number| Ipv4Addr::from_bits(number).into());
        for client in clients.by_ref().take(MAX_CLIENTS) {
            assert!(rate.allows(client));
        }
        assert_eq!(rate.limiter.len(), MAX_CLIENTS);
        assert!(rate.allows(clients.next().unwrap()));
        assert!(rate.limiter.len() < MAX_CLIENTS);
    }
}
