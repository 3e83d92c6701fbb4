//! The only place that names concrete adapters: config to snapshot, references to secrets, records to a store.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, RwLock},
};

use anyhow::Context;
use futures_util::future::BoxFuture;
use wardgate_config::Config;
use wardgate_model::{Secret, SecretRef};
use wardgate_policy::Policies;
use wardgate_proxy::{
    Ports,
    gate::{SecretFault, Secrets},
    record::Ledger,
};
use wardgate_snapshot::Snapshot;

use crate::{
    cli::config_file::Inputs,
    issuer_keys::IssuerKeys,
    ledger::{Recorder, files},
    secrets::Resolver,
    store::OpenStore,
};

/// Secrets of the config in force; a reload may bring others.
#[derive(Default)]
pub struct ConfigSecrets(RwLock<Arc<Resolver>>);

impl ConfigSecrets {
    pub fn replace(&self, held: HashMap<SecretRef, Secret>) {
        *self.0.write().expect("no panic while held") = Arc::new(Resolver::new(held));
    }
}

impl Secrets for ConfigSecrets {
    fn resolve<'a>(&'a self, from: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretFault>> {
        let resolver = self.0.read().expect("no panic while held").clone();
        Box::pin(async move {
            resolver
                .resolve(from)
                .await
                .map_err(|fault| SecretFault(fault.to_string()))
        })
    }
}

/// Compiles the decisions.
///
/// # Errors
/// Every fault, one a line.
pub fn snapshot(inputs: &Inputs) -> anyhow::Result<Snapshot> {
    snapshot_of(&inputs.loaded.config, inputs.policies.clone())
}

/// Compiles the decisions.
///
/// # Errors
/// As [`snapshot`].
pub fn snapshot_of(config: &Config, policies: Option<Arc<Policies>>) -> anyhow::Result<Snapshot> {
    let compiled = wardgate_snapshot::compile(config, policies);
    compiled.map_err(|faults| {
        let lines: Vec<_> = faults.iter().map(|fault| format!("{fault:#}")).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })
}

/// The ports, and what must be closed when the gateway has stopped.
pub struct Composed {
    pub ports: Ports,
    pub recorder: Option<Recorder>,
    /// What else is remembered; `None` where nothing can be.
    pub store: Option<Arc<OpenStore>>,
}

/// Puts the adapters together.
///
/// # Errors
/// When the state folder cannot be used or our own executable is not known.
pub async fn ports(
    snapshot: &Snapshot,
    state: &Path,
    secrets: Arc<ConfigSecrets>,
    issuer_keys: Arc<IssuerKeys>,
) -> anyhow::Result<Composed> {
    let gateway = &snapshot.gateway;
    let recorder = match gateway.record {
        true => {
            let opened = Recorder::open(state, gateway.audit.file_bytes_max).await;
            Some(opened.context("records cannot be kept")?)
        }
        false => None,
    };
    let store = store(state, gateway.record).await?;
    let queue = |recorder: &Recorder| recorder.queue.clone() as Arc<dyn Ledger>;
    let launcher = std::env::current_exe().context("the program does not know where it is")?;
    Ok(Composed {
        ports: Ports {
            secrets,
            ledger: recorder.as_ref().map(queue),
            issuer_keys,
            launcher,
        },
        recorder,
        store,
    })
}

/// Opens what is remembered besides records. Where no records are kept, a folder that cannot be written is no reason not to serve,
/// unless something is remembered in it already.
async fn store(state: &Path, is_needed: bool) -> anyhow::Result<Option<Arc<OpenStore>>> {
    let path = state.join(files::DATABASE);
    let is_needed = is_needed || path.exists();
    let made = std::fs::create_dir_all(state).map_err(anyhow::Error::from);
    let opened = match made {
        Ok(()) => OpenStore::open(path).await.map_err(anyhow::Error::from),
        Err(fault) => Err(fault),
    };
    match opened {
        Ok(store) => Ok(Some(Arc::new(store))),
        Err(fault) if is_needed => Err(fault.context("the store cannot be opened")),
        Err(fault) => {
            tracing::warn!(
                fault = format!("{fault:#}"),
                "nothing is remembered over a restart"
            );
            Ok(None)
        }
    }
}
