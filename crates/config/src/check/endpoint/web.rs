//! A server reached over HTTP: its address, and headers that may be sent.

use url::Url;

use super::{not_secret, valued};
use crate::{
    check::{Checks, Place, names},
    config::{Value, Web},
    diagnostic::code,
    raw::{RawEndpoint, RawValue},
    secretlike,
};

pub(super) fn check(
    checks: &mut Checks<'_>,
    place: &Place,
    key: &str,
    text: &str,
    raw: &RawEndpoint,
) -> Option<Web> {
    let url = url(checks, &place.child(key), text);
    let mut headers = Vec::new();
    for (name, value) in &raw.headers {
        let place = place.child("headers").child(name);
        if header(checks, &place, name, value, raw.auth.is_some()) {
            headers.push((name.to_ascii_lowercase(), valued(checks, value)));
        }
    }
    if let Some(auth) = &raw.auth {
        let value = Value::Secret {
            prefix: "Bearer ".into(),
            from: checks.secret(&auth.token),
        };
        headers.push(("authorization".into(), value));
    }
    let url = url?;
    if url.scheme() == "http" && raw.tls.is_some() {
        let hint = "use `https://`, or remove `tls`";
        checks.key_error(
            code::OUT_OF_PLACE,
            &place.child("tls"),
            "`tls` means nothing for an `http://` address",
            hint,
        );
    }
    let secret = headers
        .iter()
        .any(|(_, value)| matches!(value, Value::Secret { .. }));
    if url.scheme() == "http" && secret && !is_loopback(&url) {
        let message = "a credential would be sent without TLS";
        checks.warning(
            code::CREDENTIAL_IN_THE_CLEAR,
            &place.child(key),
            message,
            "use `https://`",
        );
    }
    Some(Web {
        url,
        headers,
        ca: raw.tls.as_ref().map(|tls| checks.path(&tls.ca)),
    })
}

fn url(checks: &mut Checks<'_>, place: &Place, text: &str) -> Option<Url> {
    let refuse = |checks: &mut Checks<'_>, message: &str, hint: &str| {
        checks.error(code::BAD_URL, place, message, hint);
        None
    };
    let Ok(url) = Url::parse(text) else {
        checks.conceal(place);
        return refuse(
            checks,
            "this is not an address",
            "write it as `https://host/path`",
        );
    };
    if !url.username().is_empty() || url.password().is_some() {
        checks.conceal(place);
        return refuse(
            checks,
            "an address may not hold a user name or password",
            "use `auth: {token: {env: NAME}}`",
        );
    }
    if !matches!(url.scheme(), "http" | "https") {
        let hint = "use `http://` or `https://`; for a program use `command:`";
        return refuse(
            checks,
            &format!("`{}` is not a scheme a server is reached by", url.scheme()),
            hint,
        );
    }
    if url.fragment().is_some() {
        return refuse(
            checks,
            "an address of a server has no `#…` part",
            "remove it",
        );
    }
    if let Some((name, _)) = url
        .query_pairs()
        .find(|(name, value)| secretlike::name(name) || secretlike::value(value))
    {
        let message = format!("parameter `{name}` of the address looks like a secret");
        checks.conceal(place);
        checks.warning(
            code::SECRET_LOOKALIKE,
            place,
            message,
            "use `headers:` or `auth:` with a reference if the server takes it there",
        );
    }
    Some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Says whether the header may be sent.
fn header(
    checks: &mut Checks<'_>,
    place: &Place,
    name: &str,
    value: &RawValue,
    auth: bool,
) -> bool {
    // The gateway itself speaks HTTP and MCP: these are its own.
    const RESERVED: [&str; 12] = [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "content-encoding",
        "host",
        "keep-alive",
        "last-event-id",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let lower = name.to_ascii_lowercase();
    if !names::is_header_name(name) {
        checks.key_error(
            code::BAD_HEADER,
            place,
            format!("`{name}` is not a header name"),
            "",
        );
        return false;
    }
    if RESERVED.contains(&lower.as_str()) || lower.starts_with("mcp-") {
        checks.key_error(
            code::BAD_HEADER,
            place,
            format!("the gateway sets `{name}` itself"),
            "remove it",
        );
        return false;
    }
    if lower == "authorization" && auth {
        checks.key_error(
            code::BAD_HEADER,
            place,
            "`auth` sets `Authorization` already",
            "keep one",
        );
        return false;
    }
    if let RawValue::Plain(text) = value {
        if text.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            checks.error(
                code::BAD_HEADER,
                place,
                format!("the value of `{name}` holds a control character"),
                "",
            );
            return false;
        }
        let hint = match lower.as_str() {
            "authorization" => "use `auth: {token: {env: NAME}}`",
            _ => {
                "write a reference: `{env: NAME}`, `{file: PATH}` or `{exec: [PROGRAM, ARGUMENT]}`"
            }
        };
        return not_secret(checks, place, name, text, hint);
    }
    true
}
