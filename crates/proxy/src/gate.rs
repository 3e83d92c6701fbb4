//! Everything the data plane shares between calls, and the ports through which it reaches the world.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wardgate_identity::{Ambiguous, Fetch};
use wardgate_limit::{KEYS_MAX_DEFAULT, Limits, Moment};
use wardgate_model::{OverrideEffect, Secret, SecretRef};
use wardgate_snapshot::Snapshot;

use crate::{
    approval::{Approvals, runs::Runs},
    bridge::park::Parked,
    catalog::view::Views,
    issued::IssuedKeys,
    keyring::Keyring,
    overrides::{
        Rule,
        in_force::{InForce, Source},
        ongoing::Ongoing,
    },
    record::Ledger,
    seal::Seal,
    session::{quota::Streams, registry::Sessions},
    surface::Surface,
    upstream::Upstreams,
};

/// Turns a reference into its secret.
pub trait Secrets: Send + Sync {
    fn resolve<'a>(
        &'a self,
        from: &'a SecretRef,
    ) -> futures_util::future::BoxFuture<'a, Result<Secret, SecretFault>>;
}

/// A secret could not be had; the text never holds any of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SecretFault(pub String);

/// Why a snapshot cannot be obeyed.
#[derive(Debug, thiserror::Error)]
pub enum GateFault {
    #[error(transparent)]
    Secret(#[from] SecretFault),
    #[error(transparent)]
    Issuers(#[from] Ambiguous),
}

/// What the composition root hands in.
pub struct Ports {
    pub secrets: Arc<dyn Secrets>,
    /// `None` keeps no records.
    pub ledger: Option<Arc<dyn Ledger>>,
    /// `None` approves nothing.
    pub approvals: Option<Arc<dyn Approvals>>,
    /// Gets the keys of issuers.
    pub issuer_keys: Arc<dyn Fetch>,
    /// `None` has issued no keys.
    pub issued_keys: Option<Arc<dyn IssuedKeys>>,
    /// Our own executable, which starts children under supervision (`__child`).
    pub launcher: PathBuf,
}

/// The running gateway.
pub struct Gate {
    snapshot: ArcSwap<Snapshot>,
    keyring: ArcSwap<Keyring>,
    pub ports: Ports,
    pub seal: Arc<Seal>,
    pub sessions: Sessions,
    pub streams: Streams,
    pub upstreams: Upstreams,
    pub views: Views,
    pub parked: Parked,
    /// Approved calls that run as tasks.
    pub runs: Runs,
    /// What operators have stopped or opened for the moment.
    pub overrides: InForce,
    pub ongoing: Arc<Ongoing>,
    /// Whether what is callable is listed.
    pub surface: Surface,
    /// What callers have used of their limits.
    pub limits: Limits,
    /// Every task of the data plane; the drain waits for it.
    pub tasks: TaskTracker,
    /// Cancelled when new work is refused and streams are to end.
    pub draining: CancellationToken,
    ready: AtomicBool,
    started: Instant,
}

impl Gate {
    /// Builds a gate around a first snapshot.
    ///
    /// # Errors
    /// When a secret that the gateway itself needs (API keys, the seal key) cannot be resolved, or tenants cannot be told apart.
    pub async fn new(snapshot: Snapshot, ports: Ports) -> Result<Arc<Gate>, GateFault> {
        let keyring = Keyring::load(&snapshot, &ports, None).await?;
        let seal = match &snapshot.gateway.seal_key {
            Some(from) => Seal::from_secret(ports.secrets.resolve(from).await?.expose()),
            None => Seal::random(),
        };
        let tasks = TaskTracker::new();
        let draining = CancellationToken::new();
        let upstreams =
            Upstreams::new(ports.secrets.clone(), ports.launcher.clone(), tasks.clone());
        let gate = Arc::new(Gate {
            limits: Limits::new(snapshot.limits.clone(), KEYS_MAX_DEFAULT),
            sessions: Sessions::new(&snapshot.gateway.caps),
            snapshot: ArcSwap::from_pointee(snapshot),
            keyring: ArcSwap::from_pointee(keyring),
            seal: Arc::new(seal),
            streams: Streams::default(),
            upstreams,
            views: Views::default(),
            parked: Parked::default(),
            runs: Runs::default(),
            overrides: InForce::default(),
            ongoing: Arc::default(),
            surface: Surface::default(),
            tasks,
            draining,
            ready: AtomicBool::new(true),
            started: Instant::now(),
            ports,
        });
        gate.tasks.spawn(sweep(gate.clone()));
        Ok(gate)
    }

    /// Replaces the decisions. Calls under way keep the snapshot they started with; lines to unchanged servers stay open.
    ///
    /// # Errors
    /// As [`Gate::new`]; the old snapshot then stays in force.
    pub async fn publish(&self, snapshot: Snapshot) -> Result<(), GateFault> {
        let keyring = Keyring::load(&snapshot, &self.ports, Some(&self.keyring())).await?;
        self.upstreams.keep_only(&snapshot);
        self.limits.replace(snapshot.limits.clone());
        self.keyring.store(Arc::new(keyring));
        self.snapshot.store(Arc::new(snapshot));
        self.upstreams.announce_everything();
        Ok(())
    }

    /// Puts everything that one source of overrides says in force. When it returns, no request that has not been sent yet is sent
    /// against it, and what it cancels is being cancelled. Returns how many requests that were.
    pub fn overrule(&self, source: Source, rules: Vec<Rule>) -> usize {
        let change = self.overrides.replace(source, rules);
        let began = change.began.iter();
        let began = began.filter(|rule| rule.effect == OverrideEffect::Deny);
        let cancelled = began.map(|rule| self.stop(rule)).sum();
        if change.concerns_lists() {
            self.upstreams.announce_everything();
        }
        cancelled
    }

    /// Ends what is under way, or waits for its client, as far as the rule says so.
    fn stop(&self, rule: &Arc<Rule>) -> usize {
        let parked = match rule.cancels {
            true => self.parked.stop(rule),
            false => 0,
        };
        parked + self.ongoing.stop(rule)
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    pub fn keyring(&self) -> Arc<Keyring> {
        self.keyring.load_full()
    }

    /// This instant, as limits see it.
    pub fn moment(&self) -> Moment {
        Moment {
            now: self.started.elapsed(),
            wall: Timestamp::now(),
        }
    }

    /// Why it is not the time to send requests here, as a line of text; `None` when it is.
    pub fn not_ready(&self) -> Option<&'static str> {
        if !self.ready.load(Ordering::Acquire) {
            return Some("draining\n");
        }
        let ledger = self.ports.ledger.as_ref();
        let is_writable = ledger.is_none_or(|ledger| ledger.is_writable());
        (!is_writable).then_some("records cannot be written\n")
    }

    /// From here `/readyz` says 503, while calls are still served.
    pub fn announce_drain(&self) {
        self.ready.store(false, Ordering::Release);
    }
}

/// Drops what has expired, until the gate drains.
async fn sweep(gate: Arc<Gate>) {
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(5));
    while gate
        .draining
        .run_until_cancelled(tick.tick())
        .await
        .is_some()
    {
        gate.sessions.sweep();
        gate.parked.sweep();
        gate.runs.sweep();
        gate.upstreams.sweep();
        gate.limits.sweep(&gate.moment());
    }
    gate.parked.clear();
}
