//! Tenants: names, and limits that can be obeyed.

use std::collections::HashSet;

use indexmap::IndexMap;
use wardgate_model::TenantId;

use super::{
    Checks, Place, names,
    toolset::{self, Known},
};
use crate::{
    amounts::Window,
    config::{Limit, Tenant},
    diagnostic::code,
    raw::tenants::RawTenant,
};

pub fn check_all(
    checks: &mut Checks<'_>,
    place: &Place,
    raw: &IndexMap<String, RawTenant>,
    known: &Known,
) -> Vec<Tenant> {
    let tenant = |(name, raw): (&String, &RawTenant)| {
        let place = place.child(name);
        if !names::is_tenant_name(name) {
            let hint = "use up to 128 letters, digits, `-`, `_`, `.` and `@`";
            let message = format!("`{name}` is not a tenant name");
            checks.key_error(code::MALFORMED_NAME, &place, message, hint);
        }
        Tenant {
            name: TenantId::new(name),
            limits: limits(checks, &place.child("limits"), &raw.limits, known),
        }
    };
    raw.iter().map(tenant).collect()
}

fn limits(checks: &mut Checks<'_>, place: &Place, raw: &[Limit], known: &Known) -> Vec<Limit> {
    let mut names = HashSet::new();
    for (position, raw) in raw.iter().enumerate() {
        let place = place.child(position);
        if !names.insert(&raw.name) {
            let message = format!("two limits of this tenant have the name `{}`", raw.name);
            let hint = "rename one of them: what was used is counted by name";
            checks.error(code::DUPLICATE_KEY, &place.child("name"), message, hint);
        }
        limit(checks, &place, raw, known);
    }
    raw.to_vec()
}

fn limit(checks: &mut Checks<'_>, place: &Place, raw: &Limit, known: &Known) {
    let printable = |byte: u8| (b' '..=b'~').contains(&byte);
    if !raw.name.bytes().all(printable) {
        let message = format!("`{}` is not a name of a limit", raw.name);
        let hint = "use printable ASCII: it is sent in HTTP headers";
        checks.error(code::MALFORMED_NAME, &place.child("name"), message, hint);
    }
    if !checks.faulty(place) {
        amounts(checks, place, raw);
    }
    let servers: Vec<_> = known.servers.iter().map(|(_, alias)| alias).collect();
    for (position, text) in raw.tools.iter().enumerate() {
        let place = place.child("tools").child(position);
        toolset::pattern(checks, &place, text, &servers, known.complete);
    }
}

/// Amounts and window must go together.
fn amounts(checks: &mut Checks<'_>, place: &Place, raw: &Limit) {
    let name = &raw.name;
    let counts_over_time = raw.calls.is_some()
        || raw.cost_usd.is_some()
        || raw.tokens.is_some()
        || raw.bytes.is_some()
        || raw.compute.is_some();
    if !counts_over_time && raw.concurrency.is_none() {
        let hint = "add `calls`, `cost_usd`, `tokens`, `bytes`, `compute` or `concurrency`";
        let message = format!("limit `{name}` limits nothing");
        checks.error(code::EMPTY_LIMIT, &place.child("name"), message, hint);
    } else if counts_over_time && raw.per.is_none() {
        let hint = "add `per: 1m`, or another time, `day` or `month`";
        let message = format!("limit `{name}` does not say over which time it counts");
        checks.error(
            code::LIMIT_WITHOUT_WINDOW,
            &place.child("name"),
            message,
            hint,
        );
    } else if !counts_over_time && raw.per.is_some() {
        let hint = "calls at the same time are counted over no time: remove it";
        let message = format!("limit `{name}` has nothing to count over a time");
        checks.error(code::OUT_OF_PLACE, &place.child("per"), message, hint);
    }
    let paced = raw.calls.is_some() && matches!(raw.per, Some(Window::Any(_)) | None);
    if raw.burst.is_some() && !paced {
        let hint = "it says how many of `calls` may come at once within a time such as `1m`";
        let message = format!("limit `{name}` has a burst, but no pace of calls");
        checks.error(code::OUT_OF_PLACE, &place.child("burst"), message, hint);
    }
}
