//! How often credentials from one address have failed lately. Beyond a few a minute the answer is "too many", whichever
//! credential comes next from there and fails; a right one is let in, so that nobody can lock out a key's owner.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::quota::neighbourhood;

const FAILURES_MAX: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses beyond these are counted as one, so that having many is no way around.
const ADDRESSES_MAX: usize = 10_000;
const ALL_OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

#[derive(Clone, Default)]
pub struct Failures(Arc<Mutex<HashMap<IpAddr, Window>>>);

struct Window {
    since: Instant,
    count: u32,
}

impl Failures {
    /// Notes a failure; returns how long to wait when there were too many.
    pub fn note(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut windows = self.0.lock().expect("no panic while held");
        let age = |window: &Window| now.saturating_duration_since(window.since);
        let mut address = neighbourhood(address);
        if windows.len() >= ADDRESSES_MAX && !windows.contains_key(&address) {
            windows.retain(|_, window| age(window) < WINDOW);
            if windows.len() >= ADDRESSES_MAX {
                address = ALL_OTHERS;
            }
        }
        let window = windows.entry(address).or_insert(Window {
            since: now,
            count: 0,
        });
        if age(window) >= WINDOW {
            *window = Window {
                since: now,
                count: 0,
            };
        }
        window.count = window.count.saturating_add(1);
        (window.count > FAILURES_MAX).then(|| WINDOW - age(window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn twenty_failures_a_minute_are_an_addresss_own() {
        let failures = Failures::default();
        let start = Instant::now();
        for _ in 0..FAILURES_MAX {
            assert_eq!(failures.note(address(1), start), None);
        }
        let later = start + Duration::from_secs(20);
        assert_eq!(
            failures.note(address(1), later),
            Some(Duration::from_secs(40))
        );
        assert_eq!(failures.note(address(2), later), None);
        assert_eq!(failures.note(address(1), start + WINDOW), None);
    }

    #[test]
    fn many_addresses_are_no_way_around() {
        let failures = Failures::default();
        let now = Instant::now();
        for n in 0..ADDRESSES_MAX {
            let [_, _, a, b] = u32::try_from(n).expect("a small number").to_be_bytes();
            failures.note([10, 0, a, b].into(), now);
        }
        let told = (0..=FAILURES_MAX).filter_map(|n| {
            let last = u8::try_from(n).expect("a small number");
            failures.note(address(last), now)
        });
        assert_eq!(told.count(), 1);
        assert_eq!(failures.note(address(200), now + WINDOW), None);
    }
}
