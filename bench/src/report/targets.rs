//! What the gateway promises to stay within, and whether it did.

use serde::Serialize;

use super::{Measured, Report};
use crate::fleet::Way;
use crate::plan::{Case, HEADLINE};

/// Processor time per call against a proxy that only copies bytes.
pub const TRANSPARENT_RATIO_MAX: f64 = 1.3;
pub const CHECKED_RATIO_MAX: f64 = 1.6;
pub const GOVERNED_RATIO_MAX: f64 = 2.2;
/// What the slowest of a hundred calls waits longer than without the gateway, against what half of them do.
const ADDED_TAIL_MAX: f64 = 5.0;
const IDLE_MIB_MAX: f64 = 25.0;
const SESSION_BYTES_MAX: f64 = 8.0 * 1_024.0;
const READY_MS_MAX: f64 = 150.0;

#[derive(Clone, Debug, Serialize)]
pub struct Target {
    pub what: String,
    pub max: f64,
    pub unit: &'static str,
    /// `None` when it was not measured.
    pub value: Option<f64>,
}

impl Target {
    pub fn mark(&self) -> &'static str {
        match self.value {
            None => "–",
            Some(value) if value <= self.max => "✓",
            Some(_) => "✗",
        }
    }
}

/// The most that a way's processor time may be of the relay's.
pub fn ratio_max(way: Way) -> Option<f64> {
    match way {
        Way::Direct | Way::Relay => None,
        Way::Transparent => Some(TRANSPARENT_RATIO_MAX),
        Way::Checked => Some(CHECKED_RATIO_MAX),
        Way::Governed | Way::Durable => Some(GOVERNED_RATIO_MAX),
    }
}

pub fn judge(report: &Report) -> Vec<Target> {
    let ratio = |way: Way, max: f64| Target {
        what: format!("CPU per call, {} ({})", way.as_str(), name(HEADLINE)),
        max,
        unit: "× relay",
        value: headline_ratio(report, way),
    };
    let target = |what: &str, max: f64, unit: &'static str, value: Option<f64>| Target {
        what: what.into(),
        max,
        unit,
        value,
    };
    vec![
        ratio(Way::Transparent, TRANSPARENT_RATIO_MAX),
        ratio(Way::Checked, CHECKED_RATIO_MAX),
        ratio(Way::Governed, GOVERNED_RATIO_MAX),
        ratio(Way::Durable, GOVERNED_RATIO_MAX),
        Target {
            what: format!("p99 added, governed ({})", name(HEADLINE)),
            max: ADDED_TAIL_MAX,
            unit: "× p50 added",
            value: added_tail(report),
        },
        target(
            "memory, idle",
            IDLE_MIB_MAX,
            "MiB",
            report.footprint.map(|footprint| footprint.idle_mib),
        ),
        target(
            "memory, each idle legacy session",
            SESSION_BYTES_MAX,
            "bytes",
            report.sessions.map(|sessions| sessions.bytes_each),
        ),
        target(
            "start to ready",
            READY_MS_MAX,
            "ms",
            report.footprint.map(|footprint| footprint.ready_ms),
        ),
    ]
}

fn headline_ratio(report: &Report, way: Way) -> Option<f64> {
    headline(report, way)?.cpu_ratio
}

fn headline(report: &Report, way: Way) -> Option<&Measured> {
    let row = report.rows.iter().find(|row| row.case == HEADLINE)?;
    row.ways.iter().find(|measured| measured.way == way)
}

fn added_tail(report: &Report) -> Option<f64> {
    let direct = headline(report, Way::Direct)?.latency_us;
    let governed = headline(report, Way::Governed)?.latency_us;
    Some((governed.p99 - direct.p99) / (governed.p50 - direct.p50))
}

/// A case in a few words.
pub fn name(case: Case) -> String {
    format!(
        "{} {} KiB ×{}",
        case.reply.as_str(),
        case.payload_bytes / 1_024,
        case.concurrency
    )
}
