//! How much was taken in the last minute, hour or day: in *any* span of that length, not in a span of the calendar.
//!
//! It is strict: no window ever holds more than its limit, where a pace alone would grant a burst on top of the rate.
//! Amounts taken close together (a grain) are kept as one and leave with the youngest of them, so an amount leaves at most a
//! grain late, and the memory per key is bounded.

use std::{collections::VecDeque, time::Duration};

use crate::{
    moment::{Tick, duration, ticks},
    pace::Arrival,
};

/// Grains per window: at most 0.8 % late, and at most about 3 KiB per key.
const GRAINS: Tick = 128;

#[derive(Clone, Debug)]
pub(crate) struct Sliding {
    window: Tick,
    /// Oldest first; they do not overlap.
    taken: VecDeque<Taken>,
    used: u64,
    pub(crate) arrival: Arrival,
    warned_until: Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) first: Tick,
    pub(crate) last: Tick,
    pub(crate) amount: u64,
}

impl Sliding {
    pub(crate) fn new(window: Duration) -> Sliding {
        Sliding {
            window: ticks(window),
            taken: VecDeque::new(),
            used: 0,
            arrival: Arrival::LONG_AGO,
            warned_until: Tick::MIN,
        }
    }

    /// Forgets what has left the window, and says what is in it.
    pub(crate) fn used(&mut self, now: Tick) -> u64 {
        while let Some(oldest) = self.taken.front() {
            if self.leaves_at(oldest) > now {
                break;
            }
            self.used -= oldest.amount;
            self.taken.pop_front();
        }
        self.used
    }

    /// How long until `excess` has left the window; [`Sliding::used`] was called for the same instant and is not less.
    pub(crate) fn wait(&self, excess: u64, now: Tick) -> Duration {
        let mut left = 0;
        for taken in &self.taken {
            if left >= excess {
                break;
            }
            left += taken.amount;
            if left >= excess {
                return duration(self.leaves_at(taken).saturating_sub(now));
            }
        }
        Duration::ZERO
    }

    /// Adds to the window, not before what was added last.
    pub(crate) fn take(&mut self, amount: u64, now: Tick) {
        let grain = self.window / GRAINS;
        let amount = amount.min(u64::MAX - self.used);
        self.used += amount;
        match self.taken.back_mut() {
            Some(youngest)
                if now <= youngest.last || now.saturating_sub(youngest.first) < grain =>
            {
                youngest.last = youngest.last.max(now);
                youngest.amount += amount;
            }
            _ => self.taken.push_back(Taken {
                first: now,
                last: now,
                amount,
            }),
        }
    }

    /// Gives back some of what was taken at `at`; what has left the window is free already.
    pub(crate) fn give_back(&mut self, amount: u64, at: Tick) {
        let place = self.taken.partition_point(|taken| taken.last < at);
        if let Some(taken) = self.taken.get_mut(place).filter(|t| t.first <= at) {
            let amount = amount.min(taken.amount);
            taken.amount -= amount;
            self.used -= amount;
        }
    }

    /// Says yes once per window.
    pub(crate) fn warns(&mut self, now: Tick) -> bool {
        let due = now >= self.warned_until;
        if due {
            self.warned_until = now.saturating_add(self.window);
        }
        due
    }

    pub(crate) fn is_idle(&self, now: Tick) -> bool {
        let empty = |taken: &Taken| taken.amount == 0 || self.leaves_at(taken) <= now;
        self.arrival.ahead(now) == 0 && self.taken.iter().all(empty)
    }

    pub(crate) fn taken(&self) -> impl Iterator<Item = &Taken> {
        self.taken.iter().filter(|taken| taken.amount > 0)
    }

    /// Puts usage of an earlier life before what this one has taken.
    pub(crate) fn restore(&mut self, mut earlier: Vec<Taken>) {
        earlier.extend(self.taken.drain(..));
        earlier.sort_by_key(|taken| taken.first);
        self.used = 0;
        for mut taken in earlier {
            taken.amount = taken.amount.min(u64::MAX - self.used);
            self.used += taken.amount;
            self.taken.push_back(taken);
        }
    }

    fn leaves_at(&self, taken: &Taken) -> Tick {
        taken.last.saturating_add(self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_counts_for_exactly_a_window() {
        let mut sliding = Sliding::new(Duration::from_nanos(1280));
        sliding.take(3, 0);
        sliding.take(4, 500);
        assert_eq!(sliding.used(1279), 7);
        assert_eq!(sliding.wait(3, 1279), Duration::from_nanos(1));
        assert_eq!(sliding.wait(4, 1279), Duration::from_nanos(501));
        assert_eq!(sliding.used(1280), 4);
        assert_eq!(sliding.used(1780), 0);
        assert!(sliding.is_idle(1780));
    }

    #[test]
    fn memory_is_bounded_and_nothing_leaves_early_or_a_grain_late() {
        let (window, grain) = (128_000, 1_000);
        let mut sliding = Sliding::new(Duration::from_nanos(128_000));
        for now in 0..1_000_000 {
            sliding.take(1, now);
            let used = sliding.used(now);
            let exact = (now + 1).min(window) as u64;
            assert!((exact..=exact + grain).contains(&used), "{used} at {now}");
            assert!(sliding.taken.len() <= 130);
        }
    }

    #[test]
    fn giving_back_reaches_what_was_taken_then_and_nothing_else() {
        let mut sliding = Sliding::new(Duration::from_nanos(1280));
        sliding.take(5, 0);
        sliding.take(5, 700);
        sliding.give_back(3, 0);
        assert_eq!(sliding.used(700), 7);
        assert_eq!(sliding.used(1280), 5);
        sliding.give_back(2, 0);
        assert_eq!(sliding.used(1280), 5);
    }
}
