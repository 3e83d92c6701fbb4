//! What candidate rules would have done to past calls, by the very code that judges live ones.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;
use wardgate_model::{Identity, ToolRef, ToolsetName};

use crate::{
    compile::Rules,
    facts::{Dimension, Facts, Spend},
    limits::{KEYS_MAX_DEFAULT, Limits},
    moment::{Moment, until},
    refusal::Refusal,
    reservation::Reservation,
    slot::Slot,
};

/// A call of the past.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: Timestamp,
    pub caller: Identity,
    pub toolset: ToolsetName,
    pub tool: Option<ToolRef>,
    /// What it took in the end; its places are taken to be held for its compute time.
    pub took: Spend,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub calls: u64,
    /// In order of time.
    pub refused: Vec<Refused>,
    /// Refusals by rule, named as in [`Refused`].
    pub by_rule: BTreeMap<String, u64>,
    /// Refusals by `tenant/principal`.
    pub by_principal: BTreeMap<String, u64>,
    /// Refusals by `alias/tool`, of calls whose tool is known.
    pub by_tool: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Which of the events, as they were passed in.
    pub event: usize,
    /// The name alone, or `tenant/name` of a rule that a tenant declared.
    pub rule: String,
    pub dimension: Dimension,
}

/// Replays `events`, in whatever order they come, under `rules` that have counted nothing yet. Each call reserves what it
/// took in the end. A refused call takes no budget, as if its client had not tried again.
pub fn simulate(rules: Rules, events: &[Event]) -> Report {
    let limits = Limits::new(rules, KEYS_MAX_DEFAULT);
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|event| events[*event].at);
    let Some(start) = order.first().map(|first| events[*first].at) else {
        return Report::default();
    };
    let mut report = Report::default();
    let mut under_way = UnderWay::default();
    for place in order {
        let event = &events[place];
        let now = until(start, event.at);
        under_way.end_until(now);
        report.calls += 1;
        match call(&limits, event, now) {
            Ok(places) => under_way.begin(now + event.took.compute, places),
            Err(refusal) => report.count(place, event, &refusal),
        }
    }
    report
}

fn call(limits: &Limits, event: &Event, now: Duration) -> Result<Places, Refusal> {
    let moment = Moment {
        now,
        wall: event.at,
    };
    let facts = Facts {
        tenant: &event.caller.tenant,
        principal: &event.caller.principal,
        toolset: &event.toolset,
        tool: event.tool.as_ref(),
        looks: false,
    };
    let slot = limits.admit(&facts, &moment)?;
    let reservation = limits.reserve(&facts, &event.took, &moment)?;
    Ok(Places {
        _slot: slot,
        reservation,
        took: event.took,
    })
}

impl Report {
    fn count(&mut self, event: usize, call: &Event, refusal: &Refusal) {
        let rule = match &refusal.tenant {
            Some(tenant) => format!("{tenant}/{}", refusal.rule),
            None => refusal.rule.to_string(),
        };
        *self.by_rule.entry(rule.clone()).or_default() += 1;
        *self
            .by_principal
            .entry(call.caller.to_string())
            .or_default() += 1;
        if let Some(tool) = &call.tool {
            *self.by_tool.entry(tool.to_string()).or_default() += 1;
        }
        self.refused.push(Refused {
            event,
            rule,
            dimension: refusal.dimension,
        });
    }
}

/// Calls that have begun and not ended, first to end first.
#[derive(Default)]
struct UnderWay {
    ends: BinaryHeap<Reverse<(Duration, usize)>>,
    places: BTreeMap<usize, Places>,
    begun: usize,
}

/// What a call holds until it ends.
struct Places {
    _slot: Slot,
    reservation: Reservation,
    took: Spend,
}

impl UnderWay {
    fn begin(&mut self, end: Duration, places: Places) {
        self.ends.push(Reverse((end, self.begun)));
        self.places.insert(self.begun, places);
        self.begun += 1;
    }

    fn end_until(&mut self, now: Duration) {
        while let Some(Reverse((end, call))) = self.ends.peek() {
            if *end > now {
                break;
            }
            if let Some(places) = self.places.remove(call) {
                places.reservation.settle(&places.took);
            }
            self.ends.pop();
        }
    }
}
