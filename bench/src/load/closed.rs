//! The closed loop: every lane calls again as soon as it is answered. Tells how much goes through.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use super::Lane;

/// How much went through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    pub calls: u64,
    pub failures: u64,
    pub time: Duration,
}

impl Pace {
    pub fn per_second(&self) -> f64 {
        self.calls as f64 / self.time.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    pub fn add(&mut self, more: Pace) {
        self.calls += more.calls;
        self.failures += more.failures;
        self.time += more.time;
    }
}

/// Drives the lanes for a time; gives them back.
pub async fn closed<L: Lane>(lanes: Vec<L>, time: Duration) -> Result<(Vec<L>, Pace)> {
    let start = Instant::now();
    let mut drivers = JoinSet::new();
    for mut lane in lanes {
        drivers.spawn(async move {
            let (mut calls, mut failures) = (0, 0);
            while start.elapsed() < time {
                match lane.call().await {
                    Ok(()) => calls += 1,
                    Err(_) => failures += 1,
                }
            }
            (lane, calls, failures)
        });
    }
    let mut pace = Pace::default();
    let mut lanes = Vec::new();
    while let Some(driven) = drivers.join_next().await {
        let (lane, calls, failures) = driven?;
        pace.calls += calls;
        pace.failures += failures;
        lanes.push(lane);
    }
    pace.time = start.elapsed();
    Ok((lanes, pace))
}
