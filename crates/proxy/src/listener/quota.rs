//! How many connections there may be, in all and from one address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex},
};

use wardgate_snapshot::Caps;

#[derive(Clone)]
pub struct Quota {
    counts: Arc<Mutex<Counts>>,
    all_max: usize,
    each_max: usize,
}

#[derive(Default)]
struct Counts {
    all: usize,
    each: HashMap<IpAddr, usize>,
}

/// One connection's place; given back on drop.
pub struct Slot {
    quota: Quota,
    address: IpAddr,
}

impl Quota {
    pub fn new(caps: &Caps) -> Quota {
        Quota {
            counts: Arc::default(),
            all_max: caps.connections_max,
            each_max: caps.connections_per_ip_max,
        }
    }

    /// Returns a place, or `None` when there is none left and the connection is to be dropped.
    pub fn admit(&self, address: IpAddr) -> Option<Slot> {
        let address = neighbourhood(address);
        let mut counts = self.counts.lock().expect("no panic while held");
        let each = counts.each.get(&address).copied().unwrap_or(0);
        if counts.all >= self.all_max || each >= self.each_max {
            return None;
        }
        counts.all += 1;
        counts.each.insert(address, each + 1);
        drop(counts);
        Some(Slot {
            quota: self.clone(),
            address,
        })
    }
}

/// One IPv6 subscriber has a whole /64.
pub(super) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.quota.counts.lock().expect("no panic while held");
        counts.all -= 1;
        if let Some(each) = counts.each.get_mut(&self.address) {
            *each -= 1;
            if *each == 0 {
                counts.each.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_run_out_per_address_and_come_back() {
        let caps = Caps {
            connections_max: 3,
            connections_per_ip_max: 2,
            ..Caps::default()
        };
        let quota = Quota::new(&caps);
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let two: IpAddr = "2001:db8::1".parse().unwrap();
        let same_net: IpAddr = "2001:db8::2".parse().unwrap();
        let first = quota.admit(one).unwrap();
        let _second = quota.admit(one).unwrap();
        assert!(quota.admit(one).is_none());
        let _third = quota.admit(two).unwrap();
        assert!(quota.admit(same_net).is_none(), "all are taken");
        drop(first);
        assert!(quota.admit(same_net).is_some());
    }
}
