//! All that one key has taken under one rule, and the places its calls hold.
//!
//! The lock is held for a few hundred nanoseconds. Nothing in here waits or calls out.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    claim::Stage,
    compile::{CompiledRule, Quota},
    facts::{Dimension, Spend},
    key::KeyValues,
    meter::{At, Fit, Meter},
    moment::{Moment, Tick},
    refusal::{Refusal, Warning},
    rule::Window,
};

/// A guess: when another call ends is nobody's to know.
const CONCURRENCY_RETRY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Counter {
    pub(crate) key: KeyValues,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    meters: Vec<(Dimension, Meter)>,
    pub(crate) under_way: u64,
    latest: Tick,
}

impl Counter {
    pub(crate) fn new(key: KeyValues) -> Counter {
        Counter {
            key,
            state: Mutex::new(State::default()),
        }
    }

    /// A panic elsewhere leaves numbers behind, no broken structure.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> State {
        State {
            meters: Vec::new(),
            under_way: 0,
            latest: Tick::MIN,
        }
    }
}

impl State {
    /// The instant, not before what this counter has seen: threads read the clock before they take the lock.
    pub(crate) fn at(&mut self, moment: &Moment) -> At {
        self.latest = self.latest.max(moment.tick());
        At {
            tick: self.latest,
            wall: moment.wall,
        }
    }

    /// Why the rule does not let a call pass, without taking anything.
    pub(crate) fn refusal(
        &mut self,
        rule: &CompiledRule,
        stage: Stage,
        spend: &Spend,
        at: At,
    ) -> Option<(Fit, Refusal)> {
        let quotas = rule.quotas_at(stage).filter_map(|quota| {
            let meter = self.meter(quota.dimension, quota.window);
            let fit = meter.fit(quota, spend.least(quota.dimension), at);
            (fit != Fit::Now).then(|| {
                (
                    fit,
                    refused(rule, quota, fit, meter.remaining(quota, at), at),
                )
            })
        });
        let worst = quotas.max_by_key(|(fit, _)| *fit);
        worst.or_else(|| self.full(rule, rule.places_at(stage)?))
    }

    /// Why no further call may be under way.
    pub(crate) fn full(&self, rule: &CompiledRule, places: u64) -> Option<(Fit, Refusal)> {
        let full = self.under_way >= places;
        full.then(|| {
            let refusal = Refusal {
                rule: rule.name.clone(),
                tenant: rule.tenant.clone(),
                dimension: Dimension::Concurrency,
                limit: places,
                remaining: 0,
                retry_after: Some(CONCURRENCY_RETRY),
                reset_at: None,
            };
            (Fit::After(CONCURRENCY_RETRY), refusal)
        })
    }

    /// Takes what a call takes at this stage; every rule was asked before.
    pub(crate) fn take(&mut self, rule: &CompiledRule, stage: Stage, spend: &Spend, at: At) {
        for quota in rule.quotas_at(stage) {
            self.meter(quota.dimension, quota.window).take(
                quota,
                spend.amount(quota.dimension),
                at,
            );
        }
        if rule.places_at(stage).is_some() {
            self.under_way += 1;
        }
    }

    /// Makes what a call took of what was reserved at `at`. A surplus counts from the latest instant known: what came before
    /// it is judged already.
    pub(crate) fn settle(&mut self, rule: &CompiledRule, reserved: &Spend, took: &Spend, at: At) {
        let late = At {
            tick: self.latest.max(at.tick),
            wall: at.wall,
        };
        for quota in rule.quotas_at(Stage::Reserve) {
            let (from, to) = (
                reserved.amount(quota.dimension),
                took.amount(quota.dimension),
            );
            let meter = self.meter(quota.dimension, quota.window);
            if to > from {
                meter.take(quota, to - from, late);
            } else {
                meter.give_back(quota, from - to, at);
            }
        }
    }

    /// Gives everything back that was reserved at `at`, the call itself included.
    pub(crate) fn give_back(&mut self, rule: &CompiledRule, reserved: &Spend, at: At) {
        for quota in rule.quotas_at(Stage::Reserve) {
            self.meter(quota.dimension, quota.window).give_back(
                quota,
                reserved.amount(quota.dimension),
                at,
            );
        }
    }

    /// Warnings that are due at this stage and were not given.
    pub(crate) fn warn(
        &mut self,
        rule: &CompiledRule,
        stage: Stage,
        at: At,
        key: &KeyValues,
        warnings: &mut Vec<Warning>,
    ) {
        let Some(soft) = rule.soft else { return };
        let at = At {
            tick: self.latest.max(at.tick),
            wall: at.wall,
        };
        for quota in rule.quotas_at(stage) {
            let meter = self.meter(quota.dimension, quota.window);
            if meter.warns(quota, soft, at) {
                warnings.push(Warning {
                    rule: rule.name.clone(),
                    tenant: rule.tenant.clone(),
                    key: key.clone(),
                    dimension: quota.dimension,
                    limit: quota.amount,
                    used: meter.used(at),
                });
            }
        }
    }

    /// Whether forgetting this counter changes no answer.
    pub(crate) fn is_idle(&mut self, moment: &Moment) -> bool {
        let at = self.at(moment);
        self.under_way == 0 && self.meters.iter().all(|(_, meter)| meter.is_idle(at))
    }

    pub(crate) fn meters(&self) -> impl Iterator<Item = &(Dimension, Meter)> {
        self.meters.iter()
    }

    /// Rules keep their counters when they gain a dimension, so meters come with their first use.
    pub(crate) fn meter(&mut self, dimension: Dimension, window: Window) -> &mut Meter {
        let known = self.meters.iter().position(|(d, _)| *d == dimension);
        let place = known.unwrap_or_else(|| {
            self.meters.push((dimension, Meter::new(window)));
            self.meters.len() - 1
        });
        &mut self.meters[place].1
    }
}

fn refused(rule: &CompiledRule, quota: &Quota, fit: Fit, remaining: u64, at: At) -> Refusal {
    let retry_after = match fit {
        Fit::After(wait) => Some(wait),
        Fit::Now | Fit::Never => None,
    };
    Refusal {
        rule: rule.name.clone(),
        tenant: rule.tenant.clone(),
        dimension: quota.dimension,
        limit: quota.amount,
        remaining,
        retry_after,
        reset_at: retry_after.and_then(|wait| at.wall.checked_add(wait).ok()),
    }
}
