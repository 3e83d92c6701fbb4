//! The limits of every tenant, as `wardgate_limit` declares them.

use wardgate_config::{self as config, LimitKey, amounts::Window};
use wardgate_limit::{Key, Rule, RuleFault, Rules, Share};

/// Returns the limits of all tenants in the form they are obeyed in.
///
/// # Errors
/// Every fault; a config that was checked has none.
pub(crate) fn compile(tenants: &[config::Tenant]) -> Result<Rules, Vec<RuleFault>> {
    let declared = tenants.iter().flat_map(|tenant| {
        let of_tenant = |limit: &config::Limit| Rule {
            tenant: Some(tenant.name.clone()),
            ..rule(limit)
        };
        tenant.limits.iter().map(of_tenant)
    });
    Rules::compile(&declared.collect::<Vec<_>>())
}

fn rule(limit: &config::Limit) -> Rule {
    let counts_by = |part: LimitKey| limit.key.parts().contains(&part);
    Rule {
        name: limit.name.clone(),
        tenant: None,
        key: Key {
            tenant: counts_by(LimitKey::Tenant),
            principal: counts_by(LimitKey::Principal),
            toolset: counts_by(LimitKey::Toolset),
            tool: counts_by(LimitKey::Tool),
        },
        tools: limit.tools.clone(),
        calls: limit.calls,
        burst: limit.burst,
        cost: limit.cost_usd.map(|usd| usd.0),
        tokens: limit.tokens,
        bytes: limit.bytes.map(|size| size.0 as u64),
        compute: limit.compute.map(|span| span.0),
        per: limit.per.map(window),
        concurrency: limit.concurrency,
        soft: limit.soft.and_then(|share| Share::per_mille(share.0)),
    }
}

fn window(window: Window) -> wardgate_limit::Window {
    match window {
        Window::Any(span) => wardgate_limit::Window::Sliding(span.0),
        Window::Day => wardgate_limit::Window::Day,
        Window::Month => wardgate_limit::Window::Month,
    }
}
