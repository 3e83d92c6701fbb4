//! How often one server's command is started, whichever of its lines wants it: clients of many kinds have a line each, and each
//! line its own backoff, which together would start a command that keeps failing again and again. Pure; the clock is passed in.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Starts within [`WINDOW`] of a command that has failed within it.
const STARTS_MAX: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Starts {
    /// The last of them, oldest first; more than [`STARTS_MAX`] do not matter.
    begun: VecDeque<Instant>,
    failed: Option<Instant>,
}

impl Starts {
    /// Notes a start. A command that does not fail may be started as often as there are lines that want it.
    ///
    /// # Errors
    /// How long to wait before it may be started.
    pub fn begin(&mut self, now: Instant) -> Result<(), Duration> {
        let age = |at: Instant| now.saturating_duration_since(at);
        let is_failing = self.failed.is_some_and(|at| age(at) < WINDOW);
        let oldest = (self.begun.len() == STARTS_MAX).then(|| age(self.begun[0]));
        if let Some(oldest) = oldest.filter(|oldest| is_failing && *oldest < WINDOW) {
            return Err(WINDOW - oldest);
        }
        if oldest.is_some() {
            self.begun.pop_front();
        }
        self.begun.push_back(now);
        Ok(())
    }

    /// Notes that a start failed, or that what was started has ended by itself.
    pub fn failed(&mut self, now: Instant) {
        self.failed = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_started_ten_times_in_any_minute() {
        let start = Instant::now();
        let mut starts = Starts::default();
        let mut begun: Vec<Duration> = Vec::new();
        for step in 0..6000 {
            let at = Duration::from_millis(step * 50);
            if starts.begin(start + at).is_ok() {
                starts.failed(start + at);
                begun.push(at);
            }
        }
        assert_eq!(begun.len(), 50, "in five minutes");
        for window in begun.windows(11) {
            assert!(window[10] - window[0] >= WINDOW, "{window:?}");
        }
    }

    #[test]
    fn the_wait_is_told_and_ends() {
        let now = Instant::now();
        let mut starts = Starts::default();
        assert!((0..STARTS_MAX).all(|_| starts.begin(now).is_ok()));
        starts.failed(now);
        let later = now + Duration::from_secs(20);
        assert_eq!(starts.begin(later), Err(Duration::from_secs(40)));
        assert_eq!(starts.begin(now + WINDOW), Ok(()));
    }

    #[test]
    fn what_does_not_fail_may_be_started_for_everybody() {
        let now = Instant::now();
        let mut starts = Starts::default();
        assert!((0..100).all(|_| starts.begin(now).is_ok()));
    }
}
