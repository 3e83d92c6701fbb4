//! The counters of one rule by key, in shards, and never more of them than a cap.
//!
//! Beyond the cap a new key has no counter of its own: all such keys share one, *the rest*, and together get what one key
//! gets. So a flood of keys makes newcomers poorer; it never makes anybody unlimited, and it takes nothing from known keys.
//! Idle counters, whose loss changes no answer, make room.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use indexmap::IndexMap;

use crate::{
    counter::Counter,
    key::{KeyRef, KeyValues},
    moment::{Moment, Tick},
};

const SHARDS_MAX: usize = 16;
/// A full shard looks for idle counters at most this often, in nanoseconds: a flood of keys must not buy a scan per call.
const SWEEP_EVERY: Tick = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Table {
    shards: Vec<Mutex<Shard>>,
    keys_per_shard_max: usize,
    hasher: RandomState,
    rest: Arc<Counter>,
}

#[derive(Debug, Default)]
struct Shard {
    counters: IndexMap<KeyValues, Arc<Counter>>,
    swept_at: Option<Tick>,
}

impl Table {
    pub(crate) fn new(keys_max: NonZeroUsize) -> Table {
        let shards = SHARDS_MAX.min(keys_max.get());
        Table {
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            keys_per_shard_max: keys_max.get() / shards,
            hasher: RandomState::new(),
            rest: Arc::new(Counter::new(KeyValues::of_the_rest())),
        }
    }

    /// The key's counter, made if there is room, else that of the rest.
    pub(crate) fn counter(&self, key: KeyRef<'_>, moment: &Moment) -> Arc<Counter> {
        let mut shard = self.shard(key);
        if let Some(counter) = shard.counters.get(&key) {
            return counter.clone();
        }
        if shard.counters.len() >= self.keys_per_shard_max {
            shard.sweep_if_due(moment);
        }
        if shard.counters.len() >= self.keys_per_shard_max {
            return self.rest.clone();
        }
        let key = key.to_values();
        let counter = Arc::new(Counter::new(key.clone()));
        shard.counters.insert(key, counter.clone());
        counter
    }

    /// The counter the key would be counted by, without making one.
    pub(crate) fn known(&self, key: KeyRef<'_>) -> Option<Arc<Counter>> {
        let shard = self.shard(key);
        let full = shard.counters.len() >= self.keys_per_shard_max;
        let own = shard.counters.get(&key).cloned();
        own.or_else(|| full.then(|| self.rest.clone()))
    }

    pub(crate) fn rest(&self) -> &Arc<Counter> {
        &self.rest
    }

    pub(crate) fn counters(&self) -> Vec<Arc<Counter>> {
        let mut all = vec![self.rest.clone()];
        for shard in &self.shards {
            all.extend(lock(shard).counters.values().cloned());
        }
        all
    }

    /// Forgets idle counters.
    pub(crate) fn sweep(&self, moment: &Moment) {
        for shard in &self.shards {
            lock(shard).sweep(moment);
        }
    }

    fn shard(&self, key: KeyRef<'_>) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(key);
        let place = hash % self.shards.len() as u64;
        lock(&self.shards[place as usize])
    }
}

impl Shard {
    fn sweep_if_due(&mut self, moment: &Moment) {
        let due = |at: Tick| moment.tick() >= at.saturating_add(SWEEP_EVERY);
        if self.swept_at.is_none_or(due) {
            self.sweep(moment);
        }
    }

    /// INVARIANT: a counter that a call holds stays in its table. Calls get counters under the shard's lock only, so a
    /// counter nobody else holds is nobody's until the lock is released.
    fn sweep(&mut self, moment: &Moment) {
        self.swept_at = Some(moment.tick());
        self.counters
            .retain(|_, counter| Arc::strong_count(counter) > 1 || !counter.lock().is_idle(moment));
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
