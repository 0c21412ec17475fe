//! Callers by where they are: one address, or those around it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What one subscriber calls from: an IPv4 address, or an IPv6 network of 64 bits.
pub fn of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The addresses around: an IPv4 network of 24 bits, an IPv6 network of 48.
pub fn around(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from(u32::from(ip) >> 8 << 8)),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 80 << 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_told_from_strangers() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(of(ip("192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(of(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(of(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(around(ip("192.0.2.7")), ip("192.0.2.0"));
        assert_eq!(around(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1::"));
    }
}
