//! The gateway's own section: who may call from where.

use std::{collections::HashMap, net::SocketAddr};

use url::Url;
use wardgate_model::{PrincipalId, TenantId, ToolsetName};

use super::{Checks, Place, admin, approvals, names, pointers, tenant};
use crate::{
    config::{Gateway, Key, Tls},
    diagnostic::code,
    raw::{RawGateway, RawKey},
};

/// By what callers can be told apart, besides keys.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    pub issuers: bool,
    pub certificates: bool,
}

/// Checks the section. `toolsets` are the names there are.
pub fn check(
    checks: &mut Checks<'_>,
    place: &Place,
    raw: &RawGateway,
    ways: Ways,
    toolsets: &[&str],
) -> Option<Gateway> {
    let listen: SocketAddr = raw.listen.parse().ok()?;
    let keys = keys(checks, &place.child("keys"), &raw.keys, toolsets);
    let is_known = !keys.is_empty() || ways.issuers || ways.certificates;
    let loopback = listen.ip().is_loopback();
    if !loopback {
        off_loopback(checks, place, raw, is_known);
    }
    let anonymous = raw.anonymous.unwrap_or(loopback && !is_known);
    if loopback && !anonymous && !is_known && !checks.faulty(&place.child("keys")) {
        let message = "nobody may call: there are no keys, and callers without a key are refused";
        checks.warning(
            code::NOBODY_MAY_CALL,
            &place.child("anonymous"),
            message,
            "add `keys:`, or remove `anonymous: false`",
        );
    }
    hosts(checks, &place.child("hosts"), &raw.hosts);
    origins(checks, &place.child("origins"), &raw.origins);
    let public_url = public_url(checks, place, raw, listen, ways);
    let sensitive = place.child("audit").child("sensitive");
    pointers::check(checks, &sensitive, &raw.audit.sensitive);
    Some(Gateway {
        listen,
        admin: admin::check(checks, place, raw, listen, is_known),
        environment: raw.environment.clone(),
        tls: raw.tls.as_ref().map(|tls| Tls {
            cert: checks.path(&tls.cert),
            key: checks.path(&tls.key),
            client_ca: tls.client_ca.as_ref().map(|ca| checks.path(ca)),
        }),
        hosts: raw
            .hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect(),
        origins: raw.origins.clone(),
        public_url,
        egress: tenant::egress(checks, &place.child("egress"), &raw.egress),
        keys,
        anonymous,
        seal_key: raw.seal_key.as_ref().map(|secret| checks.secret(secret)),
        record: raw.record,
        audit: raw.audit.clone(),
        approvals: approvals::check(checks, &place.child("approvals"), raw),
        sanitize: raw.sanitize,
        state: checks.path(&raw.state),
        limits: raw.limits.clone(),
    })
}

/// Off loopback the gateway serves only over TLS and only to callers it knows.
fn off_loopback(checks: &mut Checks<'_>, place: &Place, raw: &RawGateway, is_known: bool) {
    const HINT: &str = "or listen on `127.0.0.1`";
    let listen = place.child("listen");
    let whence = if checks.listen_overridden {
        " (given on the command line)"
    } else {
        ""
    };
    let says = |what: &str| format!("`{}`{whence} is not loopback, {what}", raw.listen);
    if raw.tls.is_none() && !checks.faulty(&place.child("tls")) {
        let hint = format!("add `gateway.tls: {{cert: …, key: …}}`, {HINT}");
        checks.error(
            code::OFF_LOOPBACK_PLAIN,
            &listen,
            says("and there is no `tls`"),
            hint,
        );
    }
    let tenants = Place::new(place.source, &["tenants"]);
    if !is_known && !checks.faulty(&place.child("keys")) && !checks.faulty(&tenants) {
        let hint = format!(
            "add `gateway.keys: [{{id: …, principal: …, secret: {{env: …}}}}]` or `tenants.….auth`, {HINT}"
        );
        checks.error(
            code::OFF_LOOPBACK_OPEN,
            &listen,
            says("and there is nothing to tell callers apart by: no `keys`, no issuers"),
            hint,
        );
    }
    if raw.anonymous == Some(true) {
        let message = says("and callers without a key would be let in");
        checks.error(
            code::ANONYMOUS_OFF_LOOPBACK,
            &place.child("anonymous"),
            message,
            format!("remove `anonymous`, {HINT}"),
        );
    }
}

