//! Who is at the other end: the peer's address, or what a trusted proxy says of it.

use std::{net::IpAddr, str::FromStr};

/// An address or a network of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// Not an address, nor `address/bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or a network")]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| NotANetwork)?)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(NotANetwork) } else { Ok(Self { base, bits }) }
    }
}

impl Network {
    /// Does the address belong to this network?
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                same(base.to_bits().into(), address.to_bits().into(), self.bits, 32)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => same(base.to_bits(), address.to_bits(), self.bits, 128),
            _ => false,
        }
    }

    /// The network an address is counted in when guessing is slowed down: /24 or /64, so that one subscriber can't
    /// spread over many addresses.
    pub fn of_subscriber(address: IpAddr) -> String {
        match address.to_canonical() {
            IpAddr::V4(address) => format!("{}/24", std::net::Ipv4Addr::from_bits(address.to_bits() & !0xff)),
            IpAddr::V6(address) => {
                format!("{}/64", std::net::Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
            }
        }
    }
}

/// The wider network that a subscriber may have been given: /48 for IPv6 (RFC 6177), which is 65,536 networks; for IPv4
/// the same as [`Network::of_subscriber`].
pub fn site(address: IpAddr) -> String {
    match address.to_canonical() {
        address @ IpAddr::V4(_) => Network::of_subscriber(address),
        IpAddr::V6(address) => {
            format!("{}/48", std::net::Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 48)))
        }
    }
}

fn same(base: u128, address: u128, bits: u8, width: u8) -> bool {
    let shift = u32::from(width - bits);
    base.checked_shr(shift).unwrap_or(0) == address.checked_shr(shift).unwrap_or(0)
}

/// The client's address: the peer, unless it is a trusted proxy, whose `X-Forwarded-For` is then read from the right
/// up to the first address that is no trusted proxy.
pub fn client_address(peer: IpAddr, forwarded_for: Option<&str>, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer;
    if !is_trusted(peer) {
        return peer;
    }
    for hop in forwarded_for.unwrap_or_default().rsplit(',').map(str::trim) {
        let with_port = || hop.parse::<std::net::SocketAddr>().map(|address| address.ip());
        let Ok(address) = hop.parse::<IpAddr>().or_else(|_| with_port()) else { break };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: Option<&str>, expect: &str) {
        let trusted = ["10.0.0.0/8".parse().expect("network")];
        let address = client_address(peer.parse().expect("peer"), forwarded, &trusted);
        assert_eq!(address.to_string(), expect, "{peer} {forwarded:?}");
    }

    #[test]
    fn forwarded_for_is_believed_from_trusted_proxies_alone() {
        check("203.0.113.9", Some("198.51.100.1"), "203.0.113.9");
        check("10.0.0.1", Some("198.51.100.1"), "198.51.100.1");
        check("10.0.0.1", Some("1.1.1.1, 198.51.100.1, 10.2.2.2"), "198.51.100.1");
        check("10.0.0.1", Some("198.51.100.1:4711"), "198.51.100.1");
        check("10.0.0.1", Some("[2001:db8::1]:4711"), "2001:db8::1");
        check("10.0.0.1", None, "10.0.0.1");
        check("10.0.0.1", Some("garbage"), "10.0.0.1");
        check("::ffff:10.0.0.1", Some("198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn networks() {
        assert!("10.0.0.0/33".parse::<Network>().is_err());
        assert!("x".parse::<Network>().is_err());
        let all: Network = "0.0.0.0/0".parse().expect("network");
        assert!(all.contains("8.8.8.8".parse().expect("address")));
        assert_eq!(Network::of_subscriber("192.0.2.77".parse().expect("address")), "192.0.2.0/24");
        let (here, next) = ("2001:db8:7:1::1", "2001:db8:7:2::1");
        let [here, next] = [here, next].map(|text| text.parse().expect("address"));
        assert_eq!(Network::of_subscriber(here), "2001:db8:7:1::/64");
        assert_ne!(Network::of_subscriber(here), Network::of_subscriber(next));
        assert_eq!(site(here), "2001:db8:7::/48");
        assert_eq!(site(here), site(next));
        assert_eq!(site("192.0.2.77".parse().expect("address")), "192.0.2.0/24");
    }
}
