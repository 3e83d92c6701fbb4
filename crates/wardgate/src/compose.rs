//! The only place that names concrete adapters: config to snapshot, references to secrets, records to a store.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, RwLock},
};

use anyhow::Context;
use futures_util::future::BoxFuture;
use wardgate_config::Config;
use wardgate_identity::InstallKey;
use wardgate_model::{Secret, SecretRef};
use wardgate_policy::Policies;
use wardgate_proxy::{
    Ports,
    approval::Approvals,
    gate::{SecretFault, Secrets},
    issued::IssuedKeys,
    record::Ledger,
};
use wardgate_snapshot::Snapshot;

use crate::{
    approvals::{
        self,
        webhook::{self, Told},
    },
    cli::config_file::Inputs,
    issued_keys::Issued,
    issuer_keys::IssuerKeys,
    ledger::{self, Recorder, files},
    metrics::{Calls, Counted},
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
    /// What is counted of what is recorded.
    pub calls: Calls,
    /// Calls that wait for people; `None` where nothing is remembered.
    pub approvals: Option<(Arc<approvals::Kept>, Told)>,
    /// Keys issued at run time; `None` where nothing is remembered.
    pub issued: Option<Arc<Issued>>,
    /// What else is remembered.
    pub store: Arc<OpenStore>,
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
    let calls = Calls::default();
    let records = recorder.as_ref().map(|recorder| counted(recorder, &calls));
    let store = store(state, gateway.record).await?;
    let issued = issued_keys(state, store.clone())?;
    let approvals = approvals(state, store.clone(), records.clone())?;
    let launcher = std::env::current_exe().context("the program does not know where it is")?;
    Ok(Composed {
        ports: Ports {
            secrets,
            ledger: records,
            approvals: (approvals.as_ref()).map(|(kept, _)| kept.clone() as Arc<dyn Approvals>),
            issuer_keys,
            issued_keys: (issued.clone()).map(|issued| issued as Arc<dyn IssuedKeys>),
            launcher,
        },
        recorder,
        calls,
        approvals,
        issued,
        store,
    })
}

/// The ledger, as everything that records sees it.
fn counted(recorder: &Recorder, calls: &Calls) -> Arc<dyn Ledger> {
    Arc::new(Counted {
        ledger: recorder.queue.clone(),
        calls: calls.clone(),
    })
}

/// Opens what is remembered besides records. Where no records are kept no file is made before something is to be remembered.
async fn store(state: &Path, is_kept: bool) -> anyhow::Result<Arc<OpenStore>> {
    let path = state.join(files::DATABASE);
    let store = match is_kept || path.exists() {
        true => OpenStore::open(path).await,
        false => Ok(OpenStore::later(path)),
    };
    let store = store.context("the store cannot be opened")?;
    Ok(Arc::new(store))
}

/// Where nothing is remembered, nothing can be approved.
fn approvals(
    state: &Path,
    store: Arc<OpenStore>,
    ledger: Option<Arc<dyn Ledger>>,
) -> anyhow::Result<Option<(Arc<approvals::Kept>, Told)>> {
    if !state.join(files::DATABASE).exists() {
        return Ok(None);
    }
    let (teller, told) = webhook::teller();
    let kept = approvals::Kept::new(store, ledger, ledger::redactor(state)?, teller);
    Ok(Some((Arc::new(kept), told)))
}

/// Opens the keys that are issued at run time. Where nothing is remembered, none are.
fn issued_keys(state: &Path, store: Arc<OpenStore>) -> anyhow::Result<Option<Arc<Issued>>> {
    if !state.join(files::DATABASE).exists() {
        return Ok(None);
    }
    let secret = ledger::keys::install(state)?;
    let path = state.join(files::INSTALL_KEY);
    let install = InstallKey::new(secret.as_bytes())
        .with_context(|| format!("`{}` holds no key of this program", path.display()))?;
    Ok(Some(Arc::new(Issued::new(install, store))))
}
