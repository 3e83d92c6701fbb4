//! GCRA: how fast calls may follow each other. State is one instant, the *theoretical arrival time* of the next call at an even
//! pace; a call may come ahead of it by as much as the burst allows. ITU-T I.371, annex A.

use std::time::Duration;

use crate::moment::{Tick, duration, ticks};

/// An even pace, and how many calls may come at once before it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    interval: Tick,
    pub(crate) burst: u64,
}

/// The theoretical arrival time of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival(Tick);

impl Pace {
    /// `calls` per `window`, `burst` at once. Neither is zero.
    pub(crate) fn new(calls: u64, window: Duration, burst: u64) -> Pace {
        let calls = Tick::try_from(calls).unwrap_or(Tick::MAX);
        Pace {
            interval: (ticks(window) / calls).max(1),
            burst,
        }
    }

    /// How far ahead of an even pace the last call of a burst comes.
    fn tolerance(self) -> Tick {
        self.span(self.burst - 1)
    }

    fn span(self, calls: u64) -> Tick {
        let calls = Tick::try_from(calls).unwrap_or(Tick::MAX);
        self.interval.saturating_mul(calls)
    }
}

impl Arrival {
    pub(crate) const LONG_AGO: Arrival = Arrival(Tick::MIN);

    /// How long until `calls` calls fit, none of them more than the burst.
    pub(crate) fn wait(self, pace: Pace, calls: u64, now: Tick) -> Duration {
        let last = self.0.max(now).saturating_add(pace.span(calls.max(1) - 1));
        duration(last.saturating_sub(pace.tolerance()).saturating_sub(now))
    }

    /// How many calls fit at once.
    pub(crate) fn room(self, pace: Pace, now: Tick) -> u64 {
        let spare = pace.tolerance() - self.ahead(now);
        match u64::try_from(spare) {
            Ok(spare) => spare / pace.interval.unsigned_abs() + 1,
            Err(_) => 0,
        }
    }

    pub(crate) fn take(&mut self, pace: Pace, calls: u64, now: Tick) {
        self.0 = self.0.max(now).saturating_add(pace.span(calls));
    }

    pub(crate) fn give_back(&mut self, pace: Pace, calls: u64) {
        self.0 = self.0.saturating_sub(pace.span(calls));
    }

    /// How far the key has run ahead of an even pace.
    pub(crate) fn ahead(self, now: Tick) -> Tick {
        self.0.saturating_sub(now).max(0)
    }

    pub(crate) fn restore(&mut self, ahead: Tick, now: Tick) {
        self.0 = self.0.max(now.saturating_add(ahead));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Tick = 1_000_000_000;

    #[test]
    fn a_burst_is_exact_and_then_the_pace_holds() {
        let pace = Pace::new(10, Duration::from_secs(1), 3);
        let mut arrival = Arrival::LONG_AGO;
        for room in [3, 2, 1] {
            assert_eq!(arrival.room(pace, 0), room);
            assert_eq!(arrival.wait(pace, 1, 0), Duration::ZERO);
            arrival.take(pace, 1, 0);
        }
        assert_eq!(arrival.room(pace, 0), 0);
        assert_eq!(arrival.wait(pace, 1, 0), Duration::from_millis(100));
        assert_eq!(arrival.wait(pace, 1, SECOND / 10), Duration::ZERO);
        assert_eq!(arrival.wait(pace, 3, 0), Duration::from_millis(300));
        assert_eq!(arrival.room(pace, SECOND), 3);
    }

    #[test]
    fn a_call_given_back_was_never_taken() {
        let pace = Pace::new(60, Duration::from_secs(60), 1);
        let mut arrival = Arrival::LONG_AGO;
        arrival.take(pace, 1, SECOND);
        arrival.give_back(pace, 1);
        assert_eq!(arrival.room(pace, SECOND), 1);
    }
}
