//! How much was taken this day or this month, in UTC and by the wall clock.
//!
//! A wall clock may be set back or forward and back again. So the tallies of the last few periods are kept side by side: to
//! step over midnight and back neither grants a budget twice nor loses what was spent.

use std::time::Duration;

use jiff::{Timestamp, ToSpan, civil, tz::Offset};

use crate::moment::until;

/// Tallies kept besides each other, and how long a tally outlives its period.
const PERIODS_KEPT: usize = 4;
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Day,
    Month,
}

/// From `start` to just before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    unit: Unit,
    tallies: Vec<Tally>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) period: Period,
    pub(crate) used: u64,
    warned: bool,
}

impl Unit {
    pub(crate) fn period_at(self, wall: Timestamp) -> Period {
        let today = Offset::UTC.to_datetime(wall).date();
        let (first, length) = match self {
            Unit::Day => (today, 1.day()),
            Unit::Month => (today.first_of_month(), 1.month()),
        };
        let end = first.checked_add(length).unwrap_or(civil::Date::MAX);
        Period {
            start: midnight(first),
            end: midnight(end),
        }
    }
}

impl Period {
    pub(crate) fn length(self) -> Duration {
        until(self.start, self.end)
    }
}

/// The beginning of a day; the last days of year 9999 have none as a timestamp, and end with time itself.
fn midnight(day: civil::Date) -> Timestamp {
    let midnight = day.to_datetime(civil::Time::midnight());
    Offset::UTC.to_timestamp(midnight).unwrap_or(Timestamp::MAX)
}

impl Calendar {
    pub(crate) fn new(unit: Unit) -> Calendar {
        Calendar {
            unit,
            tallies: Vec::new(),
        }
    }

    pub(crate) fn used(&self, wall: Timestamp) -> u64 {
        let period = self.period_at(wall);
        let this = |tally: &&Tally| tally.period == period;
        self.tallies.iter().find(this).map_or(0, |t| t.used)
    }

    pub(crate) fn period_at(&self, wall: Timestamp) -> Period {
        self.unit.period_at(wall)
    }

    pub(crate) fn take(&mut self, amount: u64, wall: Timestamp) {
        let period = self.period_at(wall);
        let tally = self.tally(period);
        tally.used = tally.used.saturating_add(amount);
    }

    /// Gives back some of what was taken at `wall`, to the period it was taken from.
    pub(crate) fn give_back(&mut self, amount: u64, wall: Timestamp) {
        let period = self.period_at(wall);
        let tally = self.tally(period);
        tally.used = tally.used.saturating_sub(amount);
    }

    /// Says yes once per period.
    pub(crate) fn warns(&mut self, wall: Timestamp) -> bool {
        let period = self.period_at(wall);
        !std::mem::replace(&mut self.tally(period).warned, true)
    }

    pub(crate) fn is_idle(&self, wall: Timestamp) -> bool {
        let over = |tally: &Tally| until(tally.period.end, wall) > GRACE;
        self.tallies.iter().all(|t| t.used == 0 || over(t))
    }

    pub(crate) fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.tallies.iter().filter(|tally| tally.used > 0)
    }

    fn tally(&mut self, period: Period) -> &mut Tally {
        let known = self.tallies.iter().position(|t| t.period == period);
        let place = known.unwrap_or_else(|| {
            if self.tallies.len() == PERIODS_KEPT {
                self.tallies.remove(0);
            }
            self.tallies.push(Tally {
                period,
                used: 0,
                warned: false,
            });
            self.tallies.len() - 1
        });
        &mut self.tallies[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_and_months_are_those_of_utc() {
        let period = Unit::Month.period_at(at("2028-02-29T23:59:59.9Z"));
        assert_eq!(period.start, at("2028-02-01T00:00:00Z"));
        assert_eq!(period.end, at("2028-03-01T00:00:00Z"));
        let period = Unit::Month.period_at(at("2026-12-31T23:00:00-05:00"));
        assert_eq!(period.end, at("2027-02-01T00:00:00Z"));
        let period = Unit::Day.period_at(at("2026-12-31T12:00:00Z"));
        assert_eq!(period.end, at("2027-01-01T00:00:00Z"));
        assert_eq!(period.length(), Duration::from_secs(86_400));
        assert_eq!(Unit::Month.period_at(Timestamp::MAX).end, Timestamp::MAX);
    }

    #[test]
    fn a_clock_that_steps_over_midnight_and_back_grants_nothing_twice() {
        let (evening, morning) = (at("2026-11-30T23:59:00Z"), at("2026-12-01T00:01:00Z"));
        for unit in [Unit::Day, Unit::Month] {
            let mut calendar = Calendar::new(unit);
            calendar.take(7, evening);
            calendar.take(2, morning);
            assert_eq!(calendar.used(evening), 7);
            assert_eq!(calendar.used(morning), 2);
            calendar.give_back(3, evening);
            assert_eq!((calendar.used(evening), calendar.used(morning)), (4, 2));
        }
    }

    #[test]
    fn old_periods_are_forgotten() {
        let mut calendar = Calendar::new(Unit::Day);
        for day in 1..=9 {
            calendar.take(1, at(&format!("2026-11-0{day}T12:00:00Z")));
        }
        assert_eq!(calendar.tallies.len(), PERIODS_KEPT);
        assert!(!calendar.is_idle(at("2026-11-10T12:00:00Z")));
        assert!(calendar.is_idle(at("2026-11-11T12:00:00Z")));
    }
}
