//! What is judged before a body is read: path, Host, Origin, framing. Host and Origin are judged independently, so that
//! neither a rebound name nor a foreign page gets in (DNS rebinding, cross-site requests).

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, Version, header};
use wardgate_snapshot::Gateway;

use crate::approval::page;

/// Why a request is refused at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub reason: &'static str,
}

fn refuse(status: StatusCode, reason: &'static str) -> Refusal {
    Refusal { status, reason }
}

/// Where a request may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Mcp {
        toolset: Option<String>,
    },
    /// What OAuth clients are told of a toolset.
    Metadata {
        toolset: Option<String>,
    },
    /// What a person is shown whose call waits for others.
    Waiting,
    Live,
    Ready,
}

/// Reads the path, which must be spelled exactly: no decoding, no folding, no extra slashes or parameters.
pub fn place(uri: &Uri) -> Option<Place> {
    match uri.path() {
        "/livez" => Some(Place::Live),
        "/readyz" => Some(Place::Ready),
        path if path.starts_with(page::PATH) => Some(Place::Waiting),
        path => match path.strip_prefix("/.well-known/oauth-protected-resource") {
            // MCP basic/authorization: a client that finds nothing under the path asks the root.
            Some("") => Some(Place::Metadata { toolset: None }),
            Some(path) => toolset(path).map(|toolset| Place::Metadata { toolset }),
            None => toolset(path).map(|toolset| Place::Mcp { toolset }),
        },
    }
}

fn toolset(path: &str) -> Option<Option<String>> {
    if path == "/mcp" {
        return Some(None);
    }
    let name = path.strip_prefix("/mcp/")?;
    let is_name = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !name.starts_with('.');
    is_name.then(|| Some(name.to_owned()))
}

/// Checks framing, Host and Origin.
///
/// # Errors
/// 400 for what is malformed, 403 for what is foreign.
pub fn check<B>(request: &Request<B>, gateway: &Gateway, local: SocketAddr) -> Result<(), Refusal> {
    framing(request)?;
    head_size(request.headers(), gateway.caps.header_bytes_max)?;
    host(request, gateway, local)?;
    origin(request.headers(), gateway, local)
}

/// RFC 9112 §6.1: both framings at once is how requests are smuggled. Upgrades are not offered.
fn framing<B>(request: &Request<B>) -> Result<(), Refusal> {
    let head = request.headers();
    if head.contains_key(header::TRANSFER_ENCODING) && head.contains_key(header::CONTENT_LENGTH) {
        return Err(refuse(
            StatusCode::BAD_REQUEST,
            "both Content-Length and Transfer-Encoding",
        ));
    }
    if head.contains_key(header::UPGRADE) {
        return Err(refuse(StatusCode::BAD_REQUEST, "upgrades are not offered"));
    }
    Ok(())
}

/// RFC 6585 §5. Before anything in a header is decoded.
fn head_size(head: &HeaderMap, max: usize) -> Result<(), Refusal> {
    let size: usize = head
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if size <= max {
        return Ok(());
    }
    Err(refuse(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "the headers are too large",
    ))
}

fn host<B>(request: &Request<B>, gateway: &Gateway, local: SocketAddr) -> Result<(), Refusal> {
    let bad = |reason| refuse(StatusCode::BAD_REQUEST, reason);
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(bad("more than one Host"));
    }
    let named = match (request.version(), request.uri().authority(), first) {
        (Version::HTTP_2, Some(authority), None) => authority.as_str(),
        (Version::HTTP_2, Some(authority), Some(host))
            if host.as_bytes() == authority.as_str().as_bytes() =>
        {
            authority.as_str()
        }
        (Version::HTTP_2, _, _) => return Err(bad("`:authority` and Host do not agree")),
        (_, Some(_), _) => return Err(bad("absolute-form target")),
        (_, None, Some(host)) => host.to_str().map_err(|_| bad("Host is not ASCII"))?,
        (_, None, None) => return Err(bad("Host is missing")),
    };
    if is_our_name(named, gateway, local) {
        Ok(())
    } else {
        Err(refuse(StatusCode::FORBIDDEN, "Host is not served here"))
    }
}

fn is_our_name(authority: &str, gateway: &Gateway, local: SocketAddr) -> bool {
    let Some((host, port)) = split_port(authority) else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    if gateway
        .hosts
        .iter()
        .any(|ours| ours.eq_ignore_ascii_case(&host))
    {
        return true;
    }
    if port.is_some_and(|port| port != local.port()) {
        return false;
    }
    (local.ip().is_loopback() && is_loopback_name(&host))
        || parse_ip(&host).is_some_and(|ip| ip == local.ip())
}

fn is_loopback_name(host: &str) -> bool {
    host == "localhost" || matches!(host, "127.0.0.1" | "[::1]")
}

