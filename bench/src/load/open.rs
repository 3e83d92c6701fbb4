//! The open loop: calls arrive at a fixed rate whether or not earlier ones are answered, as they do in life.
//!
//! The latency of a call counts from the moment it was meant to be sent. A call that had to wait for a free lane, because the
//! answers were late, has waited; to leave that out would be coordinated omission.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Lane;

/// Latency in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    #[serde(skip)]
    pub failures: u64,
}

/// The calls that are due and not yet taken.
struct Arrivals {
    due: Semaphore,
    taken: AtomicU64,
    calls: u64,
    start: Instant,
    every: Duration,
}

impl Arrivals {
    fn at(&self, call: u64) -> Instant {
        self.start + self.every.mul_f64(call as f64)
    }

    /// Takes the next call once it is due: the moment it was meant for, or `None` after the last.
    async fn take(&self) -> Result<Option<Instant>> {
        self.due.acquire().await?.forget();
        let call = self.taken.fetch_add(1, Ordering::Relaxed);
        Ok((call < self.calls).then(|| self.at(call)))
    }

    /// Lets calls arrive on time. A thread of its own: a timer of the runtime ticks once a millisecond.
    fn announce(&self, lanes: usize) {
        let mut announced = 0;
        while announced < self.calls {
            let due = (announced..self.calls)
                .take_while(|call| self.at(*call) <= Instant::now())
                .count();
            self.due.add_permits(due);
            announced += due as u64;
            if announced < self.calls {
                std::thread::park_timeout(
                    self.at(announced).saturating_duration_since(Instant::now()),
                );
            }
        }
        // One more for each lane, to learn that it is over.
        self.due.add_permits(lanes);
    }
}

/// Lets calls arrive at a rate per second for a time.
pub async fn open<L: Lane>(lanes: Vec<L>, per_second: f64, time: Duration) -> Result<Latency> {
    ensure!(per_second >= 1.0, "nothing went through in the closed loop");
    let every = Duration::from_secs_f64(1.0 / per_second);
    let calls = (per_second * time.as_secs_f64()) as u64;
    let start = Instant::now() + Duration::from_millis(5);
    let arrivals = Arc::new(Arrivals {
        due: Semaphore::new(0),
        taken: AtomicU64::new(0),
        calls,
        start,
        every,
    });
    let count = lanes.len();
    let announcer = std::thread::spawn({
        let arrivals = arrivals.clone();
        move || arrivals.announce(count)
    });
    let mut drivers = JoinSet::new();
    for lane in lanes {
        drivers.spawn(drive(lane, arrivals.clone()));
    }
    let mut latencies = new_histogram()?;
    let mut failures = 0;
    while let Some(driven) = drivers.join_next().await {
        let (part, failed) = driven??;
        latencies.add(part)?;
        failures += failed;
    }
    ensure!(announcer.join().is_ok(), "the arrivals stopped");
    let micros = |quantile| latencies.value_at_quantile(quantile) as f64 / 1_000.0;
    Ok(Latency {
        p50: micros(0.50),
        p95: micros(0.95),
        p99: micros(0.99),
        failures,
    })
}

async fn drive<L: Lane>(mut lane: L, arrivals: Arc<Arrivals>) -> Result<(Histogram<u64>, u64)> {
    let mut latencies = new_histogram()?;
    let mut failures = 0;
    while let Some(meant) = arrivals.take().await? {
        match lane.call().await {
            Ok(()) => latencies.record(u64::try_from(meant.elapsed().as_nanos())?)?,
            Err(_) => failures += 1,
        }
    }
    Ok((latencies, failures))
}

/// Nanoseconds to three digits, as many as come.
fn new_histogram() -> Result<Histogram<u64>> {
    Ok(Histogram::new(3)?)
}
