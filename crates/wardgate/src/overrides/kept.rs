//! Overrides that operators set, followed in the store: those in force at the start, those set here, and those that another
//! gateway on the same store sets or lifts.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use wardgate_control::overrides::{Emergency, Plane, expired};
use wardgate_model::{OverrideMatch, ToolRef};
use wardgate_proxy::{
    Gate,
    overrides::{Rule, concerned::concerned, in_force::Source},
};
use wardgate_store::{Override, OverrideFilter, Overrides, StoreError, Timestamp};

use super::{draft, emergency::emergency};

/// How often the store is asked what others have changed and what has expired.
const EVERY: Duration = Duration::from_millis(100);
/// Of the overrides that ended while no gateway ran, so many get the record of it.
const MISSED_MAX: u32 = 100;

pub struct Kept {
    gate: Arc<Gate>,
    store: Arc<dyn Overrides>,
    /// What is in force of it. Held while it is read anew, so that an older answer never replaces a newer one.
    active: Mutex<Vec<Override>>,
}

impl Kept {
    /// Puts in force what the store holds.
    ///
    /// # Errors
    /// What the store says: a gateway that cannot know what is stopped does not start.
    pub async fn start(
        gate: Arc<Gate>,
        store: Arc<dyn Overrides>,
    ) -> Result<Arc<Kept>, StoreError> {
        let kept = Kept {
            gate,
            store,
            active: Mutex::default(),
        };
        kept.take().await?;
        kept.note_missed().await?;
        Ok(Arc::new(kept))
    }

    /// Follows the store until `stop`. What cannot be read leaves in force what was.
    pub async fn follow(self: Arc<Kept>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(EVERY);
        let mut reads = true;
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            match self.take().await {
                Ok(_) => reads = true,
                Err(fault) if reads => {
                    reads = false;
                    let detail = fault.detail().unwrap_or_default();
                    tracing::error!(%fault, detail, "overrides cannot be read, those in force stay");
                }
                Err(_) => {}
            }
        }
    }

    async fn take(&self) -> Result<usize, StoreError> {
        let mut active = self.active.lock().await;
        let now = Timestamp::from(SystemTime::now());
        let found = self.store.active(now).await?;
        let ended = active
            .iter()
            .filter(|old| !old.is_active(now))
            .filter(|old| found.iter().all(|item| item.id != old.id));
        for item in ended {
            self.note_expiry(item).await;
        }
        let mut cancelled = 0;
        if *active != found {
            let rules = found.iter().map(rule).collect();
            cancelled = self.gate.overrule(Source::Store, rules);
            tell(&active, &found);
            *active = found;
        }
        Ok(cancelled)
    }

    async fn note_missed(&self) -> Result<(), StoreError> {
        let now = Timestamp::from(SystemTime::now());
        let all = OverrideFilter::default();
        let page = self.store.list(&all, None, MISSED_MAX).await?;
        let ended = |item: &&Override| item.lifted_at.is_none() && !item.is_active(now);
        for item in page.items.iter().filter(ended) {
            self.note_expiry(item).await;
        }
        Ok(())
    }

    /// Whoever notices it writes the same record, and the ledger keeps it once.
    async fn note_expiry(&self, item: &Override) {
        let tenant = &self.gate.snapshot().gateway.tenant;
        if let (Some(ledger), Some(record)) = (&self.gate.ports.ledger, expired(item, tenant)) {
            ledger.note(draft(record)).await;
        }
    }
}

impl Plane for Kept {
    fn refresh(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(self.take())
    }

    fn tools(&self, matches: &OverrideMatch) -> Vec<ToolRef> {
        concerned(&self.gate, matches)
    }

    fn emergencies(&self) -> Vec<Emergency> {
        let rules = self.gate.overrides.emergencies();
        rules.iter().map(|rule| emergency(rule)).collect()
    }
}

fn tell(before: &[Override], after: &[Override]) {
    let is_in = |all: &[Override], item: &Override| all.iter().any(|other| other.id == item.id);
    for item in after.iter().filter(|item| !is_in(before, item)) {
        tracing::warn!(id = %item.id, effect = %item.effect, about = %item.matches, by = %item.by, "override in force");
    }
    for item in before.iter().filter(|item| !is_in(after, item)) {
        tracing::warn!(id = %item.id, effect = %item.effect, about = %item.matches, "override ended");
    }
}

/// What of it the data plane obeys.
fn rule(item: &Override) -> Rule {
    Rule {
        id: item.id.clone(),
        effect: item.effect,
        matches: item.matches.clone(),
        reason: item.reason.clone(),
        cancels: item.cancel_in_flight,
        // An end that no calendar holds is none.
        expires_at: item
            .expires_at
            .and_then(|at| jiff::Timestamp::from_millisecond(at.millis()).ok()),
    }
}