/// Returns what resources are named by. Without a word about it, the listen address, if clients can use that.
fn public_url(
    checks: &mut Checks<'_>,
    place: &Place,
    raw: &RawGateway,
    listen: SocketAddr,
    ways: Ways,
) -> String {
    let Some(text) = &raw.public_url else {
        if ways.issuers && listen.ip().is_unspecified() {
            let message = "there are issuers, but no address that tokens could be made for";
            let hint = "add `gateway.public_url: https://…`, where clients reach the gateway";
            checks.error(code::NO_PUBLIC_URL, &place.child("listen"), message, hint);
        }
        let scheme = if raw.tls.is_some() { "https" } else { "http" };
        let url = Url::parse(&format!("{scheme}://{listen}"));
        return url.map_or_else(|_| String::new(), |url| url.origin().ascii_serialization());
    };
    // RFC 8707 §2, RFC 9728 §1.2: compared letter by letter, so one spelling only.
    let canonical = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == *text
    });
    if !canonical {
        let message = format!("`{text}` is not the address of a gateway");
        let hint = "write scheme and host in lower case, such as `https://mcp.example.com`: no path, no last slash, no default port";
        checks.error(
            code::BAD_PUBLIC_URL,
            &place.child("public_url"),
            message,
            hint,
        );
    }
    text.clone()
}

fn keys(checks: &mut Checks<'_>, place: &Place, raw: &[RawKey], toolsets: &[&str]) -> Vec<Key> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut keys = Vec::new();
    for (position, key) in raw.iter().enumerate() {
        let place = place.child(position);
        if let Some(first) = seen.insert(&key.id, position) {
            let message = format!("two keys have the id `{}`", key.id);
            let hint = format!(
                "key number {} has it already; records tell keys apart by id",
                first + 1
            );
            checks.error(code::DUPLICATE_KEY_ID, &place.child("id"), message, hint);
        }
        let wanted = key.toolsets.as_deref().unwrap_or_default();
        tenant::known_toolsets(checks, &place.child("toolsets"), wanted, toolsets);
        keys.push(Key {
            id: key.id.clone(),
            tenant: TenantId::new(&key.tenant),
            principal: PrincipalId::new(&key.principal),
            toolsets: key
                .toolsets
                .as_ref()
                .map(|names| names.iter().map(ToolsetName::new).collect()),
            secret: checks.secret(&key.secret),
        });
    }
    keys
}

fn hosts(checks: &mut Checks<'_>, place: &Place, hosts: &[String]) {
    for (position, host) in hosts.iter().enumerate() {
        let ipv6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        if !(names::is_host_name(host) || ipv6) {
            let hint =
                "write the bare name, such as `mcp.example.com`: no scheme, port, path or wildcard";
            checks.error(
                code::MALFORMED_HOST,
                &place.child(position),
                format!("`{host}` is not a host name"),
                hint,
            );
        }
    }
}

fn origins(checks: &mut Checks<'_>, place: &Place, origins: &[String]) {
    for (position, origin) in origins.iter().enumerate() {
        // RFC 6454 §6.2: what a browser sends is exactly the ASCII serialisation.
        let exact = Url::parse(origin).is_ok_and(|url| {
            url.origin().is_tuple() && url.origin().ascii_serialization() == *origin
        });
        if !exact {
            let hint = "write it as a browser sends it, such as `https://app.example.com`: no path, no default port";
            checks.error(
                code::MALFORMED_HOST,
                &place.child(position),
                format!("`{origin}` is not an origin"),
                hint,
            );
        }
    }
}
