//! Where requests may go: schemes, ports, and the inner places an operator has named.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use crate::address::Class;

/// Says which addresses may be dialled. The default is HTTPS on port 443 of the public internet.
#[derive(Clone, Debug)]
pub struct Rules {
    /// `http:` besides `https:`.
    pub allow_plain_http: bool,
    pub ports: Vec<u16>,
    /// Names that may stand inside: on loopback, in private networks, behind a shared NAT.
    pub hosts: Vec<String>,
    /// Addresses that may be dialled whatever they are. A metadata service is one only if it is named by itself.
    pub networks: Vec<IpNet>,
}

/// A request that will not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("not a URL with a host")]
    NotAUrl,
    #[error("a scheme that is not allowed")]
    Scheme,
    #[error("a user or password in the URL")]
    UserInfo,
    #[error("port {0} is not allowed")]
    Port(u16),
    #[error("an address that is {}", .0.as_str())]
    Address(Class),
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            allow_plain_http: false,
            ports: vec![443],
            hosts: Vec::new(),
            networks: Vec::new(),
        }
    }
}

impl Rules {
    /// Returns the URL if it may be asked, as far as can be told before its name is resolved.
    pub(crate) fn judge(&self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_plain_http => {}
            _ => return Err(Refused::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let port = url.port_or_known_default().ok_or(Refused::NotAUrl)?;
        if !self.ports.contains(&port) {
            return Err(Refused::Port(port));
        }
        match url.host().ok_or(Refused::NotAUrl)? {
            Host::Domain(_) => {}
            // `0x7f.1` and its like have become addresses by now.
            Host::Ipv4(address) => self.judge_address(&address.to_string(), address.into())?,
            Host::Ipv6(address) => self.judge_address(&address.to_string(), address.into())?,
        }
        Ok(url)
    }

    /// Judges one address a host has.
    pub(crate) fn judge_address(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        let class = Class::of(address);
        let is_named = class.is_inside() && self.names(host);
        if class == Class::Public || is_named || self.reaches(address, class) {
            Ok(())
        } else {
            Err(Refused::Address(class))
        }
    }

    fn names(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.hosts
            .iter()
            .any(|named| named.eq_ignore_ascii_case(host))
    }

    fn reaches(&self, address: IpAddr, class: Class) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| {
            let is_wide = network.prefix_len() < network.max_prefix_len();
            network.contains(&address) && !(is_wide && class == Class::Metadata)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Refused, Rules};

    fn check(rules: &Rules, url: &str, refusal: Option<Refused>) {
        assert_eq!(rules.judge(url).err(), refusal, "{url}");
    }

    fn check_address(rules: &Rules, host: &str, address: &str, refusal: Option<Class>) {
        let verdict = rules.judge_address(host, address.parse().unwrap());
        assert_eq!(
            verdict.err(),
            refusal.map(Refused::Address),
            "{host} {address}"
        );
    }

    #[test]
    fn by_default_only_https_to_the_public_internet_leaves() {
        let rules = Rules::default();
        let loopback = Some(Refused::Address(Class::Loopback));
        check(&rules, "https://idp.test/keys", None);
        check(&rules, "https://8.8.8.8/", None);
        check(&rules, "http://idp.test/", Some(Refused::Scheme));
        check(&rules, "file:///etc/passwd", Some(Refused::Scheme));
        check(&rules, "gopher://idp.test/", Some(Refused::Scheme));
        check(&rules, "javascript:alert(1)", Some(Refused::Scheme));
        check(&rules, "/keys", Some(Refused::NotAUrl));
        check(&rules, "https://", Some(Refused::NotAUrl));
        check(&rules, "https://idp.test:6379/", Some(Refused::Port(6379)));
        check(&rules, "https://user@idp.test/", Some(Refused::UserInfo));
        check(
            &rules,
            "https://idp.test@127.0.0.1/",
            Some(Refused::UserInfo),
        );
        for spelling in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "127。0。0。1",
        ] {
            check(&rules, &format!("https://{spelling}/"), loopback);
        }
        check(
            &rules,
            "https://169.254.169.254/",
            Some(Refused::Address(Class::Metadata)),
        );
        check(
            &rules,
            "https://[64:ff9b::7f00:1]/",
            Some(Refused::Address(Class::Translated)),
        );
    }

    #[test]
    fn a_named_host_may_stand_inside_but_not_be_the_metadata_service() {
        let rules = Rules {
            hosts: vec!["idp.internal".into()],
            ..Rules::default()
        };
        check_address(&rules, "idp.internal", "10.0.0.7", None);
        check_address(&rules, "IDP.internal.", "fd00::7", None);
        check_address(
            &rules,
            "idp.internal",
            "169.254.169.254",
            Some(Class::Metadata),
        );
        check_address(&rules, "idp.internal", "0.0.0.0", Some(Class::Unspecified));
        check_address(
            &rules,
            "idp.internal",
            "64:ff9b::a00:7",
            Some(Class::Translated),
        );
        check_address(&rules, "x.idp.internal", "10.0.0.7", Some(Class::Private));
        check_address(&rules, "other.test", "10.0.0.7", Some(Class::Private));
    }

    #[test]
    fn a_network_is_allowed_as_wide_as_it_is_written() {
        let with = |networks: &[&str]| Rules {
            networks: networks.iter().map(|one| one.parse().unwrap()).collect(),
            ..Rules::default()
        };
        let inner = with(&["10.1.0.0/16"]);
        check_address(&inner, "a.test", "10.1.2.3", None);
        check_address(&inner, "a.test", "::ffff:10.1.2.3", None);
        check_address(&inner, "a.test", "10.2.0.1", Some(Class::Private));
        let all = with(&["0.0.0.0/0", "::/0"]);
        check_address(&all, "a.test", "192.168.0.1", None);
        check_address(&all, "a.test", "169.254.169.254", Some(Class::Metadata));
        check_address(
            &with(&["169.254.169.254/32"]),
            "a.test",
            "169.254.169.254",
            None,
        );
    }
}
