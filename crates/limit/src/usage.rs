//! Usage as plain data, so that a restart keeps what was spent. Counts include what is reserved and not settled: after a crash
//! nobody knows whether it was spent. Places are not usage; calls under way end with the process.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardgate_model::TenantId;

use crate::{
    calendar::Calendar,
    compile::Quota,
    counter::Counter,
    facts::Dimension,
    key::KeyValues,
    limits::{Limits, LiveRule},
    meter::{At, Meter},
    moment::{Moment, Tick, duration, ticks, until},
    sliding::{Sliding, Taken},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub taken_at: Timestamp,
    pub entries: Vec<UsageEntry>,
}

/// What one key took of one dimension under one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageEntry {
    pub rule: String,
    pub tenant: Option<TenantId>,
    pub key: KeyValues,
    pub dimension: Dimension,
    pub used: Used,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Used {
    /// In the calendar period from `start` to just before `end`.
    Period {
        start: Timestamp,
        end: Timestamp,
        amount: u64,
    },
    /// Oldest first; `ahead` is how far the key had run ahead of an even pace.
    Sliding { spans: Vec<Span>, ahead: Duration },
}

/// An amount, and between which ages it was taken, seen from [`Usage::taken_at`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub oldest: Duration,
    pub youngest: Duration,
    pub amount: u64,
}

impl Limits {
    /// Everything taken that still counts.
    pub fn usage(&self, moment: &Moment) -> Usage {
        let mut entries = Vec::new();
        for live in self.generation().rules() {
            for counter in live.table.counters() {
                entries_of(live, &counter, moment, &mut entries);
            }
        }
        Usage {
            taken_at: moment.wall,
            entries,
        }
    }

    /// Adds usage of an earlier life; once, at the start. The time in between is taken from the wall clock, and none if that
    /// was set back. Entries of rules that are gone, or count by another key or window, are left out.
    pub fn restore(&self, usage: &Usage, moment: &Moment) {
        let generation = self.generation();
        let away = until(usage.taken_at, moment.wall);
        for entry in &usage.entries {
            if let Some(live) = generation.named(entry.tenant.as_ref(), &entry.rule) {
                restore_entry(live, entry, away, moment);
            }
        }
    }
}

fn entries_of(live: &LiveRule, counter: &Counter, moment: &Moment, entries: &mut Vec<UsageEntry>) {
    let mut state = counter.lock();
    let at = state.at(moment);
    for (dimension, meter) in state.meters() {
        let entry = |used| UsageEntry {
            rule: live.rule.name.to_string(),
            tenant: live.rule.tenant.clone(),
            key: counter.key.clone(),
            dimension: *dimension,
            used,
        };
        match meter {
            _ if meter.is_idle(at) => {}
            Meter::Sliding(sliding) => entries.push(entry(sliding_usage(sliding, at.tick))),
            Meter::Calendar(calendar) => entries.extend(calendar_usage(calendar).map(entry)),
        }
    }
}

fn calendar_usage(calendar: &Calendar) -> impl Iterator<Item = Used> {
    calendar.tallies().map(|tally| Used::Period {
        start: tally.period.start,
        end: tally.period.end,
        amount: tally.used,
    })
}

fn sliding_usage(sliding: &Sliding, now: Tick) -> Used {
    let span = |taken: &Taken| Span {
        oldest: duration(now.saturating_sub(taken.first)),
        youngest: duration(now.saturating_sub(taken.last)),
        amount: taken.amount,
    };
    Used::Sliding {
        spans: sliding.taken().map(span).collect(),
        ahead: duration(sliding.arrival.ahead(now)),
    }
}

fn restore_entry(live: &LiveRule, entry: &UsageEntry, away: Duration, moment: &Moment) {
    let counts = |quota: &&Quota| quota.dimension == entry.dimension;
    let Some(quota) = live.rule.quotas.iter().find(counts) else {
        return;
    };
    let counter = if entry.key.rest {
        live.table.rest().clone()
    } else if live.rule.key.fits(&entry.key) {
        live.table.counter(entry.key.borrowed(), moment)
    } else {
        return;
    };
    let mut state = counter.lock();
    let at = state.at(moment);
    match (state.meter(entry.dimension, quota.window), &entry.used) {
        (Meter::Calendar(calendar), Used::Period { start, end, amount }) => {
            let period = calendar.period_at(*start);
            if (period.start, period.end) == (*start, *end) {
                calendar.take(*amount, *start);
            }
        }
        (Meter::Sliding(sliding), Used::Sliding { spans, ahead }) => {
            restore_sliding(sliding, spans, *ahead, away, at);
        }
        (Meter::Calendar(_), Used::Sliding { .. }) | (Meter::Sliding(_), Used::Period { .. }) => {}
    }
}

fn restore_sliding(sliding: &mut Sliding, spans: &[Span], ahead: Duration, away: Duration, at: At) {
    let then = at.tick.saturating_sub(ticks(away));
    let taken = spans.iter().map(|span| Taken {
        first: then.saturating_sub(ticks(span.oldest)),
        last: then.saturating_sub(ticks(span.youngest)),
        amount: span.amount,
    });
    sliding.restore(taken.collect());
    sliding.arrival.restore(ticks(ahead), then);
}
