//! The one writer of records: it takes what waits, seals it, commits it in one transaction, and tells who waited. It has a thread
//! of its own, so that sealing delays no call, and no flood of calls the disk.
//!
//! While one transaction is on its way to the disk the next batch gathers, so waiting calls share a flush without waiting for
//! company. Who cannot write keeps what must not be lost and tries again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;
use wardgate_ledger::{
    Chain, Sealed,
    record::{Outcome, Status},
};
use wardgate_model::TenantId;
use wardgate_proxy::{
    record::{Draft, Payload, Unwritten},
    seal::random_bytes,
};
use wardgate_store::{Line, Retry, StoreError};

use super::{
    checkpoints::Signer,
    disk::Disk,
    queue::{Drafts, Queue, Waiting},
    sealing::{self, Redactor},
};

/// Records of one transaction.
const BATCH_MAX: usize = 512;
/// Records nobody waits for are on their way within this time.
const LINGER: Duration = Duration::from_millis(20);
/// After a failure the next attempt is made this much later.
const RETRY: Duration = Duration::from_millis(500);
/// Notes that go along with records somebody waits for: each makes the wait a little longer.
const COMPANY_MAX: usize = 32;
/// How often a batch may find that another gateway's lines came first.
const RACES_MAX: usize = 100;

pub struct Writer {
    disk: Disk,
    redactor: Redactor,
    signer: Signer,
    queue: Arc<Queue>,
    chains: HashMap<TenantId, Chain>,
    /// What is to be written, in its order.
    held: Vec<Waiting>,
}

impl Writer {
    pub fn new(disk: Disk, redactor: Redactor, signer: Signer, queue: Arc<Queue>) -> Writer {
        Writer {
            disk,
            redactor,
            signer,
            queue,
            chains: HashMap::new(),
            held: Vec::new(),
        }
    }

    /// Takes the chains as the store has them.
    ///
    /// # Errors
    /// What the store says; `Corrupt` for a head that contradicts itself.
    pub async fn read_heads(&mut self) -> Result<(), StoreError> {
        let heads = self.disk.records().heads().await?;
        let chain = |head| {
            sealing::chain(head).ok_or_else(|| StoreError::Corrupt {
                detail: format!("the head of tenant `{}` contradicts itself", head.tenant),
            })
        };
        let chains = heads.iter().map(chain).collect::<Result<Vec<_>, _>>()?;
        self.chains = chains
            .into_iter()
            .map(|chain| (chain.tenant().clone(), chain))
            .collect();
        Ok(())
    }

    /// Completes what an earlier process left received: nobody can say what happened. Returns how many there were.
    ///
    /// # Errors
    /// What the store says.
    pub async fn finish_the_unfinished(&mut self) -> Result<usize, StoreError> {
        let mut finished = 0;
        loop {
            let left = self.disk.records().unfinished(BATCH_MAX as u32).await?;
            if left.is_empty() {
                return Ok(finished);
            }
            finished += left.len();
            let drafts = left.iter().map(unknown).collect::<Result<Vec<_>, _>>()?;
            self.held = drafts.into_iter().map(Waiting::plain).collect();
            self.append().await?;
            self.held.clear();
        }
    }

    /// Writes until `closing`, and what waits then.
    pub async fn run(mut self, mut drafts: Drafts, closing: CancellationToken) {
        loop {
            let goes_on = self.gather(&mut drafts, &closing).await;
            self.write().await;
            let (signer, chains) = (&mut self.signer, self.chains.values());
            signer.sign(self.disk.checkpoints(), chains, !goes_on).await;
            if !goes_on && drafts.waited_for.is_empty() && drafts.notes.is_empty() {
                break;
            }
        }
        if !self.held.is_empty() {
            tracing::error!(records = self.held.len(), "records lost");
        }
        self.disk.close().await;
    }

    /// Waits for something to do and takes it. Returns whether there may be more later.
    async fn gather(&mut self, drafts: &mut Drafts, closing: &CancellationToken) -> bool {
        let goes_on = match self.held.is_empty() {
            true => self.first(drafts, closing).await,
            false => pause(RETRY, closing).await,
        };
        self.take(&mut drafts.waited_for, BATCH_MAX);
        let most = match self.held.iter().any(|one| one.told.is_some()) {
            true => self.held.len() + COMPANY_MAX,
            false => BATCH_MAX,
        };
        self.take(&mut drafts.notes, most.min(BATCH_MAX));
        goes_on
    }

