//! Two clocks, passed in. Rates obey the monotonic one only; calendars obey the wall clock only.

use std::time::Duration;

use jiff::Timestamp;

/// The instant at which a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic, since an epoch the caller chooses once.
    pub now: Duration,
    /// For calendar windows and for the times in answers.
    pub wall: Timestamp,
}

/// Nanoseconds of the monotonic clock. Signed, because usage restored after a restart is older than the epoch.
pub(crate) type Tick = i64;

impl Moment {
    pub(crate) fn tick(&self) -> Tick {
        ticks(self.now)
    }
}

/// Saturates after 292 years.
pub(crate) fn ticks(time: Duration) -> Tick {
    Tick::try_from(time.as_nanos()).unwrap_or(Tick::MAX)
}

/// A negative span is none.
pub(crate) fn duration(ticks: Tick) -> Duration {
    Duration::from_nanos(u64::try_from(ticks).unwrap_or(0))
}

/// The time from `from` to `to`, or none if it is over.
pub(crate) fn until(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
