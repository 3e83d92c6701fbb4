//! Moments as the store keeps them. Nothing here reads a clock.

use std::time::{Duration, SystemTime};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment `wait` later; the end of time at the latest.
    pub fn after(self, wait: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(as_millis(wait)))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Timestamp(as_millis(since)),
            Err(before) => Timestamp(-as_millis(before.duration())),
        }
    }
}

fn as_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_times_become_milliseconds_on_both_sides_of_1970() {
        let epoch = SystemTime::UNIX_EPOCH;
        let second = Duration::from_millis(1_500);
        assert_eq!(Timestamp::from(epoch + second).millis(), 1_500);
        assert_eq!(Timestamp::from(epoch - second).millis(), -1_500);
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        let late = Timestamp::from_millis(i64::MAX - 1);
        assert_eq!(late.after(Duration::MAX).millis(), i64::MAX);
    }
}
