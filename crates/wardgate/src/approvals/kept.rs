//! Approvals as the data plane asks for them, kept in the store and written down in the ledger. What another process decides
//! there is seen within a quarter of a second.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wardgate_control::approvals::{Waiting, befell};
use wardgate_model::ApprovalId;
use wardgate_proxy::{
    approval::{Approvals, Binding, Fault, Standing, Wanted},
    record::{Draft, Ledger, Payload},
};
use wardgate_store::{
    Approval, ApprovalError, ApprovalFilter, ApprovalState, Opened, PAGE_MAX, StoreError, Timestamp,
};

use super::{terms, webhook::Teller};
use crate::{ledger::Redactor, overrides::moment};

/// How often a call that waits looks for what another process decided.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often what ran out is closed.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

pub struct Kept {
    store: Arc<dyn wardgate_store::Approvals>,
    ledger: Option<Arc<dyn Ledger>>,
    redactor: Mutex<Redactor>,
    teller: Teller,
    /// Counts what changed here.
    changes: watch::Sender<u64>,
}

impl Kept {
    pub fn new(
        store: Arc<dyn wardgate_store::Approvals>,
        ledger: Option<Arc<dyn Ledger>>,
        redactor: Redactor,
        teller: Teller,
    ) -> Kept {
        Kept {
            store,
            ledger,
            redactor: Mutex::new(redactor),
            teller,
            changes: watch::Sender::new(0),
        }
    }

    /// Closes what ran out, until `stop`.
    pub async fn sweep(self: Arc<Kept>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(SWEEP_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            match self.store.expire(now()).await {
                Ok(expired) => {
                    for approval in &expired {
                        self.write("expire", approval).await;
                    }
                    if !expired.is_empty() {
                        self.look_again();
                    }
                }
                Err(fault) => drop(unknown(&fault)),
            }
        }
    }

    async fn ask_people(&self, wanted: &Wanted) -> Result<Standing, Fault> {
        let now = now();
        if let Some(denied) = self.denied(&wanted.binding, now).await? {
            return Ok(terms::standing(&denied, now));
        }
        let tenant = &wanted.binding.requester.tenant;
        let (args, reason) = {
            let mut redactor = self.redactor.lock().expect("no panic while held");
            let reason = wanted.reason.as_deref();
            let reason = reason.map(|said| redactor.words(said, wanted.payload.pii).into_owned());
            (redactor.shown(&wanted.payload, tenant), reason)
        };
        let args = args.ok_or(Fault::Unknown)?;
        if !args.is_whole {
            return Err(Fault::TooLong);
        }
        let args = args.json.get().to_owned();
        let request = terms::request(wanted, args, reason, now);
        match self.store.open(&request, wanted.terms.pending_max).await {
            Ok(Opened::Fresh { approval, overdue }) => {
                if let Some(overdue) = overdue {
                    self.write("expire", &overdue).await;
                }
                self.write("request", &approval).await;
                self.teller.requested(&approval);
                tracing::info!(id = %approval.request.id, tool = %wanted.tool, "approval asked for");
                Ok(terms::standing(&approval, now))
            }
            Ok(Opened::Same(approval)) => Ok(terms::standing(&approval, now)),
            Err(ApprovalError::TooMany { pending }) => Err(Fault::TooMany { pending }),
            Err(ApprovalError::Store(fault)) => Err(unknown(&fault)),
            Err(fault) => {
                tracing::error!(%fault, "approvals cannot be asked for");
                Err(Fault::Unknown)
            }
        }
    }

    /// A denial holds as long as the request could have been decided: a model that asks again is told no again.
    async fn denied(&self, binding: &Binding, now: Timestamp) -> Result<Option<Approval>, Fault> {
        let holds = |approval: &Approval| approval.request.decide_by > now;
        self.bound(binding, ApprovalState::Denied, holds).await
    }

    /// What is denied, can be used, or is waited for, in this order.
    async fn standing(&self, binding: &Binding) -> Result<Option<Standing>, Fault> {
        let now = now();
        let mut found = self.denied(binding, now).await?;
        for state in [ApprovalState::Approved, ApprovalState::Pending] {
            if found.is_none() {
                let is_good = |approval: &Approval| !approval.is_overdue(now);
                found = self.bound(binding, state, is_good).await?;
            }
        }
        Ok(found.map(|approval| terms::standing(&approval, now)))
    }

