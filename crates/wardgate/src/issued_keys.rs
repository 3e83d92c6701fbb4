//! API keys issued at run time, as the data plane asks for them: what the store says of a key is remembered for a moment, the
//! secret is judged at every call.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use wardgate_identity::{ApiKey as KeyText, InstallKey, KeyHash, KeyRecord};
use wardgate_model::{CredentialId, ToolsetName};
use wardgate_proxy::issued::{Holder, IssuedKeys, Unproven};
use wardgate_store::{ApiKey, ApiKeys, Timestamp};

/// How long a key that another gateway on the store has revoked may still work here.
const REMEMBERED: Duration = Duration::from_secs(2);
/// Keys that are remembered; beyond these all are forgotten.
const REMEMBERED_MAX: usize = 10_000;
/// How often the store is told which keys were used.
const TOLD_EVERY: Duration = Duration::from_secs(10);

pub struct Issued {
    pub install: Arc<InstallKey>,
    store: Arc<dyn ApiKeys>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// Counts what was forgotten: an answer that was on its way meanwhile is not kept.
    generation: u64,
    known: HashMap<CredentialId, (Known, Instant)>,
    used: HashMap<CredentialId, Timestamp>,
}

#[derive(Clone)]
struct Known {
    record: Arc<KeyRecord>,
    toolsets: Option<Vec<ToolsetName>>,
}

impl Issued {
    pub fn new(install: InstallKey, store: Arc<dyn ApiKeys>) -> Issued {
        Issued {
            install: Arc::new(install),
            store,
            memory: Mutex::default(),
        }
    }

    /// Lets go of everything that is remembered of a key.
    pub fn forget(&self, id: &CredentialId) {
        let mut memory = self.memory();
        memory.generation += 1;
        memory.known.remove(id);
    }

    /// Tells the store which keys were used, until `stop`, and then once more.
    pub async fn tell(self: Arc<Issued>, stop: CancellationToken) {
        let mut goes_on = true;
        while goes_on {
            let pause = tokio::time::sleep(TOLD_EVERY);
            goes_on = stop.run_until_cancelled(pause).await.is_some();
            let used: Vec<_> = self.memory().used.drain().collect();
            if used.is_empty() {
                continue;
            }
            if let Err(fault) = self.store.touch(&used).await {
                tracing::debug!(%fault, "not noted which keys were used");
            }
        }
    }

    async fn known(&self, id: &CredentialId) -> Result<Option<Known>, Unproven> {
        let generation = {
            let memory = self.memory();
            let fresh = memory
                .known
                .get(id)
                .filter(|(_, at)| at.elapsed() < REMEMBERED);
            if let Some((known, _)) = fresh {
                return Ok(Some(known.clone()));
            }
            memory.generation
        };
        let found = self.store.by_id(id).await.map_err(|fault| {
            let detail = fault.detail();
            tracing::error!(%fault, detail, "API keys cannot be looked up");
            Unproven::Unknown
        })?;
        let Some(known) = found.and_then(known) else {
            return Ok(None);
        };
        let mut memory = self.memory();
        if memory.generation == generation {
            if memory.known.len() >= REMEMBERED_MAX {
                memory.known.clear();
            }
            memory
                .known
                .insert(id.clone(), (known.clone(), Instant::now()));
        }
        Ok(Some(known))
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().expect("no panic while held")
    }
}

impl IssuedKeys for Issued {
    fn prove<'a>(&'a self, key: &'a KeyText) -> BoxFuture<'a, Result<Holder, Unproven>> {
        Box::pin(async move {
            let known = self.known(key.id()).await?;
            let record = known.as_ref().map(|known| &*known.record);
            let now = SystemTime::now();
            let caller = self.install.verify(key, record, now).map_err(|reason| {
                tracing::debug!(key = %key.id(), %reason, "API key refused");
                Unproven::Refused
            })?;
            self.memory().used.insert(key.id().clone(), now.into());
            Ok(Holder {
                caller,
                toolsets: known.and_then(|known| known.toolsets),
            })
        })
    }
}

/// What the store has of a key; none if it is no hash of ours.
fn known(item: ApiKey) -> Option<Known> {
    let at = |time: Timestamp| {
        let millis = u64::try_from(time.millis()).unwrap_or(0);
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    };
    Some(Known {
        record: Arc::new(KeyRecord {
            id: item.id,
            hash: KeyHash::from_bytes(item.hash.try_into().ok()?),
            tenant: item.tenant,
            principal: item.principal,
            kind: item.kind,
            groups: item.groups.into(),
            scopes: Arc::default(),
            expires_at: item.expires_at.map(at),
            revoked_at: item.revoked_at.map(at),
        }),
        toolsets: item.toolsets,
    })
}
