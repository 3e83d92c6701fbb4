//! The order of a run: start everything, drive each case over each way side by side, look at memory, report.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::fleet::{Fleet, Lanes, Way};
use crate::gateway::Gateway;
use crate::load::{Lane, Latency, Pace, closed, open};
use crate::plan::{Case, Plan, Reply};
use crate::report::{Measured, Peak, Report, Row};
use crate::{catalog, footprint, report, sessions};

pub async fn run(plan: Plan) -> Result<()> {
    let fleet = Fleet::start(plan.catalog_tools).await?;
    let mut report = Report::new(&plan);
    if Gateway::is_built() {
        for (_, gateway) in &fleet.gateways {
            for reply in [Reply::Json, Reply::Sse, Reply::Stdio] {
                gateway.prove(reply.as_str()).await?;
            }
        }
        report.footprint =
            Some(footprint::measure(fleet.echo.address, plan.catalog_tools, plan.starts).await?);
    } else {
        eprintln!(
            "the gateway is not built (`cargo build --release --package wardgate`): measuring without it"
        );
    }
    for (number, case) in plan.cases.iter().enumerate() {
        eprintln!(
            "{:>2}/{} {}, {} bytes, {} at a time",
            number + 1,
            plan.cases.len(),
            case.reply.as_str(),
            case.payload_bytes,
            case.concurrency
        );
        report.rows.push(drive(&fleet, &plan, *case).await?);
    }
    report.peaks = peaks(&fleet)?;
    report.listings = catalog::measure(&fleet, plan.catalog_tools, plan.catalog_lists).await?;
    if Gateway::is_built() {
        report.sessions =
            Some(sessions::measure(fleet.echo.address, plan.catalog_tools, plan.sessions).await?);
    }
    report.judge();
    println!("{}", report::text(&report));
    if !plan.quick {
        println!("{}", report::write(&report)?);
    }
    ensure!(report.failures() == 0, "{} calls failed", report.failures());
    Ok(())
}

/// One way of a case while it is driven.
struct Drive {
    way: Way,
    lanes: Lanes,
    pace: Pace,
    cpu: Duration,
}

/// Drives one case: the closed loop over every way in turns, then the open loop at one rate for all.
async fn drive(fleet: &Fleet, plan: &Plan, case: Case) -> Result<Row> {
    let mut drives = Vec::new();
    for way in Way::ALL {
        if let Some(lanes) = fleet.lanes(way, case).await? {
            let (lanes, _) = lanes.closed(plan.warm_up).await?;
            drives.push(Drive {
                way,
                lanes,
                pace: Pace::default(),
                cpu: Duration::ZERO,
            });
        }
    }
    for _ in 0..plan.rounds {
        let mut driven = Vec::new();
        for drive in drives {
            driven.push(drive.round(fleet, plan.closed).await?);
        }
        drives = driven;
    }
    let slowest = drives
        .iter()
        .map(|drive| drive.pace.per_second())
        .fold(f64::INFINITY, f64::min);
    let rate = slowest * plan.open_share;
    let mut ways = Vec::new();
    for drive in drives {
        let latency = drive.lanes.open(rate, plan.open).await?;
        ways.push(Measured::of(
            drive.way,
            drive.pace,
            fleet.middle(drive.way).map(|_| drive.cpu),
            latency,
        ));
    }
    Ok(Row::of(case, rate, ways))
}

impl Drive {
    async fn round(mut self, fleet: &Fleet, time: Duration) -> Result<Drive> {
        let cpu = || {
            fleet
                .middle(self.way)
                .map_or(Ok(Duration::ZERO), |middle| middle.cpu())
        };
        let before = cpu()?;
        let (lanes, pace) = self.lanes.closed(time).await?;
        self.cpu += cpu()?.saturating_sub(before);
        self.pace.add(pace);
        Ok(Drive { lanes, ..self })
    }
}

impl Lanes {
    async fn closed(self, time: Duration) -> Result<(Lanes, Pace)> {
        async fn drive<L: Lane>(
            lanes: Vec<L>,
            time: Duration,
            back: fn(Vec<L>) -> Lanes,
        ) -> Result<(Lanes, Pace)> {
            let (lanes, pace) = closed(lanes, time).await?;
            Ok((back(lanes), pace))
        }
        match self {
            Lanes::Http(lanes) => drive(lanes, time, Lanes::Http).await,
            Lanes::Stdio(lanes) => drive(lanes, time, Lanes::Stdio).await,
        }
    }

    async fn open(self, per_second: f64, time: Duration) -> Result<Latency> {
        match self {
            Lanes::Http(lanes) => open(lanes, per_second, time).await,
            Lanes::Stdio(lanes) => open(lanes, per_second, time).await,
        }
    }
}

fn peaks(fleet: &Fleet) -> Result<Vec<Peak>> {
    let middles = Way::ALL
        .into_iter()
        .filter_map(|way| Some((way, fleet.middle(way)?)));
    middles
        .map(|(way, middle)| {
            Ok(Peak {
                way,
                peak_mib: middle.peak_kib()? as f64 / 1_024.0,
            })
        })
        .collect()
}
