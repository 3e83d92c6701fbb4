//! What came out: the numbers, the targets they are held against, and the two forms they are written in.

mod date;
mod machine;
mod page;
mod targets;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::catalog::Listing;
use crate::fleet::Way;
use crate::footprint::Footprint;
use crate::load::{Latency, Pace};
use crate::plan::{Case, Plan};
use crate::sessions::Sessions;

pub use page::text;

#[derive(Debug, Serialize)]
pub struct Report {
    date: String,
    quick: bool,
    machine: machine::Machine,
    pub rows: Vec<Row>,
    pub peaks: Vec<Peak>,
    pub listings: Vec<Listing>,
    pub footprint: Option<Footprint>,
    pub sessions: Option<Sessions>,
    targets: Vec<targets::Target>,
}

/// One case over every way.
#[derive(Debug, Serialize)]
pub struct Row {
    #[serde(flatten)]
    pub case: Case,
    /// Calls per second of the open loop, the same for every way.
    pub open_rate: f64,
    pub ways: Vec<Measured>,
}

/// One case over one way.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Measured {
    pub way: Way,
    pub calls_per_second: f64,
    pub latency_us: Latency,
    /// Processor time of the process in between.
    pub cpu_us_per_call: Option<f64>,
    /// The same against the relay's.
    pub cpu_ratio: Option<f64>,
    pub failures: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Peak {
    pub way: Way,
    pub peak_mib: f64,
}

impl Report {
    pub fn new(plan: &Plan) -> Report {
        Report {
            date: date::today(),
            quick: plan.quick,
            machine: machine::Machine::look(),
            rows: Vec::new(),
            peaks: Vec::new(),
            listings: Vec::new(),
            footprint: None,
            sessions: None,
            targets: Vec::new(),
        }
    }

    /// Holds the numbers against the targets.
    pub fn judge(&mut self) {
        self.targets = targets::judge(self);
    }

    pub fn failures(&self) -> u64 {
        self.rows
            .iter()
            .flat_map(|row| &row.ways)
            .map(|way| way.failures)
            .sum()
    }
}

impl Row {
    pub fn of(case: Case, open_rate: f64, mut ways: Vec<Measured>) -> Row {
        let relay = ways
            .iter()
            .find(|way| way.way == Way::Relay)
            .and_then(|way| way.cpu_us_per_call);
        for way in &mut ways {
            way.cpu_ratio = way
                .cpu_us_per_call
                .zip(relay)
                .map(|(cpu, relay)| cpu / relay);
        }
        Row {
            case,
            open_rate,
            ways,
        }
    }
}

impl Measured {
    pub fn of(way: Way, pace: Pace, cpu: Option<Duration>, latency_us: Latency) -> Measured {
        let per_call = |cpu: Duration| cpu.as_secs_f64() * 1e6 / (pace.calls as f64).max(1.0);
        Measured {
            way,
            calls_per_second: pace.per_second(),
            latency_us,
            cpu_us_per_call: cpu.map(per_call),
            cpu_ratio: None,
            failures: pace.failures + latency_us.failures,
        }
    }
}

/// Writes the page and the numbers, named by the day; returns what was written.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write(report: &Report) -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join(format!("{}.md", report.date)),
        page::markdown(report),
    )?;
    std::fs::write(
        folder.join(format!("{}.json", report.date)),
        serde_json::to_string_pretty(report)? + "\n",
    )?;
    Ok(format!(
        "written: bench/results/{date}.md and {date}.json",
        date = report.date
    ))
}
