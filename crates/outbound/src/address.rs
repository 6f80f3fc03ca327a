//! Which addresses are never connected to (SECURITY: threat 14).
//!
//! Private ranges (10/8, 172.16/12, 192.168/16, fc00::/7, 100.64/10) are allowed: hospitals are on intranets. What is
//! refused is what no hospital is at, and what an attacker wants to reach from here: this machine's own services,
//! link-local neighbours and the metadata services of clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Metadata services of clouds outside the link-local range: Alibaba, Oracle.
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
/// Metadata service of AWS over IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254);

/// Is this address refused whatever is configured? Addresses of IPv4 inside IPv6 are judged by what they hold.
pub fn is_refused(address: IpAddr) -> bool {
    match unwrap(address) {
        IpAddr::V4(v4) => {
            // 0/8 reaches this machine on Linux; 240/4 holds the broadcast address.
            v4.octets()[0] == 0
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.octets()[0] >= 240
                || METADATA_V4.contains(&v4)
        }
        IpAddr::V6(v6) => {
            let site_local = v6.segments()[0] & 0xffc0 == 0xfec0;
            v6.is_unspecified() || v6.is_unicast_link_local() || site_local || v6.is_multicast() || v6 == METADATA_V6
        }
    }
}

/// Is this address this machine's own? Refused unless the configured host is itself loopback.
pub fn is_loopback(address: IpAddr) -> bool {
    unwrap(address).is_loopback()
}

/// IPv4 written as IPv6: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn unwrap(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let s = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // `::` and `::1` are IPv6's own.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, is_refused};

    #[test]
    fn addresses_that_no_hospital_is_at_are_refused() {
        let check = |text: &str, refused: bool, loopback: bool| {
            let address = text.parse().expect("an address");
            assert_eq!((is_refused(address), is_loopback(address)), (refused, loopback), "{text}");
        };
        check("10.1.2.3", false, false);
        check("172.16.0.9", false, false);
        check("192.168.1.1", false, false);
        check("100.64.0.7", false, false);
        check("fd12::1", false, false);
        check("93.184.216.34", false, false);
        check("2606:2800:220:1::1", false, false);
        check("127.0.0.1", false, true);
        check("127.9.9.9", false, true);
        check("::1", false, true);
        check("::ffff:127.0.0.1", false, true);
        check("64:ff9b::7f00:1", false, true);
        check("2002:7f00:1::", false, true);
        check("0.0.0.0", true, false);
        check("0.1.2.3", true, false);
        check("::", true, false);
        check("169.254.169.254", true, false);
        check("::ffff:169.254.169.254", true, false);
        check("::169.254.169.254", true, false);
        check("64:ff9b::a9fe:a9fe", true, false);
        check("2002:a9fe:a9fe::", true, false);
        check("100.100.100.200", true, false);
        check("192.0.0.192", true, false);
        check("fd00:ec2::254", true, false);
        check("224.0.0.1", true, false);
        check("255.255.255.255", true, false);
        check("240.0.0.1", true, false);
        check("fe80::1", true, false);
        check("fec0::1", true, false);
        check("ff02::1", true, false);
    }
}
