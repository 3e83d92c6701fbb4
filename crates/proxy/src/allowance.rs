//! What clients are told of limits: why one refused them, that one is nearly used up, and what remains.
//!
//! Only limits of the caller's own tenant are spoken of, so nobody learns of others' use.

use std::time::Duration;

use serde_json::{Number, Value, json};
use wardgate_limit::{Dimension, Facts, Refusal, Warning, rate_limit, rate_limit_policy};
use wardgate_model::{MicroUsd, TenantId};
use wardgate_protocol::{Raw, edit};

use crate::{
    gate::Gate,
    outcome::Answer,
    pipeline::Trail,
    stage::admit::{is_free, looks},
};

/// The member of `_meta` that speaks of limits.
pub const META: &str = "dev.wardgate/limit";

/// The values of the header fields `RateLimit-Policy` and `RateLimit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub policy: String,
    pub state: String,
}

impl RateLimit {
    /// draft-ietf-httpapi-ratelimit-headers-11.
    pub fn fields(&self) -> [(&'static str, &str); 2] {
        [
            ("ratelimit-policy", &self.policy),
            ("ratelimit", &self.state),
        ]
    }
}

/// Adds to an answer what remains to the caller, and a warning if one is due.
pub fn tell(gate: &Gate, trail: &Trail, answer: &mut Answer) {
    answer.limit = remaining(gate, trail);
    trail.warnings.iter().for_each(log);
    if let (Some(warning), Some(id), Some(result)) = (
        trail.warnings.first(),
        answer.frame.id(),
        answer.frame.result(),
    ) {
        let warned = edit::set(
            result.as_str(),
            &["_meta", META],
            &warned(warning).to_string(),
        );
        answer.frame = answer.frame.with_result(id, Some(&Raw::trusted(warned)));
    }
}

fn log(warning: &Warning) {
    let tenant = warning.tenant.as_ref().map(TenantId::as_str);
    let used = amount(warning.dimension, warning.used);
    let of = amount(warning.dimension, warning.limit);
    tracing::warn!(
        tenant,
        limit = &*warning.rule,
        dimension = %warning.dimension,
        %used,
        %of,
        lists = warning.key.looks,
        "a limit is nearly used up"
    );
}

fn remaining(gate: &Gate, trail: &Trail) -> Option<RateLimit> {
    let caller = trail.caller.as_ref()?;
    if is_free(&trail.method) {
        return None;
    }
    let facts = Facts {
        tenant: &caller.tenant,
        principal: &caller.principal,
        toolset: &trail.toolset.name,
        tool: trail.limited_as.as_ref(),
        looks: looks(&trail.method),
    };
    let standing = gate.limits.standing(&facts, &gate.moment())?;
    Some(RateLimit {
        policy: rate_limit_policy(&standing),
        state: rate_limit(&standing),
    })
}

fn warned(warning: &Warning) -> Value {
    json!({
        "name": &*warning.rule,
        "dimension": warning.dimension.as_str(),
        "used": amount(warning.dimension, warning.used),
        "of": amount(warning.dimension, warning.limit),
    })
}

/// What a program can act on.
pub fn data(refusal: &Refusal) -> Value {
    let mut data = json!({
        "name": &*refusal.rule,
        "dimension": refusal.dimension.as_str(),
    });
    if let Some(at) = refusal.reset_at {
        data["resetAt"] = format!("{at:.3}").into();
    }
    if let Some(wait) = refusal.retry_after {
        data["retryAfterMs"] = (whole_millis(wait).as_millis() as u64).into();
    }
    data
}

/// What a model can act on.
pub fn advice(refusal: &Refusal) -> String {
    let Refusal {
        rule,
        dimension,
        limit,
        remaining,
        ..
    } = refusal;
    let unit = unit(*dimension);
    let (of, left) = (amount(*dimension, *limit), amount(*dimension, *remaining));
    if *dimension == Dimension::Concurrency {
        return format!(
            "Limit `{rule}` allows {of} calls at the same time. Wait until one has ended, then call again."
        );
    }
    let Some(wait) = refusal.retry_after else {
        return format!(
            "This call needs more than limit `{rule}` allows at all ({of} {unit}). Calling again will not help."
        );
    };
    let until = refusal
        .reset_at
        .map_or(String::new(), |at| format!(", until {at:.0}"));
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    format!(
        "Limit `{rule}` is used up: {left} of {of} {unit} left. Wait {seconds} s{until}, then call again."
    )
}

/// Rounded up, so that who waits for it has waited long enough.
pub fn whole_millis(wait: Duration) -> Duration {
    Duration::from_millis(wait.as_nanos().div_ceil(1_000_000) as u64)
}

fn unit(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Calls | Dimension::Concurrency => "calls",
        Dimension::CostUsd => "US dollars",
        Dimension::Tokens => "tokens",
        Dimension::Bytes => "bytes",
        Dimension::ComputeS => "seconds of work",
    }
}

/// Dollars and seconds, which are counted in millionths, as decimals.
pub fn amount(dimension: Dimension, amount: u64) -> Number {
    match dimension {
        Dimension::CostUsd | Dimension::ComputeS => MicroUsd(amount)
            .to_string()
            .parse()
            .expect("a decimal is a number"),
        Dimension::Calls | Dimension::Tokens | Dimension::Bytes | Dimension::Concurrency => {
            amount.into()
        }
    }
}
