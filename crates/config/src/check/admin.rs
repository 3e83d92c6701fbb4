//! The admin surface: that it listens where it may, and that its roles have holders.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use wardgate_model::{GroupName, PrincipalId, Role, TenantId};

use super::{Checks, Place};
use crate::{
    config::{Admin, Grant, Holder},
    diagnostic::code,
    raw::{RawConfig, RawGateway},
};

/// Says that there is no admin listener.
const OFF: &str = "off";

/// Returns where it listens. Without a word about it, on loopback at the port after the data listener's.
pub fn check(
    checks: &mut Checks<'_>,
    gateway: &Place,
    raw: &RawGateway,
    listen: SocketAddr,
    is_known: bool,
) -> Option<Admin> {
    let Some(text) = raw.admin.as_deref() else {
        return by_default(listen);
    };
    let place = gateway.child("admin");
    let admin: SocketAddr = (text != OFF).then(|| text.parse().ok()).flatten()?;
    if admin == listen && admin.port() != 0 {
        let message = format!("`{text}` is the data listener's address too");
        let hint = "give the admin API a port of its own, or write `off`";
        checks.error(code::ADMIN_ON_THE_DATA_LISTENER, &place, message, hint);
    }
    // What the data listener is told already is not told twice.
    if !admin.ip().is_loopback() && listen.ip().is_loopback() {
        off_loopback(checks, &place, raw, text, is_known);
    }
    Some(Admin {
        listen: admin,
        is_default: false,
    })
}

fn by_default(listen: SocketAddr) -> Option<Admin> {
    let port = match listen.port() {
        0 => 0,
        port => port.checked_add(1)?,
    };
    let ip = match listen.ip() {
        ip if ip.is_loopback() => ip,
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    Some(Admin {
        listen: (ip, port).into(),
        is_default: true,
    })
}

fn off_loopback(
    checks: &mut Checks<'_>,
    place: &Place,
    raw: &RawGateway,
    text: &str,
    is_known: bool,
) {
    if raw.tls.is_none() {
        let message = format!("`{text}` is not loopback, and there is no `tls`");
        let hint = "add `gateway.tls: {cert: …, key: …}`, or listen on `127.0.0.1`";
        checks.error(code::OFF_LOOPBACK_PLAIN, place, message, hint);
    }
    if !is_known {
        let message =
            format!("`{text}` is not loopback, and there is nothing to tell operators apart by");
        let hint = "add `gateway.keys` or `tenants.….auth`, or listen on `127.0.0.1`";
        checks.error(code::OFF_LOOPBACK_OPEN, place, message, hint);
    }
}

/// Returns who holds which role.
pub fn roles(checks: &mut Checks<'_>, root: &Place, raw: &RawConfig) -> Vec<Grant> {
    let place = root.child("gateway").child("roles");
    let mut grants = Vec::new();
    for (role, holders) in raw.gateway.roles.each() {
        let place = place.child(role.as_str());
        for (position, text) in holders.iter().enumerate() {
            let named = text.split_once('/');
            let Some((tenant, holder)) = named.filter(|(tenant, _)| !tenant.is_empty()) else {
                let message = format!("`{text}` does not say whose principal it is");
                let hint = "write `tenant/principal`, or `tenant/group:NAME`";
                checks.error(code::BAD_HOLDER, &place.child(position), message, hint);
                continue;
            };
            let place = place.child(position);
            grants.extend(grant(checks, &place, (role, true), tenant, holder));
        }
    }
    for (tenant, raw) in &raw.tenants {
        let place = root.child("tenants").child(tenant).child("roles");
        for (role, holders) in raw.roles.each() {
            let place = place.child(role.as_str());
            for (position, holder) in holders.iter().enumerate() {
                let place = place.child(position);
                grants.extend(grant(checks, &place, (role, false), tenant, holder));
            }
        }
    }
    grants
}

fn grant(
    checks: &mut Checks<'_>,
    place: &Place,
    (role, everywhere): (Role, bool),
    tenant: &str,
    holder: &str,
) -> Option<Grant> {
    let holder = match holder.strip_prefix("group:") {
        Some(name) if !name.is_empty() => Holder::Group(GroupName::new(name)),
        None if !holder.is_empty() => Holder::Principal(PrincipalId::new(holder)),
        Some(_) | None => {
            let hint = "write a principal, or `group:NAME`";
            checks.error(code::BAD_HOLDER, place, "this names nobody", hint);
            return None;
        }
    };
    Some(Grant {
        role,
        everywhere,
        tenant: TenantId::new(tenant),
        holder,
    })
}
