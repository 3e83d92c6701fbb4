//! What an address is good for. Only the public internet is; everything else has a name here, and what has none is reserved.
//!
//! The standard library cannot say this on stable Rust, and its words leave out the addresses that carry another one inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    Public,
    Loopback,
    /// RFC 1918, unique local and the old site-local addresses.
    Private,
    /// Behind a carrier's NAT (RFC 6598); clouds put machines of their own there.
    SharedNat,
    LinkLocal,
    /// A cloud's metadata service, which hands credentials to whoever asks.
    Metadata,
    Multicast,
    Unspecified,
    Documentation,
    /// Another address inside: NAT64, 6to4, Teredo, IPv4-compatible. What it reaches is decided by somebody else.
    Translated,
    Reserved,
}

impl Class {
    /// Returns what this address is. An IPv4 address in IPv6 clothes is what it is without them.
    pub fn of(address: IpAddr) -> Class {
        let address = address.to_canonical();
        KNOWN
            .iter()
            .find(|(network, _)| network.contains(&address))
            .map_or(Class::Reserved, |(_, class)| *class)
    }

    /// True for the places an operator's own machines stand.
    pub(crate) fn is_inside(self) -> bool {
        matches!(self, Class::Loopback | Class::Private | Class::SharedNat)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Class::Public => "public",
            Class::Loopback => "loopback",
            Class::Private => "private",
            Class::SharedNat => "shared NAT",
            Class::LinkLocal => "link-local",
            Class::Metadata => "cloud metadata",
            Class::Multicast => "multicast",
            Class::Unspecified => "unspecified",
            Class::Documentation => "documentation",
            Class::Translated => "translated",
            Class::Reserved => "reserved",
        }
    }
}

/// The first that contains an address names it. After IANA's special-purpose registries for IPv4 and IPv6, and what clouds publish
/// of their metadata services.
const KNOWN: [(IpNet, Class); 38] = [
    (v4([169, 254, 169, 254], 32), Class::Metadata),
    (v4([169, 254, 170, 2], 32), Class::Metadata),
    (v4([100, 100, 100, 200], 32), Class::Metadata),
    (v4([168, 63, 129, 16], 32), Class::Metadata),
    (v4([192, 0, 0, 192], 32), Class::Metadata),
    (v4([0, 0, 0, 0], 8), Class::Unspecified),
    (v4([10, 0, 0, 0], 8), Class::Private),
    (v4([100, 64, 0, 0], 10), Class::SharedNat),
    (v4([127, 0, 0, 0], 8), Class::Loopback),
    (v4([169, 254, 0, 0], 16), Class::LinkLocal),
    (v4([172, 16, 0, 0], 12), Class::Private),
    (v4([192, 0, 0, 0], 24), Class::Reserved),
    (v4([192, 0, 2, 0], 24), Class::Documentation),
    (v4([192, 88, 99, 0], 24), Class::Translated),
    (v4([192, 168, 0, 0], 16), Class::Private),
    (v4([198, 18, 0, 0], 15), Class::Reserved),
    (v4([198, 51, 100, 0], 24), Class::Documentation),
    (v4([203, 0, 113, 0], 24), Class::Documentation),
    (v4([224, 0, 0, 0], 4), Class::Multicast),
    (v4([240, 0, 0, 0], 4), Class::Reserved),
    (v4([0, 0, 0, 0], 0), Class::Public),
    (
        v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
        Class::Metadata,
    ),
    (
        v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
        Class::Metadata,
    ),
    (v6([0; 8], 128), Class::Unspecified),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Class::Loopback),
    (v6([0; 8], 96), Class::Translated),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), Class::Translated),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Class::Translated),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Class::Translated),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Class::Reserved),
    (
        v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
        Class::Documentation,
    ),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Class::Translated),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Class::Documentation),
    (v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3), Class::Public),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Class::Private),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Class::Private),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Class::LinkLocal),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Class::Multicast),
];

const fn v4(address: [u8; 4], length: u8) -> IpNet {
    let [a, b, c, d] = address;
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length)
}

const fn v6(address: [u16; 8], length: u8) -> IpNet {
    let [a, b, c, d, e, f, g, h] = address;
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), length)
}

#[cfg(test)]
mod tests {
    use super::Class::{self, *};

    #[test]
    fn each_kind_of_address_is_known() {
        for (addresses, class) in [
            (
                "1.1.1.1 8.8.8.8 172.15.0.1 172.32.0.1 100.63.255.255 100.128.0.0 192.0.1.1 223.255.255.255",
                Public,
            ),
            (
                "2606:4700::1111 2a00:1450::1 2400:cb00::1 ::ffff:8.8.8.8 2001:4860::1",
                Public,
            ),
            ("127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1", Loopback),
            (
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fd12:3456::1 fec0::1 ::ffff:10.0.0.1",
                Private,
            ),
            ("100.64.0.1 100.127.255.255", SharedNat),
            ("169.254.0.1 169.254.169.253 fe80::1 febf::1", LinkLocal),
            (
                "169.254.169.254 ::ffff:169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192",
                Metadata,
            ),
            ("fd00:ec2::254 fd20:ce::254", Metadata),
            ("224.0.0.1 239.255.255.255 ff02::1 ff0e::1", Multicast),
            ("0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0", Unspecified),
            (
                "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1",
                Documentation,
            ),
            (
                "64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::a00:1 2002:7f00:1:: 2001:0:4136:e378::1",
                Translated,
            ),
            ("::7f00:1 ::a9fe:a9fe 192.88.99.1", Translated),
            (
                "192.0.0.8 198.18.0.1 198.19.255.255 240.0.0.1 255.255.255.255",
                Reserved,
            ),
            (
                "100::1 2001:2::1 5f00::1 ::ffff:0:7f00:1 4000::1 64:ff9b:2::1",
                Reserved,
            ),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(Class::of(address.parse().unwrap()), class, "{address}");
            }
        }
    }
}
