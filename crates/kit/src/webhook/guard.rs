//! Which addresses may be connected to. A webhook's or a system's URL is written by a customer, and must not lead into the
//! network that this program runs in.
//!
//! The check is on the address that the socket connects to, at each try, so that a name which points elsewhere a moment
//! later gains nothing. Only addresses that are plainly public pass. Forms that carry another address inside (mapped,
//! 6to4, Teredo, NAT64, ISATAP) are refused whole: nobody needs them to receive a webhook.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

/// A network that may be reached although it is not public: `10.1.0.0/16`, `fd00::/8`, `127.0.0.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network, as 10.1.0.0/16 or fd00::/8");
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Self { base, bits }) }
    }
}

impl Network {
    fn holds(self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => same_v4(base, address, self.bits),
            (IpAddr::V6(base), IpAddr::V6(address)) => same_v6(base, address, self.bits),
            _ => false,
        }
    }
}

/// Why an address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the address is not a public one")]
    NotPublic,
    #[error("http:// is only for networks that this server allows; use https://")]
    NotSecure,
}

/// What may be reached.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<Network>,
}

impl Guard {
    pub fn new(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// Whether `http://` can lead anywhere at all.
    pub fn may_be_plain(&self) -> bool {
        !self.allowed.is_empty()
    }

    /// As [`Guard::check`], for a URL that names its host by an address: such a host never reaches a resolver.
    pub fn check_literal(&self, url: &Url, secure: bool) -> Result<(), Refusal> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(IpAddr::V4(address), secure),
            Some(Host::Ipv6(address)) => self.check(IpAddr::V6(address), secure),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(Refusal::NotPublic),
        }
    }

    /// Whether `address` may be connected to; `secure` if by TLS.
    pub fn check(&self, address: IpAddr, secure: bool) -> Result<(), Refusal> {
        if self.allowed.iter().any(|network| network.holds(address)) {
            return Ok(());
        }
        match address {
            _ if !is_public(address) => Err(Refusal::NotPublic),
            _ if !secure => Err(Refusal::NotSecure),
            _ => Ok(()),
        }
    }
}

/// What IANA's registries of special-purpose addresses list, and one cloud's own address that is not in them.
const NOT_PUBLIC_V4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Within 2000::/3, outside of which nothing is public: protocol assignments with Teredo, documentation, 6to4.
const NOT_PUBLIC_V6: &[(Ipv6Addr, u8)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|(base, bits)| same_v4(*base, address, *bits)),
        IpAddr::V6(address) => {
            let segments = address.segments();
            let global = segments[0] & 0xe000 == 0x2000;
            // An interface id of ISATAP holds an IPv4 address.
            let isatap = segments[4] & 0xfdff == 0 && segments[5] == 0x5efe;
            global && !isatap && !NOT_PUBLIC_V6.iter().any(|(base, bits)| same_v6(*base, address, *bits))
        }
    }
}

fn same_v4(one: Ipv4Addr, other: Ipv4Addr, bits: u8) -> bool {
    bits == 0 || (one.to_bits() ^ other.to_bits()) >> (32 - bits) == 0
}

fn same_v6(one: Ipv6Addr, other: Ipv6Addr, bits: u8) -> bool {
    bits == 0 || (one.to_bits() ^ other.to_bits()) >> (128 - bits) == 0
}
