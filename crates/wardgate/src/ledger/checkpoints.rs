//! Signing where the chains are: at the latest after so many records or so much time, and at the end. Each note goes into the
//! store, and into a file that can be shipped: only a copy held elsewhere shows that a ledger was cut or rolled back.

use std::{
    collections::HashMap,
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use wardgate_ledger::{
    Chain, Checkpoint, SigningKey,
    checkpoint::{ELAPSED_MAX, due},
};
use wardgate_model::TenantId;
use wardgate_store::{Checkpoints, StoreError};

use super::files;

pub struct Signer {
    key: SigningKey,
    file: PathBuf,
    /// What each chain was when it was signed last, or first seen.
    signed: HashMap<TenantId, (u64, Instant)>,
}

impl Signer {
    pub fn new(key: SigningKey, file: PathBuf) -> Signer {
        Signer {
            key,
            file,
            signed: HashMap::new(),
        }
    }

    /// How long until a checkpoint of one of these is due by time.
    pub fn wait<'c>(&self, chains: impl Iterator<Item = &'c Chain>) -> Duration {
        let waits = chains
            .filter_map(|chain| Some((chain, self.signed.get(chain.tenant())?)))
            .filter(|(chain, (size, _))| chain.size() > *size)
            .map(|(_, (_, at))| ELAPSED_MAX.saturating_sub(at.elapsed()));
        waits.min().unwrap_or(ELAPSED_MAX)
    }

    /// Signs what is due, or, at the end, whatever has grown.
    pub async fn sign<'c>(
        &mut self,
        store: &dyn Checkpoints,
        chains: impl Iterator<Item = &'c Chain>,
        is_end: bool,
    ) {
        for chain in chains {
            // A chain that is met for the first time counts from its beginning: it may have grown unsigned.
            let (size, at) = *self
                .signed
                .entry(chain.tenant().clone())
                .or_insert_with(|| (0, Instant::now()));
            let grown = chain.size().saturating_sub(size);
            let is_due = due(grown, at.elapsed()) || (is_end && grown > 0);
            if !is_due {
                continue;
            }
            if let Err(fault) = self.sign_one(store, chain).await {
                tracing::error!(%fault, "checkpoint not written");
                continue;
            }
            self.signed
                .insert(chain.tenant().clone(), (chain.size(), Instant::now()));
        }
    }

    async fn sign_one(&self, store: &dyn Checkpoints, chain: &Chain) -> anyhow::Result<()> {
        let note = Checkpoint::sign(chain, &self.key);
        let signed = wardgate_store::Checkpoint {
            tenant: chain.tenant().clone(),
            size: chain.size(),
            root: *chain.root().as_bytes(),
            note,
            at: SystemTime::now().into(),
        };
        match store.add(&signed).await {
            // Another gateway in the folder has signed as much, or this one before it started again.
            Err(StoreError::Conflict { .. }) => return Ok(()),
            added => added?,
        }
        Ok(files::append(&self.file, &signed.note)?)
    }
}