    /// The newest approval of this binding that is in a state, and good.
    async fn bound(
        &self,
        binding: &Binding,
        state: ApprovalState,
        is_good: impl Fn(&Approval) -> bool,
    ) -> Result<Option<Approval>, Fault> {
        let filter = ApprovalFilter {
            tenant: Some(binding.requester.tenant.clone()),
            requester: Some(binding.requester.principal.clone()),
            state: Some(state),
        };
        let found = self.store.list(&filter, None, PAGE_MAX).await;
        let found = found.map_err(|fault| unknown(&fault))?;
        let binding = terms::binding(binding);
        let is_it = |one: &Approval| one.request.binding == binding && is_good(one);
        Ok(found.items.into_iter().find(is_it))
    }

    async fn found(&self, id: &ApprovalId) -> Result<Option<Standing>, Fault> {
        let found = self.store.get(id).await;
        let found = found.map_err(|fault| unknown(&fault))?;
        Ok(found.map(|approval| terms::standing(&approval, now())))
    }

    /// What happened is written down as soon as the ledger can be written, whether or not that is now.
    async fn write(&self, verb: &'static str, approval: &Approval) {
        let Some(ledger) = &self.ledger else {
            return;
        };
        let draft = Draft {
            record: befell(verb, approval, moment()),
            tool: None,
            payload: Payload::default(),
        };
        if ledger.complete(draft).await.is_err() {
            tracing::warn!(id = %approval.request.id, verb, "the record of an approval is not written yet");
        }
    }
}

impl Approvals for Kept {
    fn ask(&self, wanted: Wanted) -> BoxFuture<'_, Result<Standing, Fault>> {
        Box::pin(async move { self.ask_people(&wanted).await })
    }

    fn stands<'a>(
        &'a self,
        binding: &'a Binding,
    ) -> BoxFuture<'a, Result<Option<Standing>, Fault>> {
        Box::pin(self.standing(binding))
    }

    fn look<'a>(&'a self, id: &'a ApprovalId) -> BoxFuture<'a, Result<Option<Standing>, Fault>> {
        Box::pin(self.found(id))
    }

    fn frozen<'a>(&'a self, id: &'a ApprovalId) -> BoxFuture<'a, Result<Option<Vec<u8>>, Fault>> {
        Box::pin(async move {
            let found = self.store.get(id).await.map_err(|fault| unknown(&fault))?;
            Ok(found.and_then(|approval| approval.request.sealed_args))
        })
    }

    fn decided<'a>(&'a self, id: &'a ApprovalId) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let mut changes = self.changes.subscribe();
            while matches!(self.found(id).await?, Some(Standing::Pending(_))) {
                // Late is no fault: then another process may have decided.
                let _ = tokio::time::timeout(LOOK_EVERY, changes.changed()).await;
            }
            Ok(())
        })
    }

    fn use_up<'a>(
        &'a self,
        binding: &'a Binding,
    ) -> BoxFuture<'a, Result<Option<ApprovalId>, Fault>> {
        Box::pin(async move {
            let used = self.store.consume(&terms::binding(binding), now()).await;
            let Some(used) = used.map_err(|fault| unknown(&fault))? else {
                return Ok(None);
            };
            self.write("use", &used).await;
            self.look_again();
            Ok(Some(used.request.id))
        })
    }

    fn withdraw<'a>(&'a self, id: &'a ApprovalId) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match self.store.cancel(id, now()).await {
                Ok(cancelled) => {
                    self.write("cancel", &cancelled).await;
                    self.look_again();
                    Ok(())
                }
                Err(ApprovalError::Store(fault)) => Err(unknown(&fault)),
                // It ended by itself meanwhile.
                Err(_) => Ok(()),
            }
        })
    }
}

impl Waiting for Kept {
    fn look_again(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// What cannot be looked up is not granted.
fn unknown(fault: &StoreError) -> Fault {
    let detail = fault.detail().unwrap_or_default();
    tracing::error!(%fault, detail, "approvals cannot be looked up");
    Fault::Unknown
}
