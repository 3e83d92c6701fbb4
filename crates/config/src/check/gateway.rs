//! The gateway's own section: who may call from where.

use std::{collections::HashMap, net::SocketAddr};

use url::Url;
use wardgate_model::{PrincipalId, TenantId, ToolsetName};

use super::{Checks, Place, pointers};
use crate::{
    config::{Gateway, Key, Tls},
    diagnostic::code,
    raw::{RawGateway, RawKey},
    suggest,
};

/// Checks the section. `toolsets` are the configured names, or `None` when there is only the implied `default`.
pub fn check(
    checks: &mut Checks<'_>,
    place: &Place,
    raw: &RawGateway,
    toolsets: Option<Vec<&str>>,
) -> Option<Gateway> {
    let listen: SocketAddr = raw.listen.parse().ok()?;
    let keys = keys(
        checks,
        &place.child("keys"),
        &raw.keys,
        toolsets.as_deref().unwrap_or(&["default"]),
    );
    let loopback = listen.ip().is_loopback();
    if !loopback {
        off_loopback(checks, place, raw);
    }
    let anonymous = raw.anonymous.unwrap_or(loopback && keys.is_empty());
    if loopback && !anonymous && keys.is_empty() && !checks.faulty(&place.child("keys")) {
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
    let sensitive = place.child("audit").child("sensitive");
    pointers::check(checks, &sensitive, &raw.audit.sensitive);
    Some(Gateway {
        listen,
        environment: raw.environment.clone(),
        tls: raw.tls.as_ref().map(|tls| Tls {
            cert: checks.path(&tls.cert),
            key: checks.path(&tls.key),
        }),
        hosts: raw
            .hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect(),
        origins: raw.origins.clone(),
        keys,
        anonymous,
        seal_key: raw.seal_key.as_ref().map(|secret| checks.secret(secret)),
        record: raw.record,
        audit: raw.audit.clone(),
        state: checks.path(&raw.state),
        limits: raw.limits.clone(),
    })
}

/// Off loopback the gateway serves only over TLS and only to callers it knows.
fn off_loopback(checks: &mut Checks<'_>, place: &Place, raw: &RawGateway) {
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
    if raw.keys.is_empty() && !checks.faulty(&place.child("keys")) {
        let hint =
            format!("add `gateway.keys: [{{id: …, principal: …, secret: {{env: …}}}}]`, {HINT}");
        checks.error(
            code::OFF_LOOPBACK_OPEN,
            &listen,
            says("and there are no `keys`"),
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
        for (position, name) in key.toolsets.iter().flatten().enumerate() {
            if !toolsets.contains(&name.as_str()) {
                let place = place.child("toolsets").child(position);
                let hint = suggest::hint(name, toolsets.iter().copied());
                checks.error(
                    code::UNKNOWN_TOOLSET,
                    &place,
                    format!("toolset `{name}` is not defined"),
                    hint,
                );
            }
        }
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
        let plain = host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        let ipv6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        if host.is_empty() || !(plain || ipv6) {
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
