//! Standings as HTTP says them: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers, structured fields
//! of RFC 9651) and `Retry-After` in seconds (RFC 9110 §10.2.3). Times are rounded up, so that who waits for them has waited
//! long enough.

use std::{fmt::Write, time::Duration};

use crate::{facts::Dimension, refusal::Refusal, standing::Standing};

/// RFC 9651 §3.3.1: integers have at most fifteen digits.
const INTEGER_MAX: u64 = 999_999_999_999_999;

/// The quota and its window: `"floor";q=120;w=60`.
pub fn rate_limit_policy(standing: &Standing) -> String {
    let mut field = quoted(&standing.rule);
    parameter(&mut field, "q", standing.limit);
    if let Some(unit) = quota_unit(standing.dimension) {
        field.push_str(";qu=");
        field.push_str(&quoted(unit));
    }
    if let Some(window) = standing.window {
        parameter(&mut field, "w", seconds(window).max(1));
    }
    field
}

/// What remains, and when more does: `"floor";r=7;t=12`.
pub fn rate_limit(standing: &Standing) -> String {
    let mut field = quoted(&standing.rule);
    parameter(&mut field, "r", standing.remaining);
    if let Some(resets_in) = standing.resets_in {
        parameter(&mut field, "t", seconds(resets_in));
    }
    field
}

/// The delay that `Retry-After` names, at least a second; none if the call can never pass.
pub fn retry_after_seconds(refusal: &Refusal) -> Option<u64> {
    refusal.retry_after.map(|wait| seconds(wait).max(1))
}

/// Requests are the default unit. The draft registers two of the others; the rest are this gateway's.
fn quota_unit(dimension: Dimension) -> Option<&'static str> {
    match dimension {
        Dimension::Calls => None,
        Dimension::CostUsd => Some("micro-usd"),
        Dimension::Tokens => Some("tokens"),
        Dimension::Bytes => Some("content-bytes"),
        Dimension::ComputeS => Some("microseconds"),
        Dimension::Concurrency => Some("concurrent-requests"),
    }
}

/// RFC 9651 §3.3.3. Names of rules are printable ASCII already.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

fn parameter(field: &mut String, name: &str, value: u64) {
    let value = value.min(INTEGER_MAX);
    write!(field, ";{name}={value}").expect("writing to a String cannot fail");
}

fn seconds(time: Duration) -> u64 {
    time.as_secs()
        .saturating_add(u64::from(time.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyValues;

    fn standing(rule: &str, dimension: Dimension) -> Standing {
        Standing {
            rule: rule.into(),
            tenant: None,
            key: KeyValues::default(),
            dimension,
            limit: 120,
            used: 113,
            remaining: 7,
            window: Some(Duration::from_secs(60)),
            resets_in: Some(Duration::from_millis(11_001)),
        }
    }

    #[test]
    fn fields_are_structured_and_round_times_up() {
        let floor = standing("floor", Dimension::Calls);
        assert_eq!(rate_limit_policy(&floor), r#""floor";q=120;w=60"#);
        assert_eq!(rate_limit(&floor), r#""floor";r=7;t=12"#);
        let odd = standing(r#"a "b\c""#, Dimension::Bytes);
        let policy = r#""a \"b\\c\"";q=120;qu="content-bytes";w=60"#;
        assert_eq!(rate_limit_policy(&odd), policy);
        let huge = Standing {
            remaining: u64::MAX,
            resets_in: None,
            ..floor
        };
        assert_eq!(rate_limit(&huge), r#""floor";r=999999999999999"#);
    }
}
