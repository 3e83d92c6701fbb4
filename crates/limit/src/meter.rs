//! What one key has taken of one dimension. Two kinds of window, one set of questions.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    calendar::{Calendar, Unit},
    compile::Quota,
    moment::{Tick, until},
    rule::{Share, Window},
    sliding::Sliding,
};

/// An instant as a counter sees it: its monotonic part never runs backwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) tick: Tick,
    pub(crate) wall: Timestamp,
}

/// When an amount fits. Later is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    Now,
    After(Duration),
    /// It is larger than the whole limit.
    Never,
}

#[derive(Clone, Debug)]
pub(crate) enum Meter {
    Sliding(Sliding),
    Calendar(Calendar),
}

impl Meter {
    pub(crate) fn new(window: Window) -> Meter {
        match window {
            Window::Sliding(length) => Meter::Sliding(Sliding::new(length)),
            Window::Day => Meter::Calendar(Calendar::new(Unit::Day)),
            Window::Month => Meter::Calendar(Calendar::new(Unit::Month)),
        }
    }

    pub(crate) fn used(&mut self, at: At) -> u64 {
        match self {
            Meter::Sliding(sliding) => sliding.used(at.tick),
            Meter::Calendar(calendar) => calendar.used(at.wall),
        }
    }

    /// When `amount` fits if nothing else is taken meanwhile.
    pub(crate) fn fit(&mut self, quota: &Quota, amount: u64, at: At) -> Fit {
        if amount > quota.amount {
            return Fit::Never;
        }
        let free = quota.amount.saturating_sub(self.used(at));
        let excess = amount.saturating_sub(free);
        let wait = match self {
            Meter::Sliding(sliding) => {
                let pace = quota.pace.map(|p| sliding.arrival.wait(p, amount, at.tick));
                let window = sliding.wait(excess, at.tick);
                window.max(pace.unwrap_or_default())
            }
            Meter::Calendar(_) if excess == 0 => Duration::ZERO,
            Meter::Calendar(calendar) => until(at.wall, calendar.period_at(at.wall).end),
        };
        if wait.is_zero() {
            Fit::Now
        } else {
            Fit::After(wait)
        }
    }

    /// The largest amount that fits at once.
    pub(crate) fn remaining(&mut self, quota: &Quota, at: At) -> u64 {
        let free = quota.amount.saturating_sub(self.used(at));
        match (self, quota.pace) {
            (Meter::Sliding(sliding), Some(pace)) => free.min(sliding.arrival.room(pace, at.tick)),
            _ => free,
        }
    }

    /// How long until more remains than now; zero if all that can ever remain does.
    pub(crate) fn resets_in(&mut self, quota: &Quota, at: At) -> Duration {
        let remaining = self.remaining(quota, at);
        if let Meter::Calendar(calendar) = self {
            return until(at.wall, calendar.period_at(at.wall).end);
        }
        if quota.pace.is_some_and(|pace| remaining >= pace.burst) {
            return Duration::ZERO;
        }
        match self.fit(quota, remaining.saturating_add(1), at) {
            Fit::After(wait) => wait,
            Fit::Now | Fit::Never => Duration::ZERO,
        }
    }

    /// Takes whether it fits or not.
    pub(crate) fn take(&mut self, quota: &Quota, amount: u64, at: At) {
        match self {
            _ if amount == 0 => {}
            Meter::Sliding(sliding) => {
                sliding.take(amount, at.tick);
                if let Some(pace) = quota.pace {
                    sliding.arrival.take(pace, amount, at.tick);
                }
            }
            Meter::Calendar(calendar) => calendar.take(amount, at.wall),
        }
    }

    /// Gives back some of what was taken at `at`.
    pub(crate) fn give_back(&mut self, quota: &Quota, amount: u64, at: At) {
        match self {
            Meter::Sliding(sliding) => {
                sliding.give_back(amount, at.tick);
                if let Some(pace) = quota.pace {
                    sliding.arrival.give_back(pace, amount);
                }
            }
            Meter::Calendar(calendar) => calendar.give_back(amount, at.wall),
        }
    }

    /// Whether the soft share is reached and nobody was told in this window.
    pub(crate) fn warns(&mut self, quota: &Quota, soft: Share, at: At) -> bool {
        let used = self.used(at);
        used > 0
            && soft.is_reached(used, quota.amount)
            && match self {
                Meter::Sliding(sliding) => sliding.warns(at.tick),
                Meter::Calendar(calendar) => calendar.warns(at.wall),
            }
    }

    pub(crate) fn is_idle(&self, at: At) -> bool {
        match self {
            Meter::Sliding(sliding) => sliding.is_idle(at.tick),
            Meter::Calendar(calendar) => calendar.is_idle(at.wall),
        }
    }
}