fn parse_ip(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// Splits `host[:port]`; `None` for anything that is not exactly that.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match authority[after_bracket..].rfind(':') {
        Some(at) => (
            &authority[..after_bracket + at],
            Some(&authority[after_bracket + at + 1..]),
        ),
        None => (authority, None),
    };
    let is_host = !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b));
    let bracketed = host.starts_with('[') == host.ends_with(']')
        && (host.starts_with('[') || !host.contains(':'));
    match (is_host && bracketed, port) {
        (true, None) => Some((host, None)),
        (true, Some(port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            Some((host, Some(port.parse().ok()?)))
        }
        _ => None,
    }
}

fn origin(head: &HeaderMap, gateway: &Gateway, local: SocketAddr) -> Result<(), Refusal> {
    let mut origins = head.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) if is_cross_site(head) => {
            Err(refuse(StatusCode::FORBIDDEN, "cross-site request"))
        }
        (None, _) => Ok(()),
        (Some(origin), None) if is_allowed_origin(origin, gateway, local) => Ok(()),
        (Some(_), _) => Err(refuse(StatusCode::FORBIDDEN, "Origin is not allowed")),
    }
}

/// Fetch metadata: browsers send it even where they send no Origin.
fn is_cross_site(head: &HeaderMap) -> bool {
    head.get("sec-fetch-site")
        .is_some_and(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"))
}

/// Returns whether a page of this origin may call: one of the configured, matched exactly, or this listener's own loopback origin.
pub fn is_allowed_origin(origin: &HeaderValue, gateway: &Gateway, local: SocketAddr) -> bool {
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if gateway.origins.iter().any(|allowed| allowed == origin) {
        return true;
    }
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    matches!(scheme, "http" | "https")
        && local.ip().is_loopback()
        && split_port(authority)
            .is_some_and(|(host, port)| is_loopback_name(host) && port == Some(local.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> SocketAddr {
        "127.0.0.1:8080".parse().unwrap()
    }

    #[test]
    fn only_exact_paths_lead_somewhere() {
        let at = |path: &str| place(&path.parse().unwrap());
        assert_eq!(at("/mcp"), Some(Place::Mcp { toolset: None }));
        assert_eq!(
            at("/mcp/finance"),
            Some(Place::Mcp {
                toolset: Some("finance".into())
            })
        );
        let metadata = |toolset: Option<&str>| {
            let toolset = toolset.map(str::to_owned);
            Some(Place::Metadata { toolset })
        };
        let root = "/.well-known/oauth-protected-resource";
        assert_eq!(at(root), metadata(None));
        assert_eq!(at(&format!("{root}/mcp")), metadata(None));
        assert_eq!(
            at(&format!("{root}/mcp/finance")),
            metadata(Some("finance"))
        );
        for path in [
            "/.well-known/oauth-protected-resource/",
            "/.well-known/oauth-protected-resources",
            "/.well-known/oauth-protected-resource/livez",
            "/.well-known/oauth-authorization-server",
            "/authorize",
            "/register",
            "/token",
            "//mcp",
            "/mcp/",
            "/mcp;x=1",
            "/%6dcp",
            "/x/../mcp",
            "/mcp/..;/admin",
            "/MCP",
            "/mcp/a/b",
            "/mcp/..",
            "/admin/keys",
            "/",
        ] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn only_our_names_are_hosts() {
        let gateway = crate::testing::gateway();
        for host in [
            "127.0.0.1:8080",
            "localhost:8080",
            "[::1]:8080",
            "localhost",
            "LOCALHOST:8080",
            "gate.example:443",
        ] {
            assert!(is_our_name(host, &gateway, local()), "{host}");
        }
        for host in [
            "evil.test",
            "127.0.0.1:8080.evil.test",
            "127.0.0.1@evil",
            "localhost.",
            "localhost.:8080",
            "127.0.0.1:81",
            "",
            ":8080",
            "[::1",
            "127.0.0.1:x",
        ] {
            assert!(!is_our_name(host, &gateway, local()), "{host}");
        }
    }

    #[test]
    fn origins_match_exactly() {
        let gateway = crate::testing::gateway();
        let allowed = |origin: &str| {
            is_allowed_origin(&HeaderValue::from_str(origin).unwrap(), &gateway, local())
        };
        for origin in [
            "http://127.0.0.1:8080",
            "http://localhost:8080",
            "https://good.example",
        ] {
            assert!(allowed(origin), "{origin}");
        }
        for origin in [
            "null",
            "http://evil.test",
            "https://good.example.evil.test",
            "https://good.example:444",
            "http://good.example",
            "http://localhost:81",
            "file://localhost:8080",
        ] {
            assert!(!allowed(origin), "{origin}");
        }
    }
}
