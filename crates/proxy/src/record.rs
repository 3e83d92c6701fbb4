//! One call, one record. This file is the shape; where records go is a port.

use std::time::{Duration, SystemTime};

use serde::Serialize;

/// What happened to one call. Holds no argument, result, token or address.
#[derive(Clone, Debug, Serialize)]
pub struct Record<'a> {
    /// RFC 3339 in UTC, microseconds.
    pub time: String,
    pub revision: &'a str,
    pub tenant: &'a str,
    pub principal: &'a str,
    pub toolset: &'a str,
    pub method: &'a str,
    pub protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_protocol: Option<&'static str>,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// JSON-RPC error code, where the answer was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    pub duration_us: u64,
    pub upstream_us: u64,
    pub request_bytes: usize,
    pub answer_bytes: usize,
    #[serde(skip_serializing_if = "is_zero")]
    pub hidden_removed: usize,
    /// `flagged` or `blocked`: a structured result did not fit its tool's output schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<&'a str>,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// Where records go. `put` must not block on slow storage.
pub trait RecordSink: Send + Sync {
    fn put(&self, record: &Record<'_>);
}

/// Writes `time` as RFC 3339 in UTC with microseconds.
pub fn rfc3339(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let (days, rest) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days as i64);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60,
        since.subsec_micros()
    )
}

/// Days since 1970-01-01 to a Gregorian date (Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month_index + 2) / 5 + 1) as u32;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        let at = |secs: u64, micros: u32| {
            rfc3339(SystemTime::UNIX_EPOCH + Duration::new(secs, micros * 1000))
        };
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(951_782_400, 5), "2000-02-29T00:00:00.000005Z");
        assert_eq!(at(1_795_353_599, 999_999), "2026-11-22T13:19:59.999999Z");
    }
}
