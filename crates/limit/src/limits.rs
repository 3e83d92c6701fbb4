//! The limits in force, and what has been taken under them.
//!
//! Rules are swapped as a whole; counters stay with a rule that is still the same. A known key costs a call no allocation
//! (up to four matching rules per stage).

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

use arc_swap::ArcSwap;
use wardgate_model::TenantId;

use crate::{
    claim::{Claim, Claims, Stage, ask_all, take_all},
    compile::{CompiledRule, Rules},
    counter::Counter,
    facts::{Facts, Spend},
    moment::Moment,
    refusal::Refusal,
    reservation::{Charges, Reservation},
    slot::Slot,
    table::Table,
};

/// Keys per rule with a counter of their own, unless said otherwise.
pub const KEYS_MAX_DEFAULT: NonZeroUsize = NonZeroUsize::new(65_536).expect("it is not zero");

/// Decides which calls pass. Shared by all threads.
#[derive(Debug)]
pub struct Limits {
    generation: ArcSwap<Generation>,
    keys_max: NonZeroUsize,
}

#[derive(Debug, Default)]
pub(crate) struct Generation {
    of_everyone: Vec<LiveRule>,
    of_tenant: BTreeMap<TenantId, Vec<LiveRule>>,
}

#[derive(Debug)]
pub(crate) struct LiveRule {
    pub(crate) rule: Arc<CompiledRule>,
    pub(crate) table: Arc<Table>,
}

impl Limits {
    /// Limits under which nothing was taken. Each rule tracks up to `keys_max` keys one by one, and all others together.
    pub fn new(rules: Rules, keys_max: NonZeroUsize) -> Limits {
        let generation = Generation::default().succeeded_by(rules, keys_max);
        Limits {
            generation: ArcSwap::from_pointee(generation),
            keys_max,
        }
    }

    /// Lets a call in if every limit that needs no tool has a call and a place left. A call that is refused later is still
    /// one call here.
    ///
    /// # Errors
    /// The limit that keeps the call back longest; then nothing was taken from any.
    pub fn admit(&self, facts: &Facts<'_>, moment: &Moment) -> Result<Slot, Refusal> {
        let mut claims = self.claims(facts, Stage::Admit, moment);
        let (_, warnings) = take_all(&mut claims, Stage::Admit, &Spend::default(), moment)?;
        Ok(Slot::new(claims, Stage::Admit, warnings))
    }

    /// Charges the estimate to every budget, and a call and a place to every limit that needs the tool.
    ///
    /// # Errors
    /// The limit that keeps the call back longest; then nothing was taken from any.
    pub fn reserve(
        &self,
        facts: &Facts<'_>,
        estimate: &Spend,
        moment: &Moment,
    ) -> Result<Reservation, Refusal> {
        let mut claims = self.claims(facts, Stage::Reserve, moment);
        let (instants, warnings) = take_all(&mut claims, Stage::Reserve, estimate, moment)?;
        let slot = Slot::new(claims.clone(), Stage::Reserve, warnings);
        let charges = Charges {
            claims,
            instants,
            reserved: *estimate,
        };
        Ok(Reservation::new(charges, slot))
    }

    /// Says what [`Limits::admit`] would, and takes nothing.
    ///
    /// # Errors
    /// As [`Limits::admit`].
    pub fn would_admit(&self, facts: &Facts<'_>, moment: &Moment) -> Result<(), Refusal> {
        let mut claims = self.asked(facts, Stage::Admit);
        ask_all(&mut claims, Stage::Admit, &Spend::default(), moment)
    }

    /// Says what [`Limits::reserve`] would, and takes nothing.
    ///
    /// # Errors
    /// As [`Limits::reserve`].
    pub fn would_reserve(
        &self,
        facts: &Facts<'_>,
        estimate: &Spend,
        moment: &Moment,
    ) -> Result<(), Refusal> {
        let mut claims = self.asked(facts, Stage::Reserve);
        ask_all(&mut claims, Stage::Reserve, estimate, moment)
    }

    /// Puts other rules in force. A rule of the same name and tenant, key and window keeps what was taken under it, whatever
    /// else of it changed.
    pub fn replace(&self, rules: Rules) {
        self.generation
            .rcu(|old| old.succeeded_by(rules.clone(), self.keys_max));
    }

    /// Forgets keys that no longer matter. To be called now and then; memory is bounded without it too.
    pub fn sweep(&self, moment: &Moment) {
        for live in self.generation.load().rules() {
            live.table.sweep(moment);
        }
    }

    pub(crate) fn generation(&self) -> Arc<Generation> {
        self.generation.load_full()
    }

    fn claims(&self, facts: &Facts<'_>, stage: Stage, moment: &Moment) -> Claims {
        self.claims_on(facts, stage, |live| {
            live.table.counter(live.rule.key.of(facts), moment)
        })
    }

    /// Claims for asking only: keys that took nothing stay unknown.
    fn asked(&self, facts: &Facts<'_>, stage: Stage) -> Claims {
        self.claims_on(facts, stage, |live| live.counter_of(facts))
    }

    fn claims_on(
        &self,
        facts: &Facts<'_>,
        stage: Stage,
        counter: impl Fn(&LiveRule) -> Arc<Counter>,
    ) -> Claims {
        let generation = self.generation.load();
        let acting = generation
            .matching(facts)
            .filter(|live| live.rule.acts_at(stage));
        acting
            .map(|live| Claim {
                rule: live.rule.clone(),
                counter: counter(live),
            })
            .collect()
    }
}

impl LiveRule {
    /// What a key has taken; of one that took nothing, a counter of its own that nobody else sees.
    pub(crate) fn counter_of(&self, facts: &Facts<'_>) -> Arc<Counter> {
        let key = self.rule.key.of(facts);
        let known = self.table.known(key);
        known.unwrap_or_else(|| Arc::new(Counter::new(key.to_values())))
    }
}

impl Generation {
    pub(crate) fn rules(&self) -> impl Iterator<Item = &LiveRule> {
        self.of_everyone
            .iter()
            .chain(self.of_tenant.values().flatten())
    }

    pub(crate) fn matching(&self, facts: &Facts<'_>) -> impl Iterator<Item = &LiveRule> {
        self.of_everyone
            .iter()
            .chain(self.of_tenant.get(facts.tenant).into_iter().flatten())
            .filter(|live| live.rule.matches(facts))
    }

    /// The rule a tenant, or nobody in particular, declared under a name.
    pub(crate) fn named(&self, tenant: Option<&TenantId>, name: &str) -> Option<&LiveRule> {
        let group = match tenant {
            Some(tenant) => self.of_tenant.get(tenant)?,
            None => &self.of_everyone,
        };
        group.iter().find(|live| *live.rule.name == *name)
    }

    fn succeeded_by(&self, rules: Rules, keys_max: NonZeroUsize) -> Generation {
        let live = |rule: Arc<CompiledRule>| LiveRule {
            table: self
                .counters_of(&rule)
                .unwrap_or_else(|| Arc::new(Table::new(keys_max))),
            rule,
        };
        Generation {
            of_everyone: rules.of_everyone.into_iter().map(live).collect(),
            of_tenant: rules
                .of_tenant
                .into_iter()
                .map(|(tenant, rules)| (tenant, rules.into_iter().map(live).collect()))
                .collect(),
        }
    }

    fn counters_of(&self, rule: &CompiledRule) -> Option<Arc<Table>> {
        let before = self.named(rule.tenant.as_ref(), &rule.name)?;
        let same = before.rule.key == rule.key && before.rule.window == rule.window;
        same.then(|| before.table.clone())
    }
}
