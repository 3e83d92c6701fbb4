//! Where a key stands under a limit: for a client's headers, and for an operator's list.

use std::{cmp::Reverse, sync::Arc, time::Duration};

use serde::Serialize;
use wardgate_model::TenantId;

use crate::{
    calendar::Unit,
    compile::{CompiledRule, Quota},
    counter::{Counter, State},
    facts::{Dimension, Facts},
    key::KeyValues,
    limits::{Limits, LiveRule},
    meter::At,
    moment::Moment,
    rule::Window,
};

/// One limit, one key, one dimension. Amounts are in the dimension's unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub rule: Arc<str>,
    /// The tenant that declared the rule.
    pub tenant: Option<TenantId>,
    pub key: KeyValues,
    pub dimension: Dimension,
    pub limit: u64,
    pub used: u64,
    /// What fits at once.
    pub remaining: u64,
    /// Absent for concurrency, as is `resets_in`.
    pub window: Option<Duration>,
    /// When more remains than now, if nothing is taken meanwhile: for a calendar window its end, for a sliding one zero if
    /// all of it remains.
    pub resets_in: Option<Duration>,
}

impl Limits {
    /// The limit that will stop this caller first, by the share of it that remains. Limits that several tenants share are
    /// left out: what is left of them tells of the others.
    pub fn standing(&self, facts: &Facts<'_>, moment: &Moment) -> Option<Standing> {
        let standings = self.standings(facts, moment).into_iter();
        standings.min_by_key(|standing| (standing.share(), Reverse(standing.resets_in)))
    }

    /// Every limit of this caller's own that a call would meet, as in [`Limits::standing`].
    pub fn standings(&self, facts: &Facts<'_>, moment: &Moment) -> Vec<Standing> {
        let generation = self.generation();
        let own = generation
            .matching(facts)
            .filter(|live| live.rule.tenant.is_some() || live.rule.key.keeps_tenants_apart());
        let mut standings = Vec::new();
        for live in own {
            standings_of(live, &live.counter_of(facts), moment, &mut standings);
        }
        standings
    }

    /// Every limit that nobody has used, with an empty key.
    pub fn unused(&self, moment: &Moment) -> Vec<Standing> {
        let mut all = Vec::new();
        for live in self.generation().rules() {
            if used_under(live, moment).is_empty() {
                let nobody = Counter::new(KeyValues::default());
                standings_of(live, &nobody, moment, &mut all);
            }
        }
        all
    }

    /// Every limit and every key that has taken something, rule by rule.
    pub fn list(&self, moment: &Moment) -> Vec<Standing> {
        let generation = self.generation();
        let used = generation.rules().flat_map(|live| used_under(live, moment));
        used.collect()
    }
}

impl Standing {
    /// What remains, in parts of 2⁶⁴.
    fn share(&self) -> u128 {
        (u128::from(self.remaining) << 64)
            .checked_div(u128::from(self.limit))
            .unwrap_or(0)
    }
}

/// What keys have taken under a rule, in the order of the keys.
fn used_under(live: &LiveRule, moment: &Moment) -> Vec<Standing> {
    let mut standings = Vec::new();
    for counter in live.table.counters() {
        standings_of(live, &counter, moment, &mut standings);
    }
    standings.retain(|standing| standing.used > 0);
    standings.sort_by(|a, b| (&a.key, a.dimension).cmp(&(&b.key, b.dimension)));
    standings
}

fn standings_of(live: &LiveRule, counter: &Counter, moment: &Moment, to: &mut Vec<Standing>) {
    let mut state = counter.lock();
    let at = state.at(moment);
    for quota in &live.rule.quotas {
        to.push(of_quota(&live.rule, quota, &counter.key, &mut state, at));
    }
    to.extend(live.rule.concurrency.map(|places| Standing {
        rule: live.rule.name.clone(),
        tenant: live.rule.tenant.clone(),
        key: counter.key.clone(),
        dimension: Dimension::Concurrency,
        limit: places,
        used: state.under_way,
        remaining: places.saturating_sub(state.under_way),
        window: None,
        resets_in: None,
    }));
}

fn of_quota(
    rule: &CompiledRule,
    quota: &Quota,
    key: &KeyValues,
    state: &mut State,
    at: At,
) -> Standing {
    let window = match quota.window {
        Window::Sliding(length) => length,
        Window::Day => Unit::Day.period_at(at.wall).length(),
        Window::Month => Unit::Month.period_at(at.wall).length(),
    };
    let meter = state.meter(quota.dimension, quota.window);
    Standing {
        rule: rule.name.clone(),
        tenant: rule.tenant.clone(),
        key: key.clone(),
        dimension: quota.dimension,
        limit: quota.amount,
        used: meter.used(at),
        remaining: meter.remaining(quota, at),
        window: Some(window),
        resets_in: Some(meter.resets_in(quota, at)),
    }
}
