//! How many connections one address has open.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::network::Network;

/// Counts connections by address.
#[derive(Clone)]
pub(super) struct Doors {
    most: usize,
    proxies: Arc<[Network]>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection's place; free again when dropped.
pub(super) struct Place {
    counted: Option<IpAddr>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Doors {
    pub(super) fn new(most: usize, proxies: Arc<[Network]>) -> Self {
        Self { most, proxies, open: Arc::default() }
    }

    /// `None` when the address has all that it may have.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Place> {
        let exempt = self.proxies.iter().any(|network| network.contains(address));
        if exempt {
            return Some(Place { counted: None, open: self.open.clone() });
        }
        let address = subscriber(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if full(*count, self.most) {
            return None;
        }
        *count += 1;
        Some(Place { counted: Some(address), open: self.open.clone() })
    }
}

fn full(count: usize, most: usize) -> bool {
    count >= most
}

/// An IPv6 subscriber has 2^64 addresses.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => std::net::Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.counted else { return };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_so_many_and_others_theirs() {
        let doors = Doors::new(2, ["10.0.0.0/8".parse().expect("network")].into());
        let enter = |text: &str| doors.enter(text.parse().expect("address"));
        let (first, second) = (enter("192.0.2.1"), enter("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some() && enter("192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some());
        drop(first);
        assert!(enter("192.0.2.1").is_some());
        let v6 = [enter("2001:db8::1"), enter("2001:db8::2"), enter("2001:db8::3"), enter("2001:db8:0:1::1")];
        assert_eq!(v6.map(|place| place.is_some()), [true, true, false, true]);
        let proxied: Vec<_> = (0..5).map(|_| enter("10.1.1.1")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop((second, proxied));
        assert!(doors.open.lock().expect("whole").is_empty());
    }
}
