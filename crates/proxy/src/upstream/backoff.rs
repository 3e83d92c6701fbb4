//! When to try a failing server again: 100 ms doubled to 30 s, a quarter of it random, forgotten after a healthy minute.
//! So one line tries at most ten times in a minute; over all lines of a command [`super::starts`] holds that.

use std::time::{Duration, Instant};

use crate::seal::random_bytes;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
const HEALTHY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
    until: Option<Instant>,
    connected: Option<Instant>,
    last: String,
}

impl Backoff {
    /// Returns how long to wait still, with the last failure's detail.
    pub fn wait(&self, now: Instant) -> Option<(Duration, String)> {
        let wait = self.until?.checked_duration_since(now)?;
        (!wait.is_zero()).then(|| (wait, self.last.clone()))
    }

    pub fn connected(&mut self, now: Instant) {
        self.connected = Some(now);
        self.until = None;
    }

    /// Notes a connection that broke or never was. A connection that lived a healthy while wipes the slate first;
    /// the first failure after success may be tried again at once.
    pub fn failed(&mut self, now: Instant, detail: String) {
        let lived = self.connected.take().map(|since| now.duration_since(since));
        if lived.is_some_and(|lived| lived >= HEALTHY) {
            self.failures = 0;
        }
        self.failures += 1;
        self.last = detail;
        let free_retry = self.failures == 1 && lived.is_some();
        self.until = (!free_retry).then(|| now + jittered(self.failures));
    }
}

fn jittered(failures: u32) -> Duration {
    let random = f64::from(u32::from_le_bytes(random_bytes())) / f64::from(u32::MAX);
    longest(failures).mul_f64(SHORTEST + random * (1.0 - SHORTEST))
}

/// The part of a wait that is not random.
const SHORTEST: f64 = 0.75;

fn longest(failures: u32) -> Duration {
    FIRST
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_a_healthy_minute_forgets() {
        let start = Instant::now();
        let mut backoff = Backoff::default();
        for round in 1..=12 {
            backoff.failed(start, "down".into());
            let (wait, _) = backoff.wait(start).unwrap();
            let full = FIRST.saturating_mul(1 << (round - 1)).min(LONGEST);
            let least = full.mul_f64(SHORTEST);
            assert!(wait <= full && wait >= least, "round {round}: {wait:?}");
        }
        backoff.connected(start);
        assert!(backoff.wait(start).is_none());
        backoff.failed(start + HEALTHY, "down".into());
        assert!(
            backoff.wait(start + HEALTHY).is_none(),
            "one immediate retry after a healthy life"
        );
    }

    #[test]
    fn a_server_that_always_fails_is_tried_at_most_ten_times_in_any_minute() {
        for first_is_free in [false, true] {
            let mut at = Duration::ZERO;
            let mut tries = vec![at];
            for failures in 1..=20 {
                if !(first_is_free && failures == 1) {
                    at += longest(failures).mul_f64(SHORTEST);
                }
                tries.push(at);
            }
            for eleven in tries.windows(11) {
                assert!(eleven[10] - eleven[0] >= HEALTHY, "{eleven:?}");
            }
        }
    }
}