    /// Waits for the first record, or for a checkpoint that is due. After a note more may come, until somebody waits.
    async fn first(&mut self, drafts: &mut Drafts, closing: &CancellationToken) -> bool {
        let due = self.signer.wait(self.chains.values());
        tokio::select! {
            biased;
            () = closing.cancelled() => return false,
            Some(first) = drafts.waited_for.recv() => self.held.push(first),
            Some(note) = drafts.notes.recv() => {
                self.held.push(note);
                tokio::select! {
                    () = closing.cancelled() => return false,
                    Some(next) = drafts.waited_for.recv() => self.held.push(next),
                    () = tokio::time::sleep(LINGER) => {}
                }
            }
            () = tokio::time::sleep(due) => {}
        }
        true
    }

    /// Takes what is there, until so many are held.
    fn take(&mut self, from: &mut UnboundedReceiver<Waiting>, most: usize) {
        while self.held.len() < most
            && let Ok(next) = from.try_recv()
        {
            self.held.push(next);
        }
    }

    async fn write(&mut self) {
        self.held.retain(|one| !one.is_given_up());
        if self.held.is_empty() {
            // Nothing is known against the disk; the next record tries it.
            self.queue.set_writable(true);
            return;
        }
        for one in &mut self.held {
            self.redactor.redact(&mut one.draft);
        }
        match self.append().await {
            Ok(()) => self.written(),
            Err(fault) => self.failed(&fault).await,
        }
    }

    /// Writes what is held, behind whatever another gateway has written meanwhile.
    async fn append(&mut self) -> Result<(), StoreError> {
        for _ in 0..RACES_MAX {
            let (chains, held) = (&self.chains, &self.held);
            let drafts = held.iter().map(|one| &one.draft);
            let batch = sealing::seal(chains, drafts);
            match self.disk.records().append(&batch.lines, &batch.heads).await {
                Err(StoreError::Conflict { .. }) => self.catch_up().await?,
                Ok(()) => {
                    self.chains.extend(batch.chains);
                    return Ok(());
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(StoreError::Busy)
    }

    /// Takes the chains anew, and lets go of what is on the disk already, written by an attempt whose end was not known.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        self.read_heads().await?;
        let mut missing = Vec::with_capacity(self.held.len());
        for mut one in std::mem::take(&mut self.held) {
            let id = wardgate_model::RecordId::new(one.draft.record.id.as_str());
            match self.disk.records().get(&id).await {
                Ok(Some(_)) => one.tell(Ok(())),
                Ok(None) | Err(_) => missing.push(one),
            }
        }
        self.held = missing;
        Ok(())
    }

    fn written(&mut self) {
        for mut one in self.held.drain(..) {
            one.tell(Ok(()));
        }
        if !self.queue.set_writable(true) {
            tracing::info!("records are written again");
        }
        let lost = self.queue.take_lost();
        if lost > 0 {
            tracing::error!(records = lost, "records lost");
        }
    }

    async fn failed(&mut self, fault: &StoreError) {
        if self.queue.set_writable(false) {
            let detail = fault.detail().unwrap_or_default();
            tracing::error!(%fault, detail, "records cannot be written");
        }
        for one in &mut self.held {
            one.tell(Err(Unwritten));
        }
        self.held.retain(|one| !one.is_intention);
        if fault.retry() == Retry::AfterReopen {
            let reopened = self.disk.open_again().await;
            let again = match reopened {
                Ok(()) => self.catch_up().await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = again {
                tracing::debug!(%fault, "the database of records is not opened again yet");
            }
        }
    }
}

/// Returns whether it was not cut short.
async fn pause(time: Duration, closing: &CancellationToken) -> bool {
    let sleep = tokio::time::sleep(time);
    closing.run_until_cancelled(sleep).await.is_some()
}

/// The end of a call that nobody has written down.
fn unknown(line: &Line) -> Result<Draft, StoreError> {
    let received = Sealed::parse(&line.text).map_err(|why| StoreError::Corrupt {
        detail: format!("record {}: {why}", line.id),
    })?;
    let mut record = received.record.completed(Timestamp::now(), random_bytes());
    record.outcome = Some(Outcome {
        error_type: Some("outcome_unknown".into()),
        ..Outcome::of(Status::Unknown)
    });
    Ok(Draft {
        record,
        tool: line.tool.clone(),
        payload: Payload::default(),
    })
}
